import type { FaultClass } from '../chaos.js'

export const slowNodes: FaultClass = {
  name: 'slow-nodes',
  what: 'everything a node does is late',
  begin (chaos) {
    const { world, random } = chaos
    for (const node of world.nodes) if (random.chance(0.4)) node.clock.lagMs = random.pick([2, 20, 200])
    chaos.onHeal(() => { for (const node of world.nodes) node.clock.lagMs = 0 })
  }
}
