import type { FaultClass } from '../chaos.js'

export const reordering: FaultClass = {
  name: 'reordering',
  what: 'gossip is overtaken by later gossip',
  begin (chaos) {
    const { world, random } = chaos
    const p = random.pick([0.1, 0.5])
    const mostMs = random.pick([20, 500, 5_000])
    const before = world.gossipFate
    world.gossipFate = (from, to, bytes) => {
      const copies = before(from, to, bytes)
      return random.chance(p) && chaos.leftMs > 0 ? copies.map(copy => ({ ...copy, delayMs: copy.delayMs + random.between(1, mostMs) })) : copies
    }
  }
}
