import { describe, expect, test } from 'vitest'
import type { RecordFields } from '../../../src/message/record.js'
import { BatchCache, type OpenBatch } from '../../../src/store/batch-cache.js'

/** A batch of 10 records of 100 bytes, whose bodies lie within its bytes or are the publisher's own. */
function open (own: boolean): OpenBatch {
  const bytes = new Uint8Array(1000)
  const records = Array.from({ length: 10 }, (_, i) => ({ body: own ? new Uint8Array(100) : bytes.subarray(i * 100, (i + 1) * 100) }) as RecordFields)
  return { batch: { bytes } as OpenBatch['batch'], records }
}

function kept (cache: BatchCache, count: number): number[] {
  return Array.from({ length: count }, (_, i) => i).filter(i => cache.get(`${i}`) !== undefined)
}

describe('the cache of batches', () => {
  test('counts the bytes, the records, and bodies that lie elsewhere', () => {
    const read = new BatchCache(9000)
    for (let i = 0; i < 9; i++) read.set(`${i}`, open(false))
    expect(kept(read, 9)).toEqual([6, 7, 8])
    const own = new BatchCache(9000)
    for (let i = 0; i < 9; i++) own.set(`${i}`, open(true))
    expect(kept(own, 9)).toEqual([7, 8])
  })

  test('keeps what was used lately, and one however large', () => {
    const cache = new BatchCache(9000)
    for (let i = 0; i < 3; i++) cache.set(`${i}`, open(false))
    cache.get('0')
    cache.set('3', open(false))
    expect(kept(cache, 4)).toEqual([0, 2, 3])
    cache.delete('2')
    cache.set('4', open(false))
    expect(kept(cache, 5)).toEqual([0, 3, 4])
    const small = new BatchCache(10)
    for (let i = 0; i < 3; i++) small.set(`${i}`, open(true))
    expect(kept(small, 3)).toEqual([2])
  })
})
