import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MeshBench, until, type MeshPeer } from '../support/mesh-bench.js'
import { effects, expectAllOf, expectInOrder, expectNoneAfterAck } from '../support/mesh-checks.js'

describe('processes that are killed under load', () => {
  let bench: MeshBench
  beforeEach(() => { bench = new MeshBench() })
  afterEach(async () => { await bench.close() })

  /** All that was published and resolved has been acked. */
  async function untilAll (publishers: readonly MeshPeer[], subscriber: MeshPeer, sub: string): Promise<void> {
    await until('everything published to be delivered', () => {
      const got = new Set(subscriber.lines('delivered', sub).map(({ id }) => id))
      return publishers.flatMap(peer => peer.lines('published')).filter(({ id }) => !got.has(id)).length
    }, missing => missing === 0)
    await subscriber.untilSettled(sub)
  }

  test('a publisher killed and started again loses nothing that resolved, and its new incarnation follows the old one', async () => {
    const publisher = await bench.peer('publisher').start()
    const subscriber = await bench.peer('subscriber', { bootstrap: [publisher.address] }).start()
    await subscriber.joinedBy(publisher)
    await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' })
    for (let life = 0; life < 4; life++) {
      if (life > 0) await publisher.start()
      await publisher.load({ topics: ['orders/new'], count: 100_000, bytes: 200, outstanding: 50, label: `life${life}` })
      await publisher.untilPublished(700)
      await publisher.kill()
    }
    await publisher.start()
    await publisher.load({ topics: ['orders/new'], count: 500, bytes: 200, label: 'last' })
    await publisher.untilLoaded()
    await untilAll([publisher], subscriber, 'billing')
    expectAllOf([publisher], subscriber, 'billing')
    expectInOrder(subscriber, 'billing')
    expectNoneAfterAck(subscriber, 'billing')
    expect(new Set(effects(subscriber, 'billing').map(({ incarnation }) => incarnation)).size).toBe(5)
    expect(subscriber.lines('gap')).toEqual([])
  })

  test('a subscriber killed and started again gets nothing again that it had acked, and all the rest', async () => {
    const publisher = await bench.peer('publisher').start()
    const subscriber = bench.peer('subscriber', { bootstrap: [publisher.address] })
    await subscriber.start()
    await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' })
    await publisher.load({ topics: ['orders/new'], count: 6000, bytes: 200, outstanding: 20, label: 'order', perTurn: 4 })
    for (let life = 0; life < 4; life++) {
      await subscriber.untilAcked(600)
      await subscriber.kill()
      await subscriber.start()
      await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' })
    }
    await publisher.untilLoaded()
    await untilAll([publisher], subscriber, 'billing')
    expect(publisher.lines('published')).toHaveLength(6000)
    expectAllOf([publisher], subscriber, 'billing')
    expectInOrder(subscriber, 'billing')
    expectNoneAfterAck(subscriber, 'billing')
    expect(subscriber.lines('gap')).toEqual([])
  })

  test('deliveries that were in hand when the subscriber was killed come again with a higher attempt number', async () => {
    const publisher = await bench.peer('publisher').start()
    const subscriber = bench.peer('subscriber', { bootstrap: [publisher.address] })
    await publisher.load({ topics: ['orders/new'], count: 500, label: 'order' })
    await publisher.untilLoaded()
    for (let life = 1; life <= 3; life++) {
      await subscriber.start()
      await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' }, { settle: 'hold' })
      const held = await until('deliveries to be in hand', () => subscriber.lines('delivered').slice(-64), lines => lines.length === 64 && lines[0]?.attempt === life)
      expect(held.map(({ position }) => position)).toEqual(Array.from({ length: 64 }, (_, i) => life + i))
      // The commit of an ack counts all that is in hand.
      await subscriber.release('billing', 'ack', 1)
      await subscriber.kill()
    }
    await subscriber.start()
    await subscriber.subscribe('orders/#', { name: 'billing' })
    await untilAll([publisher], subscriber, 'billing')
    const attempts = (position: number): number[] => subscriber.lines('delivered').filter(line => line.position === position).map(({ attempt }) => attempt)
    expect(attempts(1)).toEqual([1])
    expect(attempts(2)).toEqual([1, 2])
    expect(attempts(3)).toEqual([1, 2, 3])
    for (let position = 4; position <= 64; position++) expect(attempts(position)).toEqual([1, 2, 3, 4])
    for (let position = 70; position <= 500; position++) expect(attempts(position)).toEqual([1])
    expectAllOf([publisher], subscriber, 'billing')
    expectInOrder(subscriber, 'billing')
    expectNoneAfterAck(subscriber, 'billing')
  })

  test('a relay killed and started again between two that know only the relay loses nothing, and receipts come through', async () => {
    const relay = await bench.peer('relay', { relay: true }).start()
    const publisher = await bench.peer('publisher', { bootstrap: [relay.address], listen: [] }).start()
    const subscriber = await bench.peer('subscriber', { bootstrap: [relay.address], listen: [] }).start()
    await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' })
    await relay.joinedBy(publisher, subscriber)
    await publisher.load({ topics: ['orders/new'], count: 5000, bytes: 200, outstanding: 20, label: 'order', perTurn: 4 })
    for (const published of [600, 1500, 2400]) {
      await publisher.untilPublished(published)
      await relay.kill()
      await publisher.untilPublished(published + 300)
      await relay.start()
      await relay.joinedBy(publisher, subscriber)
    }
    await publisher.untilLoaded()
    await untilAll([publisher], subscriber, 'billing')
    expectAllOf([publisher], subscriber, 'billing')
    expectInOrder(subscriber, 'billing')
    expectNoneAfterAck(subscriber, 'billing')
    expect((await publisher.peers()).map(({ peerId }) => peerId)).toEqual([relay.peerId])
    const last = publisher.lines('published').at(-1)
    await publisher.stored(last?.id ?? '', { by: subscriber.peerId })
    await publisher.stored(last?.id ?? '', { by: relay.peerId })
    const state = await publisher.processed(last?.id ?? '', { by: 'billing' })
    expect(state.processed).toEqual([{ name: 'billing', peerId: subscriber.peerId }])
  })

  test('a publisher that repeats under the same ids what it does not know to be published publishes it once', async () => {
    const publisher = await bench.peer('publisher').start()
    const subscriber = await bench.peer('subscriber', { bootstrap: [publisher.address] }).start()
    await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' })
    const load = { topics: ['orders/new'], count: 2000, outstanding: 50, label: 'order', ids: true }
    for (const published of [400, 800]) {
      const known = publisher.lines('published').length
      await publisher.load({ ...load, from: Math.max(0, known - 100) })
      await publisher.untilPublished(published)
      await publisher.kill()
      await publisher.start()
    }
    await publisher.load(load)
    await publisher.untilLoaded()
    await untilAll([publisher], subscriber, 'billing')
    const tags = effects(subscriber, 'billing').map(({ tag }) => tag)
    expect(new Set(tags).size).toBe(2000)
    expect(tags).toHaveLength(2000)
    expect(publisher.lines('published').filter(({ duplicate }) => duplicate).length).toBeGreaterThan(800)
    expectAllOf([publisher], subscriber, 'billing')
    expectInOrder(subscriber, 'billing')
  })

  test('whoever is killed and when, nothing that resolved is lost, repeated after its ack, or out of order', async () => {
    const relay = await bench.peer('relay', { relay: true }).start()
    const one = await bench.peer('one', { bootstrap: [relay.address], listen: [] }).start()
    const two = await bench.peer('two', { bootstrap: [relay.address], listen: [] }).start()
    const first = await bench.peer('first', { bootstrap: [relay.address], listen: [] }).start()
    const second = await bench.peer('second', { bootstrap: [relay.address], listen: [] }).start()
    const work = async (peer: MeshPeer, life: number): Promise<void> => {
      if (peer === one || peer === two) await peer.load({ topics: ['orders/new', 'stock/new'], count: 100_000, bytes: 300, outstanding: 8, label: `${peer.name}-${life}`, perTurn: 6 })
      if (peer === first || peer === second) await peer.subscribe(['orders/#', 'stock/+'], { name: peer.name, from: 'earliest' })
    }
    const peers = [relay, one, two, first, second]
    for (const peer of peers) await work(peer, 0)
    for (let life = 1; life <= 10; life++) {
      // Something has happened since the last kill.
      const publishers = await Promise.all([one, two].map(async peer => (await peer.progress()).published))
      await until('more to be published', async () => await Promise.all([one, two].map(async peer => (await peer.progress()).published)), now => now.every((count, i) => count >= (publishers[i] as number) + 100 * Math.random()))
      const victims = life === 5 ? [relay, first] : life === 8 ? peers : [peers[Math.floor(Math.random() * peers.length)] as MeshPeer]
      await Promise.all(victims.map(async victim => { await victim.kill() }))
      for (const victim of victims) {
        await victim.start()
        await work(victim, life)
      }
    }
    await one.stopLoad()
    await two.stopLoad()
    await one.untilLoaded()
    await two.untilLoaded()
    for (const subscriber of [first, second]) {
      await untilAll([one, two], subscriber, subscriber.name)
      expectAllOf([one, two], subscriber, subscriber.name)
      expectInOrder(subscriber, subscriber.name)
      expectNoneAfterAck(subscriber, subscriber.name)
      expect(subscriber.lines('gap')).toEqual([])
    }
    for (const publisher of [one, two]) {
      for (const channel of ['orders', 'stock']) {
        const last = publisher.lines('published').filter(({ topic }) => topic.startsWith(channel)).at(-1)?.id ?? ''
        for (const by of ['first', 'second']) await publisher.processed(last, { by })
      }
    }
  }, 120_000)

  test('drain and close under load lose nothing that resolved and refuse the rest', async () => {
    const publisher = await bench.peer('publisher').start()
    const subscriber = await bench.peer('subscriber', { bootstrap: [publisher.address] }).start()
    await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' })
    await subscriber.joinedBy(publisher)
    await publisher.load({ topics: ['orders/new'], count: 1_000_000, outstanding: 50, bytes: 200, label: 'drained', stopOn: ['ERR_CLOSED'] })
    await publisher.untilPublished(500)
    await publisher.drain()
    await publisher.untilLoaded()
    await publisher.close()
    await publisher.start()
    await publisher.load({ topics: ['orders/new'], count: 1_000_000, outstanding: 50, bytes: 200, label: 'closed', stopOn: ['ERR_CLOSED'] })
    await publisher.untilPublished(500)
    await publisher.close()
    // The subscriber closes with deliveries in hand.
    await subscriber.drain()
    await subscriber.close()
    await publisher.start()
    await subscriber.start()
    await subscriber.subscribe('orders/#', { name: 'billing' })
    await untilAll([publisher], subscriber, 'billing')
    expectAllOf([publisher], subscriber, 'billing')
    expectInOrder(subscriber, 'billing')
    expectNoneAfterAck(subscriber, 'billing')
    const codes = new Set(publisher.lines('refused').map(({ code }) => code))
    expect([...codes]).toEqual(['ERR_CLOSED'])
  })
})
