/**
 * Intake: receive → cheap checks → signature → commit → hold. Batches come by gossip or in answer to a want; both end
 * here, and nothing is held, delivered, offered or receipted before its commit.
 *
 *   offer ─malformed─► reject      ─known─► ignore      ─new, signed─► staged ──commit──► held
 *
 * While a commit is under way the next batches are staged (group commit). What is staged is bounded: above the bound
 * gossip is ignored (repair brings it later) and pulls get no credit.
 */
import type { Clock } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import { equalBytes } from '../base/bytes.js'
import { isSkeinError } from '../base/errors.js'
import { RangeSet } from '../base/range-set.js'
import { bodyHolds, hasBody, MalformedBatch, openBatch, signatureHolds, type SealedBatch } from '../message/batch.js'
import type { LogId } from '../message/ids.js'
import { decodeRecords, type RecordFields } from '../message/record.js'
import { Chain } from '../repair/chain.js'
import { OnItsWay, type Staging } from './on-its-way.js'
import type { Offered } from '../repair/offered.js'
import type { LogBook } from '../store/log-book.js'
import { commitOrFail } from '../store/commit.js'
import type { LogState } from '../store/log-state.js'
import type { Store, StoreOp } from '../store/store.js'

/** Bytes of batches staged for commit. */
export const INTAKE_BYTES_MAX = 16 * 1024 * 1024
/** A record this far ahead of our clock raises an event. A choice. */
const AHEAD_MS = 5 * 60_000
/** Ranges held of one log, with holes between them: above it a batch is taken only next to one that is there, so that a publisher that scatters positions does not make rows that no store takes. A choice. */
export const HELD_RANGES_MAX = 4096
/** First pause after the disk was full; doubles up to the second. */
const RETRY_MIN_MS = 250
const RETRY_MAX_MS = 5_000

/** What this node does with durable records of a log. */
export type Interest = 'keep' | 'live' | 'none'

export interface IntakeOptions {
  readonly clock: Clock
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly store: Store
  readonly book: LogBook
  readonly interest: (batch: SealedBatch) => Interest
  /** Within the quotas of its channel and publisher. `staged`: what is on its way to disk. */
  readonly hasRoom: (batch: SealedBatch, staged: Staging) => boolean
  /** Nothing of this log is taken any more. */
  readonly quarantined: (log: LogId) => boolean
  /** Whether a log not heard of before may be taken in. */
  readonly learns: (log: LogId) => boolean
  /** A batch that is for live subscriptions only. */
  readonly live: (batch: SealedBatch, records: RecordFields[]) => void
  /** Its publisher has signed both, and they cannot both be. */
  readonly forked: (batch: SealedBatch, other: SealedBatch) => void
  readonly ahead: (batch: SealedBatch, aheadMs: number) => void
  /** Durable and held: what came by repair is offered on to neighbours. */
  readonly held: (log: LogState, batches: SealedBatch[], pulledFrom: string | undefined) => void
  /** Batches of this log did not get to disk, which was full; there may be room now. */
  readonly refused: (log: LogState) => void
  readonly failed: (error: Error) => void
  /** Batches are being committed in this turn. */
  readonly committing?: () => void
  /** The log's row is this room's to write, and not the outbox's. Default: always. */
  readonly writesRow?: (log: LogState) => boolean
}

interface Staged {
  readonly log: LogState
  readonly batch: SealedBatch
  readonly records: RecordFields[]
  readonly pulledFrom: string | undefined
  readonly done: ((held: boolean) => void) | undefined
}

export class Intake {
  readonly #o: IntakeOptions
  #staged: Staged[] = []
  readonly #onItsWay = new OnItsWay()
  #committing = false
  /** The disk was full: nothing is taken until the pause is over. */
  #paused = false
  #pauseMs = RETRY_MIN_MS
  #closed = false
  #housekeeping: Array<{ readonly make: () => StoreOp[], readonly refused: () => void }> = []
  /** Positions staged or being committed, by log. */
  readonly #under = new Map<string, RangeSet>()
  /** Positions already offered to live subscriptions, of logs that are not kept. */
  readonly #liveSeen = new Map<string, RangeSet>()
  readonly #chain: Chain

  constructor (options: IntakeOptions) {
    this.#o = options
    this.#chain = new Chain({ crypto: options.crypto, book: options.book, open: (bytes) => this.open(bytes) })
  }

  /** A header that its publisher has signed is not to go together with what is known of its log: the one that contradicts it. */
  against (log: LogState, head: SealedBatch): SealedBatch | undefined { return this.#chain.against(log, head) }
  forget (log: LogState): void { this.#chain.forget(log) }

  /** Bytes of batches on their way to disk. */
  get stagedBytes (): number { return this.#onItsWay.bytes }
  get isFull (): boolean { return this.#paused || this.#onItsWay.bytes >= INTAKE_BYTES_MAX }

  /** On its way to disk: no need to ask for it. */
  isUnderWay (log: LogState, position: number): boolean { return this.#under.get(log.key)?.has(position) ?? false }
  underWay (log: LogState): RangeSet | undefined { return this.#under.get(log.key) }

  /** Decodes with the cheap checks. `bodyHash`: the hash of its body, where it is known. Undefined: malformed. */
  open (bytes: Uint8Array, bodyHash?: Uint8Array): SealedBatch | undefined {
    try {
      return openBatch(bytes, this.#o.mesh, bodyHash)
    } catch (error) {
      if (error instanceof MalformedBatch) return undefined
      throw error
    }
  }

  /** Takes a batch that has been opened. `done(true)` when it is held on disk, `done(false)` when it could not be. */
  offer (batch: SealedBatch, pulledFrom: string | undefined, done?: (held: boolean) => void): Offered {
    if (!hasBody(batch)) return 'bad'
    if (this.#closed) return 'unwanted'
    const interest = this.#o.interest(batch)
    // Gossip is passed on for others, so that it must be genuine even where this node has no use for it.
    if (interest === 'none') return this.#genuine(batch) === undefined ? 'bad' : this.#forksOurs(batch) ? 'forked' : 'unwanted'
    if (this.#o.quarantined(batch.log)) return 'unwanted'
    const known = this.#o.book.get(batch.logKey)
    if (known !== undefined) {
      const under = this.#under.get(known.key)
      if (under?.covers(batch.base, batch.last) === true) return 'known'
      // Batches never overlap unless their publisher signed two histories.
      while (known.held.overlaps(batch.base, batch.last)) {
        const compared = this.#compare(known, batch)
        if (compared !== undefined) return compared
      }
      if (under?.overlaps(batch.base, batch.last) === true) return 'unwanted'
      // What is past comes again by gossip only when somebody replays it; what was asked for is another matter.
      if (pulledFrom === undefined && batch.last <= Math.max(known.trimmed, known.dropped)) return 'unwanted'
      if (interest === 'keep' && this.#isScattered(known, batch)) return 'unwanted'
    } else if (this.#o.book.isForgotten(batch.log) || !this.#o.learns(batch.log)) return 'unwanted'
    if (interest === 'live') return this.#offerLive(batch)
    if (this.isFull || !this.#o.hasRoom(batch, this.#onItsWay.beside(batch))) return 'unwanted'
    const records = this.#genuine(batch)
    if (records === undefined) return 'bad'
    const other = known === undefined ? undefined : this.#chain.against(known, batch)
    if (other !== undefined) {
      this.#o.forked(batch, other)
      return 'forked'
    }
    this.#checkClock(batch)
    const log = this.#o.book.ensure(batch.log)
    this.#chain.took(log, batch)
    let under = this.#under.get(log.key)
    if (under === undefined) this.#under.set(log.key, under = new RangeSet())
    under.add(batch.base, batch.last)
    this.#staged.push({ log, batch, records, pulledFrom, done })
    this.#onItsWay.add(batch)
    if (!this.#committing) this.#commit()
    return 'new'
  }

  /** A batch of a log that this node writes, and that it did not write: somebody works with a copy of this process. */
  #forksOurs (batch: SealedBatch): boolean {
    const own = this.#o.book.get(batch.logKey)
    const other = own?.own === true ? this.#chain.against(own, batch) : undefined
    if (other !== undefined) this.#o.forked(batch, other)
    return other !== undefined
  }

  /** There are too many holes already, and this batch closes none. Repair asks for the lowest first, which always does. */
  #isScattered (log: LogState, { base, last }: SealedBatch): boolean {
    const under = this.#under.get(log.key) ?? new RangeSet()
    if (log.held.size + under.size < HELD_RANGES_MAX) return false
    const touches = (position: number): boolean => log.held.has(position) || under.has(position)
    return base - 1 > Math.max(log.trimmed, log.dropped) && !touches(base - 1) && !touches(last + 1)
  }

  isGenuine (batch: SealedBatch): boolean { return this.#genuine(batch) !== undefined }

  /** Signature, body hash, records, in this order; undefined when one of them is wrong. */
  #genuine (batch: SealedBatch): RecordFields[] | undefined {
    if (!signatureHolds(this.#o.crypto, batch) || !bodyHolds(this.#o.crypto, batch)) return undefined
    try {
      return decodeRecords(batch.body, batch.count, batch.log.channel)
    } catch {
      return undefined
    }
  }

  /** A batch for positions that are held: the same, or proof that its publisher forked. Undefined: what was held turns out to be damaged, and is held no longer. */
  #compare (log: LogState, batch: SealedBatch): Offered | undefined {
    const position = log.held.has(batch.base) ? batch.base : log.held.firstPresent(batch.base)
    const stored = this.#o.book.readBytes(log, position)
    const other = stored === undefined ? undefined : this.open(stored.value)
    if (other === undefined) return undefined
    if (equalBytes(other.header, batch.header)) return 'known'
    if (!signatureHolds(this.#o.crypto, batch)) return 'bad'
    this.#o.forked(batch, other)
    return 'forked'
  }

  #offerLive (batch: SealedBatch): Offered {
    let seen = this.#liveSeen.get(batch.logKey)
    if (seen?.overlaps(batch.base, batch.last) === true) return 'known'
    const records = this.#genuine(batch)
    if (records === undefined) return 'bad'
    if (seen === undefined) {
      if (this.#liveSeen.size >= 4096) this.#liveSeen.delete(this.#liveSeen.keys().next().value as string)
      this.#liveSeen.set(batch.logKey, seen = new RangeSet())
    }
    seen.add(batch.base, batch.last)
    // What lies far back is never offered again in practice; the set must not grow with holes.
    if (seen.size > 256) seen.add(1, seen.last)
    this.#o.live(batch, records)
    return 'new'
  }

  #checkClock (batch: SealedBatch): void {
    const aheadMs = batch.time - this.#o.clock.wallMs()
    if (aheadMs > AHEAD_MS) this.#o.ahead(batch, aheadMs)
  }

  /** Runs `make` between two commits of this room, when no row of a log of others is under way, and commits what it gives. `refused`: the disk had no room even for that. */
  housekeep (make: () => StoreOp[], refused = (): void => {}): void {
    this.#housekeeping.push({ make, refused })
    this.#o.clock.soon(() => { if (!this.#committing) this.#commit() })
  }

  /** In a commit of its own, and in a pause too: what drops must go through on a disk that has no room for messages. */
  #keepHouse (): void {
    const ops: StoreOp[] = []
    const chores = this.#housekeeping.splice(0)
    for (const { make } of chores) ops.push(...make())
    if (ops.length === 0) { this.#commit(); return }
    this.#committing = true
    commitOrFail(this.#o.store, this.#o.clock, ops, (error) => {
      this.#committing = false
      if (error !== undefined && !isSkeinError(error, 'ERR_STORE_FULL')) { this.#fail(error); return }
      if (error !== undefined) for (const { refused } of chores) refused()
      this.#commit()
    })
  }

  #commit (): void {
    if (this.#closed) return
    if (this.#housekeeping.length > 0) { this.#keepHouse(); return }
    if (this.#paused) return
    const ops: StoreOp[] = []
    const taken = this.#staged
    this.#staged = []
    const byLog = new Map<LogState, Staged[]>()
    for (const item of taken) {
      const list = byLog.get(item.log)
      if (list === undefined) byLog.set(item.log, [item])
      else list.push(item)
    }
    for (const [log, items] of byLog) ops.push(...this.#o.book.stage(log, items.map(item => item.batch), this.#o.writesRow?.(log) ?? true))
    if (ops.length === 0) return
    this.#committing = true
    this.#o.committing?.()
    commitOrFail(this.#o.store, this.#o.clock, ops, (error) => {
      this.#committing = false
      if (error !== undefined) {
        for (const item of taken) this.#release(item)
        this.#refused(error, taken)
      } else {
        this.#pauseMs = RETRY_MIN_MS
        this.#applied(byLog)
      }
      if (!this.#committing && (this.#staged.length > 0 || this.#housekeeping.length > 0)) this.#commit()
    })
  }

  #release (item: Staged): void {
    this.#onItsWay.remove(item.batch)
    const under = this.#under.get(item.log.key)
    under?.remove(item.batch.base, item.batch.last)
    if (under?.isEmpty === true) this.#under.delete(item.log.key)
  }

  #applied (byLog: Map<LogState, Staged[]>): void {
    for (const [log, items] of byLog) {
      this.#o.book.applied(log, items.map(item => item.batch), items.map(item => item.records))
      for (const item of items) this.#release(item)
    }
    for (const [log, items] of byLog) {
      const gossiped = items.filter(item => item.pulledFrom === undefined).map(item => item.batch)
      if (gossiped.length > 0) this.#o.held(log, gossiped, undefined)
      const pulled = items.filter(item => item.pulledFrom !== undefined)
      if (pulled.length > 0) this.#o.held(log, pulled.map(item => item.batch), pulled[0]?.pulledFrom)
      for (const item of items) item.done?.(true)
    }
  }

  /** Nothing of it was kept; peers have it still, and repair asks again when there may be room. */
  #refused (error: Error, taken: readonly Staged[]): void {
    for (const item of taken) item.done?.(false)
    if (!isSkeinError(error, 'ERR_STORE_FULL')) {
      this.#fail(error)
      return
    }
    for (const { log, batch } of taken) this.#o.book.noteHeader(log, batch)
    this.#paused = true
    this.#o.clock.after(this.#pauseMs, () => {
      this.#paused = false
      // What was on its way to disk is missing again, and nothing else would tell.
      for (const log of new Set(taken.map(item => item.log))) this.#o.refused(log)
      if (!this.#committing) this.#commit()
    })
    this.#pauseMs = Math.min(RETRY_MAX_MS, this.#pauseMs * 2)
  }

  #fail (error: Error): void {
    this.#closed = true
    this.#o.failed(error)
  }

  close (): void { this.#closed = true }
}
