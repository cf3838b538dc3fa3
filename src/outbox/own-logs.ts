import type { Clock, Random } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import { toHex } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'
import { HEAD_ROOM_BYTES } from '../message/batch-frame.js'
import { openBatch, sealBatch, type SealedBatch } from '../message/batch.js'
import { compareIncarnations, formatIncarnation, INCARNATION_RANDOM_BYTES, type Incarnation } from '../message/ids.js'
import { encodeRecords, type RecordFields } from '../message/record.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { Store, StoreOp } from '../store/store.js'

const INCARNATION_KEY = Buffer.from('incarnation')

interface Writer {
  readonly log: LogState
  next: number
  previous: Uint8Array
  time: number
}

export interface OwnLogsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly self: string
  readonly store: Store
  readonly book: LogBook
}

/**
 * The logs this node writes in its present life: positions, hash chain, incarnation. A fresh incarnation for each start
 * that publishes makes it impossible to use a position twice, whatever was restored from whichever backup.
 */
export class OwnLogs {
  readonly #o: OwnLogsOptions
  readonly #writers = new Map<string, Writer>()
  #incarnation: Incarnation | undefined
  /** The number of the last incarnation, as the store has it. */
  #lastOnDisk = 0
  #incarnationDurable = false
  /** The highest number that others know of an incarnation of ours. */
  #heardOf = 0
  #newestMs = 0

  /** Throws `ERR_STORE_CORRUPT` when the row of the last incarnation is not what was written. */
  constructor (options: OwnLogsOptions) {
    this.#o = options
    const row = options.store.get('meta', INCARNATION_KEY)
    if (row === undefined) return
    this.#lastOnDisk = row.length === 8 ? Number(Buffer.from(row).readBigUInt64BE()) : Number.NaN
    if (!Number.isSafeInteger(this.#lastOnDisk + 1)) throw new SkeinError('ERR_STORE_CORRUPT', 'the number of the last incarnation is not what was written')
  }

  /** The latest time in a header that this node has signed and knows of, ms by its own clock as it was then. */
  newestMs (): number {
    if (this.#newestMs === 0) {
      for (const log of this.#o.book.all()) if (log.own && log.headBytes.length > 0) this.#newestMs = Math.max(this.#newestMs, timeOf(log.headBytes, this.#o.mesh))
    }
    return this.#newestMs
  }

  /** Undefined until the first publish of this start. */
  get incarnation (): Incarnation | undefined { return this.#incarnation }
  /** It is this start's own. */
  isPresent ({ number, random }: Incarnation): boolean { return this.#incarnation?.number === number && this.#incarnation.random === random }
  get incarnationText (): string { return this.#incarnation === undefined ? '' : formatIncarnation(this.#incarnation) }

  /** Others know of an incarnation of ours with this number. */
  heardOf (number: number): void { this.#heardOf = Math.max(this.#heardOf, number) }

  /** The next batch begins a new incarnation. Only between two commits of the lane that writes these logs. */
  renew (): void {
    if (this.#incarnation !== undefined) this.#heardOf = Math.max(this.#heardOf, this.#incarnation.number)
    this.#incarnation = undefined
    this.#incarnationDurable = false
    this.#writers.clear()
  }

  /** Allocates the incarnation and makes sure that it is in the same commit as the first batch. */
  #begin (ops: StoreOp[]): Incarnation {
    if (this.#incarnation === undefined) {
      let last = Math.max(this.#heardOf, this.#lastOnDisk)
      // What peers remember of us counts too: the store may be older than the last life.
      for (const log of this.#o.book.all()) if (log.own) last = Math.max(last, log.incarnation.number)
      this.#incarnation = { number: Math.max(last + 1, Math.floor(this.#o.clock.wallMs())), random: toHex(this.#o.random.bytes(INCARNATION_RANDOM_BYTES)) }
    }
    if (!this.#incarnationDurable) {
      const value = Buffer.alloc(8)
      value.writeBigUInt64BE(BigInt(this.#incarnation.number))
      ops.push({ type: 'put', table: 'meta', key: INCARNATION_KEY, value })
    }
    return this.#incarnation
  }

  /** Seals records as the next batch of this channel's log. `ops` gets what must be in the same commit. */
  seal (channel: string, records: RecordFields[], ops: StoreOp[]): { log: LogState, batch: SealedBatch } {
    const incarnation = this.#begin(ops)
    const body = encodeRecords(records, HEAD_ROOM_BYTES)
    let writer = this.#writers.get(channel)
    if (writer === undefined) {
      writer = { log: this.#o.book.ensure({ publisher: this.#o.self, incarnation, channel }), next: 1, previous: new Uint8Array(0), time: 0 }
      this.#writers.set(channel, writer)
    }
    const earlier = writer.next === 1 ? this.#earlier(channel) : undefined
    const link = earlier?.headHash === undefined ? undefined : { incarnation: earlier.incarnation, position: earlier.head, hash: earlier.headHash }
    // Times never run backwards within a log, so that a head can prove how old everything before it is.
    let time = Math.max(writer.time, Math.floor(this.#o.clock.wallMs()))
    for (const record of records) time = Math.max(time, record.time)
    const batch = sealBatch(this.#o.crypto, this.#o.mesh, { log: writer.log.id, base: writer.next, count: records.length, time, previous: writer.previous, link, body, room: HEAD_ROOM_BYTES })
    writer.next = batch.last + 1
    writer.previous = this.#o.crypto.hash(batch.header)
    writer.time = time
    this.#newestMs = Math.max(this.newestMs(), time)
    return { log: writer.log, batch }
  }

  /** The latest earlier log of ours in this channel that has anything in it. */
  #earlier (channel: string): LogState | undefined {
    let best: LogState | undefined
    for (const log of this.#o.book.logs(channel)) {
      if (!log.own || log.head === 0 || log.incarnation.number >= (this.#incarnation as Incarnation).number) continue
      if (best === undefined || compareIncarnations(log.incarnation, best.incarnation) > 0) best = log
    }
    return best
  }

  /** The commit with these batches is durable. */
  committed (): void { this.#incarnationDurable = true }

  /** The commit was refused and nothing of it was kept: positions and chain go back to before these batches. */
  rollback (batches: ReadonlyArray<{ readonly log: LogState, readonly batch: SealedBatch }>): void {
    for (const { batch } of [...batches].reverse()) {
      const writer = this.#writers.get(batch.log.channel)
      if (writer === undefined) continue
      writer.next = batch.base
      writer.previous = batch.previous
    }
  }

  /** Channels written to in this life. */
  get channels (): number { return this.#writers.size }

  /** The log now written in this channel, when there is one. */
  current (channel: string): LogState | undefined { return this.#writers.get(channel)?.log }
  isCurrent (log: LogState): boolean { return this.#writers.get(log.channel)?.log === log }
}

function timeOf (head: Uint8Array, mesh: Uint8Array): number {
  try {
    return openBatch(head, mesh).time
  } catch {
    // A damaged row: it is told of elsewhere.
    return 0
  }
}
