import type { FaultClass } from '../chaos.js'

type Group = readonly string[]

export const partition: FaultClass = {
  name: 'partition',
  what: 'the mesh is split: in halves, one apart, in a ring of neighbours, or held together by one bridge',
  begin (chaos) {
    const { world, random } = chaos
    const lastsMs = random.pick([1_000, 8_000, 30_000])
    chaos.every(random.between(3_000, 12_000), () => {
      const ids = random.shuffled(world.nodes.map(node => node.peerId))
      const shape = random.pick(['halves', 'isolate', 'ring', 'bridge'])
      world.fault('partition', undefined, shape)
      const cut = (a: Group, b: Group): void => { world.mesh.partition(a, b) }
      const middle = random.whole(1, ids.length - 1)
      if (shape === 'halves') cut(ids.slice(0, middle), ids.slice(middle))
      if (shape === 'isolate') cut(ids.slice(0, 1), ids.slice(1))
      if (shape === 'bridge') cut(ids.slice(1, middle + 1), ids.slice(middle + 1))
      if (shape === 'ring') for (const [i, id] of ids.entries()) cut([id], ids.filter((_, j) => j !== i && j !== (i + 1) % ids.length && i !== (j + 1) % ids.length))
      chaos.after(random.between(0, lastsMs), () => { world.mesh.heal() })
    })
    chaos.onHeal(() => { world.mesh.heal() })
  }
}
