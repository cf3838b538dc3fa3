/**
 * Plants one bug: a Vite plugin that changes the source of one file as it is loaded. Nothing in `src` knows of it, so that no
 * switch can be left on.
 */
import { BUGS } from './bugs.mjs'

/** The bug of this name; undefined for no name. Throws for a name that there is not. */
export function bugNamed (name) {
  if (name === undefined || name === '') return undefined
  const bug = BUGS.find(each => each.name === name)
  if (bug === undefined) throw new Error(`no such bug: ${name}`)
  return bug
}

/** The source with the bug in it. Throws unless what it replaces is there exactly once. */
export function plantIn (source, bug) {
  const parts = source.split(bug.find)
  if (parts.length !== 2) throw new Error(`${bug.name}: what it replaces is ${parts.length - 1} times in ${bug.file}`)
  return parts.join(bug.replace)
}

/** Does nothing unless `SKEIN_PLANT` names a bug. */
export function planted (name = process.env.SKEIN_PLANT) {
  const bug = bugNamed(name)
  return {
    name: 'planted',
    enforce: 'pre',
    transform (code, id) {
      if (bug === undefined || !id.split('?')[0].endsWith(`/${bug.file}`)) return undefined
      return { code: plantIn(code, bug), map: null }
    }
  }
}
