import type { FaultClass } from '../chaos.js'
import { forkingNetwork, SecondHistory } from '../second-history.js'

/** Nobody may take its word for more than it holds: whoever has the proof takes nothing from it until somebody lifts that. */
export const equivocation: FaultClass = {
  name: 'equivocation',
  what: 'a publisher signs a second history of its logs and says the one to some and the other to others; quarantines are lifted',
  begin (chaos) {
    const { world, random } = chaos
    const node = chaos.traitor()
    if (node === undefined) return
    world.fault('forked', node)
    const misled = new Set(world.nodes.filter(() => random.chance(0.5)).map(each => each.peerId))
    const history = new SecondHistory(world.keyring.of(node.peerId), world.meshHash, node.peerId, random.whole(1, 12))
    node.tamper = (network) => forkingNetwork(network, random, history, (peerId) => misled.has(peerId))
    const topics = random.shuffled(['a/x', 'b/x', 'c']).slice(0, random.whole(1, 3))
    let n = 0
    chaos.every(random.pick([200, 1_000, 4_000]), () => {
      for (let i = random.chance(0.1) ? 10 : 1; i > 0; i--) node.publish(random.pick(topics), `said ${n++}`)
    })
    if (random.chance(0.5)) return
    chaos.every(random.between(4_000, 20_000), () => {
      const other = chaos.some()
      if (other?.engine?.forks.lift(node.peerId, () => {}) === true) world.fault('lift', other)
    })
  }
}
