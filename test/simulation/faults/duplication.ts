import type { FaultClass } from '../chaos.js'

/** A second copy is dropped by gossip itself, unless it comes so late that gossip has forgotten the first: then the inbox sees it. */
export const duplication: FaultClass = {
  name: 'duplication',
  what: 'gossip arrives twice, also when it was forgotten meanwhile',
  begin (chaos) {
    const { world, random } = chaos
    const p = random.pick([0.05, 0.3, 0.9])
    const before = world.gossipFate
    world.gossipFate = (from, to, bytes) => {
      const copies = before(from, to, bytes)
      return random.chance(p) && chaos.leftMs > 0 ? [...copies, { delayMs: random.between(1, 5_000), forgotten: true }] : copies
    }
  }
}
