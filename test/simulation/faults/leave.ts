import type { FaultClass } from '../chaos.js'

export const leave: FaultClass = {
  name: 'leave',
  what: 'a node goes and never comes back, in order or not, with whatever only it had',
  destroys: true,
  leaves: true,
  begin (chaos) {
    const { world, random } = chaos
    chaos.after(random.between(5_000, 30_000), () => {
      // A node that others need to reach each other is not missed by them for ever.
      const node = chaos.some(each => each.isAwake && !each.isBridge)
      if (node === undefined) return
      node.gone = true
      // What it still publishes while it stops goes with it.
      const tell = (): void => {
        if (node.isUp) world.clock.after(10, tell)
        else world.fault('gone', node)
      }
      if (random.chance(0.5)) node.crash({ silently: random.chance(0.5) })
      else node.stop()
      tell()
    })
  }
}
