/**
 * Ephemeral publishing: batches that are signed and gossiped and kept nowhere, with a counter of their own and never a
 * position, so that their loss is no gap. At most once, to whoever listens now.
 */
import type { Clock, Random, Timer } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import { toHex } from '../base/bytes.js'
import { HEAD_ROOM_BYTES } from '../message/batch-frame.js'
import { EPHEMERAL_TAG, sealBatch, type SealedBatch } from '../message/batch.js'
import { encodeRecords, type RecordFields } from '../message/record.js'
import { channelOf } from '../message/topic.js'
import { Batcher, type Pending } from './batcher.js'
import { CHANNELS_PUBLISHED_MAX, tooManyChannels } from './outbox.js'
import { SkeinError } from '../base/errors.js'

/** Bytes that wait to be sent; above it a publish is refused. */
export const EPHEMERAL_BYTES_MAX = 32 * 1024 * 1024
/** Where no neighbour takes more, a channel waits for one that does, but not longer. What is sent then nobody may get. Wild guess. */
export const EPHEMERAL_WAIT_MS = 1_000

export interface EphemeralOptions {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly self: string
  /** False: no neighbour that should have it takes more for now. `drained` says when one does. */
  readonly send: (batch: SealedBatch, records: RecordFields[]) => boolean
}

export class Ephemeral {
  readonly #o: EphemeralOptions
  readonly #batcher = new Batcher<(error?: SkeinError) => void>()
  /** Stands in for the incarnation; fresh at each start, so that counters never meet. */
  readonly #life: { number: number, random: string }
  readonly #counters = new Map<string, number>()
  /** Channels in which nobody takes more, and until when they wait. */
  readonly #full = new Map<string, Timer>()
  #due = false
  #closed: SkeinError | undefined

  constructor (options: EphemeralOptions) {
    this.#o = options
    this.#life = { number: Math.max(1, Math.floor(options.clock.wallMs())), random: toHex(options.random.bytes(8)) }
  }

  /** Nothing waits to be sent. */
  get isIdle (): boolean { return this.#batcher.count === 0 }

  publish (record: RecordFields, done: (error?: SkeinError) => void): void {
    if (this.#closed !== undefined) { done(this.#closed); return }
    if (this.#batcher.bytes > EPHEMERAL_BYTES_MAX) {
      done(new SkeinError('ERR_LIMIT', 'too many ephemeral messages wait to be sent', { hint: 'Await publish now and then.' }))
      return
    }
    const channel = channelOf(record.topic)
    if (this.#counters.size >= CHANNELS_PUBLISHED_MAX && !this.#counters.has(channel)) { done(tooManyChannels()); return }
    this.#batcher.add(channel, record, done)
    if (!this.#full.has(channel)) this.#schedule()
  }

  #schedule (): void {
    if (this.#due || this.#closed !== undefined) return
    this.#due = true
    // The end of the turn: what one turn of the application publishes shares batches.
    this.#o.clock.soon(() => {
      this.#due = false
      this.#flush()
    })
  }

  /** Some neighbour takes more again. */
  drained (): void {
    if (this.#full.size === 0) return
    for (const timer of this.#full.values()) timer.cancel()
    this.#full.clear()
    this.#schedule()
  }

  #flush (): void {
    for (;;) {
      const [batch] = this.#batcher.take(1, this.#full)
      if (batch === undefined) return
      this.#send(batch.channel, batch.entries)
    }
  }

  #send (channel: string, entries: ReadonlyArray<Pending<(error?: SkeinError) => void>>): void {
    const records = entries.map(entry => entry.record)
    const base = this.#counters.get(channel) ?? 1
    this.#counters.set(channel, base + records.length)
    // A chain hash would say nothing here: nobody misses what was lost.
    const previous = base === 1 ? new Uint8Array(0) : new Uint8Array(32)
    const batch = sealBatch(this.#o.crypto, this.#o.mesh, {
      log: { publisher: this.#o.self, incarnation: this.#life, channel }, base, count: records.length, time: Math.floor(this.#o.clock.wallMs()), previous, body: encodeRecords(records, HEAD_ROOM_BYTES), room: HEAD_ROOM_BYTES
    }, EPHEMERAL_TAG)
    if (!this.#o.send(batch, records)) {
      this.#full.get(channel)?.cancel()
      this.#full.set(channel, this.#o.clock.after(EPHEMERAL_WAIT_MS, () => {
        this.#full.delete(channel)
        this.#schedule()
      }))
    }
    for (const { tag } of entries) tag()
  }

  /** What waits is sent to whoever takes it; nothing is taken from now on. */
  close (reason: SkeinError): void {
    this.#closed = reason
    for (const { channel, entries } of this.#batcher.take(Number.POSITIVE_INFINITY)) this.#send(channel, entries)
    for (const timer of this.#full.values()) timer.cancel()
    this.#full.clear()
  }
}

/** Recognises ephemeral batches that came before: gossip may bring one twice, and somebody may replay one. */
export class EphemeralSeen {
  /** By publisher's life and channel: bases seen, all that are above the floor. */
  readonly #last = new Map<string, { floor: number, readonly bases: Set<number> }>()

  /** Whether the batch is new. */
  add (batch: SealedBatch): boolean {
    let seen = this.#last.get(batch.logKey)
    if (seen === undefined) {
      if (this.#last.size >= 4096) this.#last.delete(this.#last.keys().next().value as string)
      this.#last.set(batch.logKey, seen = { floor: 0, bases: new Set() })
    }
    const { bases } = seen
    if (batch.base <= seen.floor || bases.has(batch.base)) return false
    bases.add(batch.base)
    if (bases.size > 1024) {
      const oldest = bases.values().next().value as number
      bases.delete(oldest)
      seen.floor = Math.max(seen.floor, oldest)
    }
    return true
  }
}
