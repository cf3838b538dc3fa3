/**
 * The directory: what each node announces of itself, and what this node remembers of others. Announcements are signed, go
 * by gossip on a topic that every node joins and from neighbour to neighbour when they connect; the newest sequence holds.
 *
 * An announcement carries the whole of a node's addresses, channels and durable subscriptions, and the heads that have moved
 * lately (all of them at each refresh): heads only grow, so that a part of them is never wrong.
 */
import { Budgets } from '../base/budget.js'
import type { Clock, Random, Timer } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import { copyBytes, toHex, utf8Length } from '../base/bytes.js'
import type { Incarnation } from '../message/ids.js'
import { peerIdToBytes } from '../message/peer-id.js'
import { ANNOUNCEMENT_PAGES_MAX, openAnnouncement, signAnnouncement, type AnnouncementPage } from '../message/signed.js'
import { isChannel } from '../message/topic.js'
import type { AnnouncedHead, AnnouncedSubscription } from '../message/wire.js'
import type { Store } from '../store/store.js'
import { KnownNodes, NEIGHBOUR_BYTES_MAX, NODES_MAX } from './known-nodes.js'
import { OwnLives, type Rival } from './own-lives.js'
import { Remembered, REMEMBERED_MAX, type RememberedOptions, type RememberedSubscription } from './remembered.js'

/** A node says again all it has to say. */
export const REFRESH_MS = 60_000
/** A node not heard of for so long is dropped from the directory; its durable subscriptions stay. */
export const STALE_MS = 10 * REFRESH_MS
/** After a change, so long until it is announced, and so long between two announcements. */
const SETTLE_MS = 100
const INTERVAL_MS = 1_000
/** Nodes not heard of before that one neighbour may tell of each second, beyond `NODES_MAX` at once. */
export const NEW_NODES_PER_SECOND = 16
/** A page is cut when it has about so many bytes; a larger one than the second is refused: it must fit in a frame with others. */
const PAGE_BYTES = 192 * 1024
export const PAGE_BYTES_MAX = 512 * 1024
/** An announcement is not believed when it claims to come from so far in the future. */
const AHEAD_MS = 24 * 3_600_000
/** Memory for durable subscriptions that one neighbour may add each second, beyond `NEIGHBOUR_BYTES_MAX` at once. */
const NEW_SUBSCRIPTION_BYTES_PER_SECOND = 64 * 1024

type Bytes = Uint8Array<ArrayBuffer>

export interface OwnAnnouncement {
  /** The latest time in a header that this node has signed. */
  readonly newestMs: number
  readonly relay: boolean
  readonly addresses: readonly string[]
  readonly joined: readonly string[]
  readonly subscriptions: ReadonlyArray<{ readonly name: string, readonly filters: readonly string[], readonly createdAt: number }>
  /** Heads of the own current logs: all, or those that moved since the last call. */
  readonly heads: (all: boolean) => AnnouncedHead[]
}

export interface AnnouncedLogHead {
  readonly publisher: string
  readonly channel: string
  readonly incarnation: Incarnation
  readonly position: number
  readonly hash: Uint8Array
}

export interface DirectoryOptions {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly self: string
  readonly store: Store
  readonly own: () => OwnAnnouncement
  readonly gossip: (page: Uint8Array) => void
  /** Tells all neighbours over their links, which lose nothing. */
  readonly tell: (pages: Uint8Array[]) => void
  /** A node announced these heads and channels. */
  readonly heard: (publisher: string, heads: AnnouncedLogHead[], joined: readonly string[], from: string) => void
  /** A neighbour brought what this node announced: news, with this sequence. */
  readonly came?: (author: string, sequence: number, from: string) => void
  /** A neighbour, or somebody of whom something is kept: kept before those who are only names. */
  readonly isUseful?: (author: string) => boolean
  readonly subscriptionsChanged: () => void
  /** When durable subscriptions of other nodes lapse. Default: never. */
  readonly lapse?: Pick<RememberedOptions, 'livedMs' | 'lapseAfterMs' | 'lapsing' | 'lapsed'>
  /** This node itself announced these heads, in another life. */
  readonly heardSelf?: (heads: AnnouncedLogHead[]) => void
  /** Another process announces with this node's key at the same time. */
  readonly duplicate?: (rival: Rival) => void
}

export class Directory {
  readonly #o: DirectoryOptions
  readonly #nodes: KnownNodes
  readonly #remembered: Remembered
  /** Nodes not heard of before, by the neighbour that tells of them. */
  readonly #paces = new Budgets(NEW_NODES_PER_SECOND, NODES_MAX, 1024)
  readonly #subscriptionPaces = new Budgets(NEW_SUBSCRIPTION_BYTES_PER_SECOND, NEIGHBOUR_BYTES_MAX, 1024)
  #sequence = 0
  #lastMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #dueMs = 0
  #urgent = false
  #refresh: Timer | undefined
  #own: Uint8Array[] = []
  #closed = false
  readonly #lives: OwnLives

  constructor (options: DirectoryOptions) {
    this.#o = options
    this.#remembered = new Remembered({ ...options.lapse, store: options.store, changed: () => { options.subscriptionsChanged() } })
    this.#nodes = new KnownNodes((peerId) => options.isUseful?.(peerId) === true)
    this.#lives = new OwnLives(options.random, options.clock.wallMs())
  }

  start (): void {
    const tick = (): void => {
      if (this.#closed) return
      this.#nodes.expire(this.#o.clock.nowMs() - STALE_MS)
      this.#announce(true)
      this.#refresh = this.#o.clock.after(REFRESH_MS * (0.75 + this.#o.random.float() / 2), tick)
    }
    tick()
  }

  /** Something this node announces has changed. `urgent`: others owe a new subscription what it claims from when they hear of it. */
  changed (urgent = false): void {
    if (this.#closed) return
    this.#urgent ||= urgent
    const now = this.#o.clock.nowMs()
    const dueMs = now + (urgent ? SETTLE_MS : Math.max(SETTLE_MS, this.#lastMs + INTERVAL_MS - now))
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return
    this.#timer?.cancel()
    this.#dueMs = dueMs
    this.#timer = this.#o.clock.after(dueMs - now, () => {
      this.#timer = undefined
      if (this.#closed) return
      const pages = this.#announce(this.#urgent)
      // Gossip may lose it, and a publisher that has not heard of a subscription owes it nothing.
      if (this.#urgent) this.#o.tell(pages)
      this.#urgent = false
    })
  }

  #announce (all: boolean): Uint8Array[] {
    const own = this.#o.own()
    this.#lastMs = this.#o.clock.nowMs()
    const wallMs = Math.floor(this.#o.clock.wallMs())
    // An announcement is a newer word than the batches before it, though the clock went back since: others tell the way here by it.
    const newestMs = own.newestMs < wallMs + AHEAD_MS / 2 ? own.newestMs : 0
    this.#sequence = Math.max(this.#sequence + 1, wallMs, newestMs + 1)
    const pages = paged(own, own.heads(all))
    const signed = pages.map((page, i) => signAnnouncement(this.#o.crypto, {
      mesh: this.#o.mesh as Bytes,
      publisher: peerIdToBytes(this.#o.self) as Bytes,
      sequence: this.#sequence,
      time: Math.floor(this.#o.clock.wallMs()),
      page: i,
      pages: pages.length,
      relay: own.relay,
      addresses: own.addresses.slice(0, 32),
      life: this.#lives.life as Bytes,
      startedAt: this.#lives.startedAt,
      rival: this.#lives.rival as Bytes,
      ...page
    }))
    // Newcomers get the last full one; what moved since reaches them by comparison.
    if (all || this.#own.length === 0) this.#own = signed
    for (const page of signed) this.#o.gossip(page)
    return signed
  }

  /** All that is known, for a neighbour that has just come. It may be asked for at leisure: each node's announcement is the latest when its turn comes. */
  * everything (): Generator<Uint8Array> {
    yield * this.#own
    yield * this.#nodes.pages()
  }

  /** A page from the neighbour `from`. 'accept': news; 'ignore': known or of no use; 'reject': not what it claims to be. */
  arrived (bytes: Uint8Array, from = ''): 'accept' | 'ignore' | 'reject' {
    const opened = bytes.length > PAGE_BYTES_MAX ? undefined : openAnnouncement(bytes, this.#o.mesh)
    if (opened === undefined) return 'reject'
    const page = opened.value
    if (page.author === this.#o.self) {
      this.#echo(page, () => opened.verify(this.#o.crypto))
      return 'ignore'
    }
    const known = this.#nodes.get(page.author)
    if (known !== undefined && (page.sequence < known.sequence || (page.sequence === known.sequence && known.pages.has(page.page)))) return 'ignore'
    if (page.sequence > this.#o.clock.wallMs() + AHEAD_MS) return 'ignore'
    if (known === undefined && page.author !== from && !this.#paces.take(from, this.#o.clock.nowMs(), 1)) return 'ignore'
    if (!opened.verify(this.#o.crypto)) return 'reject'
    if (!this.#nodes.makeRoom(page.author, from, bytes.length)) return 'ignore'
    const node = this.#nodes.put(page.author, from, page.sequence, page.page, copyBytes(bytes), this.#o.clock.nowMs())
    node.subscriptions.push(...page.subscriptions.slice(0, REMEMBERED_MAX - node.subscriptions.length))
    this.#remembered.heard(page.author, page.sequence)
    this.#o.came?.(page.author, page.sequence, from)
    // Names that nobody bears are remembered as long as those of nodes, so that they must not come faster than nodes do.
    const mayTake = (bytes: number): boolean => page.author === from || this.#subscriptionPaces.take(from, this.#o.clock.nowMs(), bytes)
    if (node.pages.size === page.pages) this.#remembered.remember(page.author, node.subscriptions, page.sequence, mayTake)
    this.#o.heard(page.author, headsOf(page), page.joined.filter(isChannel), from)
    return 'accept'
  }

  /** What this node's key announced: before its clock went back, in an earlier life, or in another process. */
  #echo (page: AnnouncementPage, isSigned: () => boolean): void {
    const wallMs = this.#o.clock.wallMs()
    // Only what is newer still will be believed.
    const isHigher = page.sequence > this.#sequence && page.sequence <= wallMs + AHEAD_MS
    const matters = this.#lives.mayMatter(page, this.#sequence)
    if ((!isHigher && !matters) || !isSigned()) return
    if (isHigher) this.#sequence = page.sequence
    const { renamed, rival } = matters ? this.#lives.heard(page, wallMs) : { renamed: false, rival: undefined }
    // Whoever comes up is shown the last full announcement: it has to name the rival.
    if (isHigher || renamed) this.changed(renamed)
    this.#o.heardSelf?.(headsOf(page))
    if (rival !== undefined) this.#o.duplicate?.(rival)
  }

  /** Durable subscriptions of other nodes that claim what is published in this channel. */
  claims (channel: string): readonly RememberedSubscription[] { return this.#remembered.claims(channel) }

  /** Durable subscriptions of other nodes, lapsed ones too. */
  remembered (): ReturnType<Remembered['all']> { return this.#remembered.all() }

  /** Ends the claims of nodes that have not been heard of for too long. */
  lapse (): void { this.#remembered.look() }

  get size (): number { return this.#nodes.size }

  close (): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#refresh?.cancel()
  }
}

function headsOf (page: AnnouncementPage): AnnouncedLogHead[] {
  const out: AnnouncedLogHead[] = []
  for (const head of page.heads) {
    if (!isChannel(head.channel) || head.incarnationRandom.length !== 8 || head.hash.length !== 32) continue
    if (!Number.isSafeInteger(head.position + 1) || head.position < 1 || !Number.isSafeInteger(head.incarnation) || head.incarnation < 1) continue
    out.push({ publisher: page.author, channel: head.channel, incarnation: { number: head.incarnation, random: toHex(head.incarnationRandom) }, position: head.position, hash: copyBytes(head.hash) })
  }
  return out
}

interface PageContent {
  readonly joined: string[]
  readonly subscriptions: AnnouncedSubscription[]
  readonly heads: AnnouncedHead[]
}

/** Everything a node has to say, cut into pages of about `PAGE_BYTES`. */
function paged (own: OwnAnnouncement, heads: readonly AnnouncedHead[]): PageContent[] {
  const pages: PageContent[] = []
  let bytes = Number.POSITIVE_INFINITY
  const page = (add: number): PageContent => {
    bytes += add
    if (bytes > PAGE_BYTES) {
      pages.push({ joined: [], subscriptions: [], heads: [] })
      bytes = add
    }
    return pages.at(-1) as PageContent
  }
  for (const { name, filters, createdAt } of own.subscriptions.slice(0, REMEMBERED_MAX)) {
    page(16 + utf8Length(name) + filters.reduce((sum, filter) => sum + utf8Length(filter) + 3, 0)).subscriptions.push({ name, filters: [...filters], createdAt })
  }
  for (const channel of own.joined.slice(0, 4096)) page(utf8Length(channel) + 3).joined.push(channel)
  for (const head of heads) page(utf8Length(head.channel) + 80).heads.push(head)
  if (pages.length === 0) page(0)
  return pages.slice(0, ANNOUNCEMENT_PAGES_MAX)
}
