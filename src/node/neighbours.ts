import type { NetworkPeer } from '../network/network.js'

/** Channels remembered of one neighbour. */
const CHANNELS_MAX = 8192

interface Neighbour {
  readonly peer: NetworkPeer
  readonly channels: Set<string>
  /** Of these, the ones it has joined. */
  readonly joined: Set<string>
}

/** The neighbours that are up, and the channels they take part in. */
export class Neighbours {
  readonly #up = new Map<string, Neighbour>()
  readonly #full = new Set<string>()

  up (peer: NetworkPeer): void {
    this.#full.delete(peer.id)
    this.#up.set(peer.id, { peer, channels: this.#up.get(peer.id)?.channels ?? new Set(), joined: this.#up.get(peer.id)?.joined ?? new Set() })
  }

  down (peerId: string): void {
    this.#up.delete(peerId)
    this.#full.delete(peerId)
  }

  /** Its link is above its high-water mark, until it has drained. */
  filled (peerId: string): void { if (this.#up.has(peerId)) this.#full.add(peerId) }
  drained (peerId: string): void { this.#full.delete(peerId) }
  isFull (peerId: string): boolean { return this.#full.has(peerId) }

  isUp (peerId: string): boolean { return this.#up.has(peerId) }
  isRelay (peerId: string): boolean { return this.#up.get(peerId)?.peer.relay === true }
  /** It takes in what others publish in the channel, and does not only publish there. */
  hasJoined (peerId: string, channel: string): boolean { return this.#up.get(peerId)?.joined.has(channel) === true }
  get size (): number { return this.#up.size }
  ids (): Iterable<string> { return this.#up.keys() }
  peer (peerId: string): NetworkPeer | undefined { return this.#up.get(peerId)?.peer }
  channels (peerId: string): string[] { return [...this.#up.get(peerId)?.channels ?? []].sort() }

  /** Returns whether it was news. */
  takesPart (peerId: string, channel: string, does: boolean): boolean {
    const channels = this.#up.get(peerId)?.channels
    if (channels === undefined || channels.has(channel) === does) return false
    if (!does) return channels.delete(channel)
    if (channels.size >= CHANNELS_MAX) return false
    channels.add(channel)
    return true
  }

  joined (peerId: string, channel: string, has: boolean): void {
    const joined = this.#up.get(peerId)?.joined
    if (!has) joined?.delete(channel)
    else if (joined !== undefined && joined.size < CHANNELS_MAX) joined.add(channel)
  }

  /** Neighbours that take part in the channel: the publisher first, then those that keep whole channels. */
  inChannel (channel: string, publisher?: string): string[] {
    const out: string[] = []
    for (const [id, { channels }] of this.#up) if (channels.has(channel) || id === publisher) out.push(id)
    const rank = (id: string): number => id === publisher ? 0 : this.isRelay(id) ? 1 : 2
    return out.sort((a, b) => rank(a) - rank(b))
  }

  /** Whether this neighbour is one of them. */
  isInChannel (peerId: string, channel: string, publisher: string): boolean {
    const neighbour = this.#up.get(peerId)
    return neighbour !== undefined && (peerId === publisher || neighbour.channels.has(channel))
  }

  /** Some neighbour takes part in the channel. */
  hasChannel (channel: string): boolean {
    for (const { channels } of this.#up.values()) if (channels.has(channel)) return true
    return false
  }
}
