/**
 * Making, changing and removing durable subscriptions. Each is one commit; calls on one name wait for each other.
 * A removed subscription leaves a row behind until its cursors and dead letters are deleted, slice by slice.
 */
import { utf8 } from '../base/bytes.js'
import type { Clock } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { Store, StoreOp } from '../store/store.js'
import type { Committer } from './committer.js'
import type { CursorIndex } from './cursor-index.js'
import { linkedKey } from './cursor-index.js'
import { Cursor, type SettleDone } from './cursor.js'
import { changedRow, checkSpec, differenceOf, newRow, type SubscriptionSpec } from './definition.js'
import { FULL_RETRY_MS_MAX, REMOVE_ROWS, SUBSCRIPTIONS_MAX } from './limits.js'
import { loadCursors, loadSubscriptions } from './load.js'
import { cursorKey, deadKey, encodeCursor, encodeSubscription, removedKey, type SubscriptionRow } from './rows.js'
import { begin } from './start.js'
import { SubscriptionCore, type CoreEnv } from './subscription-core.js'

export interface SubscriptionsParts {
  readonly clock: Clock
  readonly store: Store
  readonly book: LogBook
  readonly index: CursorIndex
  readonly committer: Committer
  readonly env: CoreEnv
  /** What is wanted has changed. */
  changed (): void
  /** What a new cursor has settled is durable: all that lies before its start. */
  processed (cursor: Cursor): void
  begun (cursor: Cursor): void
  failed (error: SkeinError): void
}

export class Subscriptions {
  readonly cores = new Map<string, SubscriptionCore>()
  readonly #p: SubscriptionsParts
  /** Calls that wait for another on the same name. */
  readonly #busy = new Map<string, Array<() => void>>()
  /** Calls that wait until rows have moved to where they belong. */
  #moving: Array<() => void> | undefined
  #nextNumber = 1
  #stopped = false

  constructor (parts: SubscriptionsParts) { this.#p = parts }

  /** Throws `ERR_STORE_CORRUPT`. */
  load (): void {
    const { store, book, clock, committer, index, env } = this.#p
    const { rows, removed } = loadSubscriptions(store)
    const byNumber = new Map<number, SubscriptionCore>()
    for (const [name, row] of rows) {
      const core = new SubscriptionCore(name, row, env)
      core.created = true
      this.#add(core)
      byNumber.set(core.number, core)
    }
    this.#nextNumber = Math.max(0, ...byNumber.keys(), ...removed) + 1
    const moved = loadCursors(store, book, clock, byNumber)
    if (moved.length > 0) {
      this.#moving = []
      committer.move(moved, () => {
        const waiting = this.#moving ?? []
        this.#moving = undefined
        for (const go of waiting) go()
      })
    }
    for (const core of byNumber.values()) for (const cursor of core.cursors.values()) index.add(cursor)
    for (const log of [...book.all()]) {
      index.noteLink(log)
      this.learned(log)
      for (const cursor of index.of(log)) cursor.core.logChanged(cursor)
    }
    for (const number of removed) this.#sweep(number)
  }

  #add (core: SubscriptionCore): void {
    this.cores.set(core.name, core)
    this.#p.env.sieve.add(core)
  }

  /** A log that is new: whoever covers its channel begins there. Returns whether anybody does. */
  learned (log: LogState): boolean {
    let wanted = false
    for (const core of this.cores.values()) {
      if (core.cursors.has(log.number) || !core.filter.matchesChannel(log.channel)) continue
      this.#p.index.add(core.learn(log, false))
      wanted = true
    }
    return wanted
  }

  open (spec: SubscriptionSpec, done: SettleDone): void {
    try {
      checkSpec(spec)
    } catch (error) {
      done(error as SkeinError)
      return
    }
    if (this.#waits(spec.name, () => { this.open(spec, done) }, done)) return
    const core = this.cores.get(spec.name)
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
    const { book, clock, env, index, committer } = this.#p
    if (this.cores.size >= SUBSCRIPTIONS_MAX) {
      done(new SkeinError('ERR_LIMIT', `at most ${SUBSCRIPTIONS_MAX} durable subscriptions`))
      return
    }
    const core = new SubscriptionCore(spec.name, newRow(this.#nextNumber++, spec, clock.wallMs()), env)
    for (const log of [...book.all()]) if (core.filter.matchesChannel(log.channel)) index.add(core.learn(log, true))
    this.#add(core)
    const { ops, written } = this.#cursorRows(core, [...core.cursors.values()])
    this.#commit(spec.name, [this.#rowOf(core.name, core.row), ...ops], error => {
      if (error === undefined) {
        written()
        core.created = true
        committer.flush()
        this.#p.changed()
        this.#tell([...core.cursors.values()])
      } else {
        this.#detach(core)
      }
      done(error)
    })
  }

  #change (core: SubscriptionCore, spec: SubscriptionSpec, done: SettleDone): void {
    const { book, clock, env, index } = this.#p
    const row = changedRow(core.row, spec, clock.wallMs())
    const { filter } = new SubscriptionCore(core.name, row, env)
    const left = [...core.cursors.values()].filter(cursor => !filter.matchesChannel(cursor.log.channel))
    const fresh: Cursor[] = []
    for (const log of book.all()) {
      if (core.cursors.has(log.number) || !filter.matchesChannel(log.channel)) continue
      const cursor = new Cursor(log, core)
      begin(cursor, row, true)
      fresh.push(cursor)
    }
    // Cursors that have no row yet would begin elsewhere by the changed one.
    const bare = [...core.cursors.values()].filter(cursor => !cursor.hasRow && !left.includes(cursor))
    const counted = addCounts(row, left)
    const { ops, written } = this.#cursorRows(core, [...fresh, ...bare])
    for (const cursor of left) ops.push({ type: 'del', table: 'cursor', key: cursorKey(core.number, cursor.log.number) })
    this.#commit(core.name, [this.#rowOf(core.name, { ...row, counted }), ...ops], error => {
      if (error === undefined) {
        written()
        for (const cursor of left) {
          index.remove(cursor)
          core.forget(cursor)
        }
        env.sieve.remove(core)
        core.change({ ...row, counted })
        env.sieve.add(core)
        for (const cursor of fresh) {
          core.restore(cursor)
          index.add(cursor)
        }
        for (const log of [...book.all()]) this.learned(log)
        this.#p.changed()
        this.#tell(fresh)
      }
      done(error)
    })
  }

  /** Publishers keep what they do not know to be settled: they are told that what lies before the start is, and that what one of the same name had settled is not. */
  #tell (cursors: readonly Cursor[]): void {
    for (const cursor of cursors) {
      if (cursor.mark > 0) this.#p.processed(cursor)
      else this.#p.begun(cursor)
    }
  }

  remove (name: string, done: SettleDone): void {
    if (this.#waits(name, () => { this.remove(name, done) }, done)) return
    const core = this.cores.get(name)
    if (core === undefined) {
      done(noSuchSubscription(name))
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
        this.#p.changed()
      }
      done(error)
    })
  }

  #detach (core: SubscriptionCore, error?: SkeinError): void {
    this.cores.delete(core.name)
    this.#p.env.sieve.remove(core)
    core.deliveries.closeAll(error)
    for (const cursor of core.cursors.values()) {
      this.#p.index.remove(cursor)
      cursor.gone = true
    }
    core.redriven.gone = true
  }

  /** Deletes what a removed subscription has left; goes on after a restart. */
  #sweep (number: number): void {
    if (this.#stopped) return
    const { store, clock } = this.#p
    const ops: StoreOp[] = []
    for (const key of store.keys('cursor', { gte: cursorKey(number, 0), lt: cursorKey(number + 1, 0), limit: REMOVE_ROWS })) ops.push({ type: 'del', table: 'cursor', key })
    for (const key of store.keys('dead', { gte: deadKey(number, 0), lt: deadKey(number + 1, 0), limit: REMOVE_ROWS - ops.length })) ops.push({ type: 'del', table: 'dead', key })
    const isLast = ops.length === 0
    if (isLast) ops.push({ type: 'del', table: 'subscription', key: removedKey(number) })
    store.commit(ops, error => {
      if (error === undefined) {
        if (!isLast) this.#sweep(number)
      } else if (this.#storeError(error).code === 'ERR_STORE_FULL') {
        clock.after(FULL_RETRY_MS_MAX, () => { this.#sweep(number) })
      }
    })
  }

  /** Forgets the cursors of a log. The operations belong in the commit that forgets the log. */
  forget (log: LogState): StoreOp[] {
    const { index } = this.#p
    const ops: StoreOp[] = []
    for (const cursor of [...index.of(log)]) {
      const { core } = cursor
      core.row = { ...core.row, counted: addCounts(core.row, [cursor]) }
      ops.push({ type: 'del', table: 'cursor', key: cursorKey(core.number, log.number) }, this.#rowOf(core.name, core.row))
      index.remove(cursor)
      core.forget(cursor)
      // Without the earlier log there is nothing to wait for, and asking for it again would bring it back.
      for (const later of core.cursors.values()) {
        if (later.gateOpen || linkedKey(later.log) !== log.key) continue
        later.gateOpen = true
        ops.push(...this.#cursorRows(core, [later]).ops)
        core.activate(later)
      }
    }
    index.forget(log)
    this.#p.env.sieve.forget(log)
    return ops
  }

  stop (): void { this.#stopped = true }

  #rowOf (name: string, row: SubscriptionRow): StoreOp {
    return { type: 'put', table: 'subscription', key: utf8(name), value: encodeSubscription(row) }
  }

  /** The rows of these cursors as they are now. */
  #cursorRows (core: SubscriptionCore, cursors: readonly Cursor[]): { ops: StoreOp[], written: () => void } {
    const { clock } = this.#p
    const now = { nowMs: clock.nowMs(), wallMs: clock.wallMs() }
    const rows = cursors.map(cursor => ({ cursor, mark: cursor.mark, ...encodeCursor(cursor, now) }))
    return {
      ops: rows.map(({ cursor, row }) => ({ type: 'put', table: 'cursor', key: cursorKey(core.number, cursor.log.number), value: row })),
      written: () => {
        for (const { cursor, mark, ranges } of rows) {
          // A commit that came later may have said more already.
          if (cursor.hasRow) continue
          cursor.hasRow = true
          cursor.durableMark = mark
          cursor.durableRanges = ranges
        }
      }
    }
  }

  /** Whether a call on this name has to wait, and then it does. */
  #waits (name: string, go: () => void, done: SettleDone): boolean {
    const waiting = this.#moving ?? this.#busy.get(name)
    waiting?.push(() => {
      if (this.#stopped) done(new SkeinError('ERR_CLOSED', 'the inbox is closed'))
      else go()
    })
    return waiting !== undefined
  }

  #commit (name: string, ops: readonly StoreOp[], done: SettleDone): void {
    this.#busy.set(name, [])
    this.#p.store.commit(ops, error => {
      const waiting = this.#busy.get(name) ?? []
      this.#busy.delete(name)
      done(error === undefined ? undefined : this.#storeError(error))
      for (const go of waiting) go()
    })
  }

  #storeError (error: Error): SkeinError {
    const known = error instanceof SkeinError ? error : new SkeinError('ERR_STORE', error.message, { cause: error })
    if (known.code === 'ERR_STORE') this.#p.failed(known)
    return known
  }
}

export function noSuchSubscription (name: string): SkeinError {
  return new SkeinError('ERR_NOT_FOUND', `there is no durable subscription ${JSON.stringify(name)}`)
}

/** What a subscription has counted, with these cursors. */
export function addCounts (row: SubscriptionRow, cursors: readonly Cursor[]): SubscriptionRow['counted'] {
  let { acked, redelivered, expired, gaps } = row.counted
  for (const cursor of cursors) {
    acked += cursor.acked
    redelivered += cursor.redelivered
    expired += cursor.expired
    gaps += cursor.gaps
  }
  return { acked, redelivered, expired, gaps }
}
