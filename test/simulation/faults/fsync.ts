import type { FaultClass } from '../chaos.js'

export const fsync: FaultClass = {
  name: 'fsync',
  what: 'an fsync fails: the store has failed for good, the node stops, and starts again; the commit is on disk or not',
  begin (chaos) {
    const { world, random } = chaos
    chaos.every(random.between(3_000, 15_000), () => {
      const node = chaos.some()
      if (node === undefined) return
      world.fault('fsync', node)
      node.disk.keepsFailed = random.chance(0.5)
      node.restartAfterMs = random.pick([10, 1_000, 8_000])
      node.disk.broken = node.fsyncFails = true
    })
    chaos.onHeal(() => { for (const node of world.nodes) node.disk.broken = false })
  }
}
