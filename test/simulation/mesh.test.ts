import { describe, expect, it } from 'vitest'
import { seededRandom } from '../contract/network-clock.js'
import { World, type WorldNode } from './world.js'

const SEEDS = Number(process.env.SKEIN_SEEDS ?? 12)
const FROM = Number(process.env.SKEIN_SEED ?? 1)

/** Publishers and subscribers around a relay, faults for half a minute, then peace. */
async function chaos (seed: number): Promise<World> {
  const world = new World(seededRandom(seed))
  const relay = world.add('relay', { relay: true })
  const others = Array.from({ length: 2 + Math.floor(world.random.float() * 4) }, (_, i) => world.add(`node-${i}`, { bootstrap: [relay] }))
  // Some neighbours also know each other.
  for (const node of others) if (world.chance(0.4)) node.bootstrap.push(...others.filter(other => other !== node && world.chance(0.5)))
  for (const node of world.nodes) await node.start()
  others[0]?.subscribe('all', ['#'])
  others[1]?.subscribe('some', ['a/+', 'b/x'], 7)
  await world.clock.run(200)

  let n = 0
  const down = new Set<WorldNode>()
  for (let step = 0; step < 60; step++) {
    for (const node of world.nodes) {
      if (!node.isUp || node === relay) continue
      const burst = world.chance(0.1) ? 300 : Math.floor(world.random.float() * 8)
      for (let i = 0; i < burst; i++) node.publish(world.pick(['a/x', 'a/y', 'b/x', 'b/y', 'c']), `${n++}`)
    }
    await world.clock.run(world.random.float() * 800)
    if (world.chance(0.25)) {
      const node = world.pick(world.nodes)
      if (node.isUp) {
        node.crash(world.chance(0.5))
        down.add(node)
      }
    }
    if (world.chance(0.3)) {
      for (const node of down) {
        down.delete(node)
        await node.start()
      }
    }
    if (world.chance(0.15)) {
      const ids = world.nodes.map(node => node.peerId)
      const cut = ids.filter(() => world.chance(0.5))
      world.mesh.partition(cut, ids.filter(id => !cut.includes(id)), { oneWay: world.chance(0.3) })
    }
    if (world.chance(0.2)) world.mesh.heal()
    for (const node of world.nodes) node.disk.full = node.disk.full ? !world.chance(0.5) : world.chance(0.04)
    if (world.chance(0.1)) world.mesh.disconnect(world.pick(world.nodes).peerId, relay.peerId)
  }
  world.mesh.heal()
  for (const node of world.nodes) node.disk.full = false
  for (const node of down) await node.start()
  const everything = new Set(world.nodes.flatMap(node => node.published))
  // At rest: nothing is left to do for any subscription, and everything that was published has been seen by the one that takes all.
  const lags = (): number[] => others.flatMap(node => node.engine?.inbox.info().map(({ lag }) => lag) ?? [1])
  const atRest = (): boolean => (others[0]?.acked.get('all')?.length ?? 0) >= everything.size * 0.9 && lags().every(lag => lag === 0)
  // Heads that nobody has heard of yet make it look like rest: it counts when it lasts.
  for (let n = 0; n < 20; n++) {
    await world.clock.run(180_000, atRest)
    await world.clock.run(20_000)
    if (atRest()) break
  }
  return world
}

describe('a mesh on simulated time', () => {
  for (let seed = FROM; seed < FROM + SEEDS; seed++) {
    it(`delivers everything that was published exactly once in effect, whatever fails (seed ${seed})`, async () => {
      const world = await chaos(seed)
      const everything = world.nodes.flatMap(node => node.published)
      expect(everything.length).toBeGreaterThan(100)
      expect(world.nodes.flatMap(node => node.failures)).toEqual([])
      expect(world.nodes.flatMap(node => node.gaps)).toEqual([])
      const all = world.nodes[1]?.acked.get('all') ?? []
      // An ack whose answer was lost in a crash counts in effect though nobody heard of it.
      const missing = everything.filter(id => !all.includes(id))
      const settled = world.nodes[1]?.engine?.inbox.info().find(({ name }) => name === 'all')
      expect(settled?.lag, `missing ${missing.slice(0, 5).join(' ')}`).toBe(0)
      expect(new Set(all).size, 'nothing is acked twice').toBe(all.length)
      // Order within each log.
      const last = new Map<string, number>()
      for (const id of all) {
        const dot = id.lastIndexOf('.')
        const log = id.slice(0, dot)
        const position = Number(id.slice(dot + 1))
        expect(position, id).toBeGreaterThan(last.get(log) ?? 0)
        last.set(log, position)
      }
      expect(world.nodes[2]?.engine?.inbox.info().find(({ name }) => name === 'some')?.lag).toBe(0)
    })
  }
})
