/**
 * One durable subscription: its cursors over logs, and what they come to.
 *
 * Cursors that may have something stand in a ring and take turns; a cursor leaves it when `Scan` finds nothing to hand out
 * and says why (`stall`), and is put back by whatever ends that: an arrival, a settle, a time. `Deliveries` knows the consumers,
 * `Work` what is under way. No clock is read and nothing is written but through `CoreEnv`.
 */
import type { Clock } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import { RangeSet } from '../base/range-set.js'
import { FilterSet } from '../message/filter.js'
import type { LogId } from '../message/ids.js'
import type { RecordFields } from '../message/record.js'
import type { Gap, GapReason } from '../message/reports.js'
import type { LogBook } from '../store/log-book.js'
import { LogState } from '../store/log-state.js'
import { Cursor, type SettleDone } from './cursor.js'
import { toLetter } from './dead-letters.js'
import { Deliveries } from './deliveries.js'
import type { Entry } from './entry.js'
import type { KeyLanes } from './key-lanes.js'
import { CURSOR_WINDOW_POSITIONS, DEAD_LETTERS_MAX, REASON_LENGTH_MAX } from './limits.js'
import type { OpenBatches } from './open-batches.js'
import { Ring } from './ring.js'
import { encodeDead, type DeadRow, type SubscriptionRow } from './rows.js'
import { Scan, type ScanParts } from './scan.js'
import type { Sieve } from './sieve.js'
import { begin, trimmedUnclaimed } from './start.js'
import { Succession } from './succession.js'
import { Work } from './work.js'

/** How soon a changed cursor is to be on disk: somebody waits for it; a crash would forget a delivery; nothing hangs on it. */
export type Urgency = 'now' | 'soon' | 'lazy'

/** What the subscription asks of the shell. */
export interface CoreEnv {
  readonly clock: Clock
  readonly book: LogBook
  readonly batches: OpenBatches
  readonly sieve: Sieve
  readonly orderWaitMs: number
  offsetOf (publisher: string): number
  /** The log is written by this life of this node. */
  isPresent (log: LogState): boolean
  readDead (subscription: number, sequence: number): Uint8Array | undefined
  nextToken (): number
  dirty (cursor: Cursor, urgency: Urgency): void
  wakeAt (atMs: number): void
  /** Call `deliveries.notify` at the end of the turn. */
  notifySoon (core: SubscriptionCore): void
  gap (gap: Gap): void
  needsChanged (log: LogState | undefined): void
}

export class SubscriptionCore implements ScanParts {
  row: SubscriptionRow
  readonly number: number
  readonly cursors = new Map<number, Cursor>()
  /** Over the dead letters that are delivered again. */
  readonly redriven: Cursor
  readonly deliveries: Deliveries
  /** Nobody has consumed it for so long that nothing is kept or fetched for it, until somebody does again. */
  lapsed = false
  /** Its row is on disk: only then may rows of its cursors be. */
  created = false
  /** Dead letters on disk or under way there. */
  deadCount = 0
  readonly #env: CoreEnv
  /** By publisher and channel. */
  readonly #successions = new Map<string, Succession>()
  readonly #ring = new Ring()
  readonly #work: Work
  readonly #scan: Scan
  #filter: FilterSet

  constructor (readonly name: string, row: SubscriptionRow, env: CoreEnv) {
    this.row = row
    this.number = row.number
    this.#env = env
    this.#filter = new FilterSet(row.filters)
    this.#scan = new Scan(this)
    const nowhere = new LogState({ publisher: '', incarnation: { number: 0, random: '' }, channel: '' }, 0, false)
    this.redriven = new Cursor(nowhere, this, new RangeSet())
    this.#work = new Work({
      cursors: () => [this.redriven, ...this.cursors.values()],
      activate: (cursor) => { this.activate(cursor) },
      tell: () => { this.deliveries.tell() },
      moved: (cursor) => { this.#moved(cursor) },
      wakeAt: (atMs) => { env.wakeAt(atMs) },
      timedOut: (entry, nowMs) => { this.deliveries.timedOut(entry, nowMs) }
    })
    this.deliveries = new Deliveries({ core: this, env, ring: this.#ring, work: this.#work, scan: this.#scan })
  }

  get filter (): FilterSet { return this.#filter }
  /** Whether there may be something to hand out. */
  get hasMore (): boolean { return this.#ring.size > 0 || this.#work.readyCount > 0 }
  get nextDueAt (): number { return this.#work.nextDueAt }
  wake (nowMs: number): void { this.#work.wake(nowMs) }

  change (row: SubscriptionRow): void {
    this.row = row
    this.#filter = new FilterSet(row.filters)
  }

  activate (cursor: Cursor): void {
    if (this.#ring.add(cursor)) this.deliveries.tell()
  }

  /** A cursor in a log that is new to the subscription. */
  learn (log: LogState, known: boolean): Cursor {
    const cursor = new Cursor(log, this)
    begin(cursor, this.row, known, !known && this.#env.isPresent(log))
    this.cursors.set(log.number, cursor)
    this.#succeed(cursor)
    this.activate(cursor)
    return cursor
  }

  #succeed (cursor: Cursor): void {
    const { publisher, channel } = cursor.log
    const key = `${publisher} ${channel}`
    let succession = this.#successions.get(key)
    if (succession === undefined) this.#successions.set(key, succession = new Succession())
    succession.cursors++
    cursor.succession = succession
    if (cursor.top >= cursor.start) succession.handedOut(cursor.log)
  }

  /** A cursor as it was on disk. */
  restore (cursor: Cursor): void {
    if (cursor !== this.redriven) {
      this.cursors.set(cursor.log.number, cursor)
      this.#succeed(cursor)
    }
    this.#work.count += cursor.entries.size
    for (const { from, to } of cursor.log.held.ranges()) cursor.noteArrived(from, to)
    this.activate(cursor)
  }

  forget (cursor: Cursor): void {
    cursor.gone = true
    this.cursors.delete(cursor.log.number)
    if (--cursor.succession.cursors === 0) this.#successions.delete(`${cursor.log.publisher} ${cursor.log.channel}`)
    this.#ring.remove(cursor)
    this.deliveries.revoke(cursor)
    this.#work.forget(cursor)
    for (const done of cursor.takeAcks()) done(new SkeinError('ERR_CLOSED', 'the subscription no longer covers this log'))
  }

  /** Somebody consumes it again: what was dropped meanwhile is looked for, and becomes gaps where it is gone. */
  revive (): void {
    this.lapsed = false
    for (const cursor of this.cursors.values()) this.activate(cursor)
  }

  arrived (cursor: Cursor, from: number, to: number): void {
    const late = cursor.noteArrived(from, to)
    if (late || cursor.stall === 'peek' || cursor.stall === 'hole' || (from <= cursor.wanted && cursor.wanted <= to)) this.activate(cursor)
  }

  logChanged (cursor: Cursor): void {
    const { log } = cursor
    if (log.trimmed > cursor.mark) {
      if (cursor.mark === cursor.start - 1 && cursor.entries.size === 0 && trimmedUnclaimed(cursor, this.row, log.trimmed, this.offsetOf(log.publisher))) {
        this.#skip(cursor, log.trimmed)
        this.#env.needsChanged(log)
      }
      // What is missing of an own log nobody else is asked for.
      if (log.own) this.activate(cursor)
    }
    if (cursor.stall === 'gate') this.activate(cursor)
  }

  unavailable (cursor: Cursor, from: number, to: number, reason: GapReason): void {
    if (!cursor.doom(from, to, reason)) return
    this.#env.dirty(cursor, 'lazy')
    this.activate(cursor)
  }

  passed (cursor: Cursor, through: number, since: number): void {
    if (cursor.since === 0 || cursor.since + this.offsetOf(cursor.log.publisher) < since || through < cursor.start) return
    this.#skip(cursor, through)
  }

  #skip (cursor: Cursor, through: number): void {
    cursor.judged++
    cursor.skipThrough(through)
    this.#moved(cursor)
    this.#env.dirty(cursor, 'lazy')
    this.activate(cursor)
  }

  #moved (cursor: Cursor): void {
    if (cursor.stall === 'window' && cursor.next <= cursor.mark + CURSOR_WINDOW_POSITIONS) this.activate(cursor)
    for (const later of cursor.successors) if (!later.gateOpen) this.activate(later)
  }

  /** Delivers a dead letter again, as attempt 1. */
  redrive (sequence: number, done: SettleDone): void {
    const cursor = this.redriven
    if (cursor.unwritten.get(sequence)?.letter !== undefined) {
      // It was buried again just now: first that is told, then it is handed out again.
      cursor.later.push({ sequence, done })
      this.#env.dirty(cursor, 'now')
      return
    }
    cursor.pending?.add(sequence, sequence)
    cursor.next = Math.min(cursor.next, sequence)
    cursor.acks.push(done)
    this.#env.dirty(cursor, 'now')
    this.activate(cursor)
  }

  /** Buries a record that a consumer had in hand. */
  buryInHand (entry: Entry, reason: string): boolean {
    // A redriven letter is read again for where it came from.
    const record = entry.cursor.pending === undefined ? entry.record : this.#scan.recordOf(entry)
    return record !== undefined && this.bury(entry, reason, record)
  }

  // What the scan asks for.

  get keyed (): boolean { return this.#work.keyed }
  get lanes (): KeyLanes { return this.#work.lanes }
  get entryCount (): number { return this.#work.count }
  get batches (): OpenBatches { return this.#env.batches }
  get book (): LogBook { return this.#env.book }
  get orderWaitMs (): number { return this.#env.orderWaitMs }
  matches (topic: string): boolean { return this.#filter.matches(topic) }
  nextMatch (cursor: Cursor, position: number): number | undefined { return this.#env.sieve.next(cursor.log, this, position) }
  offsetOf (publisher: string): number { return this.#env.offsetOf(publisher) }
  wallMs (): number { return this.#env.clock.wallMs() }
  readDead (sequence: number): Uint8Array | undefined { return this.#env.readDead(this.number, sequence) }
  cursorOf (log: LogState): Cursor | undefined { return this.cursors.get(log.number) }
  keep (entry: Entry): void { this.#work.keep(entry) }
  wait (entry: Entry, dueAt: number): void { this.#work.wait(entry, dueAt) }
  hold (entry: Entry, dueAt: number): void { this.#work.hold(entry, dueAt) }
  setAside (entry: Entry): void {
    this.#work.setAside(entry)
    this.hurry(entry.cursor)
  }

  hurry (cursor: Cursor): void { this.#env.dirty(cursor, 'now') }

  /** A commit has put this cursor on disk. */
  written (cursor: Cursor): void {
    if (cursor.gone) return
    for (const { sequence, done } of cursor.later.splice(0)) this.redrive(sequence, done)
    // Each sees for itself: what it waits for may be there, though more was judged since.
    for (const later of cursor.successors) if (!later.gateOpen && later.stall === 'gate') this.activate(later)
    if (cursor.awaitsDisk) {
      // More was judged while the commit was under way.
      if (cursor.stall === 'judged' || this.#work.hasAside(cursor)) this.hurry(cursor)
      return
    }
    this.#work.resume(cursor)
    if (cursor.stall === 'judged') this.activate(cursor)
  }

  waitUntil (cursor: Cursor, atMs: number): void { this.#work.wait(cursor, atMs) }
  started (cursor: Cursor): void { this.#env.needsChanged(cursor.log) }

  claims (id: LogId): boolean {
    if (this.row.from !== 'latest') return true
    // An incarnation's number is the wall clock at its birth: one that was born later belongs to the subscription wholly.
    return id.incarnation.number - this.offsetOf(id.publisher) >= this.row.since
  }

  opened (cursor: Cursor): void {
    this.#work.unwait(cursor)
    this.#env.dirty(cursor, 'lazy')
  }

  giveUp (earlier: Cursor, through: number): void {
    if (!earlier.doom(earlier.mark + 1, through, 'unrecoverable')) return
    this.#env.dirty(earlier, 'lazy')
    this.#env.needsChanged(earlier.log)
    this.activate(earlier)
  }

  pass (cursor: Cursor, from: number, to: number): void {
    if (cursor.lost.overlaps(from, to)) cursor.lost.remove(from, to)
    if (cursor.settle(from, to)) this.#moved(cursor)
    this.#env.dirty(cursor, 'lazy')
  }

  expire (entry: Entry): void {
    entry.cursor.expired++
    entry.cursor.judged++
    this.#work.settle(entry)
    this.#env.dirty(entry.cursor, 'lazy')
  }

  reportGap (cursor: Cursor, from: number, to: number, reason: GapReason): number {
    // What somebody works on may still be acked.
    for (const entry of cursor.entries.values()) if (entry.position >= from && entry.position <= to && entry.state !== 'free') to = entry.position - 1
    for (const entry of cursor.entries.values()) if (entry.position >= from && entry.position <= to) this.#work.drop(entry)
    const { log } = cursor
    cursor.gaps += to - from + 1
    cursor.judged++
    cursor.undoom(from, to)
    if (reason === 'unrecoverable' || reason === 'restored') cursor.lose(from, to)
    this.#env.gap({ subscription: this.name, publisher: log.publisher, incarnation: cursor.incarnation, channel: log.channel, from, to, reason })
    if (cursor.settle(from, to)) this.#moved(cursor)
    this.#env.dirty(cursor, 'now')
    return to
  }

  bury (entry: Entry, reason: string, record: RecordFields): boolean {
    const { cursor, position } = entry
    const again = cursor.pending !== undefined
    if (!again && this.deadCount >= DEAD_LETTERS_MAX) return false
    const sequence = again ? position : ++this.redriven.top
    const source = again ? this.#scan.dead as DeadRow : { log: cursor.log.id, position }
    const dead: DeadRow = { log: source.log, position: source.position, reason: reason.slice(0, REASON_LENGTH_MAX).toWellFormed(), attempts: entry.attempts, buriedAt: Math.floor(this.wallMs()), record }
    const letter = { sequence, row: encodeDead(dead), letter: toLetter(this.name, sequence, dead) }
    this.#work.settle(entry)
    if (again) {
      cursor.unwritten.set(sequence, { letter })
    } else {
      cursor.letters.push(letter)
      this.deadCount++
      this.#env.dirty(this.redriven, 'soon')
    }
    this.#env.dirty(cursor, 'now')
    return true
  }

  unread (entry: Entry): void {
    if (entry.cursor.pending === undefined) {
      this.#work.unread(entry)
      return
    }
    this.#work.drop(entry)
    this.unpend(entry.cursor, entry.position)
  }

  unpend (cursor: Cursor, sequence: number): void {
    cursor.pending?.remove(sequence, sequence)
    this.#env.dirty(cursor, 'lazy')
  }
}
