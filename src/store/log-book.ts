/**
 * The log book: which logs this node knows, what it holds of each, and their batches, over the Store port.
 *
 * Batches are immutable. A log is written by one lane at a time (outbox/ its own current logs, inbox/ all others),
 * with one commit under way, so that a row never speaks of a batch that is not on disk: `stage` gives the operations, `applied` is called
 * when they are durable, and only then do readers see them.
 */
import type { Crypto } from '../base/crypto.js'
import { SkeinError } from '../base/errors.js'
import { bodyHolds, headBytes, openBatch, type SealedBatch } from '../message/batch.js'
import { logKey, type LogId } from '../message/ids.js'
import { decodeRecords, type RecordFields } from '../message/record.js'
import type { TrimStatement } from '../message/signed.js'
import { BatchCache, type OpenBatch } from './batch-cache.js'
import { LogState, logRowKey } from './log-state.js'
import type { Store, StoreOp } from './store.js'

/** Decoded batches kept in memory, bytes. Wild guess: enough for a few hundred batches under delivery. */
const CACHE_BYTES = 24 * 1024 * 1024

export interface BookListener {
  /** A log was heard of for the first time, or a new one of ours begun. */
  logLearned? (log: LogState): void
  /** `head`, `trimmed` or `link` moved. */
  logChanged? (log: LogState): void
  /** These positions are committed and can be read. */
  recordsHeld? (log: LogState, from: number, to: number): void
  /** A stored batch is not what was written: it is no longer held. */
  batchDamaged? (log: LogState, from: number, to: number): void
}

export interface LogBookOptions {
  readonly store: Store
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly self: string
  readonly wallMs: () => number
}

export class LogBook {
  readonly #options: LogBookOptions
  readonly #byKey = new Map<string, LogState>()
  readonly #byNumber = new Map<number, LogState>()
  readonly #byChannel = new Map<string, Set<LogState>>()
  readonly #cache = new BatchCache(CACHE_BYTES)
  readonly #listeners: BookListener[] = []
  /** Bytes held by channel: of own logs, and of others'. */
  readonly #bytes = new Map<string, { own: number, others: number }>()
  #nextNumber = 1

  constructor (options: LogBookOptions) {
    this.#options = options
    let after: Uint8Array | undefined
    for (;;) {
      const rows = options.store.entries('log', after === undefined ? {} : { gte: after })
      for (const [key, value] of rows) this.#add(LogState.fromRow(key, value, options.self))
      const last = rows.at(-1)?.[0]
      if (last === undefined || rows.length < 1000) break
      after = new Uint8Array(last.length + 1)
      after.set(last)
    }
  }

  listen (listener: BookListener): void { this.#listeners.push(listener) }

  get (key: string): LogState | undefined { return this.#byKey.get(key) }
  byNumber (number: number): LogState | undefined { return this.#byNumber.get(number) }
  all (): Iterable<LogState> { return this.#byKey.values() }
  logs (channel: string): Iterable<LogState> { return this.#byChannel.get(channel) ?? [] }
  channels (): string[] { return [...this.#byChannel.keys()] }
  get size (): number { return this.#byKey.size }

  /** Bytes held of this node's own logs of a channel, or of all others'. */
  bytes (channel: string, own: boolean): number { return this.#bytes.get(channel)?.[own ? 'own' : 'others'] ?? 0 }

  #count (log: LogState, bytes: number): void {
    let entry = this.#bytes.get(log.channel)
    if (entry === undefined) this.#bytes.set(log.channel, entry = { own: 0, others: 0 })
    entry[log.own ? 'own' : 'others'] += bytes
  }

  /** The log's state, made when it is new. A log heard of gets its row with its first commit. */
  ensure (id: LogId): LogState {
    const known = this.#byKey.get(logKey(id))
    if (known !== undefined) return known
    const log = new LogState(id, this.#nextNumber, id.publisher === this.#options.self)
    log.firstAt = this.#options.wallMs()
    this.#add(log)
    for (const listener of this.#listeners) listener.logLearned?.(log)
    return log
  }

  #add (log: LogState): void {
    this.#byKey.set(log.key, log)
    this.#byNumber.set(log.number, log)
    let channel = this.#byChannel.get(log.channel)
    if (channel === undefined) this.#byChannel.set(log.channel, channel = new Set())
    channel.add(log)
    this.#count(log, log.bytes)
    this.#nextNumber = Math.max(this.#nextNumber, log.number + 1)
  }

  /** Forgets a log of which nothing is held and nothing is wanted. Returns the operations; durable or not makes no difference to others. */
  forget (log: LogState): StoreOp[] {
    this.#byKey.delete(log.key)
    this.#count(log, -log.bytes)
    this.#byNumber.delete(log.number)
    const channel = this.#byChannel.get(log.channel)
    channel?.delete(log)
    if (channel?.size === 0) this.#byChannel.delete(log.channel)
    return [{ type: 'del', table: 'log', key: logRowKey(log.id) }]
  }

  /** Takes in a header whose signature has been checked: it may move the head or bring the link. */
  noteHeader (log: LogState, batch: SealedBatch): void {
    let changed = false
    if (batch.last > log.head || (batch.last === log.head && log.headBytes.length === 0)) {
      log.head = batch.last
      log.headHash = this.#options.crypto.hash(batch.header)
      log.headBytes = headBytes(batch)
      changed = true
    }
    if (batch.base === 1 && !log.linkKnown) {
      log.linkKnown = true
      log.link = batch.link
      changed = true
    }
    if (changed) this.#changed(log)
  }

  /** Takes in a head from the publisher's signed announcement, which has no header to show. */
  noteHead (log: LogState, position: number, hash: Uint8Array): void {
    if (position <= log.head) return
    log.head = position
    log.headHash = hash
    log.headBytes = new Uint8Array(0)
    this.#changed(log)
  }

  /** Takes in a trim whose signature has been checked. Returns whether it was news. */
  noteTrim (log: LogState, trim: TrimStatement, bytes: Uint8Array): boolean {
    if (trim.through <= log.trimmed) return false
    log.trimmed = trim.through
    log.trimReason = trim.reason
    log.trimBytes = bytes
    log.head = Math.max(log.head, trim.through)
    this.#changed(log)
    return true
  }

  #changed (log: LogState): void {
    for (const listener of this.#listeners) listener.logChanged?.(log)
  }

  /** The operations that put these checked batches of one log on disk. Nothing is visible until `applied`. */
  stage (log: LogState, batches: readonly SealedBatch[]): StoreOp[] {
    const ops: StoreOp[] = []
    const next: Parameters<LogState['toRow']>[0] & object = { held: log.held.clone(), bytes: log.bytes }
    let highest: SealedBatch | undefined
    for (const batch of batches) {
      next.held?.add(batch.base, batch.last)
      next.bytes = (next.bytes ?? 0) + batch.bytes.length
      if (batch.last > Math.max(log.head, highest?.last ?? 0)) highest = batch
      if (batch.base === 1) Object.assign(next, { linkKnown: true, link: batch.link })
      ops.push({ type: 'put', table: 'batch', key: batchKey(log.number, batch.base), value: batch.bytes })
    }
    if (highest !== undefined) Object.assign(next, { head: highest.last, headHash: this.#options.crypto.hash(highest.header), headBytes: headBytes(highest) })
    ops.push({ type: 'put', table: 'log', key: logRowKey(log.id), value: log.toRow(next) })
    return ops
  }

  /** The commit of `stage` is durable. `records` saves decoding them again where the caller has them. */
  applied (log: LogState, batches: readonly SealedBatch[], records?: ReadonlyArray<RecordFields[] | undefined>): void {
    for (const [i, batch] of batches.entries()) {
      this.noteHeader(log, batch)
      log.held.add(batch.base, batch.last)
      log.bytes += batch.bytes.length
      this.#count(log, batch.bytes.length)
      const decoded = records?.[i]
      if (decoded !== undefined) this.#cache.set(BatchCache.key(log.number, batch.base), { batch, records: decoded })
    }
    for (const batch of batches) {
      for (const listener of this.#listeners) listener.recordsHeld?.(log, batch.base, batch.last)
    }
  }

  /** The operation that writes the log's row as it now is. Only from the lane that writes this log, with no commit under way. */
  row (log: LogState): StoreOp {
    return { type: 'put', table: 'log', key: logRowKey(log.id), value: log.toRow() }
  }

  /**
   * The operations that drop held batches which end at or before `through`, at most `limit` of them; they are no longer held from now on.
   * Only from the lane that writes this log, with no commit under way.
   */
  drop (log: LogState, through: number, limit = 256): { ops: StoreOp[], dropped: number, more: boolean } {
    const ops: StoreOp[] = []
    let dropped = 0
    let more = false
    for (const [key, value] of this.#options.store.entries('batch', { gte: batchKey(log.number, 0), lt: batchKey(log.number, through + 1), limit: Math.min(limit, 1000) })) {
      const base = baseOfKey(key)
      const last = this.#lastOf(value)
      if (last === undefined || last > through) continue
      ops.push({ type: 'del', table: 'batch', key })
      this.#cache.delete(BatchCache.key(log.number, base))
      if (log.held.covers(base, last)) {
        log.held.remove(base, last)
        log.bytes -= value.length
        this.#count(log, -value.length)
      }
      dropped = Math.max(dropped, last)
    }
    more = ops.length >= limit
    log.dropped = Math.max(log.dropped, dropped)
    if (ops.length > 0) ops.push(this.row(log))
    return { ops, dropped, more }
  }

  #lastOf (value: Uint8Array): number | undefined {
    try {
      return openBatch(value, this.#options.mesh).last
    } catch {
      return undefined
    }
  }

  /** The batch that holds `position`, checked against its hash. Undefined when it is not held, or turns out to be damaged. */
  read (log: LogState, position: number): OpenBatch | undefined {
    const bytes = this.readBytes(log, position)
    if (bytes === undefined) return undefined
    const base = bytes.base
    const key = BatchCache.key(log.number, base)
    const cached = this.#cache.get(key)
    if (cached !== undefined) return cached
    try {
      const batch = openBatch(bytes.value, this.#options.mesh)
      if (batch.logKey !== log.key || batch.base !== base || position > batch.last || !bodyHolds(this.#options.crypto, batch)) throw new RangeError('the batch is not the one that was stored')
      const open = { batch, records: decodeRecords(batch.body, batch.count, log.channel) }
      this.#cache.set(key, open)
      return open
    } catch {
      this.#damaged(log, base, position)
      return undefined
    }
  }

  #lastRead: { log: number, base: number, last: number } | undefined

  /** The stored bytes of the batch that holds `position`, unchecked: for peers, who check them. */
  readBytes (log: LogState, position: number): { base: number, value: Uint8Array } | undefined {
    if (!log.held.has(position)) return undefined
    const near = this.#lastRead
    if (near !== undefined && near.log === log.number && position >= near.base && position <= near.last) {
      const cached = this.#cache.get(BatchCache.key(log.number, near.base))
      if (cached !== undefined) return { base: near.base, value: cached.batch.bytes }
    }
    // Batches mostly follow one another, so the position is often a base.
    const key = batchKey(log.number, position)
    const direct = this.#options.store.get('batch', key)
    if (direct !== undefined) {
      this.#remember(log, position, direct)
      return { base: position, value: direct }
    }
    const [entry] = this.#options.store.entries('batch', { gte: batchKey(log.number, 0), lt: key, reverse: true, limit: 1 })
    if (entry === undefined) {
      this.#damaged(log, position, position)
      return undefined
    }
    const base = baseOfKey(entry[0])
    this.#remember(log, base, entry[1])
    return { base, value: entry[1] }
  }

  #remember (log: LogState, base: number, value: Uint8Array): void {
    const last = this.#lastOf(value)
    this.#lastRead = last === undefined ? undefined : { log: log.number, base, last }
  }

  /** Held batches of a log from `position` on, in order, unchecked; at most `limit`. */
  batchesFrom (log: LogState, position: number, limit: number): Array<{ base: number, value: Uint8Array }> {
    const first = this.readBytes(log, position)
    const start = first?.base ?? position
    return this.#options.store.entries('batch', { gte: batchKey(log.number, start), lt: batchKey(log.number, Number.MAX_SAFE_INTEGER), limit })
      .map(([key, value]) => ({ base: baseOfKey(key), value }))
  }

  /** What is no longer readable is no longer held, so that repair fetches it again. The next row of this log says so on disk. */
  #damaged (log: LogState, base: number, position: number): void {
    // How far the damaged batch reached is not known from its bytes: up to the next batch's base, or the end of the run.
    const [next] = this.#options.store.keys('batch', { gte: batchKey(log.number, base + 1), lt: batchKey(log.number, Number.MAX_SAFE_INTEGER), limit: 1 })
    const runEnd = log.held.firstMissing(position) - 1
    const last = next === undefined ? runEnd : Math.min(runEnd, baseOfKey(next) - 1)
    log.held.remove(base, last)
    for (const listener of this.#listeners) listener.batchDamaged?.(log, base, last)
  }

  /** Throws `ERR_INTERNAL` when the log is not known. */
  must (key: string): LogState {
    const log = this.#byKey.get(key)
    if (log === undefined) throw new SkeinError('ERR_INTERNAL', `no such log: ${key}`)
    return log
  }
}

/** Rows of the table `batch`: the log's number (u32) and the batch's base (u64), both big-endian. */
export function batchKey (logNumber: number, base: number): Uint8Array {
  const key = new Uint8Array(12)
  const view = new DataView(key.buffer)
  view.setUint32(0, logNumber)
  view.setUint32(4, Math.floor(base / 0x100000000))
  view.setUint32(8, base >>> 0)
  return key
}

function baseOfKey (key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  return view.getUint32(4) * 0x100000000 + view.getUint32(8)
}
