import { expect } from 'vitest'
import { readU32, u32 } from '../../src/store/keys.js'
import { openLmdbStore } from '../../src/store/lmdb-store.js'
import type { Store } from '../../src/store/store.js'

/** Bytes of the largest value that `store-writer.mjs` is to write. */
export const SIZE = 60_000

/** Commit 0 is made here, so that the writer's commit n can delete what n - 40 put, for each n. */
export async function makeFirstCommit (path: string): Promise<void> {
  const store = await openLmdbStore({ path, reserveBytes: 0 })
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
    expect(Buffer.from(value).equals(Buffer.alloc(1 + (n * 7919) % SIZE, n & 0xff))).toBe(true)
  }
  return last
}
