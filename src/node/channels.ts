import { isChannel } from '../message/topic.js'

/** Channels a relay joins, and a wildcard subscription takes in. A choice. */
export const CHANNELS_MAX = 1024
/** Channels that are known, joined or not. */
export const KNOWN_CHANNELS_MAX = 4 * CHANNELS_MAX
/** A channel of which nothing is here, that nobody near takes part in and that nobody speaks of, is forgotten after so long. As `STALE_MS` of the directory. */
export const CHANNEL_IDLE_MS = 600_000

/** So long a count of places holds. */
const COUNT_VALID_MS = 1_000

export interface ChannelsContext {
  readonly relay: boolean
  readonly nowMs: () => number
  /** A subscription here takes in this channel. */
  readonly subscribed: (channel: string) => boolean
  /** Channels that subscriptions here name outright. */
  readonly named: () => Iterable<string>
  /** Records of this channel are on this node's disk. */
  readonly holds: (channel: string) => boolean
  /** Something of it is known to exist that this node still waits for: who waits is to be told what will not come. */
  readonly awaits: (channel: string) => boolean
  /** Some neighbour takes part in it. */
  readonly isNear: (channel: string) => boolean
  readonly join: (channel: string) => void
  readonly leave: (channel: string) => void
  readonly added: (channel: string) => void
  /** There are more channels than this node may join. */
  readonly overflow: (channel: string) => void
}

interface Known {
  /** The neighbour that spoke of it first; none: it comes from this node itself. */
  readonly from: string | undefined
  heardMs: number
}

interface Count { readonly atMs: number, readonly empty: Map<string, string[]> }

/**
 * Which channels this node joins: those its subscriptions name, those known that a wildcard takes in, and on a relay every
 * channel it hears of. Anyone can make up channels: where places are few, a neighbour that takes up more of them with
 * channels of which nothing is here gives way to the others.
 */
export class Channels {
  readonly #c: ChannelsContext
  readonly #known = new Map<string, Known>()
  readonly #joined = new Set<string>()
  /** Channels that this node publishes to: it takes part in them, though it need not join. */
  readonly #published = new Set<string>()
  readonly #counted: { known?: Count, joined?: Count } = {}
  #overflowed = false

  constructor (context: ChannelsContext) {
    this.#c = context
  }

  get joined (): ReadonlySet<string> { return this.#joined }
  isJoined (channel: string): boolean { return this.#joined.has(channel) }
  takesPart (channel: string): boolean { return this.#joined.has(channel) || this.#published.has(channel) }
  * all (): Iterable<string> {
    yield * this.#joined
    for (const channel of this.#published) if (!this.#joined.has(channel)) yield channel
  }

  /** Known channels that are on this node's disk or that it has heard of. */
  get known (): ReadonlySet<string> { return new Set(this.#known.keys()) }

  published (channel: string): void {
    if (this.#published.has(channel)) return
    this.#published.add(channel)
    if (!this.#joined.has(channel)) this.#c.added(channel)
    this.heard(channel)
  }

  /** Somebody uses this channel, as `from` says; without it this node itself does. Returns whether that was news. */
  heard (channel: string, from?: string): boolean {
    const known = this.#known.get(channel)
    if (known !== undefined) {
      known.heardMs = this.#c.nowMs()
      // There may be a place by now.
      if (!this.#joined.has(channel) && this.#overflowed && this.#wants(channel)) this.#join(channel)
      return false
    }
    if (!isChannel(channel)) return false
    if (this.#known.size >= KNOWN_CHANNELS_MAX && !this.#makeRoom('known', from)) {
      this.#overflow(channel)
      return false
    }
    this.#known.set(channel, { from, heardMs: this.#c.nowMs() })
    this.#note('known', channel)
    if (this.#wants(channel)) this.#join(channel)
    return true
  }

  #wants (channel: string): boolean { return this.#c.relay || this.#c.subscribed(channel) }

  #join (channel: string): void {
    if (this.#joined.has(channel)) return
    if (this.#joined.size >= CHANNELS_MAX && !this.#makeRoom('joined', this.#isKept(channel) ? undefined : this.#known.get(channel)?.from)) {
      this.#overflow(channel)
      return
    }
    this.#joined.add(channel)
    this.#note('joined', channel)
    this.#c.join(channel)
    this.#c.added(channel)
  }

  /** Something of it is here, or this node itself uses it: nobody's junk takes its place. */
  #isKept (channel: string): boolean {
    return this.#published.has(channel) || this.#known.get(channel)?.from === undefined || this.#c.holds(channel)
  }

  /** Takes one place from the neighbour that has most of them for nothing, if that is more than `from` would have then. */
  #makeRoom (places: 'known' | 'joined', from: string | undefined): boolean {
    const empty = this.#empty(places)
    let most: string[] = []
    for (const channels of empty.values()) if (channels.length > most.length) most = channels
    if (from !== undefined && most.length <= (empty.get(from)?.length ?? 0) + 1) return false
    const channel = most.shift()
    if (channel === undefined) return false
    if (places === 'joined') this.#leave(channel)
    else this.#forget(channel)
    return true
  }

  /** By neighbour, the places that it takes up with channels of which nothing is here. Counted now and then: a flood must not cost a count each. */
  #empty (places: 'known' | 'joined'): Map<string, string[]> {
    const nowMs = this.#c.nowMs()
    const last = this.#counted[places]
    if (last !== undefined && nowMs - last.atMs < COUNT_VALID_MS) return last.empty
    const empty = new Map<string, string[]>()
    this.#counted[places] = { atMs: nowMs, empty }
    for (const channel of places === 'joined' ? this.#joined : this.#known.keys()) if (!this.#isKept(channel)) this.#note(places, channel)
    return empty
  }

  #note (places: 'known' | 'joined', channel: string): void {
    const empty = this.#counted[places]?.empty
    const from = this.#known.get(channel)?.from
    if (empty === undefined || from === undefined) return
    const list = empty.get(from)
    if (list === undefined) empty.set(from, [channel])
    else list.push(channel)
  }

  #leave (channel: string): void {
    if (this.#joined.delete(channel)) this.#c.leave(channel)
  }

  #forget (channel: string): void {
    this.#leave(channel)
    this.#known.delete(channel)
  }

  #overflow (channel: string): void {
    if (this.#overflowed) return
    this.#overflowed = true
    this.#c.overflow(channel)
  }

  /** Forgets what nobody uses any more. */
  prune (): void {
    const beforeMs = this.#c.nowMs() - CHANNEL_IDLE_MS
    const named = new Set(this.#c.named())
    for (const [channel, { heardMs }] of this.#known) {
      if (heardMs >= beforeMs || named.has(channel) || this.#published.has(channel) || this.#c.holds(channel) || this.#c.isNear(channel) || this.#c.awaits(channel)) continue
      this.#forget(channel)
    }
  }

  /** Subscriptions have come or gone. */
  refresh (): void {
    for (const channel of this.#c.named()) if (isChannel(channel)) this.#known.set(channel, { from: undefined, heardMs: this.#c.nowMs() })
    for (const channel of [...this.#known.keys()]) if (this.#wants(channel)) this.#join(channel)
    for (const channel of this.#joined) if (!this.#wants(channel)) this.#leave(channel)
  }
}

/** Gossip topics of this node. The network room puts the mesh before them, so that meshes never meet. */
export const GOSSIP_TOPICS = {
  directory: 'directory',
  ofChannel: (channel: string): string => `c/${channel}`,
  /** The channel of a topic; undefined for any other. */
  channelOf (topic: string): string | undefined {
    const channel = topic.startsWith('c/') ? topic.slice(2) : ''
    return isChannel(channel) ? channel : undefined
  }
}
