import { describe, expect, it } from 'vitest'
import { seededRandom } from '../contract/network-clock.js'
import { World, type WorldNode } from './world.js'

const KIB = 1024
const MINUTE = 60_000
const BODY = 'x'.repeat(10_000)
const SPEC = { name: 'idle', filters: ['a/#'], from: 'earliest', maxInFlight: 64, ackTimeoutMs: 30_000, maxAttempts: 1000, backoffMs: 50, backoffMaxMs: 500, change: false } as const

const positionsOf = (ids: readonly string[] = []): number[] => ids.map(id => Number(id.slice(id.lastIndexOf('.') + 1)))

/** Publishes until so many were taken, or time is up. */
async function publish (world: World, node: WorldNode, count: number, limitMs = 5 * MINUTE): Promise<number> {
  const before = node.published.length
  const end = world.clock.nowMs() + limitMs
  while (node.published.length - before < count && world.clock.nowMs() < end) {
    node.publish('a/x', BODY)
    await world.clock.run(1_500)
  }
  return node.published.length - before
}

describe('subscriptions that nobody comes back to, on simulated time', () => {
  it('hold a publisher’s quota for as long as they may, over its restarts, and then no longer; who comes back is told what is gone', async () => {
    const world = new World(seededRandom(1))
    const publisher = world.add('publisher', { retention: { bytes: 100 * KIB }, settings: { lapseAfterMs: 60 * MINUTE } })
    const away = world.add('away', { bootstrap: [publisher] })
    for (const node of world.nodes) await node.start()
    away.subscribe('away', ['a/#'])
    await world.clock.run(3_000)
    away.crash(false)
    const held = await publish(world, publisher, 100)
    expect(held).toBeLessThan(10)
    for (let i = 0; i < 4; i++) {
      await world.clock.run(9 * MINUTE)
      publisher.crash(false)
      await publisher.start()
    }
    expect([publisher.lapses, publisher.engine?.directory.claims('a').length]).toEqual([[], 1])
    await world.clock.run(10 * MINUTE)
    expect(publisher.lapses).toEqual([`lapsing away ${away.peerId}`])
    expect(await publish(world, publisher, 1, 5_000)).toBe(0)
    await world.clock.run(25 * MINUTE)
    expect(publisher.lapses).toEqual([`lapsing away ${away.peerId}`, `lapsed away ${away.peerId}`])
    expect(await publish(world, publisher, 30)).toBe(30)
    await away.start()
    const logs = [...publisher.engine?.book.all() ?? []]
    expect(await world.clock.run(5 * MINUTE, () => away.acked.get('away')?.at(-1) === publisher.published.at(-1))).toBe(true)
    const told = away.gaps.map(({ incarnation, from, to, reason }) => ({ incarnation, from, to, reason }))
    const trimmed = logs.filter(log => log.trimmed > 0).reduce((sum, log) => sum + log.trimmed, 0)
    expect(told.reduce((sum, { from, to }) => sum + to - from + 1, 0)).toBe(trimmed)
    expect(told.every(({ reason }) => reason === 'evicted')).toBe(true)
    expect((away.acked.get('away')?.length ?? 0) + trimmed).toBe(publisher.published.length)
    expect(publisher.engine?.directory.claims('a').length).toBe(1)
  })

  it('are told of in order: the gap comes before the records behind it', async () => {
    const world = new World(seededRandom(2))
    const publisher = world.add('publisher', { retention: { bytes: 64 * KIB, onFull: 'evict' } })
    const away = world.add('away', { bootstrap: [publisher] })
    for (const node of world.nodes) await node.start()
    await world.clock.run(1_000)
    let opened = false
    away.engine?.inbox.open({ ...SPEC, name: 'away' }, () => { opened = true })
    await world.clock.run(1_000, () => opened)
    away.crash(false)
    await publish(world, publisher, 20)
    await away.start()
    await world.clock.run(1_000)
    const seen: string[] = []
    const told = away.gaps.push.bind(away.gaps)
    away.gaps.push = (...gaps) => {
      for (const { from, to } of gaps) seen.push(`gap ${from}-${to}`)
      return told(...gaps)
    }
    const pump = (): void => {
      for (let raw = handle?.next(); raw !== undefined; raw = handle?.next()) {
        seen.push(`${raw.position}`)
        handle?.ack(raw.token, () => {})
      }
    }
    const handle = away.engine?.inbox.attach('away', { mode: 'ordered', maxInFlight: 64, ready: pump, closed: () => {} })
    pump()
    await world.clock.run(MINUTE, () => seen.at(-1) === '20')
    const trimmed = [...publisher.engine?.book.all() ?? []][0]?.trimmed ?? 0
    expect(trimmed).toBeGreaterThan(10)
    expect(seen).toEqual([`gap 1-${trimmed}`, ...Array.from({ length: 20 - trimmed }, (_, i) => `${trimmed + 1 + i}`)])
  })

  it('hold nothing at their own node either once nobody has consumed them for so long, and go on when somebody does', async () => {
    const world = new World(seededRandom(3))
    const publisher = world.add('publisher', { retention: { bytes: 100 * KIB } })
    const node = world.add('node', { bootstrap: [publisher], retention: { bytes: 100 * KIB }, settings: { lapseAfterMs: 60 * MINUTE } })
    for (const each of world.nodes) await each.start()
    await world.clock.run(1_000)
    node.engine?.inbox.open(SPEC, () => {})
    await world.clock.run(3_000)
    const theirs = await publish(world, publisher, 100)
    expect(theirs).toBeLessThan(10)
    const own = await publish(world, node, 100)
    expect(own).toBeLessThan(10)
    await world.clock.run(30 * MINUTE)
    node.crash(false)
    await node.start()
    await world.clock.run(10 * MINUTE)
    expect(node.lapses).toEqual([`lapsing idle ${node.peerId}`])
    expect(publisher.engine?.directory.claims('a').length).toBe(1)
    await world.clock.run(20 * MINUTE)
    expect(node.lapses).toEqual([`lapsing idle ${node.peerId}`, `lapsed idle ${node.peerId}`])
    expect(node.engine?.inbox.info()[0]).toMatchObject({ name: 'idle', lapsed: true })
    expect(publisher.engine?.directory.claims('a').length, 'it is no longer announced').toBe(0)
    expect([await publish(world, publisher, 30), await publish(world, node, 30)]).toEqual([30, 30])
    // It stays lapsed over a restart.
    node.crash(false)
    await node.start()
    await world.clock.run(1_000)
    expect(await publish(world, node, 20)).toBe(20)
    // Logs of earlier lives are trimmed and closed by now, and might be forgotten.
    await world.clock.run(26 * 60 * MINUTE)
    node.subscribe('idle', ['a/#'])
    expect(await world.clock.run(5 * MINUTE, () => node.acked.get('idle')?.includes(publisher.published.at(-1) as string) === true && node.acked.get('idle')?.includes(node.published.at(-1) as string) === true)).toBe(true)
    await world.clock.run(2 * MINUTE)
    const gaps = node.gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0)
    expect((node.acked.get('idle')?.length ?? 0) + gaps, 'all is settled or explained').toBe(publisher.published.length + node.published.length)
    expect(gaps).toBeGreaterThan(40)
    expect(new Set(node.acked.get('idle')).size).toBe(node.acked.get('idle')?.length)
    expect(positionsOf(node.acked.get('idle')?.filter(id => id.startsWith(publisher.peerId)))).toEqual([...positionsOf(node.acked.get('idle')?.filter(id => id.startsWith(publisher.peerId)))].sort((a, b) => a - b))
    expect(publisher.engine?.directory.claims('a').length).toBe(1)
    expect(node.engine?.inbox.info()[0]?.lapsed).toBe(false)
    expect(world.nodes.flatMap(each => each.failures)).toEqual([])
  })
})
