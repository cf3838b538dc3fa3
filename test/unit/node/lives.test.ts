import { describe, expect, test } from 'vitest'
import { createMemoryDisk } from '../../../src/store/memory-store.js'
import { copyOfDisk } from '../../simulation/disks.js'
import { Town, type Townsman } from './town.js'

const HOUR_MS = 3_600_000

/** A publisher, a relay between, and a subscriber that has had `count` messages. */
async function trio (count: number): Promise<{ town: Town, relay: Townsman, publisher: Townsman, subscriber: Townsman }> {
  const town = new Town()
  const relay = await town.node({ relay: true })
  const publisher = await town.node({ bootstrap: [relay] })
  const subscriber = await town.node({ bootstrap: [relay] })
  subscriber.subscribe('s', 'press/#')
  await town.run(1_000)
  for (let i = 0; i < count; i++) {
    publisher.publish('press/a', `first:${i}`)
    await town.run(100)
  }
  await town.until('all to arrive', () => subscriber.delivered.get('s')?.length === count)
  return { town, relay, publisher, subscriber }
}

/** The store is gone and the key is there. */
async function emptied (node: Townsman): Promise<void> {
  node.crash()
  node.disk = createMemoryDisk()
  await node.town.run(1_000)
  await node.start()
}

describe('a node that lost its store', () => {
  test('pulls its own records back from its peers, delivers them to its own subscriptions, and serves them', async () => {
    const { town, relay, publisher, subscriber } = await trio(20)
    await emptied(publisher)
    publisher.subscribe('own', 'press/#')
    await town.until('its own records to come back', () => publisher.delivered.get('own')?.length === 20)
    subscriber.crash()
    relay.crash()
    await town.run(1_000)
    const late = await town.node()
    town.mesh.connect(late.peerId, publisher.peerId)
    late.subscribe('s', 'press/#')
    await town.until('a newcomer to get them from it alone', () => late.delivered.get('s')?.length === 20)
    expect([...publisher.gaps, ...late.gaps]).toEqual([])
  })

  test('with a clock behind its last life is heard: it goes on above the highest incarnation that anybody knows of it', async () => {
    const { town, relay, publisher, subscriber } = await trio(3)
    const last = publisher.engine.own.incarnation?.number as number
    publisher.wallAheadMs = -48 * HOUR_MS
    publisher.crash()
    publisher.disk = createMemoryDisk()
    for (const way of [[publisher, relay], [relay, publisher]] as const) town.mesh.block(way[0].peerId, way[1].peerId)
    await publisher.start()
    // Before it has met anybody.
    publisher.publish('press/a', 'second:0')
    await town.run(1_000)
    expect(publisher.engine.own.incarnation?.number).toBeLessThan(last)
    town.mesh.heal()
    await town.until('what it published first to arrive', () => subscriber.delivered.get('s')?.length === 4)
    await town.run(1_000)
    publisher.publish('press/a', 'second:1')
    await town.until('what it published then to arrive', () => subscriber.delivered.get('s')?.length === 5)
    expect(publisher.engine.own.incarnation?.number).toBeGreaterThan(last)
    expect(subscriber.bodies.get('s')).toEqual(['first:0', 'first:1', 'first:2', 'second:0', 'second:1'])
    expect(subscriber.gaps).toEqual([])
    // And once more, from its own disk alone.
    publisher.crash()
    await publisher.start()
    publisher.publish('press/a', 'third')
    await town.until('what it published last to arrive', () => subscriber.delivered.get('s')?.length === 6)
    expect(publisher.engine.own.incarnation?.number).toBeGreaterThan(last + 1)
  })

  test('with a clock behind is heard by those that have forgotten all it published', async () => {
    const { town, relay, publisher, subscriber } = await trio(3)
    const last = publisher.engine.own.incarnation?.number as number
    for (const node of [relay, subscriber]) {
      const [log] = [...node.engine.book.all()]
      if (log === undefined) throw new Error('no log')
      const ops = [...node.engine.book.drop(log, log.head).ops, ...node.engine.inbox.forget(log), ...node.engine.receipts.forget(log), ...node.engine.book.forget(log)]
      node.engine.repair.forget(log)
      node.store.commit(ops, () => {})
    }
    publisher.crash()
    await town.run(1_000)
    for (const node of [relay, subscriber]) {
      node.crash()
      await node.start()
    }
    subscriber.subscribe('s', 'press/#')
    publisher.disk = createMemoryDisk()
    publisher.wallAheadMs = -48 * HOUR_MS
    await publisher.start()
    publisher.publish('press/a', 'second:0')
    await town.until('what it published to arrive', () => subscriber.bodies.get('s')?.at(-1) === 'second:0')
    await town.run(2_000)
    publisher.publish('press/a', 'second:1')
    await town.until('what it published then to arrive', () => subscriber.bodies.get('s')?.at(-1) === 'second:1')
    expect(publisher.engine.own.incarnation?.number).toBeGreaterThan(last)
    expect(subscriber.delivered.get('s')).toHaveLength(5)
    expect(subscriber.lag).toBe(0)
  })
})

describe('a node restored from an older copy', () => {
  test('says where it ended, and what lay beyond and nobody has is a gap “restored”, told within two minutes', async () => {
    const town = new Town()
    const publisher = await town.node()
    const subscriber = await town.node({ bootstrap: [publisher] })
    subscriber.subscribe('s', 'press/#')
    await town.run(1_000)
    publisher.publish('press/a', 'kept:0')
    publisher.publish('press/a', 'kept:1')
    await town.until('both to arrive', () => subscriber.delivered.get('s')?.length === 2)
    const kept = copyOfDisk(publisher.disk)
    // The subscriber hears of more than it gets.
    town.mesh.block(publisher.peerId, subscriber.peerId)
    publisher.publish('press/a', 'lost:0')
    publisher.publish('press/a', 'lost:1')
    await town.run(500)
    const [theirs] = [...publisher.engine.book.all()]
    const [ours] = [...subscriber.engine.book.all()]
    if (theirs === undefined || ours === undefined) throw new Error('no log')
    subscriber.engine.book.noteHead(ours, theirs.head, theirs.headHash as Uint8Array)
    publisher.crash()
    publisher.disk = kept
    town.mesh.heal()
    await publisher.start()
    const before = town.clock.now
    publisher.publish('press/a', 'fresh:0')
    await town.until('the gap', () => subscriber.gaps.length > 0, 200_000)
    expect(town.clock.now - before).toBeLessThan(120_000)
    expect(subscriber.gaps).toMatchObject([{ from: 3, to: 4, reason: 'restored' }])
    await town.until('the rest', () => subscriber.lag === 0)
    expect(subscriber.bodies.get('s')).toEqual(['kept:0', 'kept:1', 'fresh:0'])
  })
})

describe('one key in two processes', () => {
  /** A relay, a node that is there, and a second process with its key. */
  async function twins (behindMs = 0): Promise<{ town: Town, hub: Townsman, first: Townsman, second: Townsman }> {
    const town = new Town()
    const hub = await town.node({ relay: true })
    const first = await town.node({ bootstrap: [hub] })
    await town.run(5_000)
    const second = await town.node({ bootstrap: [hub], peerId: first.peerId, twin: true })
    second.wallAheadMs = behindMs
    return { town, hub, first, second }
  }

  test('both notice within a minute, the one that started later stops, and what both published arrives', async () => {
    const { town, hub, first, second } = await twins()
    hub.subscribe('s', 'press/#')
    first.publish('press/a', 'first')
    second.publish('press/a', 'second')
    await town.until('both to notice', () => first.duplicates.length === 1 && second.duplicates.length === 1)
    await town.until('the later one to stop', () => second.failures.length === 1)
    expect(second.failures[0]).toMatchObject({ code: 'ERR_IDENTITY_IN_USE' })
    expect(first.duplicates).toMatchObject([{ stays: false }])
    expect(second.duplicates).toMatchObject([{ stays: true }])
    expect(first.engine.lives.isShared).toBe(true)
    second.crash()
    await town.run(60_000)
    expect(first.failures).toEqual([])
    expect(hub.forks).toEqual([])
    expect(hub.bodies.get('s')?.sort()).toEqual(['first', 'second'])
    first.publish('press/a', 'after')
    await town.until('the one that stays to be heard', () => hub.bodies.get('s')?.includes('after') === true)
  })

  test('a restart right after a crash is no second process, nor is one with its clock an hour behind or ahead', async () => {
    for (const steps of [[0, 0, 0], [-HOUR_MS, HOUR_MS, 0], [HOUR_MS, -HOUR_MS, -2 * HOUR_MS]]) {
      const town = new Town()
      const hub = await town.node({ relay: true })
      const other = await town.node({ relay: true, bootstrap: [hub] })
      const node = await town.node({ bootstrap: [hub, other] })
      for (const ms of steps) {
        await town.run(3_000)
        // Silently: the others hold on to the old link for a while.
        node.crash(true)
        node.wallAheadMs = ms
        await node.start()
        node.publish('press/a')
      }
      await town.run(200_000)
      expect(node.duplicates).toEqual([])
      expect(node.failures).toEqual([])
      expect(node.engine.neighbours.size).toBe(2)
    }
  })

  test('a clock that is stepped back an hour and on again while it runs is no second process', async () => {
    const town = new Town()
    const hub = await town.node({ relay: true })
    const node = await town.node({ bootstrap: [hub] })
    for (const ms of [-HOUR_MS, HOUR_MS, 0, 30 * 60_000]) {
      await town.run(100_000)
      node.wallAheadMs = ms
      town.mesh.disconnect(node.peerId, hub.peerId)
    }
    await town.run(100_000)
    expect([...node.duplicates, ...node.failures]).toEqual([])
  })

  test('the two are told apart though the clock of one is an hour behind', async () => {
    const { town, first, second } = await twins(-HOUR_MS)
    await town.until('both to notice', () => first.duplicates.length === 1 && second.duplicates.length === 1)
    await town.until('one to stop', () => first.failures.length + second.failures.length === 1)
  })
})
