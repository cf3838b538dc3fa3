import type { FaultClass } from '../chaos.js'
import { lyingNetwork } from '../tamper.js'

export const lyingNeighbour: FaultClass = {
  name: 'lying-neighbour',
  what: 'a node alters, withholds and replays what it sends, frames and gossip, and sends garbage',
  withholds: true,
  begin (chaos) {
    const { world, random } = chaos
    const node = chaos.traitor()
    if (node === undefined) return
    world.fault('lies', undefined, node.name)
    const rate = random.pick([0.02, 0.2, 0.6])
    const lies = { garbage: random.float() * rate, altered: random.float() * rate, withheld: random.float() * rate, replayed: random.float() * rate }
    node.tamper = (network) => lyingNetwork(network, random, lies)
  }
}
