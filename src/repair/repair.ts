/**
 * Repair: finding and fetching what is missing. Neighbours compare what they know of the channels that both take part in
 * when they connect, at intervals and on need: equal knowledge costs one digest a channel; else they exchange the heads
 * and receipts of the buckets that differ, and each pulls what it lacks.
 *
 *   summary ─►  equal: nothing
 *               differs, few items: heads and receipts
 *               differs, many items: buckets ─► heads and receipts of the buckets that differ
 */
import type { Clock, Random, Timer } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import { copyBytes, equalBytes, toHex } from '../base/bytes.js'
import { hasBody, signatureHolds, type SealedBatch } from '../message/batch.js'
import { fromLogRef, logKey, type LogId } from '../message/ids.js'
import { openTrim } from '../message/signed.js'
import { isChannel } from '../message/topic.js'
import type { Buckets, Have, Heads, Summary } from '../message/wire.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import { BUCKETS, Digests } from '../base/digests.js'
import { encodeFrame, framesOf, ITEMS_BYTES } from './frames.js'
import { KNOWN_COST } from './known-cost.js'
import { Offers } from './offers.js'
import { LOGS_MAX } from './log-quota.js'

/** Between two comparisons with a neighbour; jitter of a quarter keeps them apart. */
export const SUMMARY_INTERVAL_MS = 15_000
/** A link that takes frames again, after it was full, is compared at once but not sooner than so long after the last time: the answer may be what filled it. */
const COMPARED_MS = 5_000
/** Answers to one neighbour that wait for its link. What further ones would tell the next comparison shows. */
const UNSENT_MAX = 1_024
/** When neither side has more items than this in a channel, buckets save nothing. */
const FEW = 32
/** What an answer to a comparison costs: items of it, and channels compared, for each unit of work. */
const ITEMS_PER_UNIT = 16
const COMPARISON_COST = 4
const CHANNELS_PER_UNIT = 8
/** A head that is older than what is known, which is looked up on disk. */
const OLD_HEAD_COST = 4

type Bytes = Uint8Array<ArrayBuffer>

export interface ReceiptSource {
  /** How many there are. */
  readonly size: number
  /** Of all receipts; with `of`, of those that this node gave and those about its logs. */
  digests (of?: string): Digests
  /** Signed receipts of a channel, of these buckets or all. Nothing is looked at before it is asked for. */
  statements (channel: string, buckets: Set<number> | undefined, of?: string): Iterable<Uint8Array>
  /** Digests of this node are not needed any more. */
  release (of: string): void
}

export interface RepairOptions {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly self: string
  readonly book: LogBook
  readonly receipts: ReceiptSource
  /** This node keeps whole channels, and receipts for those that are away. */
  readonly relay: boolean
  readonly isRelay: (peerId: string) => boolean
  /** Channels this node takes part in: joined, or published to. */
  readonly channels: () => Iterable<string>
  readonly takesPart: (channel: string) => boolean
  /** This node joined the channel: it takes others' logs in. */
  readonly joined: (channel: string) => boolean
  readonly open: (bytes: Uint8Array) => SealedBatch | undefined
  readonly send: (peerId: string, frame: Uint8Array) => boolean
  /** The neighbour takes part in these channels; `last` and only these. */
  readonly peerChannels: (peerId: string, channels: readonly string[]) => void
  /** A neighbour has something of this log. */
  readonly hopes: (peerId: string, log: LogState) => void
  /** A neighbour has these positions, whatever was thought of them. */
  readonly offered: (log: LogState, from: number, to: number) => void
  readonly strike: (peerId: string, reason: string) => void
  /** Nothing of this log is taken any more, and it is not compared. Default: none. */
  readonly closed?: (log: LogId) => boolean
  /** What is known of a log and cannot be beside this header of it. Default: nothing. */
  readonly against?: (log: LogState, head: SealedBatch) => SealedBatch | undefined
  /** A neighbour takes in a log of which nothing is taken here. */
  readonly takenBy?: (peerId: string, log: LogId) => void
  readonly forked?: (head: SealedBatch, other: SealedBatch) => void
  /** Whether a log not heard of before may be taken in from this neighbour. */
  readonly learns: (log: LogId, peerId: string) => boolean
}

export class Repair {
  readonly #o: RepairOptions
  readonly heads: Digests
  readonly #none: Digests
  readonly #peers = new Map<string, Timer>()
  /** When everything was last compared with a neighbour, ms. */
  readonly #comparedMs = new Map<string, number>()
  /** Answers of which a link has not taken all yet, by neighbour and by what they are about. */
  readonly #unsent = new Map<string, Map<string, Iterator<Uint8Array>>>()
  /** Heads and receipts that a neighbour has said it knows. */
  readonly #claims = new Map<string, { readonly heads: number, readonly receipts: number }>()
  /** Channels in which a neighbour only publishes. */
  readonly #onlyPublish = new Map<string, Set<string>>()
  /** What neighbours are told of without a comparison. */
  readonly offers: Offers
  #closed = false

  constructor (options: RepairOptions) {
    this.#o = options
    this.heads = new Digests(options.crypto)
    this.#none = new Digests(options.crypto)
    this.offers = new Offers({
      clock: options.clock, send: options.send,
      neighbours: () => this.#peers.keys(),
      onlyPublishes: (peerId, channel) => this.#onlyPublish.get(peerId)?.has(channel) === true
    })
    for (const log of options.book.all()) this.logChanged(log)
    options.book.listen({ logChanged: (log) => { this.logChanged(log) } })
  }

  logChanged (log: LogState): void {
    // A head that cannot be shown, known only from an announcement, is not compared. Nor is what nobody takes in any more.
    const isShown = log.canBeShown && this.#o.closed?.(log.id) !== true
    this.heads.set(log.channel, log.key, isShown ? `${log.shown} ${log.trimmed} ${this.#shownHash(log)}` : undefined)
  }

  /** Of the header that is shown, so that two histories of the same length are not taken for one. */
  #shownHash (log: LogState): string {
    if (log.shown === 0) return '0'
    const { headHash } = log
    if (log.shown === log.head && headHash !== undefined) return toHex(headHash.subarray(0, 8))
    const header = this.#o.open(log.headBytes)?.header
    return header === undefined ? '0' : toHex(this.#o.crypto.hash(header).subarray(0, 8))
  }

  /** The log is past: it is no longer compared. */
  forget (log: LogState): void {
    this.heads.set(log.channel, log.key, undefined)
    this.offers.forget(log)
  }

  peerUp (peerId: string): void {
    this.compare(peerId)
    this.#repeat(peerId)
  }

  #repeat (peerId: string, delayMs = SUMMARY_INTERVAL_MS * (0.75 + this.#o.random.float() / 2)): void {
    this.#peers.get(peerId)?.cancel()
    this.#peers.set(peerId, this.#o.clock.after(delayMs, () => {
      if (this.#closed || !this.#peers.has(peerId)) return
      this.compare(peerId)
      this.#repeat(peerId)
    }))
  }

  peerDown (peerId: string): void {
    this.#peers.get(peerId)?.cancel()
    this.#peers.delete(peerId)
    this.#comparedMs.delete(peerId)
    this.#onlyPublish.delete(peerId)
    this.#claims.delete(peerId)
    this.#unsent.delete(peerId)
    this.offers.peerDown(peerId)
    this.#o.receipts.release(peerId)
  }

  /**
   * Receipts that are compared with this neighbour. Relays keep all of them for publishers that are away. A relay and another node compare
   * those that this node gave and those about its logs. Others compare none: receipts climb to the publisher.
   */
  #compared (peerId: string): { digests: Digests, of?: string } {
    const { relay, isRelay, receipts, self } = this.#o
    if (!relay && !isRelay(peerId)) return { digests: this.#none }
    if (relay && isRelay(peerId)) return { digests: receipts.digests() }
    const of = relay ? peerId : self
    return { digests: receipts.digests(of), of }
  }

  /** Tells the neighbour what we know, of all channels or of these. */
  compare (peerId: string, only?: readonly string[]): void {
    const channels = only ?? [...this.#o.channels()]
    if (only === undefined) this.#comparedMs.set(peerId, this.#o.clock.nowMs())
    const page = 1024
    const { digests } = this.#compared(peerId)
    for (let i = 0; i < channels.length || i === 0; i += page) {
      const part = channels.slice(i, i + page)
      this.#o.send(peerId, encodeFrame('summary', {
        channels: part.map(channel => ({
          channel,
          heads: this.heads.total(channel) as Bytes,
          receipts: digests.total(channel) as Bytes,
          headsCount: this.heads.size(channel),
          receiptsCount: digests.size(channel),
          ...this.#ownOnly(channel)
        }))
      }))
    }
  }

  /** Where we only publish, others' heads are of no use: with many logs they would be much, at each comparison. */
  #ownOnly (channel: string): { ownOnly?: true } { return this.#o.joined(channel) ? {} : { ownOnly: true } }

  /** We take part in this channel from now on. */
  channelAdded (channel: string): void {
    for (const peerId of this.#peers.keys()) this.compare(peerId, [channel])
  }

  /** Like all that takes a neighbour's frame: returns what of it was for nothing, in units of work of 20 µs. A comparison may be asked for too often. */
  summary (peerId: string, summary: Summary): number {
    let items = 0
    const channels = summary.channels.filter(({ channel }) => isChannel(channel))
    this.#o.peerChannels(peerId, channels.map(({ channel }) => channel))
    const compared = this.#compared(peerId)
    const { digests } = compared
    this.#claimed(peerId, channels)
    for (const { channel, heads, receipts, headsCount, receiptsCount, ownOnly } of channels) {
      if (!this.#o.takesPart(channel)) continue
      this.#notes(peerId, channel, ownOnly === true)
      // Both sides come to the same answer, else one would wait for buckets that the other never sends.
      const manyHeads = Math.max(headsCount, this.heads.size(channel)) > FEW
      const manyReceipts = Math.max(receiptsCount, digests.size(channel)) > FEW
      const headsDiffer = !equalBytes(heads, this.heads.total(channel))
      const receiptsDiffer = digests !== this.#none && !equalBytes(receipts, digests.total(channel))
      if (headsDiffer && !manyHeads) items += this.#sendHeads(peerId, channel, undefined, ownOnly)
      if (receiptsDiffer && !manyReceipts) items += this.#sendReceipts(peerId, channel, undefined, compared)
      const many = { heads: headsDiffer && manyHeads, receipts: receiptsDiffer && manyReceipts }
      if (many.heads || many.receipts) {
        this.#o.send(peerId, encodeFrame('buckets', {
          channel,
          ...this.#ownOnly(channel),
          heads: (many.heads ? this.heads.buckets(channel) : new Uint8Array(0)) as Bytes,
          receipts: (many.receipts ? digests.buckets(channel) : new Uint8Array(0)) as Bytes
        }))
        items += BUCKETS
      }
    }
    return COMPARISON_COST + summary.channels.length / CHANNELS_PER_UNIT + items / ITEMS_PER_UNIT
  }

  buckets (peerId: string, { channel, heads, receipts, ownOnly }: Buckets): number {
    if (!this.#o.takesPart(channel)) return 1
    let items = 0
    const differing = this.heads.differing(channel, heads)
    if (differing.size > 0) items += this.#sendHeads(peerId, channel, differing, ownOnly)
    const compared = this.#compared(peerId)
    const { digests } = compared
    const others = digests === this.#none ? new Set<number>() : digests.differing(channel, receipts)
    if (others.size > 0) items += this.#sendReceipts(peerId, channel, others, compared)
    return COMPARISON_COST + items / ITEMS_PER_UNIT
  }

  #claimed (peerId: string, channels: Summary['channels']): void {
    const before = this.#claims.get(peerId)
    let [heads, receipts] = [0, 0]
    for (const { headsCount, receiptsCount } of channels) {
      heads += headsCount
      receipts += receiptsCount
    }
    this.#claims.set(peerId, { heads: Math.max(before?.heads ?? 0, Math.min(LOGS_MAX, heads)), receipts: Math.max(before?.receipts ?? 0, Math.min(LOGS_MAX, receipts)) })
  }

  #notes (peerId: string, channel: string, ownOnly: boolean): void {
    const channels = this.#onlyPublish.get(peerId)
    if (!ownOnly) channels?.delete(channel)
    else if (channels !== undefined) channels.add(channel)
    else this.#onlyPublish.set(peerId, new Set([channel]))
  }

  /** Returns how many items are looked at. */
  #sendHeads (peerId: string, channel: string, buckets: Set<number> | undefined, ownOnly: boolean | undefined): number {
    if (ownOnly !== true) return this.#answer(peerId, `heads ${channel}`, this.#headFrames(channel, this.#o.book.logs(channel), buckets)) ? this.heads.size(channel) : 0
    const { book } = this.#o
    const logs = book.logsOf(peerId) < this.heads.size(channel) ? book.publishedBy(peerId) : book.logs(channel)
    const own = function * (): Generator<LogState> { for (const log of logs) if (log.publisher === peerId && log.channel === channel) yield log }
    return this.#answer(peerId, `own heads ${channel}`, this.#headFrames(channel, own(), buckets)) ? Math.min(book.logsOf(peerId), this.heads.size(channel)) : 0
  }

  * #headFrames (channel: string, logs: Iterable<LogState>, buckets: Set<number> | undefined): Generator<Uint8Array> {
    let heads: Bytes[] = []
    let trims: Bytes[] = []
    let bytes = 0
    for (const log of logs) {
      if (buckets !== undefined && !buckets.has(this.heads.bucketOf(log.key))) continue
      if (log.headBytes.length > 0) heads.push(log.headBytes as Bytes)
      if (log.trimBytes.length > 0) trims.push(log.trimBytes as Bytes)
      bytes += log.headBytes.length + log.trimBytes.length
      if (bytes < ITEMS_BYTES) continue
      yield encodeFrame('heads', { channel, heads, trims })
      heads = []
      trims = []
      bytes = 0
    }
    if (heads.length + trims.length > 0) yield encodeFrame('heads', { channel, heads, trims })
  }

  #sendReceipts (peerId: string, channel: string, buckets: Set<number> | undefined, { digests, of }: { digests: Digests, of?: string }): number {
    return this.#answer(peerId, `receipts ${channel}`, receiptFrames(this.#o.receipts.statements(channel, buckets, of))) ? digests.size(channel) : 0
  }

  /**
   * Sends as much as the link takes, and the rest when it takes more. Returns false, and has looked at nothing, when an answer to the same is
   * under way, or when too many are: what those lack the next comparison shows.
   */
  #answer (peerId: string, what: string, frames: Iterator<Uint8Array>): boolean {
    let answers = this.#unsent.get(peerId)
    if (answers === undefined) this.#unsent.set(peerId, answers = new Map())
    if (answers.has(what) || answers.size >= UNSENT_MAX) return false
    answers.set(what, frames)
    // Others wait because the link is full: whoever asks again and again must not fill it further.
    if (answers.size === 1) this.#sendAnswers(peerId)
    return true
  }

  /** Returns whether all is sent. */
  #sendAnswers (peerId: string): boolean {
    const answers = this.#unsent.get(peerId)
    for (const [what, frames] of answers ?? []) {
      for (let next = frames.next(); next.done !== true; next = frames.next()) if (!this.#o.send(peerId, next.value)) return false
      answers?.delete(what)
    }
    this.#unsent.delete(peerId)
    return true
  }

  /** The link takes frames again, or gossip. */
  drained (peerId: string): void {
    this.offers.drained(peerId)
    if (!this.#sendAnswers(peerId) || !this.#peers.has(peerId)) return
    const waitMs = (this.#comparedMs.get(peerId) ?? 0) + COMPARED_MS - this.#o.clock.nowMs()
    if (waitMs > 0) this.#repeat(peerId, waitMs)
    else this.compare(peerId)
  }

  /**
   * How much comparisons with this neighbour can bring at most that is for nothing, in units of work: all that is known here, older than it is, and what
   * the neighbour says it knows, where there is no room for it.
   */
  tellable (peerId: string): { readonly heads: number, readonly receipts: number } {
    const { heads, receipts } = this.#claims.get(peerId) ?? { heads: 0, receipts: 0 }
    return { heads: this.#o.book.size * OLD_HEAD_COST + heads * KNOWN_COST, receipts: (2 * this.#o.receipts.size + receipts) * KNOWN_COST }
  }

  takeHeads (peerId: string, { heads, trims }: Heads): number {
    let useless = 0
    for (const bytes of heads) {
      const took = this.#takeHead(peerId, bytes)
      if (took === 'bad') return useless
      if (took === 'known') useless += KNOWN_COST
      else if (took === 'old') useless += OLD_HEAD_COST
    }
    for (const bytes of trims) {
      const trim = openTrim(bytes, this.#o.mesh)
      if (trim === undefined) { this.#o.strike(peerId, 'a malformed trim'); return useless }
      const known = this.#o.book.get(logKey(trim.value.log))
      if (!this.#takesIn(trim.value.log) || (known !== undefined && known.trimmed >= trim.value.through) || (known === undefined && !this.#o.learns(trim.value.log, peerId))) {
        useless += KNOWN_COST
        continue
      }
      if (!trim.verify(this.#o.crypto)) { this.#o.strike(peerId, 'a trim with a wrong signature'); return useless }
      this.#o.book.noteTrim(known ?? this.#o.book.ensure(trim.value.log), trim.value, copyBytes(bytes))
    }
    return useless
  }

  /** Our own earlier logs come back this way when our store is older than our last life. */
  #takesIn (log: LogId): boolean { return !this.#o.book.isForgotten(log) && this.#o.closed?.(log) !== true && (log.publisher === this.#o.self || this.#o.joined(log.channel)) }

  #takeHead (peerId: string, bytes: Uint8Array): 'news' | 'known' | 'old' | 'bad' {
    const head = this.#o.open(bytes)
    if (head === undefined || hasBody(head)) { this.#o.strike(peerId, 'a malformed head'); return 'bad' }
    const known = this.#o.book.get(head.logKey)
    if (!this.#takesIn(head.log)) {
      if (this.#o.closed?.(head.log) === true) this.#o.takenBy?.(peerId, head.log)
      return 'known'
    }
    // Most heads are, and to look for what contradicts one costs a read.
    if (known !== undefined && equalBytes(bytes, known.headBytes)) {
      this.#o.hopes(peerId, known)
      return 'known'
    }
    const other = known === undefined ? undefined : this.#o.against?.(known, head)
    if (other !== undefined) {
      if (!signatureHolds(this.#o.crypto, head)) { this.#o.strike(peerId, 'a head with a wrong signature'); return 'bad' }
      this.#o.forked?.(head, other)
      return 'news'
    }
    if (known !== undefined && head.last <= known.shown) {
      this.#o.hopes(peerId, known)
      return 'old'
    }
    if (known === undefined && !this.#o.learns(head.log, peerId)) return 'known'
    if (!signatureHolds(this.#o.crypto, head)) { this.#o.strike(peerId, 'a head with a wrong signature'); return 'bad' }
    const log = known ?? this.#o.book.ensure(head.log)
    this.#o.book.noteHeader(log, head)
    this.#o.hopes(peerId, log)
    return 'news'
  }

  have (peerId: string, { ranges }: Have): number {
    let useless = 0
    for (const range of ranges) {
      const id = fromLogRef(range.log)
      if (id === undefined || !(Number.isSafeInteger(range.to + 1) && range.from >= 1 && range.to >= range.from)) { this.#o.strike(peerId, 'a malformed offer'); return useless }
      const took = range.head.length > 0 ? this.#takeHead(peerId, range.head) : 'known'
      if (took === 'bad') return useless
      const log = this.#o.book.get(logKey(id))
      // Most offers are of what has just come another way, and a few of what is not wanted. Nor does one show that there is what it offers.
      if (took === 'old') useless += OLD_HEAD_COST
      else if (took === 'known') useless += KNOWN_COST
      if (log === undefined) continue
      this.#o.offered(log, range.from, range.to)
      this.#o.hopes(peerId, log)
    }
    return useless
  }

  close (): void {
    this.#closed = true
    this.offers.close()
    for (const timer of this.#peers.values()) timer.cancel()
    this.#peers.clear()
  }
}

function * receiptFrames (statements: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const signed of framesOf(statements)) yield encodeFrame('receipts', { signed: signed as Bytes[] })
}
