import { describe, expect, test } from 'vitest'
import { FakeLog, positions, Rig } from './harness.js'

const EXPIRY_MS = 5_000

describe('what was passed over is not handed out after what lay behind it, when a crash makes it be judged again', () => {
  test('a record that had expired, by a clock that is put back', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 3, n => n < 3 ? { expiresInMs: EXPIRY_MS } : {}).batches)
    rig.clock.wall += 2 * EXPIRY_MS
    expect(positions(rig.attach().takeAll())).toEqual([3])
    rig.crash()
    rig.clock.wall -= 2 * EXPIRY_MS
    expect(positions(rig.attach().takeAll())).toEqual([3])
  })

  test('such a record that waited for its key', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 3, n => n === 2 ? { key: 'k', expiresInMs: EXPIRY_MS } : { key: 'k' }).batches)
    const consumer = rig.attach('orders', { mode: 'keyed' })
    const [first] = consumer.takeAll()
    consumer.ack(first!)
    rig.clock.wall += 2 * EXPIRY_MS
    const before = [consumer.handle.next()].filter(each => each !== undefined)
    rig.crash()
    rig.clock.wall -= 2 * EXPIRY_MS
    const inOrder = positions([...before, ...rig.attach('orders', { mode: 'keyed' }).drain()])
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b))
  })

  test('such a record at the end of an earlier log', () => {
    const rig = new Rig()
    rig.open()
    const earlier = new FakeLog(rig.clock, 1, 1).fill(1, 1, () => ({ expiresInMs: EXPIRY_MS }))
    const later = new FakeLog(rig.clock, 1, 2, earlier.linkTo()).fill(1, 1)
    rig.hold(...earlier.batches)
    rig.hold(...later.batches)
    rig.clock.wall += 2 * EXPIRY_MS
    expect(rig.attach().takeAll().map(({ incarnation }) => incarnation.split('-')[0])).toEqual(['2'])
    rig.crash()
    rig.clock.wall -= 2 * EXPIRY_MS
    expect(rig.attach().takeAll().map(({ incarnation }) => incarnation.split('-')[0])).toEqual(['2'])
  })

  test('and what was handed out is not passed over: the start of a subscription stays where it was found, whatever is known of clocks then', () => {
    let offsetMs = -3_600_000
    const rig = new Rig({ clockOffsetOf: () => offsetMs })
    rig.open({ from: 'latest' })
    rig.hold(...new FakeLog(rig.clock).fill(1, 1, () => ({ time: rig.clock.wall + offsetMs })).batches)
    expect(positions(rig.attach().takeAll())).toEqual([1])
    rig.crash()
    // The publisher's clock is not known before it is a neighbour again.
    offsetMs = 0
    expect(positions(rig.attach().takeAll())).toEqual([1])
  })

  test('a gap, of which something turns up after all', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(2, 1)
    const state = rig.hold(log.batches[1]!)
    const consumer = rig.attach()
    expect(consumer.takeAll()).toEqual([])
    rig.inbox.unavailable(state, 1, 1, 'unrecoverable')
    const before = [consumer.handle.next()].filter(each => each !== undefined)
    rig.crash()
    rig.hold(log.batches[0]!)
    const inOrder = positions([...before, ...rig.attach().takeAll()].filter(({ late }) => !late))
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b))
  })
})
