import { describe, expect, test } from 'vitest'
import { encodeFrame } from '../../../src/repair/frames.js'
import { LogBook } from '../../../src/store/log-book.js'
import { fakeCrypto, FakeLog, mesh, peer, positions, Rig } from './harness.js'

const HOUR = 3_600_000

describe('where a subscription begins', () => {
  test('earliest: at the beginning of every log', () => {
    const rig = new Rig()
    rig.hold(...new FakeLog(rig.clock).fill(1, 3).batches)
    rig.open()
    expect(positions(rig.attach().drain())).toEqual([1, 2, 3])
  })

  test('earliest: what was trimmed before the creation is no claim and no gap', () => {
    const rig = new Rig()
    const log = new FakeLog(rig.clock).fill(3, 2)
    const state = rig.hold(log.batches[1]!, log.batches[2]!)
    rig.trim(state, 2)
    rig.open()
    expect(rig.inbox.needs(state)).toEqual({ from: 3, since: 0 })
    expect(positions(rig.attach().drain())).toEqual([3, 4, 5, 6])
    expect(rig.gaps).toEqual([])
  })

  test('earliest: in a log learned later, what was trimmed before the creation is no gap and what was trimmed after it is one', () => {
    for (const [trimmedAgo, gaps] of [[HOUR, 0], [-HOUR, 1]] as const) {
      const rig = new Rig()
      rig.open()
      const log = new FakeLog(rig.clock).fill(3, 2)
      const state = rig.book.ensure(log.id)
      rig.trim(state, 2, rig.clock.wall - trimmedAgo)
      rig.inbox.unavailable(state, 1, 2, 'expired')
      rig.hold(log.batches[1]!, log.batches[2]!)
      expect(positions(rig.attach().drain())).toEqual([3, 4, 5, 6])
      expect(rig.gaps.length).toBe(gaps)
    }
  })

  test('earliest: what is trimmed behind something that it has handed out it claims, whatever clocks say', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(4, 2)
    const state = rig.hold(log.batches[0]!)
    const consumer = rig.attach()
    expect(positions(consumer.drain())).toEqual([1, 2])
    rig.trim(state, 6, rig.clock.wall - HOUR)
    rig.inbox.unavailable(state, 3, 6, 'evicted')
    rig.hold(log.batches[3]!)
    expect(positions(consumer.drain())).toEqual([7, 8])
    expect(rig.gaps.map(({ from, to }) => [from, to])).toEqual([[3, 6]])
  })

  test('latest: behind the heads known at creation, also after a restart', () => {
    const rig = new Rig()
    const log = new FakeLog(rig.clock).fill(3, 2)
    const state = rig.hold(log.batches[0]!)
    rig.book.noteHeader(state, log.batches[1]!)
    rig.open({ from: 'latest' })
    expect(rig.inbox.needs(state)).toEqual({ from: 5, since: 0 })
    expect(rig.inbox.floor(state)).toBe(5)
    rig.crash()
    rig.hold(log.batches[1]!)
    rig.hold(log.batches[2]!)
    expect(positions(rig.attach().drain())).toEqual([5, 6])
  })

  test('latest: a log learned later starts at its first record that is not older than the creation', () => {
    const rig = new Rig()
    const log = new FakeLog(rig.clock)
    log.write({}, {})
    rig.clock.advance(1000)
    log.write({})
    rig.clock.advance(1000)
    rig.open({ from: 'latest' })
    log.write({ time: rig.clock.wall - 1 }, { time: rig.clock.wall }, {})
    const state = rig.hold(...log.batches)
    expect(rig.inbox.needs(state)).toEqual({ from: 1, since: rig.clock.wall })
    expect(positions(rig.attach().drain())).toEqual([5, 6])
    expect(rig.inbox.needs(state)).toEqual({ from: 7, since: 0 })
  })

  test('latest: all of a log that this life of the node begins afterwards, also when the clock has gone back since', () => {
    for (const [own, expected] of [[true, [1, 2]], [false, []]] as const) {
      const rig = new Rig({ isPresent: () => own })
      rig.open({ from: 'latest' })
      rig.hold(new FakeLog(rig.clock).write({ time: rig.clock.wall - HOUR }, { time: rig.clock.wall - HOUR }))
      const consumer = rig.attach()
      expect(positions(consumer.takeAll())).toEqual(expected)
      // Also for the next life, in which the log is one of an earlier life.
      rig.over.isPresent = () => false
      rig.crash()
      expect(positions(rig.attach().drain())).toEqual(expected)
    }
  })

  test('latest: with a publisher whose clock is as far off as numbers go, a time is asked for that can be sent', () => {
    const rig = new Rig({ clockOffsetOf: () => Number.MAX_SAFE_INTEGER - 1000 })
    const log = new FakeLog(rig.clock)
    rig.open({ from: 'latest' })
    log.write({})
    const [batch] = log.batches
    const state = rig.book.ensure(batch!.log)
    rig.book.noteHeader(state, batch!)
    const { since } = rig.inbox.needs(state) as { since: number }
    expect(() => encodeFrame('want', { since })).not.toThrow()
    expect(since).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('latest: what came of a new log just before a crash is not skipped', () => {
    const rig = new Rig()
    rig.open({ from: 'latest' })
    rig.hold(...new FakeLog(rig.clock).fill(2, 2).batches)
    rig.crash()
    expect(positions(rig.attach().drain())).toEqual([1, 2, 3, 4])
  })

  test('what is proven to be older than one subscription’s start is still delivered to those that claim it', () => {
    const rig = new Rig()
    rig.open()
    rig.open({ name: 'recent', from: rig.clock.wall - 1000 })
    const log = new FakeLog(rig.clock).fill(3, 2, () => ({ time: rig.clock.wall - 500 }))
    const state = rig.book.ensure(log.id)
    rig.inbox.passed(state, 4, rig.clock.wall - 1000)
    rig.hold(...log.batches)
    expect(positions(rig.attach().drain())).toEqual([1, 2, 3, 4, 5, 6])
    expect(positions(rig.attach('recent').drain())).toEqual([5, 6])
  })

  test('a time: like a log learned later, for all logs, and old positions are passed over on proof without a gap', () => {
    const rig = new Rig()
    const log = new FakeLog(rig.clock)
    for (let hour = 0; hour < 5; hour++) {
      log.write({}, {})
      rig.clock.advance(HOUR)
    }
    const since = rig.clock.wall - 2 * HOUR
    const state = rig.hold(log.batches[3]!, log.batches[4]!)
    rig.open({ from: since })
    expect(rig.inbox.needs(state)).toEqual({ from: 1, since })
    const consumer = rig.attach()
    expect(consumer.drain()).toEqual([])
    rig.inbox.passed(state, 6, since - 1)
    rig.inbox.passed(state, 6, since)
    rig.clock.turn()
    expect(positions(consumer.drain())).toEqual([7, 8, 9, 10])
    expect(rig.gaps).toEqual([])
    expect(rig.inbox.info()[0]?.from).toBe(new Date(since).toISOString())
  })

  test('times are compared by the publisher’s clock', () => {
    const ahead = 10_000
    const rig = new Rig({ clockOffsetOf: () => ahead })
    rig.open({ from: 'latest' })
    const created = rig.clock.wall
    const log = new FakeLog(rig.clock)
    log.write({ time: created + ahead - 1 })
    log.write({ time: created + ahead })
    const state = rig.hold(...log.batches)
    expect(rig.inbox.needs(state)?.since).toBe(created + ahead)
    expect(positions(rig.attach().drain())).toEqual([2])
  })

  test('while the start is sought, a gap is told only of what may be younger than the start', () => {
    const rig = new Rig()
    const log = new FakeLog(rig.clock)
    log.write({}, {})
    log.write({})
    rig.clock.advance(HOUR)
    rig.open({ from: 'latest' })
    log.write({}, {})
    log.write({})
    // 1 and 2 are lost, and 3, which is older than the start, shows that they are too.
    const state = rig.hold(log.batches[1]!, log.batches[3]!)
    rig.inbox.unavailable(state, 1, 2, 'evicted')
    const consumer = rig.attach()
    expect(consumer.drain()).toEqual([])
    expect(rig.gaps).toEqual([])
    rig.inbox.unavailable(state, 4, 5, 'expired')
    expect(positions(consumer.drain())).toEqual([6])
    expect(rig.gaps).toMatchObject([{ from: 4, to: 5, reason: 'expired' }])
  })

  test('a log of which everything was trimmed after the creation is a gap at once', () => {
    const rig = new Rig()
    rig.open({ from: 'latest' })
    const log = new FakeLog(rig.clock).fill(1, 4)
    const state = rig.book.ensure(log.id)
    rig.clock.advance(1)
    rig.trim(state, 4)
    rig.inbox.unavailable(state, 1, 4, 'expired')
    rig.attach().drain()
    expect(rig.gaps).toMatchObject([{ from: 1, to: 4 }])
  })

  test('a log that was only heard of keeps its cursor, although its number goes to another log after a restart', () => {
    const rig = new Rig()
    rig.open()
    const quiet = new FakeLog(rig.clock, 1)
    const state = rig.book.ensure(quiet.id)
    rig.book.noteHead(state, 9, new Uint8Array(32))
    rig.inbox.unavailable(state, 1, 4, 'expired')
    rig.attach().drain()
    rig.clock.advance(2000)
    expect(rig.gaps.length).toBe(1)
    // Another log takes the number while there is no inbox to remember the first.
    const other = new FakeLog(rig.clock, 2).fill(1, 3)
    const book = new LogBook({ store: rig.store, crypto: fakeCrypto, mesh, self: peer(99), wallMs: () => 0 })
    const log = book.ensure(other.id)
    expect(log.number).toBe(state.number)
    rig.store.commit(book.stage(log, other.batches), () => {})
    rig.clock.turn()
    rig.crash()
    rig.crash()
    expect(rig.book.ensure(quiet.id).number).not.toBe(rig.book.ensure(other.id).number)
    expect(rig.inbox.needs(rig.book.ensure(quiet.id))).toEqual({ from: 5, since: 0 })
    expect(rig.inbox.needs(rig.book.ensure(other.id))).toEqual({ from: 1, since: 0 })
    expect(positions(rig.attach().drain())).toEqual([1, 2, 3])
    expect(rig.gaps.length).toBe(1)
  })
})
