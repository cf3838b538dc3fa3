import { describe, expect, test } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.js'
import { Custodian } from '../../../src/node/custodian.js'
import type { Engine } from '../../../src/node/engine.js'
import { WrittenLog } from '../../support/written-log.js'

const NOTHING = { bytes: 0, records: 0 }

function custodian (retention: object, held = new RangeSet()): Custodian {
  const log = { held, publisher: 'p', channel: 'press', incarnation: { number: 1 } }
  return new Custodian({
    self: 'self',
    options: { settings: { retention }, store: {}, clock: { nowMs: () => 0 } },
    book: { bytes: () => 500, records: () => held.count, get: () => held.isEmpty ? undefined : log, logs: () => [log], othersBytes: 500, publisherBytes: () => 500 },
    inbox: { wantsChannel: () => true, needs: () => ({ from: 1, since: 0 }) },
    housekeeping: { makeRoom: () => {} },
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

  test('above the quota only what lies before something held comes in, whichever hole it is in', () => {
    const full = custodian({ records: 4 }, RangeSet.of([4, 6], [8, 9]))
    const admitted = Array.from({ length: 12 }, (_, i) => i + 1).filter(position => full.admits(batchAt(position), { bytes: 0, publisher: NOTHING, channel: NOTHING }))
    expect(admitted).toEqual([1, 2, 3, 7])
  })
})
