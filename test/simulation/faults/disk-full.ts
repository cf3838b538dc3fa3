import type { FaultClass } from '../chaos.js'

export const diskFull: FaultClass = {
  name: 'disk-full',
  what: 'a disk takes nothing new for a while',
  begin (chaos) {
    const { world, random } = chaos
    const lastsMs = random.pick([300, 4_000, 15_000])
    chaos.every(random.between(1_000, 8_000), () => {
      const node = chaos.some()
      if (node === undefined) return
      world.fault('disk-full', node)
      node.disk.full = true
      chaos.after(random.between(0, lastsMs), () => { node.disk.full = false })
    })
    chaos.onHeal(() => { for (const node of world.nodes) node.disk.full = false })
  }
}
