import type { FaultClass } from '../chaos.js'

export const drift: FaultClass = {
  name: 'drift',
  what: 'clocks run too fast or too slow, all the time',
  begin ({ world, random }) {
    const most = random.pick([0.001, 0.05, 0.3])
    // A run may take most of an hour to come to rest.
    world.clockSkewMs += 2 * most * 3_600_000
    for (const node of world.nodes) if (random.chance(0.6)) node.clock.rate = 1 + random.between(-most, most)
  }
}
