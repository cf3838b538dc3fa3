import { describe, expect, test } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.js'
import { Custodian } from '../../../src/node/custodian.js'
import type { Engine } from '../../../src/node/engine.js'
import { WrittenLog } from '../../support/written-log.js'

const NOTHING = { bytes: 0, records: 0 }

function custodian (retention: object, held = new RangeSet(), { from = 1, floor = from }: { from?: number, floor?: number } = {}, makeRoom = (_: string): void => {}): Custodian {
  const log = { held, publisher: 'p', channel: 'press', incarnation: { number: 1 } }
  return new Custodian({
    self: 'self',
    options: { settings: { retention }, store: {}, clock: { nowMs: () => 0 } },
    book: { bytes: () => 500, records: () => held.count, get: () => held.isEmpty ? undefined : log, logs: () => [log], othersBytes: 500, publisherBytes: () => 500 },
    inbox: { wantsChannel: () => true, needs: () => ({ from, since: 0 }), floor: () => floor },
    housekeeping: { makeRoom },
    counters: { add: () => {} }
  } as unknown as Engine)
}

describe('what is taken in of others', () => {
  const written = new WrittenLog()
  for (let i = 0; i < 12; i++) written.write(1)
  const batchAt = (position: number): (typeof written.batches)[number] => written.batches[position - 1] as (typeof written.batches)[number]

  test('a channel’s quota counts what is on its way to disk: much comes at once before any of it is there', () => {
    const admits = (retention: object, channel: { bytes: number, records: number }): boolean => custodian(retention).admits(batchAt(1), { bytes: channel.bytes, publisher: channel, channel })
    expect(admits({ bytes: 1_000 }, { bytes: 500, records: 1 })).toBe(true)
    expect(admits({ bytes: 1_000 }, { bytes: 700, records: 1 })).toBe(false)
    expect(admits({ records: 8 }, { bytes: 100, records: 8 })).toBe(true)
    expect(admits({ records: 8 }, { bytes: 100, records: 9 })).toBe(false)
  })

  test('room is made as soon as a channel is above its quota, and not when it takes nothing more', () => {
    const rooms: string[] = []
    const admits = (records: number): boolean => custodian({ bytes: 1e9, records: 8 }, RangeSet.of([1, records]), { from: 1 }, (channel) => { rooms.push(channel) }).admits(batchAt(12), { bytes: 0, publisher: NOTHING, channel: NOTHING })
    expect([admits(7), rooms]).toEqual([true, []])
    expect([admits(8), rooms]).toEqual([true, ['press']])
  })

  const admitted = (records: number, held: RangeSet, needs: { from: number, floor?: number } = { from: 1 }): number[] => {
    const full = custodian({ records }, held, needs)
    return Array.from({ length: 12 }, (_, i) => i + 1).filter(position => full.admits(batchAt(position), { bytes: 0, publisher: NOTHING, channel: NOTHING }))
  }
  const held = RangeSet.of([4, 6], [8, 9])

  test('above the quota only what lies before something held comes in, whichever hole it is in', () => {
    expect(admitted(4, held)).toEqual([1, 2, 3, 7])
    expect(admitted(4, held, { from: 4 })).toEqual([7])
  })

  test('far above it only what a subscription waits for next, and only when nothing is left to settle before it', () => {
    expect(admitted(2, held, { from: 1 })).toEqual([1])
    expect(admitted(2, held, { from: 3 })).toEqual([3])
    // What is held goes on to be settled, and then makes room.
    expect(admitted(2, held, { from: 4 })).toEqual([])
    // It is settled, and not on disk yet.
    expect(admitted(2, held, { from: 7, floor: 5 })).toEqual([])
    expect(admitted(2, held, { from: 7 })).toEqual([7])
    // Nothing that is held waits for it.
    expect(admitted(2, held, { from: 10 })).toEqual([])
  })
})
