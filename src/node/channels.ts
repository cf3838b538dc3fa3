import { isChannel } from '../message/topic.js'

/** Channels a relay joins, and a wildcard subscription takes in. A choice. */
export const CHANNELS_MAX = 1024

export interface ChannelsContext {
  readonly relay: boolean
  /** A subscription here takes in this channel. */
  readonly subscribed: (channel: string) => boolean
  /** Channels that subscriptions here name outright. */
  readonly named: () => Iterable<string>
  readonly join: (channel: string) => void
  readonly leave: (channel: string) => void
  readonly added: (channel: string) => void
  /** There are more channels than this node may join. */
  readonly overflow: (channel: string) => void
}

/**
 * Which channels this node joins: those its subscriptions name, those known that a wildcard takes in, and on a relay every
 * channel it hears of.
 */
export class Channels {
  readonly #c: ChannelsContext
  readonly #known = new Set<string>()
  readonly #joined = new Set<string>()
  /** Channels that this node publishes to: it takes part in them, though it need not join. */
  readonly #published = new Set<string>()
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
  get known (): ReadonlySet<string> { return this.#known }

  published (channel: string): void {
    if (this.#published.has(channel)) return
    this.#published.add(channel)
    if (!this.#joined.has(channel)) this.#c.added(channel)
    this.heard(channel)
  }

  /** Somebody uses this channel. Returns whether that was news. */
  heard (channel: string): boolean {
    if (this.#known.has(channel) || !isChannel(channel)) return false
    if (this.#known.size >= CHANNELS_MAX * 4) {
      this.#overflow(channel)
      return false
    }
    this.#known.add(channel)
    if (this.#wants(channel)) this.#join(channel)
    return true
  }

  #wants (channel: string): boolean { return this.#c.relay || this.#c.subscribed(channel) }

  #join (channel: string): void {
    if (this.#joined.has(channel)) return
    if (this.#joined.size >= CHANNELS_MAX) {
      this.#overflow(channel)
      return
    }
    this.#joined.add(channel)
    this.#c.join(channel)
    this.#c.added(channel)
  }

  #overflow (channel: string): void {
    if (this.#overflowed) return
    this.#overflowed = true
    this.#c.overflow(channel)
  }

  /** Subscriptions have come or gone. */
  refresh (): void {
    for (const channel of this.#c.named()) if (isChannel(channel)) this.#known.add(channel)
    for (const channel of this.#known) if (this.#wants(channel)) this.#join(channel)
    for (const channel of this.#joined) {
      if (this.#wants(channel)) continue
      this.#joined.delete(channel)
      this.#c.leave(channel)
    }
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
