import type { FaultClass } from '../chaos.js'

export const crash: FaultClass = {
  name: 'crash',
  what: 'kill -9 or loss of power: what was not synced is gone; it starts again soon or late',
  begin (chaos) {
    const { world, random } = chaos
    const silent = random.pick([0, 0.5, 1])
    chaos.every(random.pick([1_500, 5_000, 15_000]), () => {
      const node = chaos.some()
      if (node === undefined) return
      world.fault('crash', node)
      node.crash({ silently: random.chance(silent) })
      chaos.restart(node)
    })
  }
}
