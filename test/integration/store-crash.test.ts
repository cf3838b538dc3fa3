import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readU32, u32 } from '../../src/store/keys.js'
import { openLmdbStore } from '../../src/store/lmdb-store.js'
import type { Store } from '../../src/store/store.js'

const WRITER = fileURLToPath(new URL('../support/store-writer.mjs', import.meta.url))
const ROUNDS = 16
const SIZE = 60_000

/** Lets a writer run until it has said `count` commits, kills it soon after, and tells the last that it said. */
async function writeAndKill (path: string, first: number, count: number): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, [WRITER, path, `${first}`, `${SIZE}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = first - 1
  if (child.stdout === null) throw new Error('no stdout')
  const lines = createInterface({ input: child.stdout })
  lines.on('line', line => {
    // The kill may cut the last line, and half a number is another number: it counts only if it is the next.
    if (Number(line) === said + 1) said++
    else if (line.startsWith('failed')) throw new Error(line)
    // Killed right away, it would always die early in its next write. The delay is no wait for anything: it spreads the moment.
    if (said - first === count) setTimeout(() => { child.kill('SIGKILL') }, Math.random() * 4)
  })
  await Promise.all([once(child, 'close'), once(lines, 'close')])
  return said
}

/** The last commit that is there. Throws if one up to it is missing, or one is there in part. */
function lastWhole (store: Store): number {
  const [log] = store.entries('log')
  if (log === undefined) return -1
  const last = readU32(log[1])
  const cursors: number[] = []
  for (let from = 0; ; from += 1000) {
    const page = store.entries('cursor', { gte: u32(from), lt: u32(from + 1000) })
    if (page.length === 0) break
    for (const [key, value] of page) {
      expect(readU32(value)).toBe(readU32(key))
      cursors.push(readU32(key))
    }
  }
  expect(cursors).toEqual(Array.from({ length: last + 1 }, (_, i) => i))
  const batches = store.entries('batch')
  expect(batches.map(([key]) => readU32(key))).toEqual(Array.from({ length: Math.min(last + 1, 40) }, (_, i) => Math.max(0, last - 39) + i))
  for (const [key, value] of batches) {
    const n = readU32(key)
    expect(Buffer.from(value).equals(Buffer.alloc(1 + (n * 7919) % SIZE, n & 0xff))).toBe(true)
  }
  return last
}

describe('a store whose process is killed', () => {
  let dir: string
  beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'skein-crash-')) })
  afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

  test('has every commit that was done, whole, and no part of another', async () => {
    const path = join(dir, 'store.mdb')
    let next = 1
    {
      const store = await openLmdbStore({ path, reserveBytes: 0 })
      // Commit 0 is made here, so that the writer's commit n can delete what n - 40 put, for each n.
      await new Promise(resolve => { store.commit([{ type: 'put', table: 'cursor', key: u32(0), value: u32(0) }, { type: 'put', table: 'batch', key: u32(0), value: new Uint8Array(1) }, { type: 'put', table: 'log', key: u32(0), value: u32(0) }], resolve) })
      await store.close()
    }
    for (let round = 0; round < ROUNDS; round++) {
      const said = await writeAndKill(path, next, Math.floor(Math.random() * 300))
      const store = await openLmdbStore({ path, reserveBytes: 0 })
      const last = lastWhole(store)
      await store.close()
      expect(last).toBeGreaterThanOrEqual(said)
      next = last + 1
    }
    expect(next).toBeGreaterThan(ROUNDS)
  }, 60_000)
})
