import { describe, expect, it } from 'vitest'
import { seededRandom } from '../contract/network-clock.js'
import { World, type WorldNode } from './world.js'

const KIB = 1024
const BODY = 'x'.repeat(10_000)

const heldOf = (node: WorldNode, publisher: WorldNode): number => node.engine?.book.publisherBytes(publisher.peerId) ?? 0
const positions = (node: WorldNode, publisher: WorldNode): string => [...node.engine?.book.all() ?? []].filter(log => log.publisher === publisher.peerId).map(log => log.held.toString()).join(' ')

async function publish (world: World, node: WorldNode, topic: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    node.publish(topic, BODY)
    await world.clock.run(20)
  }
}

describe('custody on simulated time', () => {
  it('refuses what is above a publisher’s quota, asks for nothing meanwhile, and has it all when there is room', async () => {
    const world = new World(seededRandom(1))
    const relay = world.add('relay', { relay: true, settings: { custody: { bytesPerPublisher: 200 * KIB } } })
    const publisher = world.add('publisher', { bootstrap: [relay] })
    const other = world.add('other', { bootstrap: [relay] })
    const subscriber = world.add('subscriber', { bootstrap: [relay] })
    for (const node of world.nodes) await node.start()
    subscriber.subscribe('all', ['#'])
    await world.clock.run(3_000)
    subscriber.crash(false)
    await publish(world, publisher, 'a/x', 30)
    await publish(world, publisher, 'b/x', 30)
    await publish(world, other, 'a/x', 10)
    await world.clock.run(60_000)
    expect(heldOf(relay, publisher)).toBeLessThanOrEqual(200 * KIB)
    expect(heldOf(relay, publisher), 'it is made use of').toBeGreaterThan(150 * KIB)
    expect(positions(relay, other), 'nobody else is pushed out').toBe('1-10')
    const state = relay.engine?.receipts
    for (const log of publisher.engine?.book.all() ?? []) {
      const said = publisher.engine?.receipts.content(log.key, relay.peerId)?.stored
      const held = [...relay.engine?.book.logs(log.channel) ?? []].find(each => each.key === log.key)?.held
      for (let position = 1; position <= log.head; position++) if (said?.has(position) === true) expect(held?.has(position), `${log.channel} ${position} was promised`).toBe(true)
    }
    expect(state).toBeDefined()
    const pulled = relay.engine?.counters.all()['pulled_batches']
    await world.clock.run(600_000)
    expect(relay.engine?.counters.all()['pulled_batches'], 'nothing is asked for that there is no room for').toBe(pulled)
    await subscriber.start()
    expect(await world.clock.run(120_000, () => subscriber.acked.get('all')?.length === 70), `${subscriber.acked.get('all')?.length} of 70`).toBe(true)
    expect(subscriber.gaps).toEqual([])
    // The publisher’s word comes to rest at the relay too.
    expect(await world.clock.run(120_000, () => positions(publisher, publisher).split(' ').every(held => held === '1-30'))).toBe(true)
    expect(world.nodes.flatMap(node => node.failures)).toEqual([])
  })

  it('brings what a custodian had refused to a subscriber that only ever meets the custodian', async () => {
    const world = new World(seededRandom(2))
    const relay = world.add('relay', { relay: true, settings: { custody: { bytesPerPublisher: 100 * KIB } } })
    const publisher = world.add('publisher', { bootstrap: [relay] })
    const subscriber = world.add('subscriber', { bootstrap: [relay] })
    for (const node of world.nodes) await node.start()
    world.mesh.block(publisher.peerId, subscriber.peerId)
    world.mesh.block(subscriber.peerId, publisher.peerId)
    subscriber.subscribe('all', ['a/#'])
    await world.clock.run(3_000)
    subscriber.crash(false)
    await publish(world, publisher, 'a/x', 50)
    await world.clock.run(30_000)
    expect(heldOf(relay, publisher)).toBeLessThanOrEqual(100 * KIB)
    await subscriber.start()
    expect(await world.clock.run(300_000, () => subscriber.acked.get('all')?.length === 50), `${subscriber.acked.get('all')?.length} of 50`).toBe(true)
    expect(subscriber.acked.get('all')).toEqual(publisher.published)
    expect(subscriber.gaps).toEqual([])
  })

  it('fetches again what all had settled and it had dropped, for a subscriber that comes later and only ever meets the custodian', async () => {
    const world = new World(seededRandom(12))
    const relay = world.add('relay', { relay: true, settings: { custody: { bytesPerPublisher: 100 * KIB } } })
    const publisher = world.add('publisher', { bootstrap: [relay] })
    const first = world.add('first', { bootstrap: [relay] })
    const later = world.add('later', { bootstrap: [relay] })
    for (const node of [relay, publisher, first]) await node.start()
    world.mesh.block(publisher.peerId, later.peerId)
    world.mesh.block(later.peerId, publisher.peerId)
    first.subscribe('all', ['a/#'])
    await world.clock.run(3_000)
    await publish(world, publisher, 'a/x', 50)
    expect(await world.clock.run(60_000, () => first.acked.get('all')?.length === 50)).toBe(true)
    await world.clock.run(60_000)
    expect(positions(relay, publisher), 'some of it is gone').not.toMatch(/^1-/)
    await later.start()
    later.subscribe('late', ['a/#'], { from: 'earliest' })
    expect(await world.clock.run(300_000, () => later.acked.get('late')?.length === 50), `${later.acked.get('late')?.length} of 50`).toBe(true)
    expect(later.gaps).toEqual([])
    expect(await world.clock.run(60_000, () => heldOf(relay, publisher) <= 100 * KIB), 'the quota holds again').toBe(true)
  })

  it('fetches again what it had dropped for a subscription that is made anew under the name of one that had settled it', async () => {
    const world = new World(seededRandom(14))
    const relay = world.add('relay', { relay: true, settings: { custody: { bytesPerPublisher: 100 * KIB } } })
    const publisher = world.add('publisher', { bootstrap: [relay] })
    const subscriber = world.add('subscriber', { bootstrap: [relay] })
    for (const node of world.nodes) await node.start()
    world.mesh.block(publisher.peerId, subscriber.peerId)
    world.mesh.block(subscriber.peerId, publisher.peerId)
    subscriber.subscribe('audit', ['a/#'])
    await world.clock.run(3_000)
    await publish(world, publisher, 'a/x', 50)
    expect(await world.clock.run(60_000, () => subscriber.acked.get('audit')?.length === 50)).toBe(true)
    await world.clock.run(60_000)
    expect(positions(relay, publisher), 'some of it is gone').not.toMatch(/^1-/)
    const { engine } = subscriber
    const log = [...engine?.book.all() ?? []].find(each => each.publisher === publisher.peerId)
    if (engine === undefined || log === undefined) throw new Error('there is no log')
    // Of its own copies it keeps as much as the relay, so that nothing comes of which it would tell anybody.
    const [relays] = [...relay.engine?.book.all() ?? []].filter(each => each.key === log.key)
    engine.options.store.commit(engine.book.drop(log, (relays?.held.first ?? 0) - 1).ops, () => {})
    await world.clock.run(1_000)
    subscriber.subscriber.detach('audit')
    subscriber.subscriber.unsubscribe('audit')
    await world.clock.run(5_000)
    subscriber.subscribe('audit', ['a/#'], { from: 'earliest' })
    expect(await world.clock.run(1_200_000, () => subscriber.acked.get('audit')?.length === 50), `${subscriber.acked.get('audit')?.length} of 50`).toBe(true)
    expect(subscriber.gaps).toEqual([])
  })

  it('keeps to the quota of all publishers together, and what its own subscription needs comes in all the same', async () => {
    const world = new World(seededRandom(3))
    const relay = world.add('relay', { relay: true, settings: { custody: { bytes: 300 * KIB, bytesPerPublisher: 250 * KIB } } })
    const publishers = [0, 1, 2].map(n => world.add(`publisher ${n}`, { bootstrap: [relay] }))
    const subscriber = world.add('subscriber', { bootstrap: [relay] })
    for (const node of world.nodes) await node.start()
    subscriber.subscribe('all', ['#'])
    await world.clock.run(3_000)
    subscriber.crash(false)
    for (const publisher of publishers) await publish(world, publisher, 'kept/x', 20)
    await world.clock.run(30_000)
    expect(relay.engine?.book.othersBytes).toBeLessThanOrEqual(300 * KIB)
    expect(relay.engine?.book.othersBytes).toBeGreaterThan(250 * KIB)
    relay.subscribe('mine', ['mine/#'])
    await world.clock.run(1_000)
    await publish(world, publishers[0] as WorldNode, 'mine/x', 10)
    await world.clock.run(30_000, () => relay.acked.get('mine')?.length === 10)
    expect(relay.acked.get('mine')?.length).toBe(10)
  })

  it('stops taking from others while the disk is short, and goes on publishing', async () => {
    const world = new World(seededRandom(4))
    const relay = world.add('relay', { relay: true })
    const publisher = world.add('publisher', { bootstrap: [relay] })
    for (const node of world.nodes) await node.start()
    await world.clock.run(1_000)
    relay.disk.tight = true
    await publish(world, publisher, 'a/x', 10)
    relay.publish('b/x', BODY)
    await world.clock.run(10_000)
    expect([heldOf(relay, publisher), relay.published.length]).toEqual([0, 1])
    const pulled = relay.engine?.counters.all()['pulled_batches']
    await world.clock.run(300_000)
    expect(relay.engine?.counters.all()['pulled_batches']).toBe(pulled)
    relay.disk.tight = false
    await world.clock.run(60_000)
    expect(positions(relay, publisher)).toBe('1-10')
  })

  it('trims what is processed soon after the last known subscription has settled it, and never before', async () => {
    const world = new World(seededRandom(5))
    const publisher = world.add('publisher', { retention: { until: 'processed' } })
    const quick = world.add('quick', { bootstrap: [publisher] })
    const away = world.add('away', { bootstrap: [publisher] })
    for (const node of world.nodes) await node.start()
    await publish(world, publisher, 'a/x', 5)
    await world.clock.run(120_000)
    const [log] = [...publisher.engine?.book.all() ?? []]
    expect(log?.trimmed, 'nobody is known').toBe(0)
    quick.subscribe('quick', ['a/#'])
    away.subscribe('away', ['a/#'])
    await world.clock.run(10_000)
    away.crash(false)
    await publish(world, publisher, 'a/x', 20)
    await world.clock.run(120_000)
    expect([log?.trimmed, quick.acked.get('quick')?.length]).toEqual([5, 25])
    await away.start()
    await world.clock.run(120_000)
    expect([log?.trimmed, away.acked.get('away')?.length, publisher.engine?.book.bytes('a', true)]).toEqual([25, 25, 0])
    expect([...quick.gaps, ...away.gaps]).toEqual([])
  })
})
