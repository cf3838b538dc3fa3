import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
// @ts-expect-error: the examples are plain JavaScript.
import { splitOrigins, totalsOf } from '../../examples/flights/flights.mjs'
// @ts-expect-error: the examples are plain JavaScript.
import { Journal } from '../../examples/flights/journal.mjs'
// @ts-expect-error: the examples are plain JavaScript.
import { comparisonTable } from '../../examples/flights/screen.mjs'
import { Run } from '../support/run.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

let dir: string
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'skein-flights-test-')) })
afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

describe('flights', () => {
  const start = (...args: string[]): Run => new Run(process.execPath, [join('examples', 'flights', 'run.mjs'), ...args], { cwd: ROOT, env: { TMPDIR: dir } })

  test('cross the mesh, each counted once, though a subscriber and the relay are killed', async () => {
    const run = start('--flights', '3000', '--seconds', '8', '--all')
    try {
      await run.succeeded(120_000)
    } finally {
      await run.kill()
    }
    expect(run.stdout).toContain('Killed subscriber everything with SIGKILL')
    expect(run.stdout).toContain('Killed the relay with SIGKILL')
    expect(run.stdout).toMatch(/^ {2}all +3,000 +3,000 +(\S+) +\1 +yes$/m)
    expect(run.stdout.match(/the mesh and the file agree$/gm)).toHaveLength(2)
    expect(run.stdout).not.toMatch(/ NO$|gap:|buried:/m)
    expect(readdirSync(dir)).toEqual([])
  }, 150_000)

  test('stop with everything they have started when they are told to', async () => {
    const run = start('--flights', '20000', '--seconds', '100')
    try {
      await run.until(/published [1-9]/, 30_000)
      run.signal('SIGTERM')
      expect((await run.ended()).status).toBe(1)
    } finally {
      await run.kill()
    }
    expect(run.stderr).toContain('stopped by SIGTERM')
    expect(readdirSync(dir)).toEqual([])
  })

  test('say how they are to be started', async () => {
    const run = start('--flights', 'many')
    expect((await run.ended()).status).toBe(2)
    expect(run.stderr).toContain('Usage: ')
  })
})

describe('counting flights', () => {
  const flights = [
    { origin: 'ORD', destination: 'ATL', delay: 5 },
    { origin: 'ORD', destination: 'LAX', delay: -3 },
    { origin: 'LAX', destination: 'ATL', delay: 10 },
    { origin: 'LAX', destination: 'SFO', delay: 1 }
  ]

  test('a flight that matches two filters counts once', () => {
    expect(totalsOf(flights, ['flights/ORD/+', 'flights/+/ATL'])).toEqual({ ORD: { flights: 2, delay: 2 }, LAX: { flights: 1, delay: 10 } })
  })

  test('each origin has one publisher', () => {
    expect(splitOrigins(flights, 3)).toEqual([['ORD'], ['LAX'], []])
  })

  test('the table shows what differs, however many rows it leaves out', () => {
    const expected = totalsOf(flights, ['flights/#'])
    expect(comparisonTable({ expected, actual: expected, rowsMax: 1 })).toMatchObject({ equal: true, origins: 2 })
    const { lines, equal } = comparisonTable({ expected, actual: { ...expected, ORD: { flights: 2, delay: 3 } }, rowsMax: 0 })
    expect(equal).toBe(false)
    expect(lines.filter((line: string) => line.endsWith('NO'))).toHaveLength(2)
  })
})

describe('the journal', () => {
  const path = (): string => join(dir, 'journal.ndjson')

  async function entries (): Promise<unknown[]> {
    const found: unknown[] = []
    const journal = await Journal.open(path(), (entry: unknown) => { found.push(entry) })
    await journal.close()
    return found
  }

  test('keeps each id once, also across a restart', async () => {
    const journal = await Journal.open(path(), () => {})
    expect(await Promise.all([journal.append('a', { delay: 1 }), journal.append('b', { delay: 2 }), journal.append('a', { delay: 1 })])).toEqual([true, true, false])
    await journal.close()
    const again = await Journal.open(path(), () => {})
    expect(await again.append('b', { delay: 2 })).toBe(false)
    expect([again.size, again.repeated]).toEqual([2, 1])
    await again.close()
    expect(await entries()).toEqual([{ delay: 1 }, { delay: 2 }])
  })

  test('passes over half a line that a kill has left, and writes on after what is whole', async () => {
    writeFileSync(path(), '{"id":"a","delay":1}\n{"id":"b","del')
    const journal = await Journal.open(path(), () => {})
    expect(await journal.append('b', { delay: 2 })).toBe(true)
    await journal.close()
    expect(await entries()).toEqual([{ delay: 1 }, { delay: 2 }])
    expect(existsSync(path())).toBe(true)
  })
})
