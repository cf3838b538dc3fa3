import { describe, expect, test } from 'vitest'
import { backoffAfter } from '../../../src/inbox/backoff.js'
import { CURSOR_WINDOW_POSITIONS } from '../../../src/inbox/limits.js'
import type { SkeinError } from '../../../src/base/errors.js'
import type { LogState } from '../../../src/store/log-state.js'
import { FakeLog, positions, Rig } from './harness.js'

describe('redelivery', () => {
  test('the delay doubles up to its limit', () => {
    expect([1, 2, 3, 9, 10, 2000].map(attempts => backoffAfter(attempts, 200, 60_000))).toEqual([200, 400, 800, 51_200, 60_000, 60_000])
  })

  test('a delivery that is not settled in time is taken back, and settling it then is refused', () => {
    const rig = new Rig()
    rig.open({ ackTimeoutMs: 1000 })
    rig.hold(...new FakeLog(rig.clock).fill(1, 2).batches)
    const consumer = rig.attach('orders', { maxInFlight: 1 })
    const first = consumer.take()
    rig.clock.advance(1000)
    const again = consumer.take()
    expect([again.position, again.attempt]).toEqual([1, 2])
    const errors: Array<SkeinError | undefined> = []
    consumer.handle.ack(first.token, error => errors.push(error))
    consumer.handle.nack(first.token, {}, error => errors.push(error))
    consumer.handle.reject(first.token, 'x', error => errors.push(error))
    expect(errors.map(e => e?.code)).toEqual(['ERR_DELIVERY_SETTLED', 'ERR_DELIVERY_SETTLED', 'ERR_DELIVERY_SETTLED'])
    consumer.ack(again)
    expect(positions(consumer.drain())).toEqual([2])
  })

  test('a time-out at the last attempt buries', () => {
    const rig = new Rig()
    rig.open({ ackTimeoutMs: 1000, maxAttempts: 1 })
    rig.hold(...new FakeLog(rig.clock).fill(1, 2).batches)
    const consumer = rig.attach('orders', { maxInFlight: 1 })
    consumer.take()
    rig.clock.advance(1000)
    expect(rig.buried.map(l => [l.position, l.reason])).toEqual([[1, 'not settled within 1000 ms']])
    expect(consumer.take().position).toBe(2)
  })

  test('extend gives it longer', () => {
    const rig = new Rig()
    rig.open({ ackTimeoutMs: 1000 })
    rig.hold(...new FakeLog(rig.clock).fill(1, 1).batches)
    const consumer = rig.attach()
    const delivery = consumer.take()
    consumer.handle.extend(delivery.token, 500)
    rig.clock.advance(1499)
    expect(rig.inbox.info()[0]?.inFlight).toBe(1)
    rig.clock.advance(1)
    expect(rig.inbox.info()[0]?.inFlight).toBe(0)
  })

  test('a nack waits as long as it says', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 1).batches)
    const consumer = rig.attach()
    consumer.nack(consumer.take(), { delayMs: 5000 })
    rig.clock.advance(4999)
    expect(consumer.takeAll()).toEqual([])
    rig.clock.advance(1)
    expect(consumer.take().attempt).toBe(2)
  })

  test('a nacked record waits no longer than it had left when the wall clock was put back before a restart', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 1).batches)
    const consumer = rig.attach('orders', { maxInFlight: 1 })
    consumer.nack(consumer.take(), { delayMs: 5000 })
    rig.clock.advance(1000)
    rig.clock.wall -= 4 * 3_600_000
    rig.crash()
    const after = rig.attach()
    rig.clock.advance(5000)
    expect(after.takeAll().map(d => [d.position, d.attempt])).toEqual([[1, 2]])
  })

  test('a nacked record still waits, and still holds its log back, after a restart', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 3).batches)
    const consumer = rig.attach('orders', { maxInFlight: 1 })
    consumer.nack(consumer.take(), { delayMs: 5000 })
    rig.clock.advance(1000)
    rig.crash()
    const after = rig.attach()
    expect(after.takeAll()).toEqual([])
    rig.clock.advance(3999)
    expect(after.takeAll()).toEqual([])
    rig.clock.advance(1)
    expect(after.takeAll().map(d => [d.position, d.attempt])).toEqual([[1, 2]])
  })

  test('a crash in the handler counts as an attempt once the delivery is 50 ms old, and a record that keeps crashing it is buried', () => {
    const rig = new Rig()
    rig.open({ maxAttempts: 2 })
    rig.hold(...new FakeLog(rig.clock).fill(1, 2).batches)
    for (const attempt of [1, 2]) {
      const consumer = rig.attach('orders', { maxInFlight: 1 })
      expect(consumer.take().attempt).toBe(attempt)
      rig.clock.advance(50)
      rig.crash()
    }
    const consumer = rig.attach('orders', { maxInFlight: 1 })
    expect(consumer.take().position).toBe(2)
    rig.clock.turn()
    expect(rig.buried.map(l => [l.position, l.reason])).toEqual([[1, 'not settled in 2 attempts']])
  })

  test('closing a consumer frees what it holds at once, in order, and takes back the attempts it names', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 4).batches)
    const first = rig.attach('orders', { maxInFlight: 3 })
    const held = first.takeAll()
    first.ack(held[1]!)
    const second = rig.attach()
    first.handle.close([held[2]!.token])
    expect(second.takeAll().map(d => [d.position, d.attempt])).toEqual([[1, 2], [3, 1], [4, 1]])
  })

  test('the next consumer may hold several freed records at a time', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 5).batches)
    const first = rig.attach('orders', { maxInFlight: 4 })
    first.takeAll()
    first.handle.close()
    expect(positions(rig.attach().takeAll())).toEqual([1, 2, 3, 4, 5])
  })

  test('keyed: freed records of a key come one after another, in order', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(new FakeLog(rig.clock).write({ key: 'a' }, { key: 'a' }, { key: 'b' }))
    const first = rig.attach('orders', { mode: 'keyed' })
    expect(positions(first.takeAll())).toEqual([1, 3])
    const second = rig.attach('orders', { mode: 'keyed' })
    first.handle.close()
    expect(positions(second.drain())).toEqual([1, 3, 2])
  })

  test('two consumers on one name compete', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 4).batches)
    const [a, b] = [rig.attach('orders', { maxInFlight: 2 }), rig.attach('orders', { maxInFlight: 2 })]
    const [first] = a.takeAll()
    expect(first?.position).toBe(1)
    expect(positions(b.takeAll())).toEqual([3, 4])
    // What one has in hand the other cannot settle.
    expect(() => { b.ack(first!) }).toThrowError(expect.objectContaining({ code: 'ERR_DELIVERY_SETTLED' }))
    a.ack(first!)
  })

  test('is one of the consumers keyed, all are', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(new FakeLog(rig.clock).write({ key: 'a' }, { key: 'a' }, {}))
    const ordered = rig.attach()
    rig.attach('orders', { mode: 'keyed' })
    expect(positions(ordered.takeAll())).toEqual([1, 3])
  })

  test('logs take turns', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock, 1).fill(1, 100).batches)
    rig.hold(...new FakeLog(rig.clock, 2).fill(1, 100).batches)
    const logs = rig.attach().takeAll().map(d => d.publisher)
    expect(new Set(logs.slice(0, 32)).size).toBe(2)
    expect(logs.length).toBe(64)
  })

  test('expired records are settled and counted, not delivered', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock)
    log.write({ expiresInMs: 1000 }, {}, { expiresInMs: 60_000 })
    const state = rig.hold(...log.batches)
    rig.clock.advance(1000)
    const consumer = rig.attach()
    const [two, three] = consumer.takeAll()
    expect([two!.position, three!.position]).toEqual([2, 3])
    consumer.ack(two!)
    consumer.nack(three!, { delayMs: 100_000 })
    rig.clock.advance(100_000)
    expect(consumer.takeAll()).toEqual([])
    rig.clock.advance(1000)
    expect(rig.inbox.info()[0]).toMatchObject({ expired: 2, acked: 1, lag: 0 })
    expect(rig.inbox.processed(state)[0]?.ranges.toString()).toBe('1-3')
  })

  test('a cursor looks no further than its window, and goes on when the watermark moves', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(5, 1000, p => ({ key: p === 1 ? 'slow' : `k${p}` }))
    rig.hold(...log.batches)
    const consumer = rig.attach('orders', { mode: 'keyed', maxInFlight: 10 })
    const first = consumer.take()
    let seen = 1
    for (;;) {
      const some = consumer.takeAll()
      if (some.length === 0) break
      seen += some.length
      for (const d of some) consumer.handle.ack(d.token, () => {})
      rig.clock.turn()
    }
    expect(seen).toBe(CURSOR_WINDOW_POSITIONS)
    consumer.ack(first)
    expect(consumer.takeAll().length).toBe(10)
  })

  test('a subscription that matches little looks through its logs in slices', () => {
    const rig = new Rig()
    rig.open({ filters: ['press/b'] })
    rig.hold(...new FakeLog(rig.clock).fill(6, 1000).batches)
    rig.hold(new FakeLog(rig.clock, 2).write({ topic: 'press/b' }))
    const consumer = rig.attach()
    let slices = 0
    let got = 0
    rig.clock.turn()
    for (let told = 0; consumer.readyCalls > told; slices++) {
      told = consumer.readyCalls
      while (consumer.handle.next() !== undefined) got++
      rig.clock.turn()
    }
    expect(got).toBe(1)
    expect(slices).toBeGreaterThanOrEqual(3)
    expect(rig.inbox.unsettled('press')).toBe(1)
    expect(rig.inbox.info()[0]).toMatchObject({ lag: 1, inFlight: 1 })
  })

  test('a damaged batch is waited for until it is there again', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(2, 2)
    const state = rig.hold(...log.batches)
    const consumer = rig.attach('orders', { maxInFlight: 1 })
    consumer.nack(consumer.take())
    // Read again, the batch is not what was written.
    const table = rig.disk.tables.get('batch')!
    const [key] = table.keys('', undefined, false, 1)
    const bytes = table.get(key!)!.slice()
    bytes[bytes.length - 1]! ^= 1
    rig.crash()
    rig.disk.tables.get('batch')!.put(key!, bytes)
    const after = rig.attach()
    rig.clock.advance(1000)
    expect(after.takeAll()).toEqual([])
    expect(rig.book.ensure(log.id).held.toString()).toBe('3-4')
    rig.hold(log.batches[0]!)
    expect(after.drain().map(d => [d.position, d.attempt])).toEqual([[1, 2], [2, 1], [3, 1], [4, 1]])
    expect(state.number).toBe(1)
  })

  test('a damaged batch that was given up in an earlier life is a gap when it is given up in this one', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(2, 2)
    rig.hold(...log.batches)
    const spoil = (): void => {
      const table = rig.disk.tables.get('batch')!
      const [key] = table.keys('', undefined, false, 1)
      const bytes = table.get(key!)!.slice()
      bytes[bytes.length - 1]! ^= 1
      table.put(key!, bytes)
    }
    rig.crash()
    spoil()
    const state = (): LogState => rig.book.ensure(log.id)
    expect(rig.book.read(state(), 1)).toBeUndefined()
    rig.inbox.unavailable(state(), 1, 2, 'forked')
    rig.clock.advance(10_000)
    // The row of the log says still that it is here: it is found out once more.
    rig.crash()
    const consumer = rig.attach()
    expect(consumer.takeAll()).toEqual([])
    rig.inbox.unavailable(state(), 1, 2, 'forked')
    expect(positions(consumer.drain())).toEqual([3, 4])
    expect(rig.gaps).toMatchObject([{ from: 1, to: 2, reason: 'forked' }])
  })
})
