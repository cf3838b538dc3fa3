import type { FaultClass } from '../chaos.js'

export const stop: FaultClass = {
  name: 'stop',
  what: 'a node is stopped in order, and started again soon or late',
  begin (chaos) {
    chaos.every(chaos.random.pick([3_000, 10_000]), () => {
      const node = chaos.some()
      if (node === undefined) return
      node.stop()
      chaos.restart(node)
    })
  }
}
