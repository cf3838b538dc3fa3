import type { FaultClass } from '../chaos.js'
import { lyingNetwork } from '../tamper.js'

/** It never stops lying, so it must not be what joins the others: no relay lies, and nothing is published or subscribed at it. */
export const lyingNeighbour: FaultClass = {
  name: 'lying-neighbour',
  what: 'a node alters, withholds and replays what it sends, frames and gossip, and sends garbage',
  begin ({ world, random }) {
    const node = random.shuffled(world.nodes).find(each => !each.relay)
    if (node === undefined || world.nodes.length < 3) return
    node.lies = true
    world.fault('lies', undefined, node.name)
    const rate = random.pick([0.02, 0.2, 0.6])
    const lies = { garbage: random.float() * rate, altered: random.float() * rate, withheld: random.float() * rate, replayed: random.float() * rate }
    node.tamper = (network) => lyingNetwork(network, random, lies)
  }
}
