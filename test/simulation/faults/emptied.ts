import { createMemoryDisk } from '../../../src/store/memory-store.js'
import type { FaultClass } from '../chaos.js'

export const emptied: FaultClass = {
  name: 'emptied',
  what: 'a node starts on an empty disk with its old identity, and the loss accepted',
  destroys: true,
  begin (chaos) {
    const { world, random } = chaos
    chaos.after(random.between(1_000, 20_000), () => {
      const node = chaos.some(each => each.isUp)
      if (node === undefined) return
      world.fault('disk-lost', node)
      node.crash()
      node.disk = createMemoryDisk()
      node.subscriber.diskChanged()
      chaos.restart(node)
    })
  }
}
