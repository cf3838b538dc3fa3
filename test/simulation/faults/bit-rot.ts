import type { FaultClass } from '../chaos.js'
import { rot } from '../disks.js'

export const bitRot: FaultClass = {
  name: 'bit-rot',
  what: 'bits of stored batches flip',
  destroys: true,
  begin (chaos) {
    const { world, random } = chaos
    chaos.every(random.between(2_000, 10_000), () => {
      const node = chaos.some(each => (each.disk.tables.get('batch')?.size ?? 0) > 0)
      if (node === undefined) return
      world.fault('rotten', node, `${rot(node.disk, random)} batches`)
      // What is in memory hides what is on disk.
      if (random.chance(0.5)) {
        node.crash()
        chaos.restart(node)
      }
    })
  }
}
