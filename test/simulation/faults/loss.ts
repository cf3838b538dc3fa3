import type { FaultClass } from '../chaos.js'

/** Gossip only: what a link carries is lost with the link. */
export const loss: FaultClass = {
  name: 'loss',
  what: 'gossip is lost, each copy by itself',
  begin (chaos) {
    const { world, random } = chaos
    const p = random.pick([0.02, 0.2, 0.6, 1])
    const before = world.gossipFate
    world.gossipFate = (from, to, bytes) => random.chance(p) && chaos.leftMs > 0 ? [] : before(from, to, bytes)
  }
}
