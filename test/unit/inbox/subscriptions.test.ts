import { describe, expect, test } from 'vitest'
import { isSkeinError, SkeinError } from '../../../src/base/errors.js'
import { FakeLog, positions, Rig, spec } from './harness.js'

const remove = (rig: Rig, name: string): SkeinError | undefined => {
  let result: SkeinError | undefined
  rig.inbox.remove(name, error => { result = error })
  rig.clock.turn()
  return result
}

describe('subscriptions', () => {
  test('opening again with the same definition goes on, whatever `from` says', () => {
    const rig = new Rig()
    rig.hold(...new FakeLog(rig.clock).fill(1, 3).batches)
    expect(rig.open()).toBeUndefined()
    const consumer = rig.attach('orders', { maxInFlight: 1 })
    consumer.ack(consumer.take())
    consumer.handle.close()
    rig.crash()
    expect(rig.open({ from: 'latest' })).toBeUndefined()
    expect(positions(rig.attach().drain())).toEqual([2, 3])
  })

  test('another definition under the name is refused', () => {
    const rig = new Rig()
    rig.open()
    expect(rig.open({ filters: ['other'] })?.code).toBe('ERR_SUBSCRIPTION_DIFFERS')
    expect(rig.open({ maxAttempts: 3 })?.code).toBe('ERR_SUBSCRIPTION_DIFFERS')
    expect(rig.open({ filters: ['press/#', 'press/#'] })).toBeUndefined()
  })

  test('what cannot be a subscription is refused', () => {
    const rig = new Rig()
    expect(rig.open({ filters: ['a/#/b'] })?.code).toBe('ERR_BAD_FILTER')
    expect(rig.open({ filters: [] })?.code).toBe('ERR_BAD_FILTER')
    expect(rig.open({ name: '' })?.code).toBe('ERR_BAD_ARGUMENT')
    expect(rig.open({ name: 'a\u0000' })?.code).toBe('ERR_BAD_ARGUMENT')
    expect(rig.open({ maxAttempts: 0 })?.code).toBe('ERR_BAD_ARGUMENT')
    expect(rig.inbox.info()).toEqual([])
  })

  test('a change keeps the cursors of the channels that stay, begins in those that are new and forgets the others', () => {
    const rig = new Rig()
    const [a, b, c] = ['a', 'b', 'c'].map((channel, i) => new FakeLog(rig.clock, i + 1, 1, undefined, channel).fill(2, 2))
    for (const log of [a!, b!, c!]) rig.hold(log.batches[0]!)
    rig.open({ filters: ['a/#', 'b/#'] })
    const consumer = rig.attach()
    consumer.drain()
    expect(rig.open({ filters: ['b/#', 'c/#'], change: true })).toBeUndefined()
    rig.crash()
    for (const log of [a!, b!, c!]) rig.hold(log.batches[1]!)
    const got = rig.attach().drain().map(d => `${d.channel}${d.position}`).sort()
    expect(got).toEqual(['b3', 'b4', 'c1', 'c2', 'c3', 'c4'])
    expect(rig.inbox.durableIn('c')).toEqual(['orders'])
    expect(rig.inbox.wantsChannel('a')).toBe(false)
    expect(rig.inbox.needs(rig.book.ensure(a!.id))).toBeUndefined()
  })

  test('a channel is as old as the latest subscription that covers it, whatever the clock says since', () => {
    const rig = new Rig()
    const made: number[] = []
    for (const [name, filter] of [['one', 'a/#'], ['two', 'a/b'], ['three', 'b/#']] as const) {
      rig.clock.wall += 1000
      made.push(rig.clock.wall)
      rig.open({ name, filters: [filter] })
    }
    rig.clock.wall -= 1_000_000
    rig.open({ name: 'four', filters: ['+/x'] })
    expect(['a', 'b', 'c'].map(channel => rig.inbox.latestCreationMs(channel))).toEqual([made[1], made[2], rig.clock.wall])
    rig.crash()
    expect(rig.inbox.latestCreationMs('a')).toBe(made[1])
  })

  test('a channel that a latest subscription takes in anew is read from the change on', () => {
    const rig = new Rig()
    rig.open({ from: 'latest', filters: ['a/#'] })
    rig.clock.advance(1000)
    rig.open({ from: 'latest', filters: ['a/#', 'b/#'], change: true })
    const log = new FakeLog(rig.clock, 1, 1, undefined, 'b')
    log.write({ time: rig.clock.wall - 1 }, {})
    rig.hold(...log.batches)
    expect(positions(rig.attach().drain())).toEqual([2])
  })

  test('removing forgets cursors and dead letters, also when it is interrupted, and closes the consumers', () => {
    const rig = new Rig()
    const state = rig.hold(...new FakeLog(rig.clock).fill(1, 3).batches)
    rig.open()
    const consumer = rig.attach()
    for (const delivery of consumer.takeAll()) consumer.reject(delivery)
    expect(rig.store.keys('dead').length).toBe(3)
    let removed = false
    rig.inbox.remove('orders', () => { removed = true })
    rig.clock.step()
    expect(removed).toBe(true)
    expect(isSkeinError(consumer.closedWith, 'ERR_NOT_FOUND')).toBe(true)
    rig.crash()
    expect([...rig.store.keys('dead'), ...rig.store.keys('cursor'), ...rig.store.keys('subscription')]).toEqual([])
    expect(remove(rig, 'orders')?.code).toBe('ERR_NOT_FOUND')
    expect(rig.inbox.floor(state)).toBe(Number.POSITIVE_INFINITY)
    rig.open()
    expect(positions(rig.attach().drain())).toEqual([1, 2, 3])
  })

  test('calls on one name wait for each other', () => {
    const rig = new Rig()
    const said: string[] = []
    rig.inbox.open(spec(), error => said.push(`open ${error?.code}`))
    rig.inbox.open(spec({ maxAttempts: 2 }), error => said.push(`differs ${error?.code}`))
    rig.inbox.remove('orders', error => said.push(`remove ${error?.code}`))
    rig.inbox.open(spec({ maxAttempts: 2 }), error => said.push(`open ${error?.code}`))
    rig.clock.turn()
    expect(said).toEqual(['open undefined', 'differs ERR_SUBSCRIPTION_DIFFERS', 'remove undefined', 'open undefined'])
  })

  test('a wildcard takes in channels as they come', () => {
    const rig = new Rig()
    rig.open({ filters: ['#'] })
    const consumer = rig.attach()
    rig.hold(...new FakeLog(rig.clock, 1, 1, undefined, 'anything').fill(1, 1).batches)
    expect(consumer.drain().map(d => d.channel)).toEqual(['anything'])
    expect(rig.inbox.wantsChannel('whatever')).toBe(true)
    expect([...rig.inbox.namedChannels()]).toEqual([])
  })

  test('dead letters are listed page by page, and one that fails again stays under its id', () => {
    const rig = new Rig()
    rig.open({ maxAttempts: 1 })
    rig.hold(...new FakeLog(rig.clock).fill(1, 5).batches)
    const consumer = rig.attach()
    for (const delivery of consumer.takeAll()) consumer.nack(delivery, { reason: `r${delivery.position}` })
    const page = rig.inbox.deadLetters({ limit: 2 })
    expect(page.map(l => l.deadId)).toEqual(['orders/1', 'orders/2'])
    expect(rig.inbox.deadLetters({ after: 'orders/2' }).map(l => l.reason)).toEqual(['r3', 'r4', 'r5'])
    expect(rig.inbox.deadLetters({ subscription: 'none' })).toEqual([])
    expect(new TextDecoder().decode(rig.inbox.deadLetter('orders/4').body)).toBe('4')
    expect(() => rig.inbox.deadLetter('orders/9')).toThrow(SkeinError)
    expect(() => rig.inbox.deadLetter('x')).toThrow(SkeinError)
    rig.inbox.redrive('orders/3', () => {})
    rig.clock.turn()
    expect(rig.inbox.deadLetters().map(l => l.deadId)).not.toContain('orders/3')
    const again = consumer.take()
    expect([again.position, again.attempt]).toEqual([3, 1])
    consumer.nack(again, { reason: 'still' })
    expect(rig.inbox.deadLetter('orders/3')).toMatchObject({ reason: 'still', attempts: 1, position: 3 })
    expect(rig.inbox.info()[0]?.deadLetters).toBe(5)
    let code: string | undefined
    rig.inbox.redrive('orders/7', error => { code = error?.code })
    expect(code).toBe('ERR_NOT_FOUND')
  })
})

describe('the store', () => {
  test('acks made in one turn go in one commit, and those made meanwhile in the next', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 60).batches)
    const consumer = rig.attach()
    const all = consumer.takeAll()
    rig.clock.turn()
    const before = rig.commits
    let acked = 0
    for (const d of all.slice(0, 30)) consumer.handle.ack(d.token, () => { acked++ })
    rig.clock.step()
    expect([rig.commits - before, acked]).toEqual([1, 0])
    for (const d of all.slice(30)) consumer.handle.ack(d.token, () => { acked++ })
    rig.clock.turn()
    expect([rig.commits - before, acked]).toEqual([2, 60])
  })

  test('acks share a promise only with those that go to the disk with them', async () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 60).batches)
    const consumer = rig.attach()
    const all = consumer.takeAll()
    rig.clock.turn()
    const told: string[] = []
    const ack = (from: number, to: number, name: string): Array<Promise<void>> => all.slice(from, to).map(({ token }) => {
      const promise = consumer.handle.acked(token)
      void promise.then(() => { told.push(name) })
      return promise
    })
    const first = ack(0, 10, 'first')
    rig.clock.step()
    const second = ack(10, 12, 'second')
    expect(new Set([...first, ...second]).size).toBe(2)
    // One step at a time: whoever acked while the first commit was under way is told by the second.
    while (told.length === 0 && rig.clock.step()) await Promise.resolve()
    await Promise.resolve()
    expect(new Set(told)).toEqual(new Set(['first']))
    rig.clock.turn()
    await Promise.all([...first, ...second])
    expect(told).toHaveLength(12)
    await expect(consumer.handle.acked(all[0]?.token ?? 0)).rejects.toMatchObject({ code: 'ERR_DELIVERY_SETTLED' })
  })

  test('when it is full acks wait, and go on by themselves when there is room', () => {
    const rig = new Rig()
    rig.open()
    const state = rig.hold(...new FakeLog(rig.clock).fill(1, 3).batches)
    const consumer = rig.attach()
    const [one, two, three] = consumer.takeAll()
    rig.disk.full = true
    const said: string[] = []
    consumer.handle.ack(one!.token, error => said.push(`ack ${error?.code}`))
    consumer.handle.reject(two!.token, 'bad', error => said.push(`reject ${error?.code}`))
    rig.clock.advance(3000)
    consumer.handle.ack(three!.token, error => said.push(`ack ${error?.code}`))
    rig.clock.advance(3000)
    expect(said).toEqual([])
    expect(rig.buried).toEqual([])
    expect(rig.inbox.floor(state)).toBe(1)
    rig.disk.full = false
    rig.clock.advance(5000)
    expect(said).toEqual(['ack undefined', 'reject undefined', 'ack undefined'])
    expect(rig.buried.length).toBe(1)
    expect(rig.inbox.floor(state)).toBe(4)
    expect(rig.failures).toEqual([])
  })

  test('a subscription that finds no room is not made', () => {
    const rig = new Rig()
    rig.disk.full = true
    expect(rig.open()?.code).toBe('ERR_STORE_FULL')
    expect(rig.inbox.info()).toEqual([])
    rig.disk.full = false
    expect(rig.open()).toBeUndefined()
  })

  test('when it fails everything stops, and whoever waits is told', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 2).batches)
    const consumer = rig.attach()
    const [one, two] = consumer.takeAll()
    rig.disk.broken = true
    const said: Array<string | undefined> = []
    consumer.handle.ack(one!.token, error => said.push(error?.code))
    rig.clock.turn()
    expect(rig.failures.length).toBe(1)
    expect(said).toEqual(['ERR_STORE'])
    consumer.handle.ack(two!.token, error => said.push(error?.code))
    expect(said.length).toBe(2)
    expect(consumer.closedWith).toBeInstanceOf(Error)
    expect(rig.open()?.code).toBe('ERR_CLOSED')
  })

  test('closing writes what is not on disk yet', () => {
    const rig = new Rig()
    rig.open({ filters: ['press/b'] })
    const state = rig.hold(...new FakeLog(rig.clock).fill(1, 10).batches)
    const consumer = rig.attach()
    expect(consumer.takeAll()).toEqual([])
    expect(rig.inbox.processed(state)).toEqual([])
    let closed = false
    rig.inbox.close(() => { closed = true })
    rig.clock.turn()
    expect(closed).toBe(true)
    expect(consumer.closedWith).toBeUndefined()
    rig.crash()
    expect(rig.inbox.processed(rig.book.ensure(state.id))[0]?.ranges.toString()).toBe('1-10')
  })

  test('a row that is not what was written is refused', () => {
    const rig = new Rig()
    rig.open()
    rig.hold(...new FakeLog(rig.clock).fill(1, 1).batches)
    rig.attach().drain()
    const table = rig.disk.tables.get('cursor')!
    for (const key of table.keys('', undefined, false, 9)) table.put(key, Uint8Array.of(1, 2, 3))
    expect(() => { rig.crash() }).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
  })
})
