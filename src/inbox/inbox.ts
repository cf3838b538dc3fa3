/**
 * The delivery side of the inbox: durable named subscriptions with cursors over logs, and live consumers.
 *
 * `SubscriptionCore` decides what each subscription hands out; `Committer` puts cursors on disk; `Subscriptions` makes and removes
 * them; this shell feeds them with what the log book reports. Everything is synchronous, with callbacks.
 */
import type { Clock } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import { RangeSet } from '../base/range-set.js'
import type { FilterSet } from '../message/filter.js'
import type { RecordFields } from '../message/record.js'
import type { DeadLetter, Gap, GapReason, SubscriptionInfo } from '../message/reports.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { Store, StoreOp } from '../store/store.js'
import { Arrivals } from './arrivals.js'
import { Committer } from './committer.js'
import type { ConsumerHandle, ConsumerOptions, LiveMeta } from './consumer.js'
import { CursorIndex } from './cursor-index.js'
import type { SettleDone } from './cursor.js'
import { DEAD_LETTERS_LISTED_MAX, listLetters, noSuchLetter, parseDeadId, readLetter } from './dead-letters.js'
import type { SubscriptionSpec } from './definition.js'
import { ORDER_WAIT_MS } from './limits.js'
import { Live, type LiveOptions } from './live.js'
import { OpenBatches } from './open-batches.js'
import { deadKey } from './rows.js'
import { Sieve } from './sieve.js'
import type { CoreEnv, SubscriptionCore } from './subscription-core.js'
import { addCounts, noSuchSubscription, Subscriptions } from './subscriptions.js'
import { Wakes } from './wakes.js'

export type { ConsumerHandle, ConsumerOptions, LiveMeta, NackOptions, RawDelivery } from './consumer.js'
export type { LiveOptions } from './live.js'
export type { SubscriptionSpec } from './definition.js'

export interface InboxListener {
  /** Positions that a subscription claims and that will not come. Told before anything behind them is delivered. */
  gap (gap: Gap): void
  /** A dead letter is on disk. */
  buried (letter: DeadLetter): void
  /** What this subscription has durably settled of this log may have grown. */
  processed (log: LogState, name: string): void
  /** A subscription begins here with nothing settled, which may have had the name of one that had. */
  begun (log: LogState, name: string): void
  /** `needs` may give something else for this log; undefined: for any, and other channels may be wanted. */
  needsChanged (log: LogState | undefined): void
  /** The store failed. Nothing is handed out or settled any more. */
  failed (error: Error): void
}

export interface InboxOptions {
  readonly clock: Clock
  readonly store: Store
  readonly book: LogBook
  readonly self: string
  readonly listener: InboxListener
  /** How long a publisher's later log waits for the earlier one, ms. Default 10 minutes. */
  readonly orderWaitMs?: number
  /** The publisher's clock minus ours, ms. Default: 0 for all. */
  readonly clockOffsetOf?: (publisher: string) => number
  /** The log is written by this life of this node. Default: none is. */
  readonly isPresent?: (log: LogState) => boolean
  /** Whether batches come one after the other. Default no. */
  readonly isFlowing?: () => boolean
}

export class Inbox {
  readonly #options: InboxOptions
  readonly #cores: ReadonlyMap<string, SubscriptionCore>
  readonly #index: CursorIndex
  readonly #subscriptions: Subscriptions
  readonly #committer: Committer
  readonly #wakes: Wakes
  readonly #live: Live
  readonly #arrivals: Arrivals
  readonly #env: CoreEnv
  #lastToken = 0
  #state: 'loading' | 'open' | 'closed' | 'failed' = 'loading'

  /** Throws `ERR_STORE_CORRUPT` when a row is not what was written. */
  constructor (options: InboxOptions) {
    this.#options = options
    const { clock, store, book, listener } = options
    const index = this.#index = new CursorIndex(book)
    const wakes = this.#wakes = new Wakes(clock, () => this.#cores.values())
    const failed = (error: Error): void => { this.#fail(error) }
    // Whoever makes the inbox cannot listen before it is made.
    const needsChanged = (log: LogState | undefined): void => { if (this.#state === 'open') listener.needsChanged(log) }
    const nextToken = (): number => ++this.#lastToken
    const committer = this.#committer = new Committer({
      clock,
      store,
      isFlowing: options.isFlowing ?? (() => false),
      buried: (letter) => { listener.buried(letter) },
      processed: (cursor) => { listener.processed(cursor.log, cursor.core.name) },
      failed
    })
    const env = this.#env = {
      clock,
      book,
      batches: new OpenBatches((log, position) => book.take(log, position)),
      sieve: new Sieve(),
      orderWaitMs: options.orderWaitMs ?? ORDER_WAIT_MS,
      offsetOf: options.clockOffsetOf ?? (() => 0),
      isPresent: options.isPresent ?? (() => false),
      readDead: (subscription, sequence) => store.get('dead', deadKey(subscription, sequence)),
      nextToken,
      dirty: (cursor, urgency) => { committer.dirty(cursor, urgency) },
      wakeAt: (atMs) => { wakes.at(atMs) },
      notifySoon: (core) => { wakes.notifySoon(core) },
      gap: (gap) => { listener.gap(gap) },
      needsChanged
    }
    const arrivals = this.#arrivals = new Arrivals({ clock, index, sieve: env.sieve, read: (log, position) => book.read(log, position) })
    this.#live = new Live({ nextToken, soon: (fn) => { clock.soon(fn) }, changed: () => { needsChanged(undefined) } })
    const subscriptions = this.#subscriptions = new Subscriptions({ clock, store, book, index, committer, env, changed: () => { needsChanged(undefined) }, processed: (cursor) => { listener.processed(cursor.log, cursor.core.name) }, begun: (cursor) => { listener.begun(cursor.log, cursor.core.name) }, failed })
    this.#cores = subscriptions.cores
    subscriptions.load()
    this.#state = 'open'
    book.listen({
      logLearned: (log) => { if (subscriptions.learned(log)) needsChanged(log) },
      logChanged: (log) => {
        index.noteLink(log)
        for (const cursor of index.of(log)) cursor.core.logChanged(cursor)
      },
      recordsHeld: (log, from, to) => { arrivals.held(log, from, to) },
      batchDamaged: (log) => {
        env.batches.drop(log)
        env.sieve.forget(log)
      }
    })
  }

  /** Batches are being committed in this turn: what was settled may go along. */
  alongside (): void { this.#committer.alongside() }

  /**
   * Makes a durable subscription, or checks that it is as asked, or changes it. `done` when that is durable, or with
   * `ERR_SUBSCRIPTION_DIFFERS`, `ERR_BAD_ARGUMENT`, `ERR_BAD_FILTER`, `ERR_LIMIT`, `ERR_STORE_FULL`, `ERR_STORE`, `ERR_CLOSED`.
   */
  open (spec: SubscriptionSpec, done: SettleDone): void {
    if (!this.#refused(done)) this.#subscriptions.open(spec, done)
  }

  /** Forgets a subscription, its cursors and dead letters, and closes its consumers. `ERR_NOT_FOUND`. */
  remove (name: string, done: SettleDone): void {
    if (!this.#refused(done)) this.#subscriptions.remove(name, done)
  }

  /** Throws `ERR_NOT_FOUND`, `ERR_LIMIT`, `ERR_CLOSED`. */
  attach (name: string, consumer: ConsumerOptions): ConsumerHandle {
    if (this.#state !== 'open') throw closedError()
    const core = this.#cores.get(name)
    if (core === undefined || !core.created) throw noSuchSubscription(name)
    const handle = core.deliveries.attach(consumer)
    if (core.lapsed) {
      core.revive()
      this.#env.needsChanged(undefined)
    }
    return handle
  }

  /** Keeps and fetches nothing for this subscription any more until it is attached again. It is not removed, and goes on where it stood. */
  lapse (name: string): void {
    const core = this.#cores.get(name)
    if (core === undefined || core.lapsed || core.deliveries.consumers.length > 0) return
    core.lapsed = true
    this.#env.needsChanged(undefined)
  }

  /** A non-durable subscription: only what arrives while it is attached. Throws `ERR_LIMIT`, `ERR_CLOSED`. */
  attachLive (filters: readonly string[], consumer: LiveOptions): ConsumerHandle {
    if (this.#state !== 'open') throw closedError()
    return this.#live.attach(filters, consumer)
  }

  /** Gives a record to each live consumer that it matches, and an ephemeral one to durable subscriptions with a consumer too. Returns how many took it. */
  offerLive (record: RecordFields, meta: LiveMeta): number {
    let took = this.#live.offer(record, meta)
    if (meta.ephemeral) for (const core of this.#cores.values()) if (core.deliveries.offerEphemeral(record, meta)) took++
    return took
  }

  /** Whether a live consumer may take records of this channel; of ephemeral ones also whether a durable subscription with a consumer may. */
  hasLive (channel: string, ephemeral = false): boolean {
    if (this.#live.wants(channel)) return true
    if (ephemeral) for (const core of this.#cores.values()) if (core.deliveries.consumers.length > 0 && core.filter.matchesChannel(channel)) return true
    return false
  }

  /** Records that live consumers were too slow for, since the start. */
  get liveDropped (): number { return this.#live.dropped }

  /** A durable subscription covers this channel. */
  wantsChannel (channel: string): boolean {
    for (const core of this.#cores.values()) if (!core.lapsed && core.filter.matchesChannel(channel)) return true
    return false
  }

  /** When the latest durable subscription that covers this channel was made, ms since 1970; 0: there is none. */
  latestCreationMs (channel: string): number {
    let latest = 0
    for (const { row, filter } of this.#cores.values()) if (row.createdAt > latest && filter.matchesChannel(channel)) latest = row.createdAt
    return latest
  }

  /** Names of the durable subscriptions that cover this channel. */
  durableIn (channel: string): string[] {
    return [...this.#cores.values()].filter(core => core.filter.matchesChannel(channel)).map(core => core.name)
  }

  /** Filters of all subscriptions, durable and live, that have not lapsed. */
  filters (): FilterSet[] { return [...[...this.#cores.values()].filter(core => !core.lapsed).map(core => core.filter), ...this.#live.filters()] }

  /** Channels that some subscription names outright. */
  namedChannels (): ReadonlySet<string> {
    const named = new Set<string>()
    for (const { channels } of this.filters()) for (const channel of channels) named.add(channel)
    return named
  }

  /**
   * What durable subscriptions still need of this log: positions from `from` on. While all of them still seek their start by
   * time, only records not before `since` (ms, by the publisher's clock); else `since` is 0. Undefined when none covers the channel.
   */
  needs (log: LogState): { from: number, since: number } | undefined { return this.#index.needs(log, this.#env.offsetOf(log.publisher)) }

  /** It is proven that all positions up to `through` are older than `since`, by the publisher's clock. */
  passed (log: LogState, through: number, since: number): void {
    for (const cursor of this.#index.of(log)) cursor.core.passed(cursor, through, since)
    this.#env.needsChanged(log)
  }

  /** What is missing of `from..to` will not come: a gap to each durable subscription that claims it. What is held of it is delivered all the same. */
  unavailable (log: LogState, from: number, to: number, reason: GapReason): void {
    for (const cursor of this.#index.of(log)) cursor.core.unavailable(cursor, from, to, reason)
  }

  /** What of these positions some durable subscription waits for and was not told that it will not come. */
  awaited (log: LogState, ranges: RangeSet): RangeSet {
    const all = new RangeSet()
    for (const cursor of this.#index.of(log)) if (!cursor.core.lapsed) all.addAll(cursor.awaited(ranges))
    return all
  }

  /** What each durable subscription has durably settled of this log, what lies before its start included. */
  processed (log: LogState): Array<{ name: string, ranges: RangeSet }> { return this.#index.processed(log) }

  /** The lowest position that some durable subscription has not durably settled; infinite when none covers the channel. Those that have lapsed only count with `withLapsed`. */
  floor (log: LogState, withLapsed = false): number { return this.#index.floor(log, withLapsed) }

  /** Positions of this channel that the slowest durable subscription has yet to settle; undefined when none covers it. */
  unsettled (channel: string): number | undefined {
    let slowest: number | undefined
    for (const core of this.#cores.values()) {
      if (!core.filter.matchesChannel(channel)) continue
      let lag = 0
      for (const log of this.#options.book.logs(channel)) lag += core.cursors.get(log.number)?.lag ?? 0
      slowest = Math.max(slowest ?? 0, lag)
    }
    return slowest
  }

  /** Forgets the cursors of a log that the book is to forget. The operations belong in the same commit. */
  forget (log: LogState): StoreOp[] {
    this.#arrivals.forget(log)
    return this.#subscriptions.forget(log)
  }

  info (): SubscriptionInfo[] {
    return [...this.#cores.values()].map(core => {
      const { row, name } = core
      let lag = 0
      for (const cursor of core.cursors.values()) lag += cursor.lag
      return {
        name,
        filters: row.filters,
        from: typeof row.from === 'number' ? new Date(row.from).toISOString() : row.from,
        createdAt: row.createdAt,
        consumers: core.deliveries.consumers.length,
        lapsed: core.lapsed,
        lag,
        inFlight: core.deliveries.inFlightCount,
        ...addCounts(row, [...core.cursors.values(), core.redriven]),
        deadLetters: core.deadCount - (core.redriven.pending?.count ?? 0)
      }
    })
  }

  /**
   * Dead letters in the order of their subscriptions and of their burial, those under redelivery left out. `after`: a dead
   * letter's id; throws `ERR_NOT_FOUND` when its subscription is gone. At most 1,000, default 100.
   */
  deadLetters (options: { readonly subscription?: string, readonly after?: string, readonly limit?: number } = {}): DeadLetter[] {
    const limit = Math.min(options.limit ?? 100, DEAD_LETTERS_LISTED_MAX)
    const after = options.after === undefined ? undefined : parseDeadId(options.after)
    const start = after === undefined ? undefined : this.#cores.get(after.name)
    if (after !== undefined && start === undefined) throw noSuchLetter(options.after as string)
    const letters: DeadLetter[] = []
    for (const core of [...this.#cores.values()].sort((a, b) => a.number - b.number)) {
      if (options.subscription !== undefined && core.name !== options.subscription) continue
      if (start !== undefined && core.number < start.number) continue
      const from = core === start ? after?.sequence ?? 0 : 0
      letters.push(...listLetters(this.#options.store, core, from, limit - letters.length))
      if (letters.length >= limit) break
    }
    return letters
  }

  /** Throws `ERR_NOT_FOUND`. */
  deadLetter (deadId: string): DeadLetter {
    const { name, sequence } = parseDeadId(deadId)
    const core = this.#cores.get(name)
    const letter = core === undefined ? undefined : readLetter(this.#options.store, core, sequence)
    if (letter === undefined) throw noSuchLetter(deadId)
    return letter
  }

  /** Delivers a dead letter again, as attempt 1, to its subscription. `done` when that is durable, or with `ERR_NOT_FOUND`. */
  redrive (deadId: string, done: SettleDone): void {
    if (this.#refused(done)) return
    try {
      this.deadLetter(deadId)
    } catch (error) {
      done(error as SkeinError)
      return
    }
    const { name, sequence } = parseDeadId(deadId)
    this.#cores.get(name)?.redrive(sequence, done)
  }

  /** Closes all consumers and writes what is not on disk yet. */
  close (done: () => void): void {
    if (this.#state !== 'open') {
      done()
      return
    }
    this.#end('closed')
    this.#committer.close(done)
  }

  #fail (error: Error): void {
    if (this.#state === 'failed' || this.#state === 'closed') return
    this.#end('failed', error)
    this.#committer.stop(error instanceof SkeinError ? error : new SkeinError('ERR_STORE', error.message, { cause: error }))
    this.#options.listener.failed(error)
  }

  #end (state: 'closed' | 'failed', error?: Error): void {
    this.#state = state
    this.#subscriptions.stop()
    this.#wakes.stop()
    this.#arrivals.stop()
    for (const core of this.#cores.values()) core.deliveries.closeAll(error)
    this.#live.closeAll(error)
  }

  #refused (done: SettleDone): boolean {
    if (this.#state === 'open') return false
    done(closedError())
    return true
  }
}

function closedError (): SkeinError { return new SkeinError('ERR_CLOSED', 'the inbox is closed') }
