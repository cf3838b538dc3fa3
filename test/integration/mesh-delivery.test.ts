import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MeshBench, until, type Line, type MeshPeer } from '../support/mesh-bench.js'
import { count, effects, expectAllOf, expectInOrder } from '../support/mesh-checks.js'

describe('subscriptions across processes', () => {
  let bench: MeshBench
  let publisher: MeshPeer
  let subscriber: MeshPeer
  beforeEach(async () => {
    bench = new MeshBench()
    publisher = await bench.peer('publisher').start()
    subscriber = await bench.peer('subscriber', { bootstrap: [publisher.address] }).start()
    await subscriber.joinedBy(publisher)
  })
  afterEach(async () => { await bench.close() })

  const tags = (peer: MeshPeer, sub: string): string[] => effects(peer, sub).map(({ tag }) => tag)

  test('ephemeral messages reach whoever listens now, and are not kept', async () => {
    await subscriber.subscribe('news/#', {}, { as: 'live' })
    await subscriber.subscribe('news/#', { name: 'durable' })
    await until('the publisher to know who listens', () => publisher.peers(), peers => peers.some(({ channels }) => channels.includes('news')))
    await publisher.load({ topics: ['news/today'], count: 200, outstanding: 4, label: 'item', options: { durability: 'none' } })
    await publisher.untilLoaded()
    // At most once: gossip may still be finding its way when the first are sent.
    await until('the last to have come', async () => {
      await publisher.publish('news/today', 'end', { durability: 'none' })
      return ['live', 'durable'].every(sub => subscriber.lines('delivered', sub).some(({ tag }) => tag === 'end'))
    })
    for (const sub of ['live', 'durable']) {
      const lines = subscriber.lines('delivered', sub).filter(({ tag }) => tag !== 'end')
      expect(lines.length).toBeGreaterThan(0)
      expect(lines.every(({ ephemeral }) => ephemeral === true)).toBe(true)
      expect(new Set(lines.map(({ tag }) => tag)).size).toBe(lines.length)
    }
    const { outbox } = await publisher.status()
    const { inbox, subscriptions } = await subscriber.status()
    expect([outbox.records, inbox.records, subscriptions[0]?.acked, subscriptions[0]?.lag]).toEqual([0, 0, 0, 0])
  })

  test('a subscription without a name gets durable messages as they come, and its node keeps none of them', async () => {
    await subscriber.subscribe('news/#', {}, { as: 'live' })
    await until('the publisher to know who listens', () => publisher.peers(), peers => peers.some(({ channels }) => channels.includes('news')))
    // Until gossip has found its way a message to live subscribers may be missed.
    let n = 0
    await until('the first to have come', async () => {
      await publisher.publish('news/today', `early:${n++}`)
      return subscriber.lines('delivered', 'live').length > 0
    })
    await publisher.load({ topics: ['news/today'], count: 500, outstanding: 10, label: 'item' })
    await publisher.untilLoaded()
    await until('all to have come', () => subscriber.lines('delivered', 'live').filter(({ tag }) => tag.startsWith('item')).length, length => length >= 500)
    expect(subscriber.lines('delivered', 'live').map(({ tag }) => tag).filter(tag => tag.startsWith('item'))).toEqual(count(0, 499, 'item'))
    const { inbox } = await subscriber.status()
    expect(inbox.records).toBe(0)
    const last = publisher.lines('published').at(-1)?.id ?? ''
    expect(await publisher.state(last)).toEqual({ stored: [], processed: [] })
  })

  test('latest begins at the creation, a date at the first record not older than it, earliest at the first', async () => {
    await publisher.load({ name: 'old', topics: ['orders/new'], count: 300, label: 'old' })
    await publisher.untilLoaded('old')
    const middle = await publisher.publish('orders/new', 'middle')
    await publisher.load({ name: 'mid', topics: ['orders/new'], count: 50, label: 'mid' })
    await publisher.untilLoaded('mid')
    await subscriber.subscribe('orders/#', { name: 'first', from: 'earliest' })
    await subscriber.untilAcked(351)
    // Its heads are known now: what is published from here on is new.
    await subscriber.subscribe('orders/#', { name: 'new', from: 'latest' })
    await subscriber.subscribe('orders/#', { name: 'since', fromTime: middle.time })
    const other = await bench.peer('other', { bootstrap: [publisher.address] }).start()
    await other.subscribe('orders/#', { name: 'other', fromTime: middle.time })
    const newcomer = await bench.peer('newcomer', { bootstrap: [publisher.address] }).start()
    await newcomer.subscribe('orders/#', { name: 'newcomer', from: 'latest' })
    await publisher.load({ name: 'fresh', topics: ['orders/new'], count: 100, label: 'fresh' })
    await publisher.untilLoaded('fresh')
    const fresh = count(0, 99, 'fresh')
    const all = [...count(0, 299, 'old'), 'middle', ...count(0, 49, 'mid'), ...fresh]
    for (const [peer, sub] of [[subscriber, 'first'], [subscriber, 'new'], [subscriber, 'since'], [other, 'other'], [newcomer, 'newcomer']] as const) {
      await until(`${sub} to have the last`, () => tags(peer, sub).at(-1), tag => tag === 'fresh:99')
    }
    expect(tags(subscriber, 'first')).toEqual(all)
    expect(tags(subscriber, 'new')).toEqual(fresh)
    expect(tags(newcomer, 'newcomer')).toEqual(fresh)
    // Records of the same millisecond are not older either.
    const times = new Map(publisher.lines('published').map(line => [line.tag, line.position]))
    for (const got of [tags(subscriber, 'since'), tags(other, 'other')]) {
      expect(got).toEqual(all.slice(-got.length))
      expect(got).toContain('middle')
      expect(times.get(got[0] as string)).toBeGreaterThan(290)
    }
  })

  test('several filters with wildcards take in what matches, once each, and a channel born later from its start', async () => {
    await subscriber.subscribe(['orders/+/paid', 'orders/eu/#', 'stock/#'], { name: 'some', from: 'latest' })
    await subscriber.subscribe('#', { name: 'all', from: 'latest' })
    await subscriber.subscribe('+/eu/paid', { name: 'second', from: 'latest' })
    const topics = ['orders/eu/paid', 'orders/us/paid', 'orders/us/new', 'orders/eu/new/today', 'stock/one', 'stock', 'returns/eu/paid', 'returns/eu']
    await publisher.load({ topics, count: 400, outstanding: 8, label: 'm' })
    await publisher.untilLoaded()
    await until('all to have come', () => effects(subscriber, 'all').length, length => length >= 400)
    await publisher.load({ name: 'later', topics: ['late/eu/paid'], count: 100, outstanding: 8, label: 'late' })
    await publisher.untilLoaded('later')
    await until('all to have come', () => effects(subscriber, 'all').length, length => length >= 500)
    await until('the second to have all', () => effects(subscriber, 'second').length, length => length >= 200)
    await until('the first to have all', () => effects(subscriber, 'some').length, length => length >= 250)
    expectAllOf([publisher], subscriber, 'all')
    expectAllOf([publisher], subscriber, 'some', ({ topic }) => topic.startsWith('stock') || topic.startsWith('orders/eu') || topic === 'orders/us/paid')
    expectAllOf([publisher], subscriber, 'second', ({ topic }) => topic.endsWith('/eu/paid'))
    expect(effects(subscriber, 'some')).toHaveLength(250)
    expect(effects(subscriber, 'second')).toHaveLength(200)
    expectInOrder(subscriber, 'all')
    expectInOrder(subscriber, 'some', { holes: true })
  })

  test('what is nacked comes again, what is rejected or fails too often is buried with its reason and can be redriven, also after a kill', async () => {
    await subscriber.subscribe('orders/#', { name: 'patient', from: 'earliest' }, { settle: ['nack:0', 'nack:50', 'ack'] })
    await subscriber.subscribe('orders/#', { name: 'strict', from: 'earliest' }, { settle: 'reject' })
    await subscriber.subscribe('orders/#', { name: 'hopeless', from: 'earliest', maxAttempts: 2 }, { settle: 'nack:1' })
    for (let n = 0; n < 5; n++) await publisher.publish('orders/new', `order:${n}`)
    await until('all to be acked or buried', () => subscriber.progress(), ({ acked, buried }) => acked === 5 && buried === 10)
    const all = count(0, 4, 'order')
    expect(subscriber.lines('delivered', 'patient').map(({ tag, attempt }) => `${tag} ${attempt}`)).toEqual(all.flatMap(tag => [1, 2, 3].map(attempt => `${tag} ${attempt}`)))
    expect(subscriber.lines('delivered', 'hopeless').map(({ tag, attempt }) => `${tag} ${attempt}`)).toEqual(all.flatMap(tag => [1, 2].map(attempt => `${tag} ${attempt}`)))
    const strict = await subscriber.deadLetters({ subscription: 'strict' })
    expect(strict.map(({ text, reason, attempts }) => [text, reason, attempts])).toEqual(all.map(tag => [tag, 'not wanted', 1]))
    const hopeless = await subscriber.deadLetters({ subscription: 'hopeless' })
    expect(hopeless.map(({ text, attempts }) => [text, attempts])).toEqual(all.map(tag => [tag, 2]))
    expect(subscriber.lines('buried')).toHaveLength(10)
    // What was given up on is settled too, as far as its publisher is concerned.
    for (const by of ['patient', 'strict', 'hopeless']) await publisher.processed(publisher.lines('published').at(-1)?.id ?? '', { by })

    await subscriber.kill()
    await subscriber.start()
    expect(await subscriber.deadLetters({ subscription: 'strict' })).toEqual(strict)
    await subscriber.redrive(strict[1]?.deadId ?? '')
    await subscriber.redrive(strict[3]?.deadId ?? '')
    await expect(subscriber.redrive('strict/999')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    const before = subscriber.lines('delivered', 'strict').length
    await subscriber.subscribe('orders/#', { name: 'strict', from: 'earliest' }, { settle: 'ack' })
    await until('the redriven to be acked', () => subscriber.lines('acked', 'strict').length, length => length >= 2)
    expect(subscriber.lines('delivered', 'strict').slice(before).map(({ tag, attempt }) => [tag, attempt])).toEqual([['order:1', 1], ['order:3', 1]])
    await until('the letters to be gone', () => subscriber.deadLetters({ subscription: 'strict' }), letters => letters.length === 3)
  })

  test('concurrent handlers keep the order of each key, also of what failed and of what was in hand at a kill', async () => {
    await subscriber.consume('orders/#', { name: 'billing', from: 'earliest', concurrency: 8, backoffMs: 1 }, { failFirst: 1 })
    await publisher.load({ topics: ['orders/new', 'orders/paid'], count: 2000, keys: 13, outstanding: 16, label: 'order', perTurn: 2 })
    await subscriber.untilAcked(500)
    await subscriber.kill()
    await subscriber.start()
    await subscriber.consume('orders/#', { name: 'billing', from: 'earliest', concurrency: 8, backoffMs: 1 }, { failFirst: 1 })
    await publisher.untilLoaded()
    await until('all to be handled', () => new Set(subscriber.lines('handled').map(({ id }) => id)).size, size => size === 2000)
    await subscriber.untilSettled('billing')
    expectAllOf([publisher], subscriber, 'billing')
    const position = new Map(publisher.lines('published').map(({ id, position }) => [id, position]))
    const all = subscriber.journal()
    expect(Math.max(...all.filter(({ event }) => event === 'begun').map(({ running }) => running))).toBe(8)
    // What was handled just before the kill and not acked yet is handled again, with what follows it: each life for itself.
    const lives: Line[][] = []
    for (const line of all) {
      if (line.event === 'started') lives.push([])
      else lives.at(-1)?.push(line)
    }
    for (const life of lives) {
      const last = new Map<string, number>()
      for (const line of life) {
        if (line.event !== 'handled') continue
        expect(position.get(line.id)).toBeGreaterThan(last.get(line.key as string) ?? 0)
        last.set(line.key as string, position.get(line.id) as number)
      }
      expect(last.size).toBe(13)
    }
    expect(subscriber.lines('threw').length).toBeGreaterThan(100)
  })
})
