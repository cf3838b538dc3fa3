/**
 * The log book: which logs this node knows, what it holds of each, and their batches, over the Store port.
 *
 * Batches are immutable. A log is written by one lane at a time (outbox/ its own current logs, inbox/ all others),
 * with one commit under way, so that a row never speaks of a batch that is not on disk: `stage` gives the operations, `applied` is called
 * when they are durable, and only then do readers see them.
 */
import type { Crypto } from '../base/crypto.js'
import { SkeinError } from '../base/errors.js'
import { copyBytes } from '../base/bytes.js'
import { bodyHolds, headBytes, openBatch, type SealedBatch } from '../message/batch.js'
import { logKey, type LogId } from '../message/ids.js'
import { decodeRecords, type RecordFields } from '../message/record.js'
import type { TrimStatement } from '../message/signed.js'
import { BatchCache, type OpenBatch } from './batch-cache.js'
import { baseOfKey, batchKey } from './batch-row.js'
import { earliestClosed } from './earliest.js'
import { Forgotten, type Evidence } from './forgotten.js'
import { Holdings } from './holdings.js'
import { LogState, logRowKey } from './log-state.js'
import { rowsOf } from './rows-of.js'
import type { Store, StoreOp } from './store.js'

/** Decoded batches kept in memory, bytes. Wild guess: enough for a few hundred batches under delivery. */
const CACHE_BYTES = 24 * 1024 * 1024

/** Batches read at once to be dropped. */
const DROP_PAGE = 8

/** A trimmed log is remembered for so long, so that neighbours hear of the trim. */
const FORGET_TRIMMED_MS = 24 * 3_600_000
/** What was dropped here and not by its publisher is remembered for so long: a neighbour may still have it. */
const FORGET_DROPPED_MS = 30 * 24 * 3_600_000

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
  readonly #holdings = new Holdings()
  readonly #byPublisher = new Map<string, Set<LogState>>()
  readonly #forgotten: Forgotten
  #nextNumber = 1

  constructor (options: LogBookOptions) {
    this.#options = options
    this.#forgotten = new Forgotten(options.store)
    this.#nextNumber = this.#forgotten.lastNumber + 1
    for (const [key, value] of rowsOf(options.store, 'log')) this.#add(LogState.fromRow(key, value, options.self))
  }

  listen (listener: BookListener): void { this.#listeners.push(listener) }

  get (key: string): LogState | undefined { return this.#byKey.get(key) }
  byNumber (number: number): LogState | undefined { return this.#byNumber.get(number) }
  all (): Iterable<LogState> { return this.#byKey.values() }
  logs (channel: string): Iterable<LogState> { return this.#byChannel.get(channel) ?? [] }
  channels (): string[] { return [...this.#byChannel.keys()] }
  get size (): number { return this.#byKey.size }
  /** How many logs a channel has. */
  logsIn (channel: string): number { return this.#byChannel.get(channel)?.size ?? 0 }
  /** How many logs of this publisher are known. */
  logsOf (publisher: string): number { return this.#byPublisher.get(publisher)?.size ?? 0 }
  /** They themselves, in the order in which they became known. */
  publishedBy (publisher: string): Iterable<LogState> { return this.#byPublisher.get(publisher) ?? [] }

  /** Bytes held of this node's own logs of a channel, or of all others'. */
  bytes (channel: string, own: boolean): number { return this.#holdings.of(channel, own).bytes }
  /** Records, likewise. */
  records (channel: string, own: boolean): number { return this.#holdings.of(channel, own).records }
  /** Bytes held of all others' logs, and of those of each publisher. */
  get othersBytes (): number { return this.#holdings.othersBytes }
  publisherBytes (publisher: string): number { return this.#holdings.ofPublisher(publisher) }
  publishers (): Iterable<readonly [publisher: string, bytes: number]> { return this.#holdings.publishers() }

  #count (log: LogState, bytes: number, records: number): void {
    log.bytes += bytes
    this.#holdings.add(log, bytes, records)
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
    let published = this.#byPublisher.get(log.publisher)
    if (published === undefined) this.#byPublisher.set(log.publisher, published = new Set())
    published.add(log)
    this.#byNumber.set(log.number, log)
    let channel = this.#byChannel.get(log.channel)
    if (channel === undefined) this.#byChannel.set(log.channel, channel = new Set())
    channel.add(log)
    this.#holdings.add(log, log.bytes, log.held.count)
    this.#nextNumber = Math.max(this.#nextNumber, log.number + 1)
  }

  /** The log was forgotten: it is past, and is not to be made again. */
  isForgotten (id: LogId): boolean { return this.#forgotten.has(id) }

  /** What this publisher has signed about the latest of its logs that were forgotten, of each channel: at most `limit`. */
  past (publisher: string, limit: number): Evidence[] { return this.#forgotten.evidence(publisher, limit) }

  /**
   * Logs of which nothing is held any more, that a later log of their publisher has closed, and that are settled: at most `limit`, of
   * each publisher and channel the earliest only, so that one number can stand for all that were forgotten.
   */
  forgettable (own: boolean, limit: number, settled: (log: LogState) => boolean, channels: Iterable<string> = this.#byChannel.keys()): LogState[] {
    const out: LogState[] = []
    const now = this.#options.wallMs()
    for (const channel of channels) {
      const logs = this.#byChannel.get(channel) ?? []
      let closed: ReadonlySet<LogState> | undefined
      for (const log of logs) {
        if (out.length >= limit) return out
        if (log.own !== own || !log.held.isEmpty || log.head === 0) continue
        const past = log.trimmed >= log.head ? (log.trimTime ?? 0) < now - FORGET_TRIMMED_MS : log.dropped >= log.head && log.firstAt < now - FORGET_DROPPED_MS
        if (!past || !settled(log) || !this.#forgotten.takes(log.id)) continue
        closed ??= earliestClosed(logs)
        if (closed.has(log)) out.push(log)
      }
    }
    return out
  }

  /** Forgets a log of which nothing is held and nothing is wanted. Returns the operations; durable or not makes no difference to others. */
  forget (log: LogState): StoreOp[] {
    const op = this.#forgotten.add(log.id, log.number, log.trimBytes.length > 0 ? { kind: 'trim', bytes: log.trimBytes } : { kind: 'head', bytes: log.headBytes })
    this.#byKey.delete(log.key)
    const published = this.#byPublisher.get(log.publisher)
    published?.delete(log)
    if (published?.size === 0) this.#byPublisher.delete(log.publisher)
    this.#holdings.add(log, -log.bytes, -log.held.count)
    this.#byNumber.delete(log.number)
    const channel = this.#byChannel.get(log.channel)
    channel?.delete(log)
    if (channel?.size === 0) this.#byChannel.delete(log.channel)
    return [{ type: 'del', table: 'log', key: logRowKey(log.id) }, op]
  }

  /** Takes in a header whose signature has been checked: it may move the head or bring the link. */
  noteHeader (log: LogState, batch: SealedBatch): void {
    let changed = false
    const next = this.#headAfter(log, batch)
    if (next !== undefined) {
      Object.assign(log, next)
      changed = true
    }
    if (batch.base === 1 && !log.linkKnown) {
      log.linkKnown = true
      log.link = batch.link
      changed = true
    }
    if (changed) this.#changed(log)
  }

  /** What a header says of the head that is news. */
  #headAfter (log: LogState, batch: SealedBatch): Pick<LogState, 'head' | 'headHash' | 'headBytes' | 'shown'> | undefined {
    if (batch.last <= log.shown) return undefined
    // The header itself is better evidence than what an announcement said of it.
    const hash = batch.last >= log.head ? this.#options.crypto.hash(batch.header) : log.headHash
    return { head: Math.max(log.head, batch.last), headHash: hash, headBytes: headBytes(batch), shown: batch.last }
  }

  /** Takes in a head from the publisher's signed announcement, which has no header to show. */
  noteHead (log: LogState, position: number, hash: Uint8Array): void {
    if (position <= log.head) return
    log.head = position
    log.headHash = copyBytes(hash)
    this.#changed(log)
  }

  /** Takes in a trim whose signature has been checked. Returns whether it was news. */
  noteTrim (log: LogState, trim: TrimStatement, bytes: Uint8Array): boolean {
    if (trim.through <= log.trimmed) return false
    log.trimmed = trim.through
    log.trimReason = trim.reason
    log.trimBytes = bytes
    if (trim.through > log.head) {
      log.head = trim.through
      log.headHash = undefined
    }
    this.#changed(log)
    return true
  }

  #changed (log: LogState): void {
    for (const listener of this.#listeners) listener.logChanged?.(log)
  }

  /** The operations that put these checked batches of one log on disk. Nothing is visible until `applied`. Without its row, the lane that writes the log writes it later. */
  stage (log: LogState, batches: readonly SealedBatch[], withRow = true): StoreOp[] {
    const ops: StoreOp[] = []
    const next: Parameters<LogState['toRow']>[0] & object = { held: log.held.clone(), bytes: log.bytes }
    let highest: SealedBatch | undefined
    for (const batch of batches) {
      next.held?.add(batch.base, batch.last)
      next.bytes = (next.bytes ?? 0) + batch.bytes.length
      if (batch.last > (highest?.last ?? 0)) highest = batch
      if (batch.base === 1) Object.assign(next, { linkKnown: true, link: batch.link })
      ops.push({ type: 'put', table: 'batch', key: batchKey(log.number, batch.base), value: batch.bytes, ...(log.own ? {} : { yields: true }) })
    }
    if (highest !== undefined) Object.assign(next, this.#headAfter(log, highest))
    if (withRow) ops.push({ type: 'put', table: 'log', key: logRowKey(log.id), value: log.toRow(next) })
    return ops
  }

  /** The commit of `stage` is durable. `records` saves decoding them again where the caller has them. */
  applied (log: LogState, batches: readonly SealedBatch[], records?: ReadonlyArray<RecordFields[] | undefined>): void {
    for (const [i, batch] of batches.entries()) {
      this.noteHeader(log, batch)
      this.#count(log, batch.bytes.length, log.held.add(batch.base, batch.last))
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
   * The operations that drop held batches which end at or before `through`, at most so many and about so many bytes; they are no longer held from now on.
   * Up to `letGo` (default: all) they are not wanted back for whoever comes later. Only from the lane that writes this log, with no commit under way.
   * `undo`: the store has refused the operations, so that all of it is there still.
   */
  drop (log: LogState, through: number, { batches = 256, bytes = Number.POSITIVE_INFINITY, letGo = through } = {}): { ops: StoreOp[], dropped: number, records: number, more: boolean, undo: () => void } {
    const ops: StoreOp[] = []
    const gone: Array<{ base: number, last: number, bytes: number }> = []
    let dropped = 0
    let read = 0
    let more = false
    // Batches are large: a few at a time are in memory.
    for (let from = 0; !more;) {
      const page = this.#options.store.entries('batch', { gte: batchKey(log.number, from), lt: batchKey(log.number, through + 1), limit: Math.min(DROP_PAGE, batches - ops.length) })
      for (const [key, value] of page) {
        const base = baseOfKey(key)
        const last = this.#lastOf(value)
        from = base + 1
        read += value.length
        if (last === undefined) this.#damaged(log, base, base, value)
        else if (last > through) continue
        else if (log.held.covers(base, last)) {
          log.held.remove(base, last)
          this.#count(log, -value.length, base - last - 1)
          gone.push({ base, last, bytes: value.length })
        }
        ops.push({ type: 'del', table: 'batch', key })
        this.#cache.delete(BatchCache.key(log.number, base))
        dropped = Math.max(dropped, last ?? 0)
      }
      if (page.length < DROP_PAGE && ops.length < batches) break
      more = ops.length >= batches || read >= bytes
    }
    log.dropped = Math.max(log.dropped, dropped)
    log.letGo = Math.max(log.letGo, Math.min(dropped, letGo))
    if (ops.length > 0) ops.push(this.row(log))
    const undo = (): void => {
      if (this.#byKey.get(log.key) !== log) return
      for (const { base, last, bytes } of gone) if (!log.held.overlaps(base, last)) this.#count(log, bytes, log.held.add(base, last))
    }
    return { ops, dropped, records: gone.reduce((sum, { base, last }) => sum + last - base + 1, 0), more, undo }
  }

  #lastOf (bytes: Uint8Array): number | undefined {
    try {
      return openBatch(bytes, this.#options.mesh).last
    } catch {
      return undefined
    }
  }

  /** As `read`, for the one who keeps what it has read as long as it needs it: it is not kept here any longer. */
  take (log: LogState, position: number): OpenBatch | undefined {
    const open = this.read(log, position)
    if (open !== undefined) this.#cache.delete(BatchCache.key(log.number, open.batch.base))
    return open
  }

  /** The batch that holds `position`, checked against its hash. Undefined when it is not held, or turns out to be damaged. */
  read (log: LogState, position: number): OpenBatch | undefined {
    const found = this.readBytes(log, position)
    if (found === undefined) return undefined
    const key = BatchCache.key(log.number, found.base)
    const cached = this.#cache.get(key)
    if (cached !== undefined) return cached
    try {
      const batch = openBatch(found.value, this.#options.mesh)
      if (!bodyHolds(this.#options.crypto, batch)) throw new RangeError('the batch is not the one that was stored')
      const open = { batch, records: decodeRecords(batch.body, batch.count, log.channel) }
      this.#cache.set(key, open)
      return open
    } catch {
      this.#damaged(log, found.base, position, found.value)
      return undefined
    }
  }

  /**
   * Checks the batch of the first position held from `position` on, without keeping it in memory: its last position and its bytes, or where it
   * was damaged. Undefined: nothing is held from there on.
   */
  inspect (log: LogState, position: number): { readonly through: number, readonly bytes: number } | undefined {
    const first = log.held.firstPresent(position)
    if (first === 0) return undefined
    const found = this.readBytes(log, first)
    if (found === undefined) return { through: first, bytes: 0 }
    const batch = openBatch(found.value, this.#options.mesh)
    if (!bodyHolds(this.#options.crypto, batch)) this.#damaged(log, found.base, first, found.value)
    return { through: batch.last, bytes: found.value.length }
  }

  #lastRead: { log: number, base: number, last: number } | undefined

  /** The batch that holds `position`, as it was stored: a row that is not what was written is found out here. */
  readBytes (log: LogState, position: number): { base: number, value: Uint8Array } | undefined {
    if (!log.held.has(position)) return undefined
    const near = this.#lastRead
    if (near !== undefined && near.log === log.number && position >= near.base && position <= near.last) {
      const cached = this.#cache.get(BatchCache.key(log.number, near.base))
      if (cached !== undefined) return { base: near.base, value: cached.batch.bytes }
    }
    // Batches mostly follow one another, so the position is often a base, and of what came just now the batch is in memory.
    const recent = this.#cache.get(BatchCache.key(log.number, position))
    if (recent !== undefined) {
      this.#lastRead = { log: log.number, base: position, last: recent.batch.last }
      return { base: position, value: recent.batch.bytes }
    }
    const direct = this.#options.store.get('batch', batchKey(log.number, position))
    if (direct !== undefined) return this.#checked(log, position, position, direct)
    const [entry] = this.#options.store.entries('batch', { gte: batchKey(log.number, 0), lt: batchKey(log.number, position), reverse: true, limit: 1 })
    if (entry !== undefined) return this.#checked(log, baseOfKey(entry[0]), position, entry[1])
    this.#damaged(log, position, position, undefined)
    return undefined
  }

  #checked (log: LogState, base: number, position: number, value: Uint8Array): { base: number, value: Uint8Array } | undefined {
    let batch: SealedBatch | undefined
    try {
      batch = openBatch(value, this.#options.mesh)
    } catch {}
    if (batch === undefined || batch.logKey !== log.key || batch.base !== base) {
      this.#damaged(log, base, position, value)
      return undefined
    }
    if (position > batch.last) {
      // This one is whole; the row that should follow it is gone.
      this.#damaged(log, log.held.covers(base, position) ? batch.last + 1 : position, position, undefined)
      return undefined
    }
    this.#lastRead = { log: log.number, base, last: batch.last }
    return { base, value }
  }

  /** What is no longer readable is no longer held, so that repair fetches it again. The next row of this log says so on disk. */
  #damaged (log: LogState, base: number, position: number, row: Uint8Array | undefined): void {
    // How far the damaged batch reached is not known from its bytes: up to the next batch's base, or the end of the run.
    const from = Math.max(base, lastBefore(log, position) + 1)
    const [next] = this.#options.store.keys('batch', { gte: batchKey(log.number, position + 1), lt: batchKey(log.number, Number.MAX_SAFE_INTEGER), limit: 1 })
    const runEnd = log.held.firstMissing(position) - 1
    const last = next === undefined ? runEnd : Math.min(runEnd, baseOfKey(next) - 1)
    if (last < from) return
    log.held.remove(from, last)
    this.#count(log, row === undefined ? 0 : -row.length, from - last - 1)
    for (const listener of this.#listeners) listener.batchDamaged?.(log, from, last)
  }

  /** Throws `ERR_INTERNAL` when the log is not known. */
  must (key: string): LogState {
    const log = this.#byKey.get(key)
    if (log === undefined) throw new SkeinError('ERR_INTERNAL', `no such log: ${key}`)
    return log
  }
}

/** The position before the run of held ones that `position` is in. */
function lastBefore (log: LogState, position: number): number {
  for (const { from, to } of log.held.ranges()) if (from <= position && to >= position) return from - 1
  return position - 1
}
