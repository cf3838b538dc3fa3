/**
 * What this node says about the logs it holds: signed, cumulative, newest wins. It climbs to the publisher over the
 * neighbours that lead there (`Climb`), and so does what others say.
 *
 *     eager   each batch has its receipt at once: its publisher may be waiting for it before it sends the next
 *     paced   a receipt every few milliseconds: batches come though the one before has no receipt yet, so nobody waits for that
 *
 * A receipt costs as much as all else that is done for a small batch. Whether somebody waits is not told by anyone: it shows in what
 * comes while a receipt is held back, which one in so many is for that purpose.
 */
import { Budgets } from '../base/budget.js'
import type { Clock, Random, Timer } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import { copyBytes } from '../base/bytes.js'
import { RangeSet } from '../base/range-set.js'
import { logKey, type LogId } from '../message/ids.js'
import { openReceipt, RECEIPT_NAMES_MAX, RECEIPT_RANGES_MAX, signReceipt, type ReceiptContent } from '../message/signed.js'
import { KNOWN_COST } from '../repair/known-cost.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import { Climb, type ClimbOptions, type Statement } from './climb.js'

/** Between two receipts under load. Measured: at 100 ms a publisher that waits for `stored` with 1,000 outstanding would be held to 10,000 messages a second. */
export const RECEIPT_INTERVAL_MS = 10
/** Between two receipts to a publisher that may be waiting for each. */
const EAGER_INTERVAL_MS = 1
/** Of so many receipts to such a one, one is held back for a while: if another batch comes meanwhile, nobody waits for it. */
const PROBE_EVERY = 32
const PROBE_MS = 3
/** The first one comes sooner: a choice. */
const FIRST_PROBE = 4
/** Signing and checking one costs 0.2 ms: with many logs at work the interval grows, so that at most a tenth of a core goes there. */
const PER_LOG_MS = 2
export const RECEIPT_INTERVAL_MAX_MS = 500
/** What so many subscriptions have settled costs as much to say and to read as another log. Measured. */
const NAMES_PER_LOG = 32
/** Ranges in one receipt, of all names together: it must fit a frame many times over. */
const RANGES_MAX = 8192
/**
 * Where the clock is behind what an earlier life said, the word that follows it leaves out up to so many numbers. A life that lost its last
 * words would else give one of their numbers to another one, and nobody could tell the two apart.
 */
const LEFT_OUT_MAX = 65_536
/** A signature checked for nothing, in units of work. */
const SAME_AGAIN_COST = 8
/** Statements of neighbours that wait to be passed on. */
export const FORWARD_MAX = 10_000
/** Newer words that wait for neighbours that brought older ones. */
export const ANSWERS_MAX = 1_000
/** Bytes of statements about logs that this node has not heard of: whoever sent them heard of the log earlier. */
export const EARLY_BYTES_MAX = 4 * 1024 * 1024
/** Memory for receipts that one neighbour may take up at once, and each second. More is taken in when it tells of them again. A choice: twenty thousand receipts. */
export const NEW_RECEIPT_BYTES_BURST = 32 * 1024 * 1024
export const NEW_RECEIPT_BYTES_PER_SECOND = 256 * 1024

export interface SaidReceipt extends Statement {
  readonly content: ReceiptContent
}

export interface ReceiptStore {
  content (key: string, by: string): ReceiptContent | undefined
  statement (key: string, by: string): SaidReceipt | undefined
  /** All newest statements about one log. */
  about (log: LogState): Iterable<Statement>
  take (log: LogState, content: ReceiptContent, bytes: Uint8Array): void
  /** Memory that it takes to keep this, bytes; infinite: there is no room for it. */
  growth (key: string, content: ReceiptContent, bytes: Uint8Array): number
}

export interface ReceiptingOptions extends Omit<ClimbOptions, 'about'> {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly self: string
  readonly book: LogBook
  readonly receipts: ReceiptStore
  readonly processed: (log: LogState) => ReadonlyArray<{ readonly name: string, readonly ranges: RangeSet }>
  readonly strike: (peerId: string, reason: string) => void
  readonly takesPart: (channel: string) => boolean
  /** The log will be heard of here when it is heard of anywhere. */
  readonly willLearn: (log: LogId) => boolean
}

export class Receipting {
  readonly #o: ReceiptingOptions
  readonly #dirty = new Set<LogState>()
  /** Statements to be passed on, by log and by who said it. */
  readonly #forward = new Map<LogState, Map<string, { statement: Statement, from: string, isNews: boolean }>>()
  #forwardSize = 0
  /** Newer words for neighbours that brought older ones. */
  readonly #answers = new Map<string, { peerId: string, log: LogState, statement: Statement }>()
  readonly #broughtBy = new WeakMap<object, string>()
  readonly #climb: Climb
  /** About logs that this node will have heard of soon, by log and who said it. */
  readonly #early = new Map<string, Map<string, { bytes: Uint8Array, from: string }>>()
  #earlyBytes = 0
  readonly #paces = new Budgets(NEW_RECEIPT_BYTES_PER_SECOND, NEW_RECEIPT_BYTES_BURST, 1024)
  /** What this node said of a log in an earlier life and no longer knows, as neighbours have it: the number of that statement. */
  readonly #said = new WeakMap<LogState, number>()
  /** The number of what this node said last of a log, if it was in this life. */
  readonly #spoken = new WeakMap<LogState, number>()
  #timer: Timer | undefined
  #lastMs = Number.NEGATIVE_INFINITY
  #lastCost = 0
  #isPaced = false
  /** Batches that came since the last receipts. */
  #arrivals = 0
  #untilProbe = FIRST_PROBE
  #closed = false

  constructor (options: ReceiptingOptions) {
    this.#o = options
    this.#climb = new Climb({ ...options, about: (log) => options.receipts.about(log) })
  }

  /** What was said before this node started may be with nobody who leads to the publisher. */
  start (): void {
    for (const log of this.#o.book.all()) {
      const [first] = this.#o.receipts.about(log)
      if (!log.own && first !== undefined) this.#climb.owe(log)
      if (!log.own && this.#saysTooMuch(log)) this.#dirty.add(log)
    }
    this.#schedule()
  }

  /** Receipts that wait: to be passed on, as answers, and for a log to be heard of, bytes. */
  get waiting (): { readonly forward: number, readonly answers: number, readonly earlyBytes: number } { return { forward: this.#forwardSize, answers: this.#answers.size, earlyBytes: this.#earlyBytes } }

  /** Batches come one after the other, and nobody waits for the receipt of each. */
  get isPaced (): boolean { return this.#isPaced }

  /** The way to this publisher, or to anybody, may have changed. */
  routed (publisher?: string): void {
    if (publisher === undefined ? this.#climb.lookAll() : this.#climb.look(publisher)) this.#schedule()
  }

  peerDown (peerId: string): void {
    if (this.#climb.peerDown(peerId)) this.#schedule()
  }

  /** The neighbour no longer takes in the channel. */
  left (peerId: string, channel: string): void {
    if (this.#climb.left(peerId, channel)) this.#schedule()
  }

  drained (peerId: string): void { this.#climb.drained(peerId) }

  /** The log is past. */
  forget (log: LogState): void {
    this.#dirty.delete(log)
    this.#forwardSize -= this.#forward.get(log)?.size ?? 0
    this.#forward.delete(log)
    this.#climb.forget(log)
  }

  /** Batches of this log have been stored, durably. */
  stored (log: LogState): void {
    if (!log.own) this.#arrivals++
    this.notice(log)
  }

  /** Something of this log has been settled, durably. */
  notice (log: LogState): void {
    if (log.own || this.#closed) return
    this.#dirty.add(log)
    this.#schedule()
  }

  /** A subscription of this name begins with nothing of the log settled: what was said of an earlier one of that name no longer holds. */
  begun (log: LogState, name: string): void {
    if (this.#o.receipts.content(log.key, this.#o.self)?.processed.some(said => said.name === name) === true) this.notice(log)
  }

  /** What was said last of a log is more than holds: of a subscription that was made anew just before this node ended. */
  #saysTooMuch (log: LogState): boolean {
    const said = this.#o.receipts.content(log.key, this.#o.self)?.processed ?? []
    if (said.length === 0) return false
    const now = this.#o.processed(log)
    return said.some(({ name, ranges }) => {
      const holds = now.find(each => each.name === name)
      return holds !== undefined && !ranges.without(holds.ranges).isEmpty
    })
  }

  #schedule (): void {
    if (this.#timer !== undefined || this.#closed) return
    const priceMs = this.#lastCost > 1 ? this.#lastCost * PER_LOG_MS : 0
    const intervalMs = Math.min(RECEIPT_INTERVAL_MAX_MS, Math.max(priceMs, this.#isPaced ? RECEIPT_INTERVAL_MS : EAGER_INTERVAL_MS))
    const probes = !this.#isPaced && this.#arrivals > 0 && --this.#untilProbe === 0
    if (probes) this.#untilProbe = PROBE_EVERY
    const delayMs = Math.max(probes ? PROBE_MS : 0, this.#lastMs + intervalMs - this.#o.clock.nowMs())
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
    this.#lastCost = this.#dirty.size + this.#forwardSize
    this.#isPaced = this.#arrivals > 1
    this.#arrivals = 0
    for (const log of this.#dirty) {
      const statement = this.#state(log)
      if (statement === undefined) continue
      this.#lastCost += statement.content.processed.length / NAMES_PER_LOG
      this.#climb.post(log, statement)
    }
    this.#dirty.clear()
    for (const [log, statements] of this.#forward) for (const { statement, from, isNews } of statements.values()) this.#climb.post(log, statement, from, isNews)
    this.#forward.clear()
    this.#forwardSize = 0
    for (const { peerId, log, statement } of this.#answers.values()) this.#climb.answer(peerId, log, statement)
    this.#answers.clear()
    this.#climb.flush()
  }

  /** Signs what is so now, and keeps it. Undefined when nothing has changed. */
  #state (log: LogState): SaidReceipt | undefined {
    const { self, receipts, mesh, crypto } = this.#o
    const before = receipts.content(log.key, self)
    const stored = log.held.clone()
    // What was held and dropped since is in what was said before. Below what was dropped there may be what never came.
    if (before !== undefined) stored.addAll(before.stored)
    const processed = this.#o.processed(log).filter(({ ranges }) => !ranges.isEmpty).slice(0, RECEIPT_NAMES_MAX)
      .map(({ name, ranges }, _, all) => ({ name, ranges: capped(ranges, Math.max(8, Math.floor(RANGES_MAX / all.length))) }))
    const said = this.#said.get(log) ?? 0
    const content = { by: self, sequence: this.#number(log, Math.max(before?.sequence ?? 0, said)), log: log.id, stored: capped(stored), processed }
    if (before !== undefined && before.sequence > said && same(before, content)) return undefined
    this.#spoken.set(log, content.sequence)
    const bytes = signReceipt(crypto, mesh, content)
    receipts.take(log, content, bytes)
    return { content, bytes }
  }

  /** Above the last one known: the wall clock, unless that is behind. */
  #number (log: LogState, last: number): number {
    const wallMs = Math.floor(this.#o.clock.wallMs())
    if (wallMs > last) return wallMs
    return last + 1 + (this.#spoken.get(log) === last ? 0 : Math.floor(this.#o.random.float() * LEFT_OUT_MAX))
  }

  /** Statements from a neighbour: about our own logs, or to keep and pass on. Returns what of it was for nothing, in units of work. */
  arrived (peerId: string, statements: readonly Uint8Array[]): number {
    let useless = 0
    for (const bytes of statements) {
      const opened = openReceipt(bytes, this.#o.mesh)
      if (opened === undefined) { this.#o.strike(peerId, 'a malformed receipt'); return useless }
      const { value } = opened
      const { publisher, channel } = value.log
      if (value.by === publisher) { this.#o.strike(peerId, 'a receipt of a node about its own log'); return useless }
      const key = logKey(value.log)
      const log = this.#o.book.get(key)
      const before = this.#o.receipts.statement(key, value.by)
      const sequence = before?.content.sequence ?? 0
      if (value.by === this.#o.self && value.sequence !== sequence) {
        if (!this.#saidBefore(log, value, () => opened.verify(this.#o.crypto))) useless += KNOWN_COST
        continue
      }
      if ((publisher !== this.#o.self && !this.#o.takesPart(channel)) || value.sequence <= sequence) {
        useless += KNOWN_COST
        if (log === undefined || before === undefined) continue
        // Whoever passes it on thinks that this node leads to the publisher: it answers for the statement again.
        if (value.sequence === sequence) this.#passOn(log, before, peerId, false)
        else {
          // One that was away has many older ones, and tells of all of them.
          useless += KNOWN_COST
          this.#answer(peerId, log, before)
        }
        continue
      }
      if (log === undefined) {
        useless += KNOWN_COST
        // A log of its own, of which it has lost everything, comes back too.
        if (publisher !== this.#o.self && !this.#o.willLearn(value.log)) continue
        if (!opened.verify(this.#o.crypto)) { this.#o.strike(peerId, 'a receipt with a wrong signature'); return useless }
        this.#keepEarly(key, value.by, copyBytes(bytes), peerId)
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
      if (before !== undefined && same(before.content, value)) useless += SAME_AGAIN_COST
      this.#o.receipts.take(log, value, copy)
      const statement = { content: value, bytes: copy }
      this.#broughtBy.set(value, peerId)
      const earlier = before === undefined ? undefined : this.#broughtBy.get(before.content)
      if (before !== undefined && earlier !== peerId && this.#climb.comesBack(log, before, statement, peerId)) {
        if (earlier !== undefined) this.#answer(earlier, log, statement)
      } else this.#passOn(log, statement, peerId)
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

  /** The neighbour has an older word: so may whoever said it, when it has lost its store, and then nobody believes it. */
  #answer (peerId: string, log: LogState, statement: Statement): void {
    if (this.#answers.size >= ANSWERS_MAX) return
    this.#answers.set(`${peerId} ${log.key} ${statement.content.by}`, { peerId, log, statement })
    this.#schedule()
  }

  #passOn (log: LogState, statement: Statement, from: string, isNews = true): void {
    if (log.own) return
    if (this.#forwardSize < FORWARD_MAX) this.#forwards(log, statement, from, isNews)
    else this.#climb.owe(log)
    this.#schedule()
  }

  #forwards (log: LogState, statement: Statement, from: string, isNews: boolean): void {
    let statements = this.#forward.get(log)
    if (statements === undefined) this.#forward.set(log, statements = new Map())
    if (!statements.has(statement.content.by)) this.#forwardSize++
    statements.set(statement.content.by, { statement, from, isNews })
  }

  #keepEarly (key: string, by: string, bytes: Uint8Array, from: string): void {
    let statements = this.#early.get(key)
    if (statements === undefined) this.#early.set(key, statements = new Map())
    this.#earlyBytes += bytes.length - (statements.get(by)?.bytes.length ?? 0)
    statements.set(by, { bytes, from })
    // A large one may take the place of many small ones.
    while (this.#earlyBytes > EARLY_BYTES_MAX) this.#takeEarly(this.#early.keys().next().value as string)
  }

  #takeEarly (key: string): Iterable<{ readonly bytes: Uint8Array, readonly from: string }> {
    const statements = [...this.#early.get(key)?.values() ?? []]
    this.#early.delete(key)
    for (const { bytes } of statements) this.#earlyBytes -= bytes.length
    return statements
  }

  /** This log has been heard of. */
  learned (log: LogState): void {
    for (const { bytes, from } of this.#takeEarly(log.key)) this.arrived(from, [bytes])
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
