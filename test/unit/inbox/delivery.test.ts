import { describe, expect, test } from 'vitest'
import type { RawDelivery } from '../../../src/inbox/inbox.js'
import { ALONGSIDE_MS } from '../../../src/inbox/limits.js'
import { FakeLog, positions, Rig, type TestConsumer } from './harness.js'

const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, i) => from + i)

describe('delivery', () => {
  test('records of one log are delivered in order and settled durably', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(3, 5)
    const state = rig.hold(...log.batches)
    const consumer = rig.attach()
    expect(positions(consumer.drain())).toEqual(upTo(15))
    expect(rig.inbox.floor(state)).toBe(16)
    expect(rig.inbox.processed(state)[0]?.ranges.toString()).toBe('1-15')
    expect(rig.processed.length).toBeGreaterThan(0)
    expect(rig.inbox.info()[0]).toMatchObject({ acked: 15, lag: 0, inFlight: 0, redelivered: 0 })
    rig.crash()
    expect(rig.attach().takeAll()).toEqual([])
    expect(rig.inbox.info()[0]).toMatchObject({ acked: 15, lag: 0 })
  })

  describe('while batches keep coming', () => {
    function flowing (): { rig: Rig, log: FakeLog, consumer: TestConsumer, isDone: (delivery: RawDelivery) => () => boolean } {
      const rig = new Rig({ isFlowing: () => true })
      rig.open()
      const log = new FakeLog(rig.clock).fill(3, 1)
      rig.hold(log.batches[0]!)
      const consumer = rig.attach()
      return {
        rig, log, consumer, isDone: (delivery) => {
          let done = false
          consumer.handle.ack(delivery.token, () => { done = true })
          return () => done
        }
      }
    }

    test('what was settled goes to disk along with the next batch', () => {
      const { rig, consumer, isDone } = flowing()
      const [first] = consumer.takeAll()
      const done = isDone(first!)
      rig.clock.turn()
      const { commits } = rig
      expect(done()).toBe(false)
      rig.inbox.alongside()
      rig.clock.turn()
      expect([done(), rig.commits]).toEqual([true, commits + 1])
      rig.crash()
      expect(rig.attach().takeAll()).toEqual([])
    })

    test('and does not wait for it for more than some milliseconds', () => {
      const { rig, consumer, isDone } = flowing()
      const [first] = consumer.takeAll()
      const done = isDone(first!)
      rig.clock.advance(ALONGSIDE_MS)
      expect(done()).toBe(true)
      rig.crash()
      expect(rig.attach().takeAll()).toEqual([])
    })

    test('nor at all where there is more to hand out: whoever awaits each ack is kept from nothing', () => {
      const { rig, log, consumer, isDone } = flowing()
      rig.hold(log.batches[1]!)
      const first = consumer.take()
      const done = isDone(first)
      rig.clock.turn()
      expect(done()).toBe(true)
    })

    test('nor is a dead letter held back, nor the end of the inbox', () => {
      const { rig, log, consumer, isDone } = flowing()
      consumer.reject(consumer.takeAll()[0]!)
      expect(rig.buried.length).toBe(1)
      rig.hold(log.batches[1]!)
      const done = isDone(consumer.takeAll()[0]!)
      rig.clock.turn()
      expect(done()).toBe(false)
      let closed = false
      rig.inbox.close(() => { closed = true })
      rig.clock.turn()
      expect([done(), closed]).toEqual([true, true])
    })
  })

  test('what arrives later makes the consumer ready', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(2, 2)
    const consumer = rig.attach()
    rig.clock.turn()
    expect(consumer.handle.next()).toBeUndefined()
    rig.hold(log.batches[0]!)
    expect(consumer.readyCalls).toBe(1)
    expect(positions(consumer.takeAll())).toEqual([1, 2])
  })

  test('a hole is waited for', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(3, 2)
    rig.hold(log.batches[0]!, log.batches[2]!)
    const consumer = rig.attach()
    expect(positions(consumer.drain())).toEqual([1, 2])
    rig.hold(log.batches[1]!)
    expect(positions(consumer.drain())).toEqual([3, 4, 5, 6])
  })

  test('a nacked record holds its log back until it is settled', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 5).batches)
    const consumer = rig.attach('orders', { maxInFlight: 2 })
    const [one, two] = consumer.takeAll()
    consumer.nack(one!, { reason: 'no' })
    consumer.ack(two!)
    expect(consumer.takeAll()).toEqual([])
    rig.clock.advance(199)
    expect(consumer.takeAll()).toEqual([])
    rig.clock.advance(1)
    const again = consumer.takeAll()
    expect(again.map(d => [d.position, d.attempt])).toEqual([[1, 2]])
    consumer.ack(again[0]!)
    expect(positions(consumer.drain())).toEqual([3, 4, 5])
  })

  test('keyed: a nacked record holds only its key back', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(new FakeLog(rig.clock).write({ key: 'a' }, { key: 'b' }, { key: 'a' }, {}, { key: 'b' }))
    const consumer = rig.attach('orders', { mode: 'keyed' })
    const first = consumer.takeAll()
    expect(positions(first)).toEqual([1, 2, 4])
    consumer.nack(first[0]!)
    consumer.ack(first[1]!)
    expect(positions(consumer.takeAll())).toEqual([5])
    rig.clock.advance(200)
    const again = consumer.take()
    expect([again.position, again.attempt]).toEqual([1, 2])
    expect(consumer.takeAll()).toEqual([])
    consumer.ack(again)
    expect(positions(consumer.takeAll())).toEqual([3])
  })

  test('after the last attempt a record is a dead letter with the reason, and the stream goes on', () => {
    const rig = new Rig()
    rig.open({ maxAttempts: 2 })
    rig.hold(...new FakeLog(rig.clock).fill(1, 2).batches)
    const consumer = rig.attach('orders', { maxInFlight: 1 })
    consumer.nack(consumer.take(), { reason: 'one' })
    rig.clock.advance(200)
    consumer.nack(consumer.take(), { reason: 'two' })
    expect(rig.buried.map(l => [l.position, l.reason, l.attempts, l.deadId])).toEqual([[1, 'two', 2, 'orders/1']])
    expect(consumer.take().position).toBe(2)
    rig.crash()
    expect(rig.inbox.deadLetters().map(l => l.deadId)).toEqual(['orders/1'])
    expect(rig.inbox.info()[0]?.deadLetters).toBe(1)
  })

  test('a redriven dead letter is delivered again as attempt 1, also after a restart, and its ack deletes it', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 1).batches)
    let consumer = rig.attach()
    consumer.reject(consumer.take())
    let error: unknown = 'none'
    rig.inbox.redrive('orders/1', e => { error = e })
    rig.clock.turn()
    expect(error).toBeUndefined()
    rig.crash()
    consumer = rig.attach()
    const delivery = consumer.take()
    expect(delivery).toMatchObject({ position: 1, attempt: 1, channel: 'press' })
    consumer.ack(delivery)
    expect(rig.inbox.deadLetters()).toEqual([])
    expect(rig.store.entries('dead')).toEqual([])
    expect(rig.inbox.info()[0]?.deadLetters).toBe(0)
  })

  test('a redriven dead letter that is settled while the disk is full is none until that is on disk', () => {
    const rig = new Rig()
    rig.open({ maxAttempts: 1 })
    rig.hold(...new FakeLog(rig.clock).fill(1, 1).batches)
    const consumer = rig.attach()
    consumer.reject(consumer.take())
    rig.inbox.redrive('orders/1', () => {})
    rig.clock.turn()
    const delivery = consumer.take()
    rig.disk.full = true
    consumer.ack(delivery)
    rig.clock.turn()
    expect(rig.inbox.deadLetters()).toEqual([])
    let error: { code?: string } | undefined
    rig.inbox.redrive('orders/1', e => { error = e })
    expect(error?.code).toBe('ERR_NOT_FOUND')
    rig.disk.full = false
    rig.clock.advance(6_000)
    expect(consumer.takeAll()).toEqual([])
    expect(rig.store.entries('dead')).toEqual([])
    expect(rig.inbox.info()[0]).toMatchObject({ deadLetters: 0, lag: 0 })
  })

  test('a redriven dead letter that is buried again while the disk is full is listed as it is now, and is redriven when there is room', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 1).batches)
    const consumer = rig.attach()
    consumer.reject(consumer.take(), 'first')
    rig.inbox.redrive('orders/1', () => {})
    rig.clock.turn()
    const delivery = consumer.take()
    rig.disk.full = true
    consumer.reject(delivery, 'second')
    expect(rig.inbox.info()[0]?.deadLetters).toBe(1)
    expect(rig.inbox.deadLetters().map(({ deadId, reason }) => [deadId, reason])).toEqual([['orders/1', 'second']])
    expect(rig.inbox.deadLetter('orders/1').reason).toBe('second')
    let error: unknown = 'none'
    rig.inbox.redrive('orders/1', e => { error = e })
    expect(consumer.takeAll()).toEqual([])
    expect(rig.buried).toHaveLength(1)
    rig.disk.full = false
    rig.clock.advance(6_000)
    // First it is told that it is dead again.
    expect(rig.buried.map(({ reason }) => reason)).toEqual(['first', 'second'])
    expect(error).toBeUndefined()
    consumer.ack(consumer.take())
    expect(rig.inbox.deadLetters()).toEqual([])
    expect(rig.store.entries('dead')).toEqual([])
    rig.crash()
    expect(rig.attach().takeAll()).toEqual([])
    expect(rig.inbox.info()[0]).toMatchObject({ deadLetters: 0, lag: 0 })
  })

  test('so it is when it is redriven and acked while the commit that buries it again is under way', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 1).batches)
    const consumer = rig.attach()
    consumer.reject(consumer.take(), 'first')
    rig.inbox.redrive('orders/1', () => {})
    rig.clock.turn()
    const before = rig.commits
    consumer.handle.reject(consumer.take().token, 'second', () => {})
    while (rig.commits === before) expect(rig.clock.step()).toBe(true)
    rig.inbox.redrive('orders/1', () => {})
    expect(consumer.handle.next()).toBeUndefined()
    rig.clock.turn()
    expect(rig.buried.map(({ reason }) => reason)).toEqual(['first', 'second'])
    consumer.ack(consumer.take())
    expect(rig.inbox.deadLetters()).toEqual([])
    expect(rig.store.entries('dead')).toEqual([])
    rig.crash()
    expect(rig.attach().takeAll()).toEqual([])
  })

  test('a gap is told in order and settled', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(3, 2)
    const state = rig.hold(log.batches[0]!, log.batches[2]!)
    rig.inbox.unavailable(state, 1, 4, 'expired')
    expect(rig.gaps).toEqual([])
    const consumer = rig.attach()
    const all = consumer.takeAll()
    expect(positions(all)).toEqual([1, 2, 5, 6])
    expect(rig.gaps).toMatchObject([{ from: 3, to: 4, reason: 'expired' }])
    expect(rig.inbox.info()[0]?.gaps).toBe(2)
  })

  test('a gap ends before what is here by now, and before what may still come', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(7, 1)
    const state = rig.hold(log.batches[0]!, log.batches[6]!)
    rig.inbox.unavailable(state, 2, 5, 'unrecoverable')
    rig.hold(log.batches[2]!)
    const consumer = rig.attach()
    expect(positions(consumer.takeAll())).toEqual([1, 3])
    expect(rig.gaps.map(({ from, to }) => [from, to])).toEqual([[2, 2], [4, 5]])
    rig.hold(log.batches[5]!)
    expect(positions(consumer.takeAll())).toEqual([6, 7])
    expect(rig.gaps.length).toBe(2)
  })

  test('what was acked out of order is not delivered again after a restart, however many holes there are', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 200).batches)
    const consumer = rig.attach('orders', { mode: 'keyed', maxInFlight: 200 })
    for (const delivery of consumer.takeAll()) if (delivery.position % 2 === 0) consumer.ack(delivery)
    rig.crash()
    const odd = Array.from({ length: 100 }, (_, i) => 2 * i + 1)
    expect(positions(rig.attach('orders', { mode: 'keyed', maxInFlight: 200 }).takeAll())).toEqual(odd)
  })

  test('what a node has trimmed of its own log is a gap to its own subscription', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock, 99).fill(3, 2)
    const state = rig.hold(...log.batches)
    expect(state.own).toBe(true)
    rig.trim(state, 4, rig.clock.wall + 1)
    rig.store.commit(rig.book.drop(state, 4).ops, () => {})
    rig.clock.turn()
    expect(positions(rig.attach().drain())).toEqual([5, 6])
    expect(rig.gaps).toMatchObject([{ from: 1, to: 4, reason: 'expired' }])
  })

  test('a publisher is told what is settled only when it is on disk', () => {
    const rig = new Rig()
    rig.open()
    const state = rig.hold(...new FakeLog(rig.clock).fill(1, 2).batches)
    const consumer = rig.attach()
    const [one, two] = consumer.takeAll()
    consumer.handle.ack(one!.token, () => {})
    rig.clock.step()
    expect(rig.inbox.processed(state)).toEqual([])
    expect(rig.inbox.floor(state)).toBe(1)
    rig.clock.turn()
    expect(rig.inbox.processed(state)[0]?.ranges.toString()).toBe('1')
    expect(rig.inbox.floor(state)).toBe(2)
    consumer.handle.ack(two!.token, () => {})
    rig.clock.step()
    expect(rig.inbox.processed(state)[0]?.ranges.toString()).toBe('1')
    expect(rig.inbox.floor(state)).toBe(2)
    rig.clock.turn()
    expect(rig.inbox.processed(state)[0]?.ranges.toString()).toBe('1-2')
  })

  test('what changed in passing while a commit took long is on disk soon after it', () => {
    const rig = new Rig()
    rig.open()
    rig.open({ name: 'none', filters: ['press/none'] })
    const state = rig.hold(...new FakeLog(rig.clock).fill(1, 2).batches)
    const { store } = rig
    const commit = store.commit
    const held: Array<() => void> = []
    store.commit = (ops, done) => { held.push(() => { commit(ops, done) }) }
    const consumer = rig.attach()
    consumer.ack(consumer.take())
    expect(held).toHaveLength(1)
    rig.attach('none').drain()
    rig.clock.advance(5_000)
    store.commit = commit
    held[0]?.()
    rig.clock.turn()
    rig.clock.advance(2_000)
    expect(rig.inbox.processed(state).find(({ name }) => name === 'none')?.ranges.toString()).toBe('1-2')
  })

  test('what came after it was given up is delivered, and is in no gap, also when a crash took back that it came', () => {
    const rig = new Rig()
    rig.open()
    const log = new FakeLog(rig.clock).fill(4, 2)
    const state = rig.hold(log.batches[0]!, log.batches[3]!)
    rig.inbox.unavailable(state, 3, 6, 'unrecoverable')
    rig.clock.advance(2_000)
    rig.hold(log.batches[2]!)
    rig.crash()
    expect(positions(rig.attach().drain())).toEqual([1, 2, 5, 6, 7, 8])
    expect(rig.gaps.map(({ from, to }) => [from, to])).toEqual([[3, 4]])
  })
})
