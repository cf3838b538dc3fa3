/**
 * The receipt book: the newest signed word of each node about each log, for whoever published it. Publishers ask it how
 * far a message got; custodians keep it and pass it on, so that it arrives though the two were never online together.
 */
import type { RangeSet } from '../base/range-set.js'
import type { Crypto } from '../base/crypto.js'
import { logKey, type LogId } from '../message/ids.js'
import { peerIdFromBytes, peerIdToBytes } from '../message/peer-id.js'
import { openReceipt, type ReceiptContent } from '../message/signed.js'
import { Digests } from '../base/digests.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import { rowsOf } from '../store/rows-of.js'
import type { Store, StoreOp } from '../store/store.js'
import type { ReceiptState } from '../message/reports.js'

/** Nodes whose receipts are kept for one log. */
const RECEIVERS_MAX = 4096
/** Bytes of all receipts kept, and of those of one node. Choices: some hundred thousand of the usual size, and a tenth of them. */
export const RECEIPTS_BYTES_MAX = 128 * 1024 * 1024
export const RECEIPTS_BYTES_PER_NODE_MAX = 16 * 1024 * 1024
/** When there are so many, a newer word takes the place of the one before if it has no more than this, or no more than that. */
const SMALL_RECEIPT_BYTES = 4 * 1024
/** What one costs in memory beside twice its bytes: maps, digests, ranges. */
const ENTRY_BYTES = 1024

interface Entry {
  readonly content: ReceiptContent
  readonly bytes: Uint8Array
}

interface Waiter {
  readonly position: number
  readonly holds: (state: () => ReceiptState) => boolean
  readonly done: (state: ReceiptState) => void
}

export interface ReceiptBookOptions {
  readonly store: Store
  readonly book: LogBook
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly self: string
  /** Others take nothing more of this log in. Default: none. */
  readonly closed?: (log: LogId) => boolean
  /** A node has said more than it had about this log. */
  readonly taken?: (log: LogState, content: ReceiptContent, before: ReceiptContent | undefined) => void
  /** What this node's own subscriptions have settled of a log. */
  readonly ownProcessed: (log: LogState) => ReadonlyArray<{ readonly name: string, readonly ranges: Pick<RangeSet, 'has' | 'last'> }>
}

export class ReceiptBook {
  readonly #o: ReceiptBookOptions
  /** What is compared, of all nodes or of one: kept up to date from when it is first asked for. */
  readonly #digests = new Map<string, Digests>()
  /** Keys of the logs that somebody has spoken of, by their publishers and by who spoke. */
  readonly #ofPublisher = new Map<string, Set<string>>()
  readonly #ofReceiver = new Map<string, Set<string>>()
  readonly #logs = new Map<string, Map<string, Entry>>()
  /** Logs that cannot be shown, by key: a neighbour may never hear of them, so that what is said of them is not compared. */
  readonly #unshown = new Set<string>()
  /** Closed logs, by key. Nobody takes in what is missing of them: with others than their publisher what is said of them is not compared. */
  readonly #closed = new Set<string>()
  readonly #waiters = new Map<string, Set<Waiter>>()
  #bytes = 0
  #size = 0
  readonly #bytesOf = new Map<string, number>()
  readonly #dirty = new Map<string, { log: LogState, by: string }>()

  constructor (options: ReceiptBookOptions) {
    this.#o = options
    for (const [key, value] of rowsOf(options.store, 'receipt')) {
      const opened = openReceipt(value, options.mesh)
      const by = peerIdFromBytes(key.subarray(4))
      if (opened === undefined || by === undefined || options.book.get(logKey(opened.value.log)) === undefined) continue
      this.#put(logKey(opened.value.log), { content: opened.value, bytes: value })
    }
    options.book.listen({ logChanged: (log) => { this.#logChanged(log) } })
  }

  #logChanged (log: LogState): void {
    if (this.#unshown.size === 0 || !log.canBeShown || !this.#unshown.delete(log.key)) return
    for (const entry of this.about(log)) this.#compare(log.key, entry)
  }

  #compare (key: string, { content: { by, sequence, log: { publisher, channel } } }: Entry): void {
    for (const of of this.#closed.has(key) ? [publisher] : [ALL, publisher, by]) this.#digests.get(of)?.set(channel, `${key} ${by}`, String(sequence))
  }

  /** The log may have been closed, or be open again. */
  closedChanged (log: LogState): void {
    const isClosed = this.#o.closed?.(log.id) === true
    if (isClosed === this.#closed.has(log.key)) return
    if (isClosed) this.#closed.add(log.key)
    else this.#closed.delete(log.key)
    if (this.#unshown.has(log.key)) return
    for (const entry of this.about(log)) {
      const { by } = entry.content
      if (!isClosed) this.#compare(log.key, entry)
      else for (const of of [ALL, by]) if (of !== log.publisher) this.#digests.get(of)?.set(log.channel, `${log.key} ${by}`, undefined)
    }
  }

  /** Receipts kept. */
  get size (): number { return this.#size }

  /** Bytes of all receipts kept. */
  get bytes (): number { return this.#bytes }

  #put (key: string, entry: Entry): boolean {
    let entries = this.#logs.get(key)
    if (entries === undefined) this.#logs.set(key, entries = new Map())
    const { by } = entry.content
    if (!this.#hasRoom(key, entry)) return false
    this.#count(by, entry.bytes.length - (entries.get(by)?.bytes.length ?? 0))
    if (!entries.has(by)) this.#size++
    entries.set(by, entry)
    const { log: { publisher } } = entry.content
    addTo(this.#ofPublisher, publisher, key)
    addTo(this.#ofReceiver, by, key)
    if (this.#o.closed?.(entry.content.log) === true) this.#closed.add(key)
    if (this.#o.book.get(key)?.canBeShown === false) this.#unshown.add(key)
    else this.#compare(key, entry)
    return true
  }

  /** The digests of all receipts; with `of`, of those that this node gave and those about its logs. */
  digests (of: string = ALL): Digests {
    let digests = this.#digests.get(of)
    if (digests === undefined) {
      this.#digests.set(of, digests = new Digests(this.#o.crypto))
      for (const { content } of this.#compared(of)) digests.set(content.log.channel, `${logKey(content.log)} ${content.by}`, String(content.sequence))
    }
    return digests
  }

  /** Nobody compares these any more. */
  release (of: string): void { if (of !== ALL) this.#digests.delete(of) }

  * #compared (of: string): Generator<Entry> {
    const isCompared = (key: string): boolean => !this.#unshown.has(key) && !this.#closed.has(key)
    if (of === ALL) {
      for (const [key, entries] of this.#logs) if (isCompared(key)) yield * entries.values()
      return
    }
    for (const key of this.#ofPublisher.get(of) ?? []) if (!this.#unshown.has(key)) yield * this.#logs.get(key)?.values() ?? []
    for (const key of this.#ofReceiver.get(of) ?? []) {
      if (!isCompared(key)) continue
      const entry = this.#logs.get(key)?.get(of)
      // What it says of its own logs, which is nothing, has been had above.
      if (entry !== undefined && entry.content.log.publisher !== of) yield entry
    }
  }

  /** Sequence number of the newest word of `by` about the log; 0 when there is none. */
  sequence (key: string, by: string): number { return this.#logs.get(key)?.get(by)?.content.sequence ?? 0 }

  #hasRoom (key: string, { content: { by }, bytes }: Entry): boolean {
    const entries = this.#logs.get(key)
    const before = entries?.get(by)?.bytes.length
    if (before === undefined && (entries?.size ?? 0) >= RECEIVERS_MAX) return false
    // What this node says itself always has a place.
    if (by === this.#o.self || (before !== undefined && bytes.length <= Math.max(before, SMALL_RECEIPT_BYTES))) return true
    return this.#bytes + bytes.length <= RECEIPTS_BYTES_MAX && (this.#bytesOf.get(by) ?? 0) + bytes.length <= RECEIPTS_BYTES_PER_NODE_MAX
  }

  /** How much more memory it would take to keep this statement, bytes, about; infinite: there is no room for it. */
  growth (key: string, content: ReceiptContent, bytes: Uint8Array): number {
    if (!this.#hasRoom(key, { content, bytes })) return Number.POSITIVE_INFINITY
    const before = this.#logs.get(key)?.get(content.by)
    return 2 * bytes.length - (before === undefined ? -ENTRY_BYTES : 2 * before.bytes.length)
  }

  #count (by: string, more: number): void {
    this.#bytes += more
    const bytes = (this.#bytesOf.get(by) ?? 0) + more
    if (bytes > 0) this.#bytesOf.set(by, bytes)
    else this.#bytesOf.delete(by)
  }

  statement (key: string, by: string): Entry | undefined { return this.#logs.get(key)?.get(by) }

  content (key: string, by: string): ReceiptContent | undefined { return this.#logs.get(key)?.get(by)?.content }

  /** Takes a statement that is newer than what is known and whose signature has been checked, if there is room for it. */
  take (log: LogState, content: ReceiptContent, bytes: Uint8Array): void {
    const before = this.content(log.key, content.by)
    if (!this.#put(log.key, { content, bytes })) return
    this.#dirty.set(`${log.key} ${content.by}`, { log, by: content.by })
    if (log.own) this.check(log)
    this.#o.taken?.(log, content, before)
  }

  /** The rows that have changed since the last call: written now and then, for receipts can be had again. */
  takeDirty (): StoreOp[] {
    const ops: StoreOp[] = []
    for (const { log, by } of this.#dirty.values()) {
      const entry = this.#logs.get(log.key)?.get(by)
      if (entry === undefined) continue
      const key = Buffer.alloc(4 + 38)
      key.writeUInt32BE(log.number)
      key.set(peerIdToBytes(by) as Uint8Array, 4)
      ops.push({ type: 'put', table: 'receipt', key, value: entry.bytes })
    }
    this.#dirty.clear()
    return ops
  }

  /** Statements of a channel that are compared, of these buckets or all. Nothing is looked at before it is asked for: whoever asks may not take the answer. */
  * statements (channel: string, buckets: Set<number> | undefined, of: string = ALL): Generator<Uint8Array> {
    for (const key of this.digests(of).keys(channel, buckets)) {
      const at = key.lastIndexOf(' ')
      const entry = this.#logs.get(key.slice(0, at))?.get(key.slice(at + 1))
      if (entry !== undefined) yield entry.bytes
    }
  }

  /** All newest statements about one log. */
  about (log: LogState): Iterable<Entry> { return this.#logs.get(log.key)?.values() ?? [] }

  state (log: LogState, position: number): ReceiptState {
    const stored: string[] = []
    const processed: Array<{ name: string, peerId: string }> = []
    for (const { name, ranges } of this.#o.ownProcessed(log)) if (ranges.has(position)) processed.push({ name, peerId: this.#o.self })
    for (const [by, { content }] of this.#logs.get(log.key) ?? []) {
      if (by === this.#o.self) continue
      if (content.stored.has(position)) stored.push(by)
      for (const { name, ranges } of content.processed) if (ranges.has(position)) processed.push({ name, peerId: by })
    }
    return { stored, processed }
  }

  /** Calls `done` once, as soon as `holds` says so of the message's state; perhaps at once. Returns how to give up. */
  wait (log: LogState, position: number, holds: (state: ReceiptState) => boolean, done: (state: ReceiptState) => void): () => void {
    const now = this.state(log, position)
    if (holds(now)) {
      done(now)
      return () => {}
    }
    let set = this.#waiters.get(log.key)
    if (set === undefined) this.#waiters.set(log.key, set = new Set())
    const waiter: Waiter = { position, holds: (state) => holds(state()), done }
    set.add(waiter)
    return () => { set.delete(waiter) }
  }

  /** Something has been learned about a log of ours. */
  check (log: LogState): void {
    const set = this.#waiters.get(log.key)
    if (set === undefined) return
    const last = this.#last(log)
    for (const waiter of set) {
      if (waiter.position > last) continue
      const state = this.state(log, waiter.position)
      if (!waiter.holds(() => state)) continue
      set.delete(waiter)
      waiter.done(state)
    }
    if (set.size === 0) this.#waiters.delete(log.key)
  }

  /** Nobody has said anything of what comes after this. */
  #last (log: LogState): number {
    let last = 0
    for (const { ranges } of this.#o.ownProcessed(log)) last = Math.max(last, ranges.last)
    for (const { content } of this.about(log)) {
      last = Math.max(last, content.stored.last)
      for (const { ranges } of content.processed) last = Math.max(last, ranges.last)
    }
    return last
  }

  /** Lowest position of our log that this durable subscription of that node has not settled; 1 when it never spoke. */
  unsettledFrom (log: LogState, by: string, name: string): number {
    const processed = this.#logs.get(log.key)?.get(by)?.content.processed.find(entry => entry.name === name)
    return processed?.ranges.firstMissing(1) ?? 1
  }

  /** The log is forgotten, and what was said of it. */
  forget (log: LogState): StoreOp[] {
    const ops: StoreOp[] = []
    for (const [by, { bytes }] of this.#logs.get(log.key) ?? []) {
      this.#count(by, -bytes.length)
      this.#size--
      const key = Buffer.alloc(4 + 38)
      key.writeUInt32BE(log.number)
      key.set(peerIdToBytes(by) as Uint8Array, 4)
      ops.push({ type: 'del', table: 'receipt', key })
      for (const of of [ALL, log.publisher, by]) this.#digests.get(of)?.set(log.channel, `${log.key} ${by}`, undefined)
      removeFrom(this.#ofReceiver, by, log.key)
    }
    removeFrom(this.#ofPublisher, log.publisher, log.key)
    this.#logs.delete(log.key)
    this.#unshown.delete(log.key)
    this.#closed.delete(log.key)
    return ops
  }
}

/** Instead of a node: all of them. */
const ALL = ''

function addTo (sets: Map<string, Set<string>>, of: string, key: string): void {
  const set = sets.get(of)
  if (set === undefined) sets.set(of, new Set([key]))
  else set.add(key)
}

function removeFrom (sets: Map<string, Set<string>>, of: string, key: string): void {
  const set = sets.get(of)
  if (set?.delete(key) === true && set.size === 0) sets.delete(of)
}
