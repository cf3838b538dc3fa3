import type { SimulatedNode } from './node.js'
import type { SeededRandom } from './random.js'
import type { World } from './world.js'

export const TOPOLOGIES = ['star', 'chain', 'full', 'tree', 'embedded'] as const

/**
 * Makes so many nodes that know each other in one of these shapes. Whatever faults there are, what joins two nodes in the end is relays, or
 * that they know each other. `needsRelay`: what was lost is given up only where some neighbour takes part in the channel, nobody but relays keeps
 * anything for others when it has no room, and what a node withholds comes over relays.
 */
export function buildTopology (world: World, random: SeededRandom, count: number, needsRelay: boolean): string {
  const shape = random.pick(needsRelay ? TOPOLOGIES.filter(each => each !== 'embedded') : TOPOLOGIES)
  const add = (relay: boolean, ...bootstrap: SimulatedNode[]): SimulatedNode => world.add(`${relay ? 'relay' : 'node'}-${world.nodes.length}`, { relay, bootstrap })
  if (shape === 'full') {
    const relays = random.chance(0.5) || needsRelay
    for (let i = 0; i < count; i++) add(relays && i === 0, ...world.nodes)
    return shape
  }
  if (shape === 'embedded') {
    // Nobody relays: what everyone subscribes everyone passes on.
    const lined = random.chance(0.5)
    for (let i = 0; i < count; i++) {
      const up = world.nodes.length === 0 ? undefined : lined ? world.nodes.at(-1) : random.pick(world.nodes)
      const others = world.nodes.filter(() => random.chance(0.1))
      if (up !== undefined) up.isBridge = true
      for (const other of others) other.isBridge = true
      add(false, ...new Set([...up === undefined ? [] : [up], ...others])).subscribe('all', ['#'])
    }
    return shape
  }
  const relays: SimulatedNode[] = []
  const relayCount = shape === 'star' ? 1 : Math.max(2, Math.min(count - 1, random.whole(2, 4)))
  for (let i = 0; i < relayCount; i++) {
    const up = shape === 'chain' ? relays.at(-1) : relays.length === 0 ? undefined : random.pick(relays)
    relays.push(add(true, ...up === undefined ? [] : [up]))
  }
  for (let i = relayCount; i < count; i++) {
    const others = world.nodes.filter(node => !node.relay && random.chance(0.15))
    const second = random.chance(0.2) ? [random.pick(relays)] : []
    add(false, ...new Set([random.pick(relays), ...second, ...others]))
  }
  return shape
}
