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

  it('are those that the page about them has, no more and no fewer', () => {
    const page = readFileSync(new URL('docs/planted-bugs.md', root), 'utf8')
    const named = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name)
    const mend = 'npm run planted -- --page --no-run writes the page anew'
    expect(named.filter(name => !BUGS.some(bug => bug.name === name)), `in the page only: ${mend}`).toEqual([])
    expect(BUGS.map(({ name }) => name).filter(name => !named.includes(name)), `not in the page: ${mend}`).toEqual([])
    expect(new Set(named).size).toBe(named.length)
  })

  it('have a row each that says what the list says, where it was found, and how long that took if it is known', () => {
    const page = readFileSync(new URL('docs/planted-bugs.md', root), 'utf8')
    for (const { name, what, breaks } of BUGS) {
      const row = page.split('\n').find(line => line.startsWith(`| \`${name}\` |`)) ?? ''
      expect(row.slice(0, -1).split(' | ').slice(1, 3), name).toEqual([what, breaks])
      expect(row).toMatch(/ \| (simulation(, seed \d+)?|[\w/-]+\.test\.ts) \| (\d+(\.\d)?|–) \|$/)
    }
  })

  it('are refused when there is none of the name, or the source has changed', () => {
    expect(bugNamed(undefined)).toBeUndefined()
    expect(() => bugNamed('no-such-bug')).toThrow('no such bug')
    const bug = BUGS[0]
    expect(bug).toBeDefined()
    if (bug !== undefined) for (const source of ['', bug.find + bug.find]) expect(() => plantIn(source, bug)).toThrow(bug.name)
  })
})
