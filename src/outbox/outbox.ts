/**
 * The outbox: admit → batch → sign → commit → announce. A publish is answered when its record is on disk; nothing of it
 * leaves the node before that.
 *
 *   idle ──publish──► due ──end of turn──► committing ──durable──► idle, or committing the next batches at once
 *
 * While a commit is under way the next batches fill. A commit that the store refused for want of room gives the
 * positions back; a failed store stops the node. While neighbours take less of a channel than is published there, it waits for them a little.
 */
import type { Clock, Timer } from '../base/clock.js'
import { isSkeinError, SkeinError } from '../base/errors.js'
import type { SealedBatch } from '../message/batch.js'
import { recordBytes, type RecordFields } from '../message/record.js'
import { channelOf } from '../message/topic.js'
import type { LogBook } from '../store/log-book.js'
import { commitOrFail } from '../store/commit.js'
import type { LogState } from '../store/log-state.js'
import type { Store, StoreOp } from '../store/store.js'
import { Admission } from './admission.js'
import { Batcher, type Pending } from './batcher.js'
import type { OwnLogs } from './own-logs.js'
import { PublishIds } from './publish-ids.js'

/** Records waiting for their commit, bytes; above it publishes wait for admission. About a second's worth at full speed. */
export const PENDING_BYTES_MAX = 64 * 1024 * 1024
/** One commit takes about so much, so that none lasts long. */
const COMMIT_BYTES = 1024 * 1024
/**
 * Where no neighbour takes more of a channel, its next commit waits for one that does, but not longer: what neighbours are not sent now they have to ask
 * for later, and it is read again. When nobody did in that time it does not wait again before somebody does. A choice.
 */
export const REST_MS = 50
/** Channels that one life of a node publishes to. A choice: four times what an announcement tells of. */
export const CHANNELS_PUBLISHED_MAX = 16_384

export interface Placed {
  readonly log: LogState
  readonly position: number
  readonly time: number
  readonly duplicate: boolean
}

export type PublishDone = (error: SkeinError | undefined, placed?: Placed) => void

export interface OutboxOptions {
  readonly clock: Clock
  readonly store: Store
  readonly book: LogBook
  readonly own: OwnLogs
  readonly publishWaitMs: number
  /** Whether the channel has room for so much more; it may trim to make some. */
  readonly hasRoom: (channel: string, bytes: number, records: number) => boolean
  /** Whether somebody on this node reads the channel, and soon what is published there now. */
  readonly readHere: (channel: string) => boolean
  /** These batches are durable: they may be sent. False: no neighbour that should have them takes more for now, and `drained` says when one does. */
  readonly committed: (log: LogState, batches: SealedBatch[]) => boolean
  /** The store failed. */
  readonly failed: (error: Error) => void
}

/** On disk. What is answered has no `sealed` any more. */
interface Untold {
  sealed: readonly Sealed[]
  readonly byLog: ReadonlyMap<LogState, readonly Sealed[]>
}

/** A batch on its way to the disk. */
interface Sealed {
  readonly log: LogState
  readonly batch: SealedBatch
  readonly entries: ReadonlyArray<Pending<PublishDone>>
}

export class Outbox {
  readonly #o: OutboxOptions
  readonly #batcher = new Batcher<PublishDone>()
  readonly #ids: PublishIds
  /** Admitted and not on disk yet, by channel. */
  readonly #pending = new Map<string, { bytes: number, records: number }>()
  readonly #admission: Admission
  #state: 'idle' | 'due' | 'committing' = 'idle'
  /** Commits that are done, of which nobody was told yet. */
  readonly #untold: Untold[] = []
  #housekeeping: Array<{ readonly make: () => StoreOp[], readonly refused: () => void }> = []
  #closed: SkeinError | undefined
  /** Channels of which no neighbour takes more, and until when they wait for one. */
  readonly #full = new Map<string, Timer>()
  /** Those for which nobody took more in that time: they do not wait again before somebody does. */
  readonly #inVain = new Set<string>()

  constructor (options: OutboxOptions) {
    this.#o = options
    this.#ids = new PublishIds(options.store, options.book)
    this.#admission = new Admission({
      clock: options.clock,
      waitMs: options.publishWaitMs,
      answers: (record, done) => record.id !== '' && this.#ids.answer(record, done),
      admits: (channel, record) => this.#admits(channel, record),
      accept: (channel, record, done) => { this.#accept(channel, record, done) }
    })
  }

  /** Publishes that wait for room. */
  get waiting (): number { return this.#admission.waiting }
  /** Nothing is waiting to be committed or told. */
  get isIdle (): boolean { return this.#state === 'idle' && this.#untold.length === 0 && this.#batcher.count === 0 && this.#admission.waiting === 0 }

  publish (record: RecordFields, done: PublishDone): void {
    if (this.#closed !== undefined) { done(this.#closed); return }
    if (record.id !== '' && this.#ids.answer(record, done)) return
    const channel = channelOf(record.topic)
    const isNew = this.#o.own.current(channel) === undefined && !this.#pending.has(channel)
    if (isNew && this.#o.own.channels + this.#pending.size >= CHANNELS_PUBLISHED_MAX) { done(tooManyChannels()); return }
    // Behind those of its channel that wait already, and behind nobody else.
    if (!this.#admission.isWaitedFor(channel) && this.#admits(channel, record)) this.#accept(channel, record, done)
    else this.#admission.wait(channel, record, done)
  }

  #admits (channel: string, record: RecordFields): boolean {
    const bytes = recordBytes(record)
    if (this.#batcher.bytes + bytes > PENDING_BYTES_MAX) return false
    const pending = this.#pending.get(channel)
    return this.#o.hasRoom(channel, (pending?.bytes ?? 0) + bytes, (pending?.records ?? 0) + 1)
  }

  #accept (channel: string, record: RecordFields, done: PublishDone): void {
    if (record.id !== '') done = this.#ids.begin(record, done)
    this.#batcher.add(channel, record, done)
    let pending = this.#pending.get(channel)
    if (pending === undefined) this.#pending.set(channel, pending = { bytes: 0, records: 0 })
    pending.bytes += recordBytes(record)
    pending.records++
    this.#due()
  }

  /** Runs `make` between two commits of this room, when no row of an own log is under way, and commits what it gives. `refused`: the disk had no room even for that. */
  housekeep (make: () => StoreOp[], refused = (): void => {}): void {
    this.#housekeeping.push({ make, refused })
    this.#due()
  }

  #due (): void {
    if (this.#state !== 'idle' || this.#closed !== undefined) return
    this.#state = 'due'
    // The end of the turn: what one turn of the application publishes shares one commit.
    this.#o.clock.soon(() => { this.#commitDue() })
  }

  #commitDue (): void {
    // It may have been committed meanwhile, right behind another: two commits under way would each write the log's row without the other's batches.
    if (this.#state === 'due') this.#commit()
  }

  #commit (): void {
    this.#state = 'idle'
    if (this.#closed !== undefined) return
    if (this.#housekeeping.length > 0) { this.#keepHouse(); return }
    const ops: StoreOp[] = []
    const taken = this.#batcher.take(COMMIT_BYTES, this.#full)
    const sealed: Sealed[] = taken.map(({ channel, entries }) => ({ entries, ...this.#o.own.seal(channel, entries.map(entry => entry.record), ops) }))
    const byLog = new Map<LogState, Sealed[]>()
    for (const item of sealed) {
      const list = byLog.get(item.log)
      if (list === undefined) byLog.set(item.log, [item])
      else list.push(item)
    }
    for (const [log, items] of byLog) {
      ops.push(...this.#o.book.stage(log, items.map(item => item.batch)))
      for (const { batch, entries } of items) this.#ids.stage(log, batch, entries, ops)
    }
    if (ops.length === 0) { this.#settle(); return }
    this.#state = 'committing'
    commitOrFail(this.#o.store, this.#o.clock, ops, (error) => {
      for (const { channel, entries } of taken) this.#release(channel, entries.map(entry => entry.record))
      if (error !== undefined) {
        if (!isSkeinError(error, 'ERR_STORE_FULL')) { this.#state = 'idle'; this.#fail(error, sealed); return }
        this.#o.own.rollback(sealed)
        for (const { entries } of sealed) for (const { tag } of entries) tag(error)
      } else {
        this.#o.own.committed()
        for (const [log, items] of byLog) {
          this.#o.book.applied(log, items.map(item => item.batch), this.#o.readHere(log.channel) ? items.map(item => item.entries.map(entry => entry.record)) : undefined)
        }
        this.#untold.push({ sealed, byLog })
      }
      this.#settle()
      this.#tell()
    })
  }

  /**
   * Answers the publishes of what is on disk, and sends it. Where another commit is begun, or whoever is answered begins one in the same
   * turn, the store has that first: the disk works while this is sent.
   */
  #tell (): void {
    if (this.#state === 'committing') {
      this.#o.clock.soon(() => { this.#tellAll() })
      return
    }
    for (const told of this.#untold) this.#answer(told)
    this.#o.clock.soon(() => {
      this.#commitDue()
      if (this.#state === 'committing') this.#o.clock.soon(() => { this.#tellAll() })
      else this.#tellAll()
    })
  }

  #tellAll (): void {
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
      for (const [log, items] of next.byLog) if (!this.#o.committed(log, items.map(item => item.batch))) this.#waitFor(log.channel)
      this.#answer(next)
    }
  }

  /** Nobody takes more of the channel: what is published there waits a little. */
  #waitFor (channel: string): void {
    if (this.#inVain.has(channel) || this.#full.has(channel) || this.#closed !== undefined) return
    this.#full.set(channel, this.#o.clock.after(REST_MS, () => {
      this.#full.delete(channel)
      this.#inVain.add(channel)
      this.#due()
    }))
  }

  /** Somebody takes more of these channels. */
  drained (takesIn: (channel: string) => boolean): void {
    for (const channel of this.#inVain) if (takesIn(channel)) this.#inVain.delete(channel)
    for (const [channel, timer] of this.#full) {
      if (!takesIn(channel)) continue
      timer.cancel()
      this.#full.delete(channel)
      this.#due()
    }
  }

  /** Whether anything is to be committed now. */
  get #hasDue (): boolean {
    if (this.#housekeeping.length > 0) return true
    let waiting = 0
    for (const channel of this.#full.keys()) waiting += this.#batcher.countIn(channel)
    return this.#batcher.count > waiting
  }

  #answer (told: Untold): void {
    const { sealed } = told
    told.sealed = []
    for (const { log, batch, entries } of sealed) {
      let position = batch.base
      for (const { record, tag } of entries) tag(undefined, { log, position: position++, time: record.time, duplicate: false })
    }
  }

  /** In a commit of its own: what trims and drops must go through on a disk that has no room for messages. */
  #keepHouse (): void {
    this.#tellAll()
    const ops: StoreOp[] = []
    const chores = this.#housekeeping.splice(0)
    for (const { make } of chores) ops.push(...make())
    if (ops.length === 0) {
      if (this.#hasDue) this.#due()
      return
    }
    this.#state = 'committing'
    commitOrFail(this.#o.store, this.#o.clock, ops, (error) => {
      this.#state = 'idle'
      if (error !== undefined && !isSkeinError(error, 'ERR_STORE_FULL')) { this.#fail(error, []); return }
      if (error !== undefined) for (const { refused } of chores) refused()
      this.#settle()
    })
  }

  #release (channel: string, records: RecordFields[]): void {
    const pending = this.#pending.get(channel)
    if (pending === undefined) return
    for (const record of records) pending.bytes -= recordBytes(record)
    pending.records -= records.length
    if (pending.records <= 0) this.#pending.delete(channel)
  }

  #settle (): void {
    this.#state = 'idle'
    this.admitWaiting()
    if (this.#hasDue) {
      this.#state = 'due'
      this.#commit()
    }
  }

  /** Something was trimmed or settled: publishes that waited may go on. */
  admitWaiting (): void {
    if (this.#closed === undefined) this.#admission.admit()
  }

  #fail (error: Error, sealed: ReadonlyArray<{ entries: ReadonlyArray<{ tag: PublishDone }> }>): void {
    const failure = error instanceof SkeinError ? error : new SkeinError('ERR_STORE', error.message, { cause: error })
    this.#closed = failure
    for (const { entries } of sealed) for (const { tag } of entries) tag(failure)
    this.close(failure)
    this.#o.failed(failure)
  }

  /** Refuses everything from now on; what waits is refused too. A commit under way still answers. */
  close (reason: SkeinError): void {
    this.#closed = reason
    for (const timer of this.#full.values()) timer.cancel()
    for (const { tag } of this.#batcher.clear()) tag(reason)
    this.#admission.close(reason)
  }
}

export function tooManyChannels (): SkeinError {
  return new SkeinError('ERR_LIMIT', `a node publishes to at most ${CHANNELS_PUBLISHED_MAX} channels`, { hint: 'The first level of a topic is its channel: put what has many values in a later level.' })
}
