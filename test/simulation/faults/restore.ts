import type { FaultClass } from '../chaos.js'
import { copyOfDisk } from '../disks.js'

export const restore: FaultClass = {
  name: 'restore',
  what: 'an older copy of its disk is put back under a node',
  destroys: true,
  begin (chaos) {
    const { world, random } = chaos
    chaos.after(random.between(500, 15_000), () => {
      const node = chaos.some(each => each.isUp)
      if (node === undefined) return
      const copy = copyOfDisk(node.disk)
      chaos.after(random.between(500, 15_000), () => {
        world.fault('restored', node)
        node.crash()
        node.disk = copy
        node.subscriber.diskChanged()
        chaos.restart(node)
      })
    })
  }
}
