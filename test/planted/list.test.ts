import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { transformWithOxc } from 'vite'
import { BUGS } from './bugs.mjs'
import { bugNamed, plantIn } from './plugin.mjs'

const root = new URL('../../', import.meta.url)

describe('the bugs that can be planted', () => {
  it('are many, each with a name of its own, and say what goes wrong and what that breaks', () => {
    expect(BUGS.length).toBeGreaterThanOrEqual(40)
    expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length)
    for (const { name, what, breaks } of BUGS) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
      for (const sentence of [what, breaks]) expect(sentence, name).toMatch(/^[^|\n]{4,}[^|\n.]$/)
    }
  })

  it('are each in a source file exactly once, change it, and leave it TypeScript', async () => {
    const faults: string[] = []
    for (const bug of BUGS) {
      try {
        expect(bug.file).toMatch(/^src\//)
        const source = readFileSync(new URL(bug.file, root), 'utf8')
        const { code } = await transformWithOxc(plantIn(source, bug), bug.file)
        // Not in a type or a comment: what runs is another program.
        if (code === (await transformWithOxc(source, bug.file)).code) faults.push(`${bug.name}: it changes nothing`)
      } catch (error) {
        faults.push((error as Error).message)
      }
    }
    expect(faults).toEqual([])
  })

  it('are found by the simulation or by tests that there are', () => {
    for (const { name, by } of BUGS) {
      for (const finder of [by].flat()) expect(finder === 'simulation' || (/^test\/.*\.test\.ts$/.test(finder) && existsSync(new URL(finder, root))), `${name}: ${finder}`).toBe(true)
    }
  })

  it('are those that the page about them has', () => {
    const page = readFileSync(new URL('docs/planted-bugs.md', root), 'utf8')
    const named = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name)
    expect(named.length).toBeGreaterThanOrEqual(40)
    expect(named.filter(name => !BUGS.some(bug => bug.name === name))).toEqual([])
  })

  it('are refused when there is none of the name, or the source has changed', () => {
    expect(bugNamed(undefined)).toBeUndefined()
    expect(() => bugNamed('no-such-bug')).toThrow('no such bug')
    const bug = BUGS[0]
    expect(bug).toBeDefined()
    if (bug !== undefined) for (const source of ['', bug.find + bug.find]) expect(() => plantIn(source, bug)).toThrow(bug.name)
  })
})
