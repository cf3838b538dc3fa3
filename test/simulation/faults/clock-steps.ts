import type { FaultClass } from '../chaos.js'

/** The wall clock only: durations go by the monotonic one. */
export const clockSteps: FaultClass = {
  name: 'clock-steps',
  what: 'wall clocks step, seconds to hours, forwards and backwards',
  begin (chaos) {
    const { world, random } = chaos
    const most = random.pick([2_000, 600_000, 4 * 3_600_000])
    world.clockSkewMs += 2 * most
    chaos.every(random.between(3_000, 15_000), () => {
      const node = chaos.some(() => true)
      if (node === undefined) return
      node.clock.offsetMs = random.between(-most, most)
      world.fault('clock-step', node, `${Math.round(node.clock.offsetMs)} ms`)
    })
    chaos.onHeal(() => { if (random.chance(0.5)) for (const node of world.nodes) node.clock.offsetMs = 0 })
  }
}
