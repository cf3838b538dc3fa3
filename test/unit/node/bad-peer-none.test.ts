/** Honest neighbours that have a lot to do are not taken for bad ones, and what they have to do keeps nothing new waiting. */
import { describe, expect, it } from 'vitest'
import { WASTE_BURST } from '../../../src/node/conduct.js'
import { SeededRandom } from '../../simulation/random.js'
import { World, type WorldNode } from '../../simulation/world.js'

const BATCHES = 100
const RECORDS = 1000

const strikes = (nodes: readonly WorldNode[]): number[] => nodes.map(({ engine }) => engine?.counters.all()['strikes'] ?? -1)
/** The least that any node had left of its allowance of useless work for any other. */
const leastLeft = (nodes: readonly WorldNode[]): number => Math.min(...nodes.flatMap(node => nodes.filter(other => other !== node).map(other => node.engine?.conducts.wasteLeft(other.peerId) ?? WASTE_BURST)))

/** Looks again and again, for what is used up comes back. */
function watched (world: World, look: () => void = () => {}): () => number {
  let least = WASTE_BURST
  const again = (): void => {
    least = Math.min(least, leastLeft(world.nodes))
    look()
    world.clock.after(10, again)
  }
  again()
  return () => least
}

describe('honest neighbours', () => {
  it('that heal after a partition, with a hundred thousand records on either side, are not struck, fill no buffer, and what is published meanwhile comes at once', async () => {
    const world = new World(new SeededRandom(11))
    const hub = world.add('hub', { relay: true })
    const far = world.add('far', { relay: true, bootstrap: [hub] })
    const [a, b] = [world.add('a', { bootstrap: [hub] }), world.add('b', { bootstrap: [far] })]
    const [c, d] = [world.add('c', { bootstrap: [hub] }), world.add('d', { bootstrap: [far] })]
    for (const node of world.nodes) await node.start()
    c.subscribe('c', ['one/#'])
    d.subscribe('d', ['two/#'])
    await world.clock.run(3_000)
    world.mesh.partition([hub, a, c].map(({ peerId }) => peerId), [far, b, d].map(({ peerId }) => peerId))
    for (let i = 0; i < BATCHES; i++) {
      for (let k = 0; k < RECORDS; k++) {
        a.publish('two/x', 'a')
        b.publish('one/x', 'b')
      }
      await world.clock.run(20)
    }
    await world.clock.run(20_000)
    world.mesh.heal()
    expect(c.acked.get('c')?.length).toBe(0)
    let most = 0
    const least = watched(world, () => { most = Math.max(most, ...world.nodes.map(({ network }) => network?.unsentBytes() ?? 0)) })
    expect(await world.clock.run(60_000, () => (c.acked.get('c')?.length ?? 0) > 0)).toBe(true)
    const fresh = world.clock.nowMs()
    a.publish('one/fresh', 'fresh')
    // A log of its own in that channel: nothing of the catching up is before it.
    expect(await world.clock.run(5_000, () => c.acked.get('c')?.some(id => id.startsWith(a.peerId)) === true)).toBe(true)
    expect(world.clock.nowMs() - fresh).toBeLessThan(2_000)
    expect(await world.clock.run(300_000, () => [c.acked.get('c'), d.acked.get('d')].every((acked, i) => (acked?.length ?? 0) >= BATCHES * RECORDS + (i === 0 ? 1 : 0)))).toBe(true)
    expect(most).toBeLessThan(8 * 1024 * 1024)
    expect(strikes(world.nodes)).toEqual(world.nodes.map(() => 0))
    expect(least()).toBeGreaterThan(WASTE_BURST / 2)
  }, 240_000)

  it('that come to a mesh with nine hundred channels are not struck, and know them all', async () => {
    const world = new World(new SeededRandom(12))
    const relay = world.add('relay', { relay: true })
    const second = world.add('second', { relay: true, bootstrap: [relay] })
    const publisher = world.add('publisher', { bootstrap: [relay] })
    for (const node of world.nodes) await node.start()
    for (let i = 0; i < 900; i++) {
      publisher.publish(`channel-${i}/x`, 'x')
      if (i % 50 === 0) await world.clock.run(200)
    }
    await world.clock.run(30_000)
    const newcomer = world.add('newcomer', { relay: true, bootstrap: [relay, second] })
    const least = watched(world)
    await newcomer.start()
    expect(await world.clock.run(120_000, () => newcomer.engine?.book.size === 900 && [...newcomer.engine.book.all()].every(log => log.held.has(1)))).toBe(true)
    expect(strikes(world.nodes)).toEqual([0, 0, 0, 0])
    expect(least()).toBeGreaterThan(WASTE_BURST / 2)
  }, 120_000)
})
