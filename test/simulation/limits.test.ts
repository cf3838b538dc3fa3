import { describe, expect, it } from 'vitest'
import { peerIdOfPublicKey, peerIdToBytes } from '../../src/message/peer-id.js'
import { signAnnouncement } from '../../src/message/signed.js'
import { SeededRandom } from './random.js'
import { World } from './world.js'

type Bytes = Uint8Array<ArrayBuffer>

const KIB = 1024

describe('limits on simulated time', () => {
  it('publishes to, relays and delivers a topic whose first level is as long as a topic may be', async () => {
    const world = new World(new SeededRandom(1))
    const relay = world.add('relay', { relay: true })
    const publisher = world.add('publisher', { bootstrap: [relay] })
    const subscriber = world.add('subscriber', { bootstrap: [relay] })
    for (const node of world.nodes) await node.start()
    const topic = 'x'.repeat(256)
    subscriber.subscribe('all', [topic])
    await world.clock.run(1_000)
    publisher.publish(topic, 'hello')
    expect(await world.clock.run(30_000, () => subscriber.acked.get('all')?.length === 1)).toBe(true)
    for (const node of world.nodes) {
      node.crash()
      await node.start()
      expect([...node.engine?.book.all() ?? []].map(log => log.channel)).toEqual([topic])
    }
  })

  it('goes on publishing when a subscription that begins at the end of a full outbox is made elsewhere', async () => {
    const world = new World(new SeededRandom(2))
    const publisher = world.add('publisher', { retention: { bytes: 64 * KIB } })
    const first = world.add('first', { bootstrap: [publisher] })
    const second = world.add('second', { bootstrap: [publisher] })
    for (const node of world.nodes) await node.start()
    first.subscribe('first', ['a/#'])
    await world.clock.run(3_000)
    // Six fill the outbox: for another one something must be trimmed.
    const body = 'x'.repeat(10_000)
    for (let i = 0; i < 6; i++) publisher.publish('a/x', body)
    await world.clock.run(20_000, () => first.acked.get('first')?.length === 6)
    const known = (): boolean => [...second.engine?.book.all() ?? []].some(({ head }) => head === 6)
    // A wildcard that matches nothing else makes the second node learn of the log before the subscription that begins at its end.
    second.subscribe('other', ['a/none'])
    expect(await world.clock.run(60_000, known)).toBe(true)
    await world.clock.run(30_000)
    let made = false
    second.engine?.inbox.open({ name: 'second', filters: ['a/#'], from: 'latest', maxInFlight: 64, ackTimeoutMs: 30_000, maxAttempts: 10, backoffMs: 50, backoffMaxMs: 500, change: false }, () => { made = true })
    await world.clock.run(60_000)
    expect(made).toBe(true)
    publisher.publish('a/x', body)
    await world.clock.run(10_000)
    expect(publisher.published.length).toBe(7)
  })

  it('catches up at the speed of the subscription when the quota of others’ logs is far smaller than what is missed', async () => {
    const world = new World(new SeededRandom(3))
    const publisher = world.add('publisher')
    const subscriber = world.add('subscriber', { bootstrap: [publisher], retention: { bytes: 256 * KIB } })
    await publisher.start()
    for (let i = 0; i < 400; i++) {
      publisher.publish('a/x', 'x'.repeat(10_000))
      await world.clock.run(5)
    }
    await subscriber.start()
    subscriber.subscribe('all', ['a/#'])
    expect(await world.clock.run(60_000, () => subscriber.acked.get('all')?.length === 400)).toBe(true)
  })

  it('has after a crash whatever was published, also when publishes had to wait for room', async () => {
    const world = new World(new SeededRandom(6))
    const publisher = world.add('publisher', { retention: { bytes: 64 * KIB, onFull: 'evict' } })
    await publisher.start()
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 12; i++) {
        publisher.publish('a/x', 'x'.repeat(8_000))
        await world.clock.run(world.random.float() * 4)
      }
      await world.clock.run(3_000)
      publisher.crash()
      await publisher.start()
      for (const id of publisher.published) {
        const dot = id.lastIndexOf('.')
        const log = publisher.engine?.book.get(id.slice(0, dot))
        const position = Number(id.slice(dot + 1))
        expect(position <= (log?.trimmed ?? 0) || log?.held.has(position), `${id}: held ${String(log?.held)}, trimmed ${log?.trimmed}`).toBe(true)
      }
    }
    expect(publisher.published.length).toBe(240)
  })

  it('asks for what was given up as soon as a neighbour offers it, also when nothing else of the log changes', async () => {
    const world = new World(new SeededRandom(5))
    const publisher = world.add('publisher')
    const relay = world.add('relay', { relay: true, bootstrap: [publisher] })
    for (const node of world.nodes) await node.start()
    publisher.publish('a/x', 'known')
    await world.clock.run(5_000)
    const log = [...relay.engine?.book.all() ?? []][0]
    const own = [...publisher.engine?.book.all() ?? []][0]
    if (log === undefined || own === undefined) throw new Error('the relay has not heard of the log')
    relay.disk.full = true
    for (let i = 0; i < 10; i++) publisher.publish('a/x', `${i}`)
    await world.clock.run(2_000)
    relay.engine?.wants.unavailable(log, 2, 11, 'unrecoverable')
    relay.disk.full = false
    await world.clock.run(60_000)
    expect([log.held.toString(), log.head]).toEqual(['1', 11])
    publisher.engine?.repair.offers.pulled(own, 2, 11, 'another')
    await world.clock.run(5_000)
    expect(log.held.toString()).toBe('1-11')
  })

  it('takes in what its subscription waits for when what is held behind it fills the quota', async () => {
    const world = new World(new SeededRandom(8))
    const publisher = world.add('publisher')
    const subscriber = world.add('subscriber', { bootstrap: [publisher], retention: { records: 10 } })
    for (const node of world.nodes) await node.start()
    subscriber.subscribe('all', ['a/#'])
    await world.clock.run(2_000)
    // What gossip brings of forty messages is the last thirty.
    world.gossipFate = () => []
    for (let i = 0; i < 40; i++) {
      if (i === 10) world.gossipFate = () => [{ delayMs: 0 }]
      publisher.publish('a/x', `${i}`)
      await world.clock.run(0.5)
    }
    expect(await world.clock.run(120_000, () => subscriber.acked.get('all')?.length === 40), `${subscriber.acked.get('all')?.length} of 40`).toBe(true)
    expect(subscriber.gaps).toEqual([])
  })

  it('tells a subscription of its own node of a batch of the present log that went bad, and goes on behind it', async () => {
    const world = new World(new SeededRandom(9))
    const node = world.add('node')
    await node.start()
    for (let i = 0; i < 3; i++) {
      node.publish('a/x', `${i}`)
      await world.clock.run(100)
    }
    const table = node.disk.tables.get('batch')
    const key = table?.keys('', undefined, false, 10)[1] ?? ''
    const bad = new Uint8Array(table?.get(key) ?? [])
    bad[bad.length - 3] = (bad[bad.length - 3] as number) ^ 1
    table?.put(key, bad)
    node.subscribe('all', ['a/#'])
    // Somebody may come who has it; for a while that is waited for.
    expect(await world.clock.run(15 * 60_000, () => node.acked.get('all')?.length === 2)).toBe(true)
    expect(node.gaps.map(({ from, to, reason }) => [from, to, reason])).toEqual([[2, 2, 'unrecoverable']])
  })

  it('keeps the link to a newcomer when the directory is larger than a link takes at once', async () => {
    const world = new World(new SeededRandom(4))
    const old = world.add('old')
    const newcomer = world.add('newcomer', { bootstrap: [old] })
    await old.start()
    const joined = Array.from({ length: 2_000 }, (_, i) => `${i}-`.padEnd(200, 'x'))
    for (let n = 0; n < 30; n++) {
      const publicKey = world.random.bytes(32)
      const crypto = world.keyring.of(peerIdOfPublicKey(publicKey))
      const page = signAnnouncement(crypto, {
        mesh: world.meshHash as Bytes, publisher: peerIdToBytes(peerIdOfPublicKey(publicKey)) as Bytes, sequence: Math.floor(world.clock.wallMs()), time: Math.floor(world.clock.wallMs()),
        page: 0, pages: 1, relay: true, addresses: [], joined, subscriptions: [], heads: []
      })
      expect(old.engine?.directory.arrived(page)).toBe('accept')
    }
    await newcomer.start()
    expect(await world.clock.run(60_000, () => (newcomer.engine?.directory.size ?? 0) >= 30)).toBe(true)
    expect(newcomer.network?.peers().length).toBe(1)
  })
})
