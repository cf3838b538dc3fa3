/**
 * Retention: what is trimmed, and when. By age everything goes; by bytes and count only what every known durable subscription has settled, unless the
 * channel evicts. The publisher's trims are signed and go to whoever asks for what is gone; what a node drops of others'
 * logs is its own affair.
 */
import type { Clock } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import { BATCH_BODY_BYTES, BATCH_RECORDS_MAX } from '../base/limits.js'
import { MalformedBatch, openBatch } from '../message/batch.js'
import { signTrim } from '../message/signed.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { StoreOp } from '../store/store.js'
import type { ChannelRetention } from './retention-rules.js'

/** Between two passes over all logs. */
export const RETENTION_INTERVAL_MS = 30_000
/** One step never expires more than an hour's worth, so that a clock that jumped does not empty the store. */
const STEP_MS = 3_600_000
/** Batches dropped of one log in one commit, and bytes, or one batch: they are read for it, in one turn. */
const DROP_BATCHES = 256
const DROP_BYTES = 4 * 1024 * 1024
/** When the quota is reached, so much of it is made free at once, so that trimming is not done for each message. */
const SLACK = 1 / 64
/** Above this share of a quota room is made before it is asked for. */
const FILLING = 1 - SLACK / 2

interface Amount {
  bytes: number
  records: number
}

const ALL: Readonly<Amount> = { bytes: Number.POSITIVE_INFINITY, records: 0 }
const NOTHING: Oldest = { through: 0, bytes: 0, records: 0, more: false }

/** The first batches of a log, as far as one pass goes. `more`: it could go on. */
interface Oldest extends Readonly<Amount> {
  readonly through: number
  readonly more: boolean
}

interface HeldBatch {
  readonly last: number
  readonly time: number
  readonly bytes: number
  readonly records: number
}

export interface RetentionContext {
  readonly clock: Clock
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly book: LogBook
  readonly retention: (channel: string) => ChannelRetention
  /** Lowest position of a log that a known durable subscription, here or elsewhere, has not settled. */
  readonly floor: (log: LogState) => number
  /** Lowest position of a log that a durable subscription of this node has not settled. */
  readonly localFloor: (log: LogState) => number
  /** A durable subscription of this node takes in the channel. */
  readonly isSubscribed: (channel: string) => boolean
  /** When the latest durable subscription of this node that takes in the channel was made, ms since 1970; 0: there is none. */
  readonly latestCreationMs: (channel: string) => number
  /** Bytes that should go, by publisher, so that what is kept for others is within its quotas. */
  readonly overCustody: () => Map<string, number>
  /** This life of the node writes the log: its rows belong to the outbox's lane, those of all others to the inbox's. */
  readonly isCurrent: (log: LogState) => boolean
}

/** What one pass drops. */
export interface Pass {
  readonly ops: StoreOp[]
  /** So many are dropped. */
  readonly records: number
  /** There is more to drop. */
  readonly more: boolean
  /** The store has refused the operations: all of it is there still. */
  undo (): void
}

class Dropping implements Pass {
  readonly ops: StoreOp[] = []
  records = 0
  more = false
  readonly #undo: Array<() => void> = []

  /** `more`: there is more to drop, if this drops anything. */
  add (pass: Pass, more = false): void {
    this.ops.push(...pass.ops)
    this.records += pass.records
    this.more ||= pass.more || (more && pass.ops.length > 0)
    this.#undo.push(() => { pass.undo() })
  }

  undo (): void { for (const undo of this.#undo) undo() }
}

export class Retention {
  readonly #c: RetentionContext
  /** What was asked for and not there, by own channel: passes make room for it until there is. */
  readonly #asked = new Map<string, Amount>()

  constructor (context: RetentionContext) {
    this.#c = context
  }

  /** Whether an own channel has room for so much more as it is. `filling`: there is little left after that. */
  hasRoom (channel: string, bytes: number, records = 1, filling = (): void => {}): boolean {
    const { book, retention } = this.#c
    const quota = retention(channel)
    const after = { bytes: book.bytes(channel, true) + bytes, records: book.records(channel, true) + records }
    if (after.bytes <= quota.bytes && after.records <= quota.records) {
      if (after.bytes > filled(quota.bytes, BATCH_BODY_BYTES) || after.records > filled(quota.records, BATCH_RECORDS_MAX)) filling()
      this.#asked.delete(channel)
      return true
    }
    this.#asked.set(channel, { bytes: Math.min(bytes, quota.bytes), records: Math.min(records, quota.records) })
    return false
  }

  /** Up to where a log may be dropped to make room, and by whose leave; 0: nowhere. */
  #droppable (log: LogState, evict: boolean): number {
    return evict ? log.head : Math.min(log.head, this.#c.floor(log) - 1)
  }

  /** Whether trimming can make room in an own channel. Asked when it is full: cheap. */
  canMakeRoom (channel: string): boolean {
    const evict = this.#c.retention(channel).onFull === 'evict'
    for (const log of this.#c.book.logs(channel)) {
      if (log.own && !log.held.isEmpty && this.#droppable(log, evict) >= this.#firstBatchEnd(log)) return true
    }
    return false
  }

  #firstBatchEnd (log: LogState): number {
    const batch = this.#batchAt(log, log.held.first)
    return batch?.last ?? Number.POSITIVE_INFINITY
  }

  #batchAt (log: LogState, position: number): HeldBatch | undefined {
    const found = this.#c.book.readBytes(log, position)
    if (found === undefined) return undefined
    try {
      const batch = openBatch(found.value, this.#c.mesh)
      return { last: batch.last, time: batch.time, bytes: found.value.length, records: batch.count }
    } catch (error) {
      if (error instanceof MalformedBatch) return undefined
      throw error
    }
  }

  /**
   * One pass over this node's own logs, or over those that one lane writes: the operations to commit between two commits of
   * that lane.
   */
  trimOwn (which: 'all' | 'current' | 'earlier' = 'all', channels: Iterable<string> = this.#c.book.channels()): Pass {
    const mine = (log: LogState): boolean => which === 'all' || this.#c.isCurrent(log) === (which === 'current')
    const pass = new Dropping()
    for (const channel of channels) {
      const { ageMs, onFull, until, ...quota } = this.#c.retention(channel)
      const logs = [...this.#c.book.logs(channel)].filter(log => log.own && !log.held.isEmpty).sort((a, b) => a.incarnation.number - b.incarnation.number)
      for (const log of logs) {
        if (!mine(log)) continue
        const expired = further(this.#expired(log, ageMs), until === 'processed' ? this.#processed(log) : NOTHING)
        if (expired.through > log.trimmed) this.#trim(log, expired, 'expired', pass)
        // What was trimmed goes, also where a full disk did not let it. What a lost life trimmed a subscription here may still need.
        else this.#drop(log, this.#c.isCurrent(log) ? log.trimmed : Math.min(log.trimmed, this.#c.localFloor(log) - 1), log.trimmed, pass)
      }
      // After what has expired, which may have made room enough.
      const over = this.#overQuota(channel, quota)
      for (const log of logs) {
        if (over.bytes <= 0 && over.records <= 0) break
        if (log.held.isEmpty) continue
        const limit = this.#droppable(log, onFull === 'evict')
        const oldest = this.#oldest(log, over, limit)
        if (oldest.through === 0) continue
        over.bytes -= oldest.bytes
        over.records -= oldest.records
        // What the other lane will drop is not dropped twice: the oldest go first, whoever's turn it is.
        if (mine(log)) this.#trim(log, oldest, 'evicted', pass)
        // One log after the other.
        if (oldest.more) break
      }
    }
    return pass
  }

  /** How much of an own channel has to go. */
  #overQuota (channel: string, quota: Amount): Amount {
    const asked = this.#asked.get(channel) ?? { bytes: 0, records: 0 }
    const { book } = this.#c
    return { bytes: excess(book.bytes(channel, true), quota.bytes, asked.bytes, BATCH_BODY_BYTES), records: excess(book.records(channel, true), quota.records, asked.records, BATCH_RECORDS_MAX) }
  }

  /** Up to where every known durable subscription has settled the log; 0 while none is known. */
  #processed (log: LogState): Oldest {
    const floor = this.#c.floor(log)
    return floor === Number.POSITIVE_INFINITY ? NOTHING : this.#oldest(log, ALL, Math.min(log.head, floor - 1))
  }

  /** Signs the trim and drops what it covers. */
  #trim (log: LogState, { through, more }: Oldest, reason: 'expired' | 'evicted', pass: Dropping): void {
    // After each subscription to it here, also when the clock has gone back since: what was trimmed before one was made it has no claim on.
    const time = Math.max(Math.floor(this.#c.clock.wallMs()), this.#c.latestCreationMs(log.channel) + 1)
    const trim = { log: log.id, through, reason, time }
    this.#c.book.noteTrim(log, trim, signTrim(this.#c.crypto, this.#c.mesh, trim))
    pass.add(this.#c.book.drop(log, through, { batches: DROP_BATCHES, bytes: DROP_BYTES }), more)
    pass.ops.push(this.#c.book.row(log))
  }

  /** One pass over the logs of others. `custody`: also over all that is kept for others, whatever the channel. */
  dropOthers (channels: Iterable<string> = this.#c.book.channels(), custody = true): Pass {
    const pass = new Dropping()
    for (const channel of channels) {
      const { ageMs, bytes, records, until } = this.#c.retention(channel)
      const { book } = this.#c
      const over = { bytes: above(book.bytes(channel, false), bytes, BATCH_BODY_BYTES), records: above(book.records(channel, false), records, BATCH_RECORDS_MAX) }
      for (const log of this.#c.book.logs(channel)) {
        if (log.own || log.held.isEmpty) continue
        // What the publisher has trimmed and what is too old goes; what a subscription here still needs stays.
        const expired = this.#expired(log, ageMs)
        const past = further(expired, until === 'processed' ? this.#processed(log) : NOTHING)
        const through = Math.min(this.#c.localFloor(log) - 1, Math.max(past.through, log.trimmed))
        const oldest = over.bytes > 0 || over.records > 0 ? this.#oldest(log, over, this.#spare(log)) : NOTHING
        over.bytes -= oldest.bytes
        over.records -= oldest.records
        this.#drop(log, Math.max(through, oldest.through), expired.through, pass, past.more || oldest.more)
      }
    }
    if (custody) this.#dropCustody(pass)
    return pass
  }

  /** Of publishers of whom more is kept than may be, the oldest goes first, whichever channel it is in. */
  #dropCustody (pass: Dropping): void {
    const over = this.#c.overCustody()
    if (over.size === 0) return
    const first = (log: LogState): number => this.#oldestTime(log) ?? 0
    const logs = [...this.#c.book.all()].filter(log => !log.own && !log.held.isEmpty && over.has(log.publisher)).map(log => ({ log, time: first(log) })).sort((a, b) => a.time - b.time)
    for (const { log } of logs) {
      const bytes = over.get(log.publisher) ?? 0
      if (bytes <= 0 || log.held.isEmpty) continue
      const oldest = this.#oldest(log, { bytes, records: 0 }, this.#spare(log, false))
      over.set(log.publisher, bytes - oldest.bytes)
      this.#drop(log, oldest.through, 0, pass, oldest.more)
    }
  }

  /** What is not too old, and what everybody had settled, is fetched again for a subscription that is heard of later. */
  #drop (log: LogState, through: number, expired: number, pass: Dropping, more = false): void {
    if (through >= log.held.first) pass.add(this.#c.book.drop(log, through, { batches: DROP_BATCHES, bytes: DROP_BYTES, letGo: this.#c.floor(log) <= through ? through : expired }), more)
  }

  /**
   * Up to where another's log may be dropped for room. What is kept for subscriptions elsewhere alone stays until they have settled it,
   * and new records are refused meanwhile; but in the quota of a channel it is not in the way of what subscriptions here need. In the quotas of
   * a custodian it cannot be: what they need comes in above those.
   */
  #spare (log: LogState, inChannel = true): number {
    const local = this.#c.retention(log.channel).onFull === 'evict' || (inChannel && this.#c.isSubscribed(log.channel))
    return (local ? this.#c.localFloor(log) : this.#c.floor(log)) - 1
  }

  /** What of the log is older than `ageMs`, an hour's worth at most. */
  #expired (log: LogState, ageMs: number): Oldest {
    const cutoff = this.#c.clock.wallMs() - ageMs
    const time = this.#oldestTime(log)
    if (time === undefined || time >= cutoff) return NOTHING
    const until = Math.min(cutoff, time + STEP_MS)
    return this.#first(log, (batch, { through }) => through === 0 || batch.time < until)
  }

  /** Of the first batch held. With many logs most are as they were at the last pass. */
  #oldestTime (log: LogState): number | undefined {
    const { oldest, held } = log
    if (oldest.position === held.first) return oldest.time
    const first = this.#batchAt(log, held.first)
    if (first === undefined) return undefined
    oldest.position = held.first
    oldest.time = first.time
    return first.time
  }

  /** The oldest batches that make up so much, as far as `limit` lets them go. */
  #oldest (log: LogState, wanted: Amount, limit: number): Oldest {
    return this.#first(log, (batch, { bytes, records }) => (bytes < wanted.bytes || records < wanted.records) && batch.last <= limit)
  }

  /** The first batches of the log, as long as they are to be `taken`, and as many as one pass drops. */
  #first (log: LogState, taken: (batch: HeldBatch, before: Readonly<Oldest>) => boolean): Oldest {
    const found = { through: 0, bytes: 0, records: 0, more: false }
    let position = log.held.first
    for (let n = 0; position > 0; n++) {
      const batch = this.#batchAt(log, position)
      if (batch === undefined || !taken(batch, found)) break
      if (n === DROP_BATCHES || found.bytes >= DROP_BYTES) {
        found.more = true
        break
      }
      found.through = batch.last
      found.bytes += batch.bytes
      found.records += batch.records
      position = log.held.firstPresent(batch.last + 1)
    }
    return found
  }
}

/** Above this a quota is short of room. Where it holds few batches none goes before its room is asked for. */
const filled = (most: number, batch: number): number => most * SLACK < batch ? most : most * FILLING

/** How much of what is held has to go, so that there is room for what is asked for. */
function excess (held: number, most: number, more: number, batch: number): number {
  const short = filled(most, batch)
  if (held <= short && held + more <= most) return 0
  return held - (short < most ? Math.min(most * (1 - SLACK), most - more) : most - more)
}

/** What others' logs have above a quota, and a little more, so that they do not have it again at once. */
const above = (held: number, most: number, batch: number): number => held > most ? held - (most * SLACK < batch ? most : most * (1 - SLACK)) : 0

const further = (a: Oldest, b: Oldest): Oldest => a.through >= b.through ? a : b
