import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BATCH_BODY_BYTES, BATCH_RECORDS_MAX } from '../../../src/base/limits.js'
import { encodeRecords, recordBytes } from '../../../src/message/record.js'
import { Batcher } from '../../../src/outbox/batcher.js'
import { recordOf } from '../../support/written-log.js'

const size = fc.oneof({ weight: 5, arbitrary: fc.nat(2000) }, fc.integer({ min: 50_000, max: 140_000 }))

describe('the batcher', () => {
  it('gives out every record once, in the order of its channel, in batches within the limits', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), size), { maxLength: 60 }), fc.integer({ min: 1, max: 400_000 }), (adds, bytesMax) => {
      const batcher = new Batcher<number>()
      const given = new Map<string, number[]>()
      const expected = new Map<string, number[]>()
      const added = adds.map(([channel, bytes], i) => ({ channel, record: recordOf(channel, new Uint8Array(bytes)), i }))
      const take = (): boolean => {
        const batches = batcher.take(bytesMax)
        let before = 0
        for (const { channel, entries } of batches) {
          expect(before).toBeLessThan(bytesMax)
          const body = encodeRecords(entries.map(entry => entry.record))
          if (entries.length > 1) expect(body.length).toBeLessThanOrEqual(BATCH_BODY_BYTES)
          expect(entries.length).toBeLessThanOrEqual(BATCH_RECORDS_MAX)
          before += entries.reduce((sum, { record }) => sum + recordBytes(record), 0)
          given.set(channel, [...given.get(channel) ?? [], ...entries.map(({ tag }) => tag)])
        }
        return batches.length > 0
      }
      for (const { channel, record, i } of added) {
        batcher.add(channel, record, i)
        expected.set(channel, [...expected.get(channel) ?? [], i])
        if (i % 17 === 16) take()
      }
      while (take()) {}
      expect(given).toEqual(expected)
      expect([batcher.bytes, batcher.count]).toEqual([0, 0])
    }), { numRuns: 100 })
  })

  it('does not let a channel wait behind one that never ends', () => {
    const batcher = new Batcher<number>()
    for (let i = 0; i < 100; i++) batcher.add('loud', recordOf('loud', new Uint8Array(10_000)), i)
    batcher.add('quiet', recordOf('quiet', 'x'), 0)
    expect(batcher.take(100_000).map(({ channel }) => channel)).toEqual(['loud'])
    expect(batcher.take(100_000)[0]?.channel).toBe('quiet')
  })

  it('cuts off at 1,024 records, and lets go of everything at once', () => {
    const batcher = new Batcher<number>()
    for (let i = 0; i < 1500; i++) batcher.add('a', recordOf('a', ''), i)
    expect(batcher.take(1)[0]?.entries.length).toBe(1024)
    expect(batcher.count).toBe(476)
    expect(batcher.clear().map(({ tag }) => tag)).toEqual(Array.from({ length: 476 }, (_, i) => 1024 + i))
    expect([batcher.bytes, batcher.count, batcher.take(1).length]).toEqual([0, 0, 0])
  })
})
