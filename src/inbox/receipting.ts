/**
 * What this node says about the logs it holds: signed, cumulative, newest wins. Under load a log's word goes out at most
 * every few milliseconds, so that the cost per message falls as the rate grows; an idle one goes out at once. It goes to
 * the publisher where that is a neighbour, else to all neighbours that take part in the channel, who pass it on.
 */
import { Budgets } from '../base/budget.js'
import type { Clock, Random, Timer } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import { copyBytes } from '../base/bytes.js'
import { RangeSet } from '../base/range-set.js'
import { logKey } from '../message/ids.js'
import { openReceipt, RECEIPT_NAMES_MAX, RECEIPT_RANGES_MAX, signReceipt, type ReceiptContent } from '../message/signed.js'
import { framesOf } from '../repair/frames.js'
import { KNOWN_COST } from '../repair/known-cost.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'

/** Between two receipts for one log. Measured: at 100 ms a publisher that waits for `stored` with 1,000 outstanding would be held to 10,000 messages a second. */
export const RECEIPT_INTERVAL_MS = 10
/** Signing and checking one costs 0.2 ms: with many logs at work the interval grows, so that at most a tenth of a core goes there. */
const PER_LOG_MS = 2
export const RECEIPT_INTERVAL_MAX_MS = 500
/** Ranges in one receipt, of all names together: it must fit a frame many times over. */
const RANGES_MAX = 8192
/**
 * Where the clock is behind what was said before, the first word of a life about a log leaves out up to so many numbers. A life that lost its last
 * words would else give one of their numbers to another one, and nobody could tell the two apart.
 */
const LEFT_OUT_MAX = 65_536
/** A signature checked for nothing, in units of work. */
const SAME_AGAIN_COST = 8
/** Statements of neighbours that wait to be passed on. */
const FORWARD_MAX = 10_000
/** Memory for receipts that one neighbour may take up at once, and each second. More is taken in when it tells of them again. A choice: twenty thousand receipts. */
export const NEW_RECEIPT_BYTES_BURST = 32 * 1024 * 1024
export const NEW_RECEIPT_BYTES_PER_SECOND = 256 * 1024

export interface ReceiptStore {
  content (key: string, by: string): ReceiptContent | undefined
  take (log: LogState, content: ReceiptContent, bytes: Uint8Array): void
  /** Memory that it takes to keep this, bytes; infinite: there is no room for it. */
  growth (key: string, content: ReceiptContent, bytes: Uint8Array): number
}

export interface ReceiptingOptions {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly self: string
  readonly book: LogBook
  readonly receipts: ReceiptStore
  readonly processed: (log: LogState) => ReadonlyArray<{ readonly name: string, readonly ranges: RangeSet }>
  readonly isUp: (peerId: string) => boolean
  /** Neighbours that take part in the channel. */
  readonly neighbours: (channel: string) => string[]
  readonly send: (peerId: string, statements: Uint8Array[]) => void
  readonly strike: (peerId: string, reason: string) => void
  readonly takesPart: (channel: string) => boolean
}

export class Receipting {
  readonly #o: ReceiptingOptions
  readonly #dirty = new Set<LogState>()
  readonly #forward = new Map<string, { log: LogState, bytes: Uint8Array, from: string, by: string }>()
  readonly #paces = new Budgets(NEW_RECEIPT_BYTES_PER_SECOND, NEW_RECEIPT_BYTES_BURST, 1024)
  /** What this node said of a log in an earlier life and no longer knows, as neighbours have it: the number of that statement. */
  readonly #said = new WeakMap<LogState, number>()
  /** Logs of which this node has spoken in this life. */
  readonly #spoken = new WeakSet<LogState>()
  #timer: Timer | undefined
  #lastMs = Number.NEGATIVE_INFINITY
  #lastCost = 0
  #closed = false

  constructor (options: ReceiptingOptions) {
    this.#o = options
  }

  /** Something of this log has been stored or settled, durably. */
  notice (log: LogState): void {
    if (log.own || this.#closed) return
    this.#dirty.add(log)
    this.#schedule()
  }

  #schedule (): void {
    if (this.#timer !== undefined || this.#closed) return
    const intervalMs = Math.min(RECEIPT_INTERVAL_MAX_MS, Math.max(RECEIPT_INTERVAL_MS, this.#lastCost * PER_LOG_MS))
    const delayMs = Math.max(0, this.#lastMs + intervalMs - this.#o.clock.nowMs())
    const fire = (): void => {
      this.#timer = undefined
      if (!this.#closed) this.#flush()
    }
    if (delayMs < 1) {
      this.#timer = { cancel: () => {} }
      this.#o.clock.soon(fire)
    } else this.#timer = this.#o.clock.after(delayMs, fire)
  }

  #flush (): void {
    this.#lastMs = this.#o.clock.nowMs()
    this.#lastCost = this.#dirty.size + this.#forward.size
    const out = new Map<string, Uint8Array[]>()
    const post = (log: LogState, bytes: Uint8Array, except: string | undefined): void => {
      const to = this.#o.isUp(log.publisher) ? [log.publisher] : this.#o.neighbours(log.channel)
      for (const peerId of to) {
        if (peerId === except) continue
        const list = out.get(peerId)
        if (list === undefined) out.set(peerId, [bytes])
        else list.push(bytes)
      }
    }
    for (const log of this.#dirty) {
      const bytes = this.#state(log)
      if (bytes !== undefined) post(log, bytes, undefined)
    }
    this.#dirty.clear()
    for (const { log, bytes, from } of this.#forward.values()) post(log, bytes, from)
    this.#forward.clear()
    for (const [peerId, statements] of out) {
      for (const part of framesOf(statements)) this.#o.send(peerId, part)
    }
  }

  /** Signs what is so now, and keeps it. Undefined when nothing has changed. */
  #state (log: LogState): Uint8Array | undefined {
    const { self, receipts, mesh, crypto } = this.#o
    const before = receipts.content(log.key, self)
    const stored = log.held.clone()
    // What was held and dropped since is in what was said before. Below what was dropped there may be what never came.
    if (before !== undefined) stored.addAll(before.stored)
    const processed = this.#o.processed(log).filter(({ ranges }) => !ranges.isEmpty).slice(0, RECEIPT_NAMES_MAX)
      .map(({ name, ranges }, _, all) => ({ name, ranges: capped(ranges, Math.max(16, Math.floor(RANGES_MAX / all.length))) }))
    const said = this.#said.get(log) ?? 0
    const content = { by: self, sequence: this.#number(log, Math.max(before?.sequence ?? 0, said)), log: log.id, stored: capped(stored), processed }
    if (before !== undefined && before.sequence > said && same(before, content)) return undefined
    this.#spoken.add(log)
    const bytes = signReceipt(crypto, mesh, content)
    receipts.take(log, content, bytes)
    return bytes
  }

  /** Above the last one known: the wall clock, unless that is behind. */
  #number (log: LogState, last: number): number {
    const wallMs = Math.floor(this.#o.clock.wallMs())
    if (wallMs > last) return wallMs
    return last + 1 + (this.#spoken.has(log) ? 0 : Math.floor(this.#o.random.float() * LEFT_OUT_MAX))
  }

  /** Statements from a neighbour: about our own logs, or to keep and pass on. Returns what of it was for nothing, in units of work. */
  arrived (peerId: string, statements: readonly Uint8Array[]): number {
    let useless = 0
    for (const bytes of statements) {
      const opened = openReceipt(bytes, this.#o.mesh)
      if (opened === undefined) { this.#o.strike(peerId, 'a malformed receipt'); return useless }
      const { value } = opened
      const key = logKey(value.log)
      const log = this.#o.book.get(key)
      if (value.by === this.#o.self) {
        if (!this.#saidBefore(log, value, () => opened.verify(this.#o.crypto))) useless += KNOWN_COST
        continue
      }
      // Of logs never heard of nothing is kept: whoever has the log also has its receipts.
      const before = this.#o.receipts.content(key, value.by)
      if (!this.#o.takesPart(value.log.channel) || log === undefined || value.sequence <= (before?.sequence ?? 0)) {
        useless += KNOWN_COST
        continue
      }
      const growth = this.#o.receipts.growth(key, value, bytes)
      if (growth > 0 && !this.#paces.take(peerId, this.#o.clock.nowMs(), growth)) {
        useless += KNOWN_COST
        continue
      }
      if (!opened.verify(this.#o.crypto)) { this.#o.strike(peerId, 'a receipt with a wrong signature'); return useless }
      const copy = copyBytes(bytes)
      // Nobody signs the same twice under another number, but for a node that has lost its store.
      if (before !== undefined && same(before, value)) useless += SAME_AGAIN_COST
      this.#o.receipts.take(log, value, copy)
      if (log.own) continue
      if (this.#forward.size < FORWARD_MAX) this.#forward.set(`${key} ${value.by}`, { log, bytes: copy, from: peerId, by: value.by })
      this.#schedule()
    }
    return useless
  }

  /** Our own word from before our clock went back and our disk lost it: what we say now is believed only under a higher number. Returns whether it was news. */
  #saidBefore (log: LogState | undefined, value: ReceiptContent, holds: () => boolean): boolean {
    if (log === undefined || log.own) return false
    if (value.sequence <= Math.max(this.#o.receipts.content(log.key, this.#o.self)?.sequence ?? 0, this.#said.get(log) ?? 0) || !holds()) return false
    this.#said.set(log, value.sequence)
    this.notice(log)
    return true
  }

  close (): void {
    if (this.#closed) return
    // The last word of this node: what was settled just before it stops must not wait for its next start.
    this.#timer?.cancel()
    this.#flush()
    this.#closed = true
  }
}

/** The first so many ranges: a receiver with more holes says less, and says it when they have closed. */
function capped (ranges: RangeSet, max = RECEIPT_RANGES_MAX): RangeSet {
  max = Math.min(max, RECEIPT_RANGES_MAX)
  if (ranges.size <= max) return ranges
  const out = new RangeSet()
  for (const { from, to } of ranges.ranges().slice(0, max)) out.add(from, to)
  return out
}

function same (a: ReceiptContent, b: ReceiptContent): boolean {
  return a.stored.equals(b.stored) && a.processed.length === b.processed.length &&
    a.processed.every((entry, i) => entry.name === b.processed[i]?.name && entry.ranges.equals(b.processed[i].ranges))
}
