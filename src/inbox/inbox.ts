/**
 * The delivery side of the inbox: durable named subscriptions with cursors over logs, and live consumers.
 *
 * `SubscriptionCore` decides what each subscription hands out; `Committer` puts cursors on disk; this shell feeds both with what
 * the log book and the store report, and keeps the timer. Everything is synchronous, with callbacks.
 */
import type { Clock, Timer } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import { utf8 } from '../base/bytes.js'
import { RangeSet } from '../base/range-set.js'
import type { FilterSet } from '../message/filter.js'
import { logKey } from '../message/ids.js'
import type { RecordFields } from '../message/record.js'
import type { DeadLetter, Gap, GapReason, SubscriptionInfo } from '../message/reports.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { Store, StoreOp } from '../store/store.js'
import { Committer } from './committer.js'
import type { ConsumerHandle, ConsumerOptions, LiveMeta } from './consumer.js'
import { Cursor, type SettleDone } from './cursor.js'
import { DEAD_LETTERS_LISTED_MAX, listLetters, noSuchLetter, parseDeadId, readLetter, toLetter } from './dead-letters.js'
import { changedRow, checkSpec, differenceOf, newRow, type SubscriptionSpec } from './definition.js'
import { FULL_RETRY_MS_MAX, ORDER_WAIT_MS, REMOVE_ROWS, SUBSCRIPTIONS_MAX } from './limits.js'
import { Live, type LiveOptions } from './live.js'
import { loadCursors, loadSubscriptions } from './load.js'
import { OpenBatches } from './open-batches.js'
import { begin } from './start.js'
import { cursorKey, deadKey, encodeCursor, encodeSubscription, removedKey, type SubscriptionRow } from './rows.js'
import { SubscriptionCore, type CoreEnv } from './subscription-core.js'

export type { ConsumerHandle, ConsumerOptions, LiveMeta, RawDelivery } from './consumer.js'
export type { LiveOptions } from './live.js'
export type { SubscriptionSpec } from './definition.js'

export interface InboxListener {
  /** Positions that a subscription claims and that will not come. Told before anything behind them is delivered. */
  gap (gap: Gap): void
  /** A dead letter is on disk. */
  buried (letter: DeadLetter): void
  /** What this subscription has durably settled of this log has grown. */
  processed (log: LogState, name: string): void
  /** `needs` may give something else for this log; undefined: for any. */
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
}

export class Inbox {
  readonly #options: InboxOptions
  readonly #cores = new Map<string, SubscriptionCore>()
  /** Cursors of each log, by the log's number. */
  readonly #cursors = new Map<number, Cursor[]>()
  /** Calls to `open` that wait for another of the same name. */
  readonly #opening = new Map<string, Array<() => void>>()
  /** Where logs end, by the links of later ones. */
  readonly #closedAt = new Map<string, number>()
  /** Calls that wait until rows have moved to where they belong. */
  #moving: Array<() => void> | undefined
  readonly #committer: Committer
  readonly #live: Live
  readonly #env: CoreEnv
  readonly #toNotify = new Set<SubscriptionCore>()
  #loaded = false
  #nextNumber = 1
  #lastToken = 0
  #timer: Timer | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #notifying = false
  #state: 'open' | 'closing' | 'closed' | 'failed' = 'open'

  /** Throws `ERR_STORE_CORRUPT` when a row is not what was written. */
  constructor (options: InboxOptions) {
    this.#options = options
    const { clock, store, book, listener } = options
    this.#committer = new Committer({
      clock,
      store,
      buried: (letter) => { listener.buried(letter) },
      processed: (cursor) => { listener.processed(cursor.log, cursor.core.name) },
      failed: (error) => { this.#fail(error) }
    })
    this.#live = new Live({ nextToken: () => ++this.#lastToken, soon: (fn) => { clock.soon(fn) }, changed: () => { listener.needsChanged(undefined) } })
    this.#env = {
      clock,
      book,
      batches: new OpenBatches((log, position) => book.read(log, position)),
      orderWaitMs: options.orderWaitMs ?? ORDER_WAIT_MS,
      offsetOf: options.clockOffsetOf ?? (() => 0),
      readDead: (subscription, sequence) => store.get('dead', deadKey(subscription, sequence)),
      nextToken: () => ++this.#lastToken,
      dirty: (cursor, urgency) => { this.#committer.dirty(cursor, urgency) },
      wakeAt: (atMs) => { this.#wakeAt(atMs) },
      notifySoon: (core) => { this.#notifySoon(core) },
      gap: (gap) => { listener.gap(gap) },
      // Whoever makes the inbox cannot listen before it is made.
      needsChanged: (log) => { if (this.#loaded) listener.needsChanged(log) }
    }
    this.#load()
    this.#loaded = true
    book.listen({
      logLearned: (log) => { this.#learned(log) },
      logChanged: (log) => { this.#changed(log) },
      recordsHeld: (log, from, to) => { for (const cursor of this.#of(log)) cursor.core.arrived(cursor, from, to) },
      batchDamaged: (log) => { this.#env.batches.drop(log) }
    })
  }

  #load (): void {
    const { store, book, clock } = this.#options
    const { rows, removed } = loadSubscriptions(store)
    const byNumber = new Map<number, SubscriptionCore>()
    for (const [name, row] of rows) {
      const core = new SubscriptionCore(name, row, this.#env)
      core.created = true
      this.#cores.set(name, core)
      byNumber.set(core.number, core)
    }
    this.#nextNumber = Math.max(0, ...byNumber.keys(), ...removed) + 1
    const moved = loadCursors(store, book, clock, byNumber)
    if (moved.length > 0) {
      this.#moving = []
      this.#committer.move(moved, () => {
        const waiting = this.#moving ?? []
        this.#moving = undefined
        for (const go of waiting) go()
      })
    }
    for (const core of this.#cores.values()) {
      for (const cursor of core.cursors.values()) this.#index(cursor)
    }
    for (const log of [...book.all()]) {
      this.#noteLink(log)
      for (const core of this.#cores.values()) {
        if (!core.cursors.has(log.number) && core.filter.matchesChannel(log.channel)) this.#index(core.learn(log, false))
      }
    }
    for (const core of this.#cores.values()) for (const cursor of core.cursors.values()) core.logChanged(cursor)
    for (const number of removed) this.#sweep(number)
  }

  // ---- the log book

  #of (log: LogState): readonly Cursor[] { return this.#cursors.get(log.number) ?? [] }

  #index (cursor: Cursor): void {
    const cursors = this.#cursors.get(cursor.log.number)
    if (cursors === undefined) this.#cursors.set(cursor.log.number, [cursor])
    else cursors.push(cursor)
    cursor.closedAt = this.#closedAt.get(cursor.log.key) ?? Number.POSITIVE_INFINITY
  }

  #unindex (cursor: Cursor): void {
    const left = this.#of(cursor.log).filter(other => other !== cursor)
    if (left.length === 0) this.#cursors.delete(cursor.log.number)
    else this.#cursors.set(cursor.log.number, left)
  }

  #learned (log: LogState): void {
    let wanted = false
    for (const core of this.#cores.values()) {
      if (!core.filter.matchesChannel(log.channel)) continue
      this.#index(core.learn(log, false))
      wanted = true
    }
    if (wanted) this.#options.listener.needsChanged(log)
  }

  #changed (log: LogState): void {
    this.#noteLink(log)
    for (const cursor of this.#of(log)) cursor.core.logChanged(cursor)
  }

  #noteLink (log: LogState): void {
    const link = log.link
    if (link === undefined) return
    const key = logKey({ publisher: log.publisher, incarnation: link.incarnation, channel: log.channel })
    if ((this.#closedAt.get(key) ?? 0) >= link.position) return
    this.#closedAt.set(key, link.position)
    const earlier = this.#options.book.get(key)
    if (earlier !== undefined) for (const cursor of this.#of(earlier)) cursor.closedAt = link.position
  }

  // ---- time

  #wakeAt (atMs: number): void {
    if (this.#timerAt <= atMs || this.#state !== 'open') return
    this.#timer?.cancel()
    this.#timerAt = atMs
    const { clock } = this.#options
    this.#timer = clock.after(Math.max(0, atMs - clock.nowMs()), () => { this.#woken() })
  }

  #woken (): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    if (this.#state !== 'open') return
    const nowMs = this.#options.clock.nowMs()
    let nextAt = Number.POSITIVE_INFINITY
    for (const core of this.#cores.values()) {
      core.wake(nowMs)
      nextAt = Math.min(nextAt, core.nextDueAt)
    }
    if (nextAt !== Number.POSITIVE_INFINITY) this.#wakeAt(nextAt)
  }

  #notifySoon (core: SubscriptionCore): void {
    this.#toNotify.add(core)
    if (this.#notifying) return
    this.#notifying = true
    this.#options.clock.soon(() => {
      this.#notifying = false
      const cores = [...this.#toNotify]
      this.#toNotify.clear()
      if (this.#state === 'open') for (const told of cores) told.deliveries.notify()
    })
  }

  // ---- subscriptions

  /**
   * Makes a durable subscription, or checks that it is as asked, or changes it. `done` when that is durable, or with
   * `ERR_SUBSCRIPTION_DIFFERS`, `ERR_BAD_ARGUMENT`, `ERR_BAD_FILTER`, `ERR_LIMIT`, `ERR_STORE_FULL`, `ERR_STORE`, `ERR_CLOSED`.
   */
  open (spec: SubscriptionSpec, done: SettleDone): void {
    if (this.#refuseClosed(done)) return
    try {
      checkSpec(spec)
    } catch (error) {
      done(error as SkeinError)
      return
    }
    const waiting = this.#moving ?? this.#opening.get(spec.name)
    if (waiting !== undefined) {
      waiting.push(() => { this.open(spec, done) })
      return
    }
    const core = this.#cores.get(spec.name)
    if (core === undefined) {
      this.#create(spec, done)
      return
    }
    const difference = differenceOf(core.row, spec)
    if (difference === undefined) done()
    else if (spec.change) this.#change(core, spec, done)
    else done(new SkeinError('ERR_SUBSCRIPTION_DIFFERS', `subscription ${spec.name} exists, and ${difference}`, { hint: 'Ask for the change explicitly, or choose another name.' }))
  }

  #create (spec: SubscriptionSpec, done: SettleDone): void {
    const { book, clock } = this.#options
    if (this.#cores.size >= SUBSCRIPTIONS_MAX) {
      done(new SkeinError('ERR_LIMIT', `at most ${SUBSCRIPTIONS_MAX} durable subscriptions`))
      return
    }
    const core = new SubscriptionCore(spec.name, newRow(this.#nextNumber++, spec, clock.wallMs()), this.#env)
    const cursors: Cursor[] = []
    for (const log of [...book.all()]) {
      if (core.filter.matchesChannel(log.channel)) cursors.push(core.learn(log, true))
    }
    this.#cores.set(spec.name, core)
    for (const cursor of cursors) this.#index(cursor)
    const ops: StoreOp[] = [{ type: 'put', table: 'subscription', key: utf8(spec.name), value: encodeSubscription(core.row) }, ...this.#rows(core, cursors)]
    this.#commit(spec.name, ops, error => {
      if (error === undefined) {
        core.created = true
        this.#committer.flush()
        this.#options.listener.needsChanged(undefined)
      } else {
        this.#detach(core)
      }
      done(error)
    })
  }

  #change (core: SubscriptionCore, spec: SubscriptionSpec, done: SettleDone): void {
    const { book, clock } = this.#options
    const row = changedRow(core.row, spec, clock.wallMs())
    const after = new SubscriptionCore(core.name, row, this.#env)
    const left = [...core.cursors.values()].filter(cursor => !after.filter.matchesChannel(cursor.log.channel))
    const fresh: Cursor[] = []
    for (const log of book.all()) {
      if (core.cursors.has(log.number) || !after.filter.matchesChannel(log.channel)) continue
      const cursor = new Cursor(log, core)
      begin(cursor, row, true)
      fresh.push(cursor)
    }
    // Cursors that have no row yet would begin elsewhere by the changed one.
    const bare = [...core.cursors.values()].filter(cursor => !cursor.hasRow && !left.includes(cursor))
    const ops: StoreOp[] = [{ type: 'put', table: 'subscription', key: utf8(core.name), value: encodeSubscription(row) }, ...this.#rows(core, [...fresh, ...bare])]
    for (const cursor of left) ops.push({ type: 'del', table: 'cursor', key: cursorKey(core.number, cursor.log.number) })
    this.#commit(core.name, ops, error => {
      if (error === undefined) {
        for (const cursor of left) {
          this.#unindex(cursor)
          core.forget(cursor)
        }
        core.change({ ...row, counted: addCounts(core.row, left) })
        for (const cursor of fresh) {
          if (core.cursors.has(cursor.log.number)) continue
          core.restore(cursor)
          this.#index(cursor)
        }
        for (const log of book.all()) {
          if (!core.cursors.has(log.number) && core.filter.matchesChannel(log.channel)) this.#index(core.learn(log, false))
        }
        this.#options.listener.needsChanged(undefined)
      }
      done(error)
    })
  }

  #rows (core: SubscriptionCore, cursors: readonly Cursor[]): StoreOp[] {
    const clock = { nowMs: this.#options.clock.nowMs(), wallMs: this.#options.clock.wallMs() }
    return cursors.map(cursor => {
      const { row, ranges } = encodeCursor(cursor, clock)
      cursor.hasRow = true
      cursor.durableMark = cursor.mark
      cursor.durableRanges = ranges
      return { type: 'put', table: 'cursor', key: cursorKey(core.number, cursor.log.number), value: row }
    })
  }

  /** Commits a change of the subscription `name`; other such calls wait. */
  #commit (name: string, ops: StoreOp[], done: SettleDone): void {
    this.#opening.set(name, [])
    this.#options.store.commit(ops, error => {
      const waiting = this.#opening.get(name) ?? []
      this.#opening.delete(name)
      done(error === undefined ? undefined : this.#storeError(error))
      for (const go of waiting) go()
    })
  }

  #storeError (error: Error): SkeinError {
    const known = error instanceof SkeinError ? error : new SkeinError('ERR_STORE', error.message, { cause: error })
    if (known.code === 'ERR_STORE') this.#fail(known)
    return known
  }

  /** Forgets a subscription, its cursors and dead letters, and closes its consumers. `ERR_NOT_FOUND`. */
  remove (name: string, done: SettleDone): void {
    if (this.#refuseClosed(done)) return
    const waiting = this.#moving ?? this.#opening.get(name)
    if (waiting !== undefined) {
      waiting.push(() => { this.remove(name, done) })
      return
    }
    const core = this.#cores.get(name)
    if (core === undefined) {
      done(this.#noSuch(name))
      return
    }
    const ops: StoreOp[] = [
      { type: 'del', table: 'subscription', key: utf8(name) },
      { type: 'put', table: 'subscription', key: removedKey(core.number), value: new Uint8Array(0) }
    ]
    this.#commit(name, ops, error => {
      if (error === undefined) {
        this.#detach(core, new SkeinError('ERR_NOT_FOUND', `subscription ${name} was removed`))
        this.#sweep(core.number)
        this.#options.listener.needsChanged(undefined)
      }
      done(error)
    })
  }

  #detach (core: SubscriptionCore, error?: SkeinError): void {
    this.#cores.delete(core.name)
    core.deliveries.closeAll(error)
    for (const cursor of core.cursors.values()) {
      this.#unindex(cursor)
      cursor.gone = true
    }
    core.redriven.gone = true
  }

  /** Deletes what a removed subscription has left, in slices; goes on after a restart. */
  #sweep (number: number): void {
    if (this.#state !== 'open') return
    const { store, clock } = this.#options
    const ops: StoreOp[] = []
    for (const key of store.keys('cursor', { gte: cursorKey(number, 0), lt: cursorKey(number + 1, 0), limit: REMOVE_ROWS })) ops.push({ type: 'del', table: 'cursor', key })
    for (const key of store.keys('dead', { gte: deadKey(number, 0), lt: deadKey(number + 1, 0), limit: REMOVE_ROWS - ops.length })) ops.push({ type: 'del', table: 'dead', key })
    const last = ops.length === 0
    if (last) ops.push({ type: 'del', table: 'subscription', key: removedKey(number) })
    store.commit(ops, error => {
      if (error === undefined) {
        if (!last) this.#sweep(number)
      } else if (this.#storeError(error).code === 'ERR_STORE_FULL') {
        clock.after(FULL_RETRY_MS_MAX, () => { this.#sweep(number) })
      }
    })
  }

  // ---- consumers

  /** Throws `ERR_NOT_FOUND`, `ERR_LIMIT`, `ERR_CLOSED`. */
  attach (name: string, consumer: ConsumerOptions): ConsumerHandle {
    const core = this.#cores.get(name)
    if (this.#state !== 'open') throw new SkeinError('ERR_CLOSED', 'the inbox is closed')
    if (core === undefined || !core.created) throw this.#noSuch(name)
    return core.deliveries.attach(consumer)
  }

  /** A non-durable subscription: only what arrives while it is attached. Throws `ERR_LIMIT`, `ERR_CLOSED`. */
  attachLive (filters: readonly string[], consumer: LiveOptions): ConsumerHandle {
    if (this.#state !== 'open') throw new SkeinError('ERR_CLOSED', 'the inbox is closed')
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

  // ---- what is wanted

  /** A durable subscription covers this channel. */
  wantsChannel (channel: string): boolean {
    for (const core of this.#cores.values()) if (core.filter.matchesChannel(channel)) return true
    return false
  }

  /** Names of the durable subscriptions that cover this channel. */
  durableIn (channel: string): string[] {
    return [...this.#cores.values()].filter(core => core.filter.matchesChannel(channel)).map(core => core.name)
  }

  /** Filters of all subscriptions, durable and live. */
  filters (): FilterSet[] { return [...[...this.#cores.values()].map(core => core.filter), ...this.#live.filters()] }

  /** Channels that some subscription names outright. */
  namedChannels (): string[] { return [...new Set(this.filters().flatMap(filter => filter.channels))] }

  /**
   * What durable subscriptions still need of this log: positions from `from` on. While all of them still seek their start by
   * time, only records not before `since` (ms, by the publisher's clock); else `since` is 0. Undefined when none covers the channel.
   */
  needs (log: LogState): { from: number, since: number } | undefined {
    const cursors = this.#of(log)
    if (cursors.length === 0) return undefined
    let from = Number.POSITIVE_INFINITY
    let since = Number.POSITIVE_INFINITY
    for (const cursor of cursors) {
      from = Math.min(from, cursor.mark + 1)
      since = Math.min(since, cursor.since)
    }
    return { from, since: since === 0 ? 0 : Math.max(1, Math.floor(since + this.#env.offsetOf(log.publisher))) }
  }

  /** It is proven that all positions up to `through` are older than `since`, by the publisher's clock. */
  passed (log: LogState, through: number, since: number): void {
    for (const cursor of this.#of(log)) cursor.core.passed(cursor, through, since)
    this.#options.listener.needsChanged(log)
  }

  /** What is missing of `from..to` will not come: a gap to each durable subscription that claims it. */
  unavailable (log: LogState, from: number, to: number, reason: GapReason): void {
    for (const cursor of this.#of(log)) cursor.core.unavailable(cursor, from, to, reason)
  }

  /** What each durable subscription has durably settled of this log. */
  processed (log: LogState): Array<{ name: string, ranges: RangeSet }> {
    return this.#of(log).filter(cursor => cursor.durableRanges.length > 0).map(cursor => ({ name: cursor.core.name, ranges: RangeSet.decode(cursor.durableRanges) }))
  }

  /** Records of this channel that the slowest durable subscription has yet to settle; undefined when none covers it. */
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

  /** The lowest position that some durable subscription has not durably settled; infinite when there is none. */
  floor (log: LogState): number {
    let floor = Number.POSITIVE_INFINITY
    for (const cursor of this.#of(log)) floor = Math.min(floor, cursor.floor)
    return floor
  }

  /** Forgets the cursors of a log that the book is to forget. The operations belong in the same commit. */
  forget (log: LogState): StoreOp[] {
    const ops: StoreOp[] = []
    for (const cursor of [...this.#of(log)]) {
      const { core } = cursor
      ops.push({ type: 'del', table: 'cursor', key: cursorKey(core.number, log.number) })
      core.row = { ...core.row, counted: addCounts(core.row, [cursor]) }
      ops.push({ type: 'put', table: 'subscription', key: utf8(core.name), value: encodeSubscription(core.row) })
      this.#unindex(cursor)
      core.forget(cursor)
      // Without the earlier log there is nothing to wait for, and asking for it again would bring it back.
      for (const other of core.cursors.values()) {
        const link = other.log.link
        if (other.gateOpen || link === undefined || logKey({ publisher: other.log.publisher, incarnation: link.incarnation, channel: other.log.channel }) !== log.key) continue
        other.gateOpen = true
        ops.push(...this.#rows(core, [other]))
        core.activate(other)
      }
    }
    this.#closedAt.delete(log.key)
    return ops
  }

  // ---- what there is to see

  info (): SubscriptionInfo[] {
    return [...this.#cores.values()].map(core => {
      const { row, name } = core
      const counts = addCounts(row, [...core.cursors.values(), core.redriven])
      let lag = 0
      for (const cursor of core.cursors.values()) lag += cursor.lag
      return {
        name,
        filters: row.filters,
        from: typeof row.from === 'number' ? new Date(row.from).toISOString() : row.from,
        createdAt: row.createdAt,
        consumers: core.deliveries.consumers.length,
        lag,
        inFlight: core.deliveries.inFlightCount,
        ...counts,
        deadLetters: core.deadCount - (core.redriven.pending?.count ?? 0)
      }
    })
  }

  /** Dead letters in the order of their subscriptions and of their burial, those under redelivery left out. `after`: a dead letter's id. At most 1,000, default 100. */
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
      letters.push(...listLetters(this.#options.store, core.name, core.number, from, limit - letters.length, sequence => core.redriven.pending?.has(sequence) === true))
      if (letters.length >= limit) break
    }
    return letters
  }

  /** Throws `ERR_NOT_FOUND`. */
  deadLetter (deadId: string): DeadLetter {
    const { name, sequence } = parseDeadId(deadId)
    const core = this.#cores.get(name)
    const dead = core === undefined ? undefined : readLetter(this.#options.store, core.number, sequence)
    if (dead === undefined) throw noSuchLetter(deadId)
    return toLetter(name, sequence, dead)
  }

  /** Delivers a dead letter again, as attempt 1, to its subscription. `done` when that is durable, or with `ERR_NOT_FOUND`. */
  redrive (deadId: string, done: SettleDone): void {
    if (this.#refuseClosed(done)) return
    try {
      this.deadLetter(deadId)
      const { name, sequence } = parseDeadId(deadId)
      this.#cores.get(name)?.redrive(sequence, done)
    } catch (error) {
      done(error as SkeinError)
    }
  }

  // ---- the end

  /** Closes all consumers and writes what is not on disk yet. */
  close (done: () => void): void {
    if (this.#state !== 'open') {
      done()
      return
    }
    this.#end('closing')
    this.#committer.close(() => {
      this.#state = 'closed'
      done()
    })
  }

  #fail (error: Error): void {
    if (this.#state === 'failed' || this.#state === 'closed') return
    this.#end('failed', error)
    this.#committer.stop(error instanceof SkeinError ? error : new SkeinError('ERR_STORE', error.message, { cause: error }))
    this.#options.listener.failed(error)
  }

  #end (state: 'closing' | 'failed', error?: Error): void {
    const closing = this.#state === 'open'
    this.#state = state
    this.#timer?.cancel()
    if (!closing) return
    for (const core of this.#cores.values()) core.deliveries.closeAll(error)
    this.#live.closeAll(error)
  }

  #refuseClosed (done: SettleDone): boolean {
    if (this.#state === 'open') return false
    done(new SkeinError('ERR_CLOSED', 'the inbox is closed'))
    return true
  }

  #noSuch (name: string): SkeinError { return new SkeinError('ERR_NOT_FOUND', `there is no durable subscription ${JSON.stringify(name)}`) }
}

/** What a subscription has counted, with these cursors. */
function addCounts (row: SubscriptionRow, cursors: readonly Cursor[]): SubscriptionRow['counted'] {
  let { acked, redelivered, expired, gaps } = row.counted
  for (const cursor of cursors) {
    acked += cursor.acked
    redelivered += cursor.redelivered
    expired += cursor.expired
    gaps += cursor.gaps
  }
  return { acked, redelivered, expired, gaps }
}
