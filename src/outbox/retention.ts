/**
 * Retention: what is trimmed, and when. By age everything goes; by bytes only what every known durable subscription has settled, unless the
 * channel evicts. The publisher's trims are signed and go to whoever asks for what is gone; what a node drops of others'
 * logs is its own affair.
 */
import type { Clock } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import { MalformedBatch, openBatch } from '../message/batch.js'
import { signTrim } from '../message/signed.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { StoreOp } from '../store/store.js'
import type { RetentionOptions } from '../message/reports.js'

export const RETENTION_AGE_MS = 7 * 24 * 3_600_000
export const RETENTION_BYTES = 1024 * 1024 * 1024
/** Between two passes over all logs. */
export const RETENTION_INTERVAL_MS = 30_000
/** One step never expires more than an hour's worth, so that a clock that jumped does not empty the store. */
const STEP_MS = 3_600_000
/** Batches dropped in one commit. */
const DROP_BATCHES = 256
/** When the quota is reached, so much of it is made free at once, so that trimming is not done for each message. */
const SLACK = 1 / 64

export interface ChannelRetention {
  readonly ageMs: number
  readonly bytes: number
  readonly onFull: 'refuse' | 'evict'
}

export function retentionOf (options: { readonly channels?: Readonly<Record<string, RetentionOptions>> } & RetentionOptions, channel: string): ChannelRetention {
  const own = options.channels !== undefined && Object.hasOwn(options.channels, channel) ? options.channels[channel] : undefined
  return {
    ageMs: own?.ageMs ?? options.ageMs ?? RETENTION_AGE_MS,
    bytes: own?.bytes ?? options.bytes ?? RETENTION_BYTES,
    onFull: own?.onFull ?? options.onFull ?? 'refuse'
  }
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
  /** This life of the node writes the log: its rows belong to the outbox's lane, those of all others to the inbox's. */
  readonly isCurrent: (log: LogState) => boolean
}

export class Retention {
  readonly #c: RetentionContext
  /** Bytes that were asked for and not there, by own channel: passes make room for them until there is. */
  readonly #asked = new Map<string, number>()

  constructor (context: RetentionContext) {
    this.#c = context
  }

  /** Whether an own channel has room for so many bytes more as it is. */
  hasRoom (channel: string, bytes: number): boolean {
    const quota = this.#c.retention(channel).bytes
    if (this.#c.book.bytes(channel, true) + bytes <= quota) {
      this.#asked.delete(channel)
      return true
    }
    this.#asked.set(channel, Math.min(bytes, quota))
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

  #batchAt (log: LogState, position: number): { last: number, time: number, bytes: number } | undefined {
    const found = this.#c.book.readBytes(log, position)
    if (found === undefined) return undefined
    try {
      const batch = openBatch(found.value, this.#c.mesh)
      return { last: batch.last, time: batch.time, bytes: found.value.length }
    } catch (error) {
      if (error instanceof MalformedBatch) return undefined
      throw error
    }
  }

  /**
   * One pass over this node's own logs, or over those that one lane writes: the operations to commit between two commits of
   * that lane.
   */
  trimOwn (which: 'all' | 'current' | 'earlier' = 'all'): { ops: StoreOp[], more: boolean } {
    const mine = (log: LogState): boolean => which === 'all' || this.#c.isCurrent(log) === (which === 'current')
    const ops: StoreOp[] = []
    let more = false
    for (const channel of this.#c.book.channels()) {
      const { ageMs, bytes, onFull } = this.#c.retention(channel)
      const asked = this.#asked.get(channel) ?? 0
      const logs = [...this.#c.book.logs(channel)].filter(log => log.own && !log.held.isEmpty).sort((a, b) => a.incarnation.number - b.incarnation.number)
      for (const log of logs) {
        if (!mine(log)) continue
        const expired = this.#expiredThrough(log, ageMs)
        if (expired > 0) more = this.#trim(log, expired, 'expired', ops) || more
      }
      // After what has expired, which may have made room enough.
      const held = this.#c.book.bytes(channel, true)
      if (held <= bytes * (1 - SLACK / 2) && held + asked <= bytes) continue
      let over = held - Math.min(bytes * (1 - SLACK), bytes - asked)
      for (const log of logs) {
        if (over <= 0) break
        if (log.held.isEmpty) continue
        const limit = this.#droppable(log, onFull === 'evict')
        const { through, bytes: freed } = this.#oldest(log, over, limit)
        if (through === 0) continue
        over -= freed
        // What the other lane will drop is not dropped twice: the oldest go first, whoever's turn it is.
        if (mine(log)) more = this.#trim(log, through, 'evicted', ops) || more
      }
    }
    return { ops, more }
  }

  /** Signs the trim and drops what it covers. */
  #trim (log: LogState, through: number, reason: 'expired' | 'evicted', ops: StoreOp[]): boolean {
    const trim = { log: log.id, through, reason, time: Math.floor(this.#c.clock.wallMs()) }
    this.#c.book.noteTrim(log, trim, signTrim(this.#c.crypto, this.#c.mesh, trim))
    const dropped = this.#c.book.drop(log, through, DROP_BATCHES)
    ops.push(...dropped.ops, this.#c.book.row(log))
    return dropped.more
  }

  /** One pass over the logs of others. */
  dropOthers (): { ops: StoreOp[], more: boolean } {
    const ops: StoreOp[] = []
    let more = false
    for (const channel of this.#c.book.channels()) {
      const { ageMs, bytes } = this.#c.retention(channel)
      let over = this.#c.book.bytes(channel, false) - bytes
      for (const log of this.#c.book.logs(channel)) {
        if (log.own || log.held.isEmpty) continue
        // What the publisher has trimmed and what is too old goes; what a subscription here still needs stays.
        const limit = this.#c.localFloor(log) - 1
        let through = Math.min(limit, Math.max(this.#expiredThrough(log, ageMs), log.trimmed))
        if (over > 0) {
          const oldest = this.#oldest(log, over, limit)
          over -= oldest.bytes
          through = Math.max(through, oldest.through)
        }
        if (through < log.held.first) continue
        const dropped = this.#c.book.drop(log, through, DROP_BATCHES)
        ops.push(...dropped.ops)
        more ||= dropped.more
      }
    }
    return { ops, more }
  }

  /** Up to where the log is older than `ageMs`, an hour's worth at most; 0: nothing is. */
  #expiredThrough (log: LogState, ageMs: number): number {
    const first = this.#batchAt(log, log.held.first)
    const cutoff = this.#c.clock.wallMs() - ageMs
    if (first === undefined || first.time >= cutoff) return 0
    const until = Math.min(cutoff, first.time + STEP_MS)
    let through = first.last
    for (let n = 0; n < DROP_BATCHES; n++) {
      const position = log.held.firstPresent(through + 1)
      const batch = position === 0 ? undefined : this.#batchAt(log, position)
      if (batch === undefined || batch.time >= until) break
      through = batch.last
    }
    return through
  }

  /** The oldest batches that make up `bytes`, as far as `limit` lets them go. */
  #oldest (log: LogState, bytes: number, limit: number): { through: number, bytes: number } {
    let through = 0
    let freed = 0
    let position = log.held.first
    for (let n = 0; n < DROP_BATCHES && freed < bytes && position > 0; n++) {
      const batch = this.#batchAt(log, position)
      if (batch === undefined || batch.last > limit) break
      through = batch.last
      freed += batch.bytes
      position = log.held.firstPresent(through + 1)
    }
    return { through, bytes: freed }
  }
}
