import { expect } from 'vitest'
import { SkeinError } from '../../src/base/errors.js'
import { readU32, u32 } from '../../src/store/keys.js'
import { openLmdbStore } from '../../src/store/lmdb-store.js'
import type { Store } from '../../src/store/store.js'

/** None, one that is full all the time, and one that holds much when the process ends. */
export const JOURNALS: ReadonlyArray<readonly [what: string, bytes: number]> = [['no journal', 0], ['a small journal', 256 * 1024], ['a large journal', 8 * 1024 * 1024]]

/** Bytes of the largest value that `store-writer.mjs` is to write: what goes to disk at once is sometimes too much for a record of the journal. */
export const SIZE = 12_000

/** Commit 0 is made here, so that the writer's commit n can delete what n - 40 put, for each n. */
export async function makeFirstCommit (path: string, journalBytes: number): Promise<void> {
  const store = await openLmdbStore({ path, reserveBytes: 0, journalBytes })
  await new Promise(resolve => { store.commit([{ type: 'put', table: 'cursor', key: u32(0), value: u32(0) }, { type: 'put', table: 'batch', key: u32(0), value: new Uint8Array(1) }, { type: 'put', table: 'log', key: u32(0), value: u32(0) }], resolve) })
  await store.close()
}

/** The last commit that is there. Throws if one up to it is missing, or one is there in part. */
export function lastWhole (store: Store): number {
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
    const isWhole = Buffer.from(value).equals(Buffer.alloc(1 + (n * 7919) % SIZE, n & 0xff))
    // That is how the store tells what it cannot have written, where it can be had again.
    if (!isWhole && value.every(byte => byte === 0)) throw new SkeinError('ERR_STORE_CORRUPT', `batch ${n} is damaged`)
    expect(isWhole).toBe(true)
  }
  return last
}
