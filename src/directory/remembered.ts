/**
 * The durable subscriptions of other nodes, which have a claim on what the outbox keeps. They are remembered on disk, for a node
 * that is away is owed what it has not settled; but not for ever: a node that is not heard of for `lapseAfterMs` has none
 * any more, until it is heard of again.
 *
 *   heard ──long unheard──► warned ──lapseAfterMs──► lapsed
 *     ▲─────────────── heard of again ◄───────────────┘
 */
import { concatBytes, fromUtf8, utf8, utf8Length } from '../base/bytes.js'
import { NAME_BYTES_MAX } from '../base/limits.js'
import { FilterSet, filterFault } from '../message/filter.js'
import { Announcement, type AnnouncedSubscription } from '../message/wire.js'
import { readU64, u64 } from '../store/keys.js'
import { rowsOf } from '../store/rows-of.js'
import type { Store } from '../store/store.js'

/** Durable subscriptions remembered of one other node, and nodes of which some are. */
export const REMEMBERED_MAX = 1024
const REMEMBERED_BYTES_MAX = 512 * 1024
export const REMEMBERED_NODES_MAX = 16_384
/** Memory for all of them, bytes. */
export const REMEMBERED_BYTES_ALL_MAX = 64 * 1024 * 1024
/** Channels for which the claims are kept at hand. */
const CHANNELS_AT_HAND_MAX = 4096
/** The warning comes a week before the end of a month, and of other times in proportion. */
export const warnAfterMs = (lapseAfterMs: number): number => lapseAfterMs * 23 / 30
/** That a node was heard of is written so often at most: in so many parts of `lapseAfterMs`, and once an hour. */
const WRITES_PER_LAPSE = 24
const WRITE_INTERVAL_MS = 3_600_000

/** A durable subscription of another node, for as long as it may claim what the outbox keeps. */
export interface RememberedSubscription {
  readonly peerId: string
  readonly name: string
  readonly filters: FilterSet
  readonly createdAt: number
}

export type ClaimState = 'heard' | 'warned' | 'lapsed'
const STATES: readonly ClaimState[] = ['heard', 'warned', 'lapsed']

export interface RememberedOptions {
  readonly store: Store
  /** How long this node has lived, over all its starts, ms. Default: 0, for which nothing lapses. */
  readonly livedMs?: () => number
  /** After so long unheard of a node has no claims. 0: never. Default 0. */
  readonly lapseAfterMs?: number
  readonly lapsing?: (subscription: RememberedSubscription, inMs: number) => void
  readonly lapsed?: (subscription: RememberedSubscription) => void
  /** Who claims what is not as it was. */
  readonly changed: () => void
}

interface Node {
  subscriptions: RememberedSubscription[]
  /** Highest sequence of its announcements that was heard. */
  sequence: number
  /** When it was heard of last, in time lived; and as it stands on disk. */
  heardAtMs: number
  writtenMs: number
  state: ClaimState
}

export class Remembered {
  readonly #o: RememberedOptions
  readonly #livedMs: () => number
  readonly #lapseAfterMs: number
  readonly #nodes = new Map<string, Node>()
  #bytes = 0
  readonly #byChannel = new Map<string, RememberedSubscription[]>()

  constructor (options: RememberedOptions) {
    this.#o = options
    this.#livedMs = options.livedMs ?? (() => 0)
    this.#lapseAfterMs = options.lapseAfterMs ?? 0
    for (const [key, value] of rowsOf(options.store, 'peer')) {
      const peerId = fromUtf8(key)
      const node = decode(peerId, value, this.#livedMs())
      if (node === undefined || node.subscriptions.length === 0) continue
      this.#nodes.set(peerId, node)
      this.#bytes += weigh(node.subscriptions)
    }
  }

  /** A node has said something, with this sequence. What it has said before comes again from others when it is long gone: only what is newer counts. */
  heard (peerId: string, sequence: number): void {
    const node = this.#nodes.get(peerId)
    if (node === undefined) return
    const isNews = sequence > node.sequence
    // Lower when its clock was set back: from there on it counts again.
    node.sequence = sequence
    if (!isNews) return
    node.heardAtMs = this.#livedMs()
    const wasLapsed = node.state === 'lapsed'
    if (node.state !== 'heard' || node.heardAtMs - node.writtenMs >= Math.min(WRITE_INTERVAL_MS, this.#lapseAfterMs / WRITES_PER_LAPSE)) {
      node.state = 'heard'
      this.#write(peerId, node)
    }
    if (wasLapsed) this.#changed()
  }

  /** All that a node announces of durable subscriptions. `mayTake`: whether so much more memory may be used for whoever told of them. */
  remember (peerId: string, announced: readonly AnnouncedSubscription[], sequence: number, mayTake: (bytes: number) => boolean = () => true): void {
    const subscriptions = toRemembered(peerId, announced)
    const before = this.#nodes.get(peerId)
    if (describe(before?.subscriptions ?? []) === describe(subscriptions)) return
    if (subscriptions.length === 0) {
      this.#forget(peerId)
    } else {
      if (before === undefined && this.#nodes.size >= REMEMBERED_NODES_MAX && !this.#forgetLapsed()) return
      const more = weigh(subscriptions) - weigh(before?.subscriptions ?? [])
      if (more > 0 && (this.#bytes + more > REMEMBERED_BYTES_ALL_MAX || !mayTake(more))) return
      this.#bytes += more
      const node: Node = { subscriptions, sequence, heardAtMs: this.#livedMs(), writtenMs: 0, state: 'heard' }
      this.#nodes.set(peerId, node)
      this.#write(peerId, node)
    }
    this.#changed()
  }

  #forget (peerId: string): void {
    this.#bytes -= weigh(this.#nodes.get(peerId)?.subscriptions ?? [])
    this.#nodes.delete(peerId)
    this.#o.store.commit([{ type: 'del', table: 'peer', key: utf8(peerId) }], () => {})
  }

  /** Makes room for another node. */
  #forgetLapsed (): boolean {
    let oldest: [string, Node] | undefined
    for (const entry of this.#nodes) if (entry[1].state === 'lapsed' && (oldest === undefined || entry[1].heardAtMs < oldest[1].heardAtMs)) oldest = entry
    if (oldest !== undefined) this.#forget(oldest[0])
    return oldest !== undefined
  }

  #write (peerId: string, node: Node): void {
    node.writtenMs = node.heardAtMs
    // Not awaited: a node that was forgotten in a crash says it again.
    this.#o.store.commit([{ type: 'put', table: 'peer', key: utf8(peerId), value: encode(node) }], () => {})
  }

  #changed (): void {
    this.#byChannel.clear()
    this.#o.changed()
  }

  /** Durable subscriptions of other nodes that claim what is published in this channel. */
  claims (channel: string): readonly RememberedSubscription[] {
    const known = this.#byChannel.get(channel)
    if (known !== undefined) return known
    const claims = [...this.#nodes.values()].filter(({ state }) => state !== 'lapsed').flatMap(({ subscriptions }) => subscriptions).filter(({ filters }) => filters.matchesChannel(channel))
    if (this.#byChannel.size >= CHANNELS_AT_HAND_MAX) this.#byChannel.clear()
    this.#byChannel.set(channel, claims)
    return claims
  }

  /** All that are remembered, lapsed ones too, and for how long their nodes were not heard of. */
  * all (): Iterable<RememberedSubscription & { readonly state: ClaimState, readonly unheardMs: number }> {
    for (const { subscriptions, state, heardAtMs } of this.#nodes.values()) {
      for (const subscription of subscriptions) yield { ...subscription, state, unheardMs: Math.max(0, this.#livedMs() - heardAtMs) }
    }
  }

  /** Warns of those that have not been heard of for long, and ends the claims of those that have not for too long. */
  look (): void {
    if (this.#lapseAfterMs === 0) return
    let lapsed = false
    for (const [peerId, node] of this.#nodes) {
      const unheardMs = this.#livedMs() - node.heardAtMs
      if (node.state === 'heard' && unheardMs >= warnAfterMs(this.#lapseAfterMs)) {
        node.state = 'warned'
        this.#write(peerId, node)
        for (const subscription of node.subscriptions) this.#o.lapsing?.(subscription, Math.max(0, this.#lapseAfterMs - unheardMs))
      } else if (node.state === 'warned' && unheardMs >= this.#lapseAfterMs) {
        node.state = 'lapsed'
        lapsed = true
        this.#write(peerId, node)
        for (const subscription of node.subscriptions) this.#o.lapsed?.(subscription)
      }
    }
    if (lapsed) this.#changed()
  }
}

function toRemembered (peerId: string, subscriptions: readonly AnnouncedSubscription[]): RememberedSubscription[] {
  let bytes = 0
  const fits = (filters: readonly string[]): boolean => (bytes += 64 + filters.reduce((sum, filter) => sum + utf8Length(filter) + 3, 0)) <= REMEMBERED_BYTES_MAX
  return subscriptions.slice(0, REMEMBERED_MAX).filter(({ name, filters }) => name !== '' && utf8Length(name) <= NAME_BYTES_MAX && filters.length > 0 && filters.every(filter => filterFault(filter) === undefined) && fits(filters))
    .map(({ name, filters, createdAt }) => ({ peerId, name, filters: new FilterSet(filters), createdAt }))
}

/** About what they cost in memory. */
const weigh = (subscriptions: readonly RememberedSubscription[]): number => subscriptions.reduce((sum, { name, filters }) => sum + 256 + name.length + filters.filters.reduce((bytes, filter) => bytes + 64 + filter.length, 0), 0)

const describe = (subscriptions: readonly RememberedSubscription[]): string => JSON.stringify(subscriptions.map(({ name, filters, createdAt }) => [name, filters.filters, createdAt]))

/** The row of the table `peer`: version 2, when it was heard of (u64), sequence (u64), state; then an Announcement with nothing but subscriptions. Version 1 has that only. */
function encode ({ subscriptions, heardAtMs, sequence, state }: Node): Uint8Array {
  const empty = new Uint8Array(0)
  return concatBytes([Uint8Array.of(2), u64(heardAtMs), u64(sequence), Uint8Array.of(STATES.indexOf(state)), Announcement.encode({
    mesh: empty, publisher: empty, sequence: 0, time: 0, page: 0, pages: 0, relay: false, addresses: [], joined: [], heads: [], life: empty, startedAt: 0, rival: empty,
    subscriptions: subscriptions.map(({ name, filters, createdAt }) => ({ name, filters: [...filters.filters], createdAt }))
  })])
}

function decode (peerId: string, value: Uint8Array, livedMs: number): Node | undefined {
  const bytes = Uint8Array.from(value)
  const of = (from: number): RememberedSubscription[] => toRemembered(peerId, Announcement.decode(bytes.subarray(from)).subscriptions)
  try {
    if (bytes[0] === 1) return { subscriptions: of(1), sequence: 0, heardAtMs: livedMs, writtenMs: 0, state: 'heard' }
    if (bytes[0] !== 2) return undefined
    const heardAtMs = Math.min(livedMs, readU64(bytes, 1))
    return { subscriptions: of(18), sequence: readU64(bytes, 9), heardAtMs, writtenMs: heardAtMs, state: STATES[bytes[17] ?? 0] ?? 'heard' }
  } catch {
    // A damaged row: the node says it again.
    return undefined
  }
}
