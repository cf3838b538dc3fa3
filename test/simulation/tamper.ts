import type { Network } from '../../src/network/network.js'
import type { SeededRandom } from './random.js'

/** How often a lying node does what with what its engine would send. */
export interface Lies {
  readonly garbage: number
  readonly altered: number
  readonly withheld: number
  readonly replayed: number
}

const KEPT_MAX = 50

/**
 * A network port that lies: frames and gossip are altered, withheld, answered with garbage, and said again long after. It knows its node's
 * key alone, so what it alters of others' words does not hold.
 */
export function lyingNetwork (network: Network, random: SeededRandom, lies: Lies): Network {
  const kept: Uint8Array[] = []
  const keep = (bytes: Uint8Array): void => {
    if (kept.length < KEPT_MAX) kept.push(bytes.slice())
    else kept[random.whole(0, KEPT_MAX - 1)] = bytes.slice()
  }
  const twisted = (bytes: Uint8Array): Uint8Array | undefined => {
    keep(bytes)
    if (random.chance(lies.withheld)) return undefined
    if (random.chance(lies.garbage)) return random.bytes(random.whole(1, 200))
    if (!random.chance(lies.altered)) return bytes
    const out = bytes.slice()
    for (let n = random.whole(1, 4); n > 0; n--) {
      const at = random.whole(0, out.length - 1)
      out[at] = (out[at] as number) ^ (1 << random.whole(0, 7))
    }
    return out
  }
  return {
    ...portOf(network),
    send: (peerId, frame) => {
      const out = twisted(frame)
      const roomLeft = out === undefined ? true : network.send(peerId, out)
      if (random.chance(lies.replayed)) network.send(peerId, random.pick(kept))
      return roomLeft
    },
    gossip: (topic, data) => {
      if (random.chance(lies.replayed)) network.gossip(topic, random.pick([data, ...kept]))
      const out = twisted(data)
      return out === undefined ? { recipients: 0, withheld: [], full: false } : network.gossip(topic, out)
    }
  }
}

/** The port as an object of its own, parts of which can be put in the place of others. */
export function portOf (network: Network): Network {
  return {
    peerId: network.peerId,
    start: (handlers) => network.start(handlers),
    stop: () => network.stop(),
    addresses: () => network.addresses(),
    peers: () => network.peers(),
    send: (peerId, frame) => network.send(peerId, frame),
    gossip: (topic, data) => network.gossip(topic, data),
    unsentBytes: () => network.unsentBytes(),
    join: (topic) => { network.join(topic) },
    leave: (topic) => { network.leave(topic) },
    addBootstrap: (address) => { network.addBootstrap(address) },
    pause: (peerId, ms) => { network.pause(peerId, ms) },
    disconnect: (peerId, reason, banMs) => { network.disconnect(peerId, reason, banMs) }
  }
}
