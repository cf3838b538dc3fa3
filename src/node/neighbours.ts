import type { Clock } from '../base/clock.js'
import type { NetworkPeer } from '../network/network.js'

/** Offences within this time count together. */
const STRIKE_WINDOW_MS = 600_000
/** So many, and the neighbour is cut off for a while. */
const STRIKES_MAX = 3
export const BAN_MS = 60_000
/** Channels remembered of one neighbour. */
const CHANNELS_MAX = 8192

interface Neighbour {
  readonly peer: NetworkPeer
  readonly channels: Set<string>
}

/** The neighbours that are up, the channels they take part in, and what they have done wrong. */
export class Neighbours {
  readonly #up = new Map<string, Neighbour>()
  readonly #strikes = new Map<string, { count: number, sinceMs: number }>()

  constructor (private readonly clock: Clock, private readonly cut: (peerId: string, reason: string, banMs: number) => void) {}

  up (peer: NetworkPeer): void { this.#up.set(peer.id, { peer, channels: this.#up.get(peer.id)?.channels ?? new Set() }) }
  down (peerId: string): void { this.#up.delete(peerId) }
  isUp (peerId: string): boolean { return this.#up.has(peerId) }
  get size (): number { return this.#up.size }
  ids (): Iterable<string> { return this.#up.keys() }
  peer (peerId: string): NetworkPeer | undefined { return this.#up.get(peerId)?.peer }
  channels (peerId: string): string[] { return [...this.#up.get(peerId)?.channels ?? []].sort() }

  /** Returns whether it was news. */
  takesPart (peerId: string, channel: string, does: boolean): boolean {
    const channels = this.#up.get(peerId)?.channels
    if (channels === undefined || channels.has(channel) === does) return false
    if (does && channels.size < CHANNELS_MAX) channels.add(channel)
    else channels.delete(channel)
    return true
  }

  /** Neighbours that take part in the channel: the publisher first, then those that keep whole channels. */
  inChannel (channel: string, publisher?: string): string[] {
    const out: string[] = []
    for (const [id, { channels }] of this.#up) if (channels.has(channel) || id === publisher) out.push(id)
    const rank = (id: string): number => id === publisher ? 0 : this.#up.get(id)?.peer.relay === true ? 1 : 2
    return out.sort((a, b) => rank(a) - rank(b))
  }

  strike (peerId: string): void {
    const now = this.clock.nowMs()
    let entry = this.#strikes.get(peerId)
    if (entry === undefined || now - entry.sinceMs > STRIKE_WINDOW_MS) {
      if (this.#strikes.size >= 4096) this.#strikes.clear()
      this.#strikes.set(peerId, entry = { count: 0, sinceMs: now })
    }
    if (++entry.count < STRIKES_MAX) return
    this.#strikes.delete(peerId)
    this.cut(peerId, 'it broke the protocol', BAN_MS)
  }
}
