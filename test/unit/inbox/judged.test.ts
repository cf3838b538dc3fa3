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

describe('waiting for the disk costs a commit for much, not one for each record', () => {
  const inTurn = (rig: Rig, count: number): FakeLog => new FakeLog(rig.clock).fill(count / 100, 100, n => n % 2 === 1 ? { expiresInMs: EXPIRY_MS } : {})
  const even = (count: number): number[] => Array.from({ length: count / 2 }, (_, i) => 2 * (i + 1))

  test('records that have expired and others in turn', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...inTurn(rig, 2_000).batches)
    rig.clock.wall += 2 * EXPIRY_MS
    const before = rig.commits
    expect(positions(rig.attach('orders', { maxInFlight: 2_000 }).takeAll())).toEqual(even(2_000))
    expect(rig.commits - before).toBe(1)
    expect(rig.inbox.info()[0]!.expired).toBe(1_000)
  })

  test.each(['ordered', 'keyed'] as const)('more of them than a cursor looks ahead (%s)', (mode) => {
    const rig = new Rig()
    rig.open()
    rig.hold(...inTurn(rig, 12_000).batches)
    rig.clock.wall += 2 * EXPIRY_MS
    const before = rig.commits
    const consumer = rig.attach('orders', { mode, maxInFlight: 500 })
    const got: number[] = []
    let acked = 0
    for (let some = consumer.takeAll(); some.length > 0; some = consumer.takeAll()) {
      got.push(...positions(some))
      acked++
      for (const { token } of some) consumer.handle.ack(token, () => {})
      rig.clock.turn()
    }
    expect(got).toEqual(even(12_000))
    expect(rig.commits - before - acked).toBeLessThanOrEqual(12)
    expect(rig.inbox.info()[0]!).toMatchObject({ expired: 6_000, acked: 6_000, lag: 0 })
  })

  test('what waits goes on without time passing when more is judged while the commit for it is under way', () => {
    const rig = new Rig()
    rig.open()
    const messages = [{ key: 'a' }, { key: 'a', expiresInMs: EXPIRY_MS }, { key: 'a' }, { key: 'b' }, { key: 'b', expiresInMs: EXPIRY_MS }]
    rig.hold(new FakeLog(rig.clock).write(...messages))
    const consumer = rig.attach('orders', { mode: 'keyed' })
    const [first, second] = consumer.takeAll()
    expect(positions([first!, second!])).toEqual([1, 4])
    rig.clock.wall += 2 * EXPIRY_MS
    consumer.handle.ack(first!.token, () => {})
    expect(consumer.handle.next()).toBeUndefined()
    const before = rig.commits
    consumer.handle.ack(second!.token, () => {})
    while (rig.commits === before) expect(rig.clock.step()).toBe(true)
    expect(consumer.handle.next()).toBeUndefined()
    rig.clock.turn()
    expect(positions(consumer.takeAll())).toEqual([3])
    expect(rig.commits - before).toBe(2)
  })

  test('a later log does not wait for what is judged beyond the end of the earlier one', () => {
    const rig = new Rig()
    rig.open()
    const earlier = new FakeLog(rig.clock, 1, 1).fill(1, 1, () => ({ expiresInMs: EXPIRY_MS }))
    const state = rig.hold(...earlier.batches)
    rig.hold(...new FakeLog(rig.clock, 1, 2, earlier.linkTo()).fill(1, 1).batches)
    rig.clock.wall += 2 * EXPIRY_MS
    const consumer = rig.attach()
    rig.clock.turn()
    const before = rig.commits
    const untilCommit = (count: number): void => { while (rig.commits - before < count) expect(rig.clock.step()).toBe(true) }
    expect(consumer.handle.next()).toBeUndefined()
    untilCommit(1)
    rig.inbox.unavailable(state, 2, 2, 'unrecoverable')
    expect(consumer.handle.next()).toBeUndefined()
    expect(rig.gaps).toHaveLength(1)
    // The first commit is done and the second under way.
    untilCommit(2)
    expect(consumer.handle.next()?.incarnation.split('-')[0]).toBe('2')
  })

  test('and what was judged ahead stays so after a crash', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...inTurn(rig, 200).batches)
    rig.clock.wall += 2 * EXPIRY_MS
    const before = positions([...rig.attach('orders', { maxInFlight: 20 }).takeAll()])
    expect(before).toHaveLength(20)
    rig.crash()
    rig.clock.wall -= 2 * EXPIRY_MS
    expect(positions(rig.attach('orders', { maxInFlight: 200 }).takeAll())).toEqual(even(200))
  })

  test('but what is not on disk is not said to be', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...inTurn(rig, 200).batches)
    rig.clock.wall += 2 * EXPIRY_MS
    expect(rig.attach().handle.next()).toBeUndefined()
    rig.crash()
    rig.clock.wall -= 2 * EXPIRY_MS
    expect(positions(rig.attach('orders', { maxInFlight: 200 }).takeAll())).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
  })
})
