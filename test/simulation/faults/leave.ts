import type { FaultClass } from '../chaos.js'

export const leave: FaultClass = {
  name: 'leave',
  what: 'a node goes and never comes back, in order or not, with whatever only it had',
  destroys: true,
  begin (chaos) {
    const { world, random } = chaos
    chaos.after(random.between(5_000, 30_000), () => {
      // A node that others need to reach each other is not missed by them for ever.
      const node = chaos.some(each => each.isAwake && !each.isBridge)
      if (node === undefined) return
      world.fault('gone', node)
      node.gone = true
      if (random.chance(0.5)) node.crash({ silently: random.chance(0.5) })
      else node.stop()
    })
  }
}
