import type { FaultClass } from '../chaos.js'

export const lateJoin: FaultClass = {
  name: 'late-join',
  what: 'nodes come that were not there when it began',
  begin (chaos) {
    const { world, random } = chaos
    for (const node of world.nodes) if (random.chance(0.3)) node.startsAtMs = Math.min(random.between(2_000, 40_000), chaos.leftMs)
  }
}
