/**
 * Looks through a log from where a cursor stands, for the next record to hand out. Passes over what is settled, does
 * not match, has expired or lies before the start; reports what will not come; stops at what is still to come.
 */
import type { RecordFields } from '../message/record.js'
import type { OpenBatch } from '../store/batch-cache.js'
import type { LogState } from '../store/log-state.js'
import type { Cursor, Stall } from './cursor.js'
import { Entry } from './entry.js'
import { CURSOR_WINDOW_POSITIONS, ENTRIES_MAX, SCAN_POSITIONS } from './limits.js'
import { mayFollow, type OrderParts } from './order.js'
import type { OpenBatches } from './open-batches.js'
import { decodeDead, type DeadRow, type SubscriptionRow } from './rows.js'
import type { KeyLanes } from './key-lanes.js'
import { trimmedUnclaimed } from './start.js'
import type { GapReason } from '../message/reports.js'

export interface ScanParts extends OrderParts {
  readonly row: SubscriptionRow
  readonly keyed: boolean
  readonly lanes: KeyLanes
  readonly batches: OpenBatches
  readonly entryCount: number
  matches (topic: string): boolean
  /** The first position from this one on that may match, or where nothing is known any more; undefined: nothing is known of this one. */
  nextMatch (cursor: Cursor, position: number): number | undefined
  offsetOf (publisher: string): number
  wallMs (): number
  readDead (sequence: number): Uint8Array | undefined
  /** Settles positions that are not delivered. */
  pass (cursor: Cursor, from: number, to: number): void
  /** The cursor's start is found, or moved. */
  started (cursor: Cursor): void
  expire (entry: Entry): void
  reportGap (cursor: Cursor, from: number, to: number, reason: GapReason): number
  bury (entry: Entry, reason: string, record: RecordFields): boolean
  keep (entry: Entry): void
  wait (entry: Entry, dueAt: number): void
  /** It holds back its log or its key until it is settled, and may come again at `dueAt`. */
  hold (entry: Entry, dueAt: number): void
  /** It comes again when what was judged before it is on disk. */
  setAside (entry: Entry): void
  /** The record of a kept entry cannot be read any more. */
  unread (entry: Entry): void
  /** A redriven letter that is no longer there. */
  unpend (cursor: Cursor, sequence: number): void
}

export class Scan {
  readonly #parts: ScanParts
  /** The record of the entry that was returned last. */
  record: RecordFields | undefined
  /** Where a redriven letter came from. */
  dead: DeadRow | undefined
  #budget = 0

  constructor (parts: ScanParts) { this.#parts = parts }

  begin (): void { this.#budget = SCAN_POSITIONS }
  get exhausted (): boolean { return this.#budget <= 0 }

  #stall (cursor: Cursor, stall: Stall, wanted: number): undefined {
    cursor.stall = stall
    cursor.wanted = wanted
    return undefined
  }

  /** The next record of this log to hand out. Undefined when there is none now: the cursor's `stall` says why, unless the budget is exhausted. */
  take (cursor: Cursor, nowMs: number): Entry | undefined {
    cursor.stall = 'none'
    while (this.#budget-- > 0) {
      const held = this.#parts.keyed ? undefined : cursor.heldBack[0]
      let found: Entry | 'stalled' | undefined
      if (held !== undefined && cursor.next > held.position) found = this.#takeHeld(cursor, held, nowMs)
      else if (cursor.pending !== undefined) found = this.#takeRedriven(cursor, nowMs)
      else if (!cursor.turnedUp.isEmpty) found = this.#takeLate(cursor, nowMs)
      else found = this.#takeNext(cursor, nowMs)
      if (found === 'stalled') return undefined
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Whether an entry that was looked at before can be handed out again now; if not, it has been dealt with. */
  again (entry: Entry, nowMs: number): boolean {
    const record = this.recordOf(entry)
    if (record === undefined) {
      this.#parts.unread(entry)
      return false
    }
    if (entry.cursor.pending === undefined && this.#expired(entry.cursor.log, record)) {
      this.#parts.expire(entry)
      return false
    }
    if (entry.state === 'ready' && entry.attempts === 0 && entry.cursor.awaitsDisk) {
      this.#parts.setAside(entry)
      return false
    }
    if (this.#worn(entry, record, nowMs)) return false
    this.record = record
    return true
  }

  /** Whether its attempts are used up: then it is buried, or waits until there is room for dead letters. */
  #worn (entry: Entry, record: RecordFields, nowMs: number): boolean {
    const parts = this.#parts
    if (entry.attempts < parts.row.maxAttempts) return false
    if (!parts.bury(entry, `not settled in ${entry.attempts} attempts`, record)) {
      parts.keep(entry)
      parts.hold(entry, nowMs + parts.row.backoffMaxMs)
    }
    return true
  }

  recordOf (entry: Entry): RecordFields | undefined {
    const { cursor, position } = entry
    if (cursor.pending !== undefined) {
      const row = this.#parts.readDead(position)
      this.dead = row === undefined ? undefined : decodeDead(row)
      return this.dead?.record
    }
    if (!cursor.log.held.has(position)) return undefined
    const open = this.#parts.batches.at(cursor.log, position)
    return open?.records[position - open.batch.base]
  }

  #expired (log: LogState, record: RecordFields): boolean {
    return record.expiresAt !== 0 && record.expiresAt - this.#parts.offsetOf(log.publisher) <= this.#parts.wallMs()
  }

  /** Records in order: the lowest that was nacked comes again before anything behind it. */
  #takeHeld (cursor: Cursor, entry: Entry, nowMs: number): Entry | 'stalled' | undefined {
    if (entry.state !== 'waiting' || entry.dueAt > nowMs) {
      this.#stall(cursor, 'held', entry.position)
      return 'stalled'
    }
    return this.again(entry, nowMs) ? entry : undefined
  }

  #takeRedriven (cursor: Cursor, nowMs: number): Entry | 'stalled' | undefined {
    const sequence = cursor.pending?.firstPresent(cursor.next) ?? 0
    if (sequence === 0) {
      this.#stall(cursor, 'end', 0)
      return 'stalled'
    }
    cursor.next = sequence + 1
    const known = cursor.entries.get(sequence)
    if (known !== undefined && known.state !== 'free') return undefined
    const entry = known ?? new Entry(cursor, sequence)
    const record = this.recordOf(entry)
    if (record === undefined) {
      this.#parts.unpend(cursor, sequence)
      return undefined
    }
    return this.#consider(entry, record, nowMs)
  }

  #takeLate (cursor: Cursor, nowMs: number): Entry | undefined {
    const position = cursor.turnedUp.first
    cursor.turnedUp.remove(position, position)
    if (!cursor.lost.has(position)) return undefined
    const known = cursor.entries.get(position)
    if (known !== undefined && known.state !== 'free') return undefined
    const entry = known ?? new Entry(cursor, position)
    const record = this.recordOf(entry)
    if (record === undefined) return undefined
    entry.late = true
    if (!this.#parts.matches(record.topic)) {
      this.#parts.pass(cursor, position, position)
      return undefined
    }
    return this.#consider(entry, record, nowMs)
  }

  #takeNext (cursor: Cursor, nowMs: number): Entry | 'stalled' | undefined {
    const parts = this.#parts
    const log = cursor.log
    const position = cursor.next
    let known: Entry | undefined
    if (position <= cursor.top) {
      if (cursor.settled.has(position)) {
        cursor.next = cursor.settled.firstMissing(position)
        return undefined
      }
      known = cursor.entries.get(position)
      if (known !== undefined && known.state !== 'free') {
        cursor.next++
        return undefined
      }
    }
    if (position > cursor.mark + CURSOR_WINDOW_POSITIONS) {
      this.#stall(cursor, 'window', position)
      return 'stalled'
    }
    if (!log.held.has(position)) return this.#takeHole(cursor, position, nowMs)
    // Nothing from here on was looked at before: what is known to be for others is passed over at once.
    const isFresh = position > cursor.top && cursor.since === 0 && cursor.gateOpen
    const next = isFresh ? parts.nextMatch(cursor, position) : undefined
    if (next !== undefined && next > position) {
      this.#passTo(cursor, position, next - 1)
      return undefined
    }
    const open = parts.batches.at(log, position)
    if (open === undefined) {
      this.#stall(cursor, 'hole', position)
      return 'stalled'
    }
    const record = open.records[position - open.batch.base] as RecordFields
    if (cursor.since !== 0) {
      const since = cursor.since + parts.offsetOf(log.publisher)
      if (record.time < since) {
        // No record of a batch is younger than the batch.
        this.#skip(cursor, position, open.batch.time < since ? open.batch.last : position)
        return undefined
      }
      cursor.since = 0
      cursor.judged++
      parts.started(cursor)
    }
    if (!cursor.gateOpen && !mayFollow(cursor, parts, nowMs)) {
      this.#stall(cursor, 'gate', position)
      return 'stalled'
    }
    if (known === undefined && !parts.matches(record.topic)) {
      this.#passTo(cursor, position, isFresh ? this.#lastUnmatched(open, position) : position)
      return undefined
    }
    if (cursor.awaitsDisk && !this.#expired(log, record)) {
      this.#judgeAhead(cursor, position + 1)
      this.#stall(cursor, 'judged', position)
      parts.hurry(cursor)
      return 'stalled'
    }
    if (parts.entryCount >= ENTRIES_MAX && known === undefined) {
      this.#stall(cursor, 'crowded', position)
      return 'stalled'
    }
    cursor.next++
    return this.#consider(known ?? new Entry(cursor, position), record, nowMs)
  }

  /** Passes over what does not match, as far as it is held and the window reaches. */
  #passTo (cursor: Cursor, position: number, to: number): void {
    const last = Math.min(to, cursor.log.held.firstMissing(position) - 1, cursor.mark + CURSOR_WINDOW_POSITIONS)
    cursor.next = last + 1
    this.#parts.pass(cursor, position, last)
  }

  /** Of one batch: the last record in a row, from this one on, that does not match. */
  #lastUnmatched ({ batch, records }: OpenBatch, position: number): number {
    let to = position
    while (to < batch.last && this.#budget > 0 && !this.#parts.matches((records[to + 1 - batch.base] as RecordFields).topic)) {
      to++
      this.#budget--
    }
    return to
  }

  /** What has expired behind a record that waits for the disk is settled too, out of order: one commit for all of it, not one for each run. */
  #judgeAhead (cursor: Cursor, from: number): void {
    // Done already, and nothing was judged since.
    if (cursor.judgedAhead === cursor.judged) return
    const parts = this.#parts
    const log = cursor.log
    const end = Math.min(cursor.mark + CURSOR_WINDOW_POSITIONS, from + SCAN_POSITIONS)
    for (let position = from; position <= end && log.held.has(position); position++) {
      this.#budget--
      if (cursor.settled.has(position)) continue
      const known = cursor.entries.get(position)
      if (known !== undefined && known.state !== 'free') continue
      const open = parts.batches.at(log, position)
      if (open === undefined) break
      const record = open.records[position - open.batch.base] as RecordFields
      if ((known !== undefined || parts.matches(record.topic)) && this.#expired(log, record)) parts.expire(known ?? new Entry(cursor, position))
    }
    cursor.judgedAhead = cursor.judged
  }

  #takeHole (cursor: Cursor, position: number, nowMs: number): 'stalled' | undefined {
    const parts = this.#parts
    const { log } = cursor
    // Of an own log nobody else has what is trimmed.
    if (log.own && position <= log.trimmed) cursor.doom(position, log.trimmed, log.trimReason)
    const doomed = cursor.doomed.size === 0 ? undefined : cursor.doomedFrom(position)
    if (doomed === undefined) {
      this.#stall(cursor, position > log.head ? 'end' : 'hole', position)
      return 'stalled'
    }
    const offsetMs = parts.offsetOf(log.publisher)
    // What lies behind something that the subscription claims it claims too, whatever clocks say.
    if (position === cursor.start && trimmedUnclaimed(cursor, parts.row, doomed.to, offsetMs)) {
      this.#skip(cursor, position, doomed.to)
      return undefined
    }
    if (cursor.since !== 0) {
      const older = this.#olderThanStart(cursor, doomed.to + 1, offsetMs)
      if (older === undefined) {
        this.#stall(cursor, 'peek', position)
        return 'stalled'
      }
      if (older) {
        this.#skip(cursor, position, doomed.to)
        return undefined
      }
    }
    if (!cursor.gateOpen && !mayFollow(cursor, parts, nowMs)) {
      this.#stall(cursor, 'gate', position)
      return 'stalled'
    }
    cursor.next = parts.reportGap(cursor, position, doomed.to, doomed.reason) + 1
    return undefined
  }

  /** Whether what lies before `position` is older than the start that is sought; undefined while only what is still to come can tell. */
  #olderThanStart (cursor: Cursor, position: number, offsetMs: number): boolean | undefined {
    const log = cursor.log
    for (;;) {
      // Nothing behind it tells its age: better a gap too many than one that nobody is told of.
      if (position > log.head) return false
      if (log.held.has(position)) break
      const doomed = cursor.doomedFrom(position)
      if (doomed === undefined) return undefined
      position = doomed.to + 1
    }
    const open = this.#parts.batches.at(log, position)
    const record = open?.records[position - open.batch.base]
    return record === undefined ? undefined : record.time - offsetMs < cursor.since
  }

  /** Positions before the start. */
  #skip (cursor: Cursor, from: number, to: number): void {
    cursor.next = to + 1
    cursor.undoom(from, to)
    cursor.judged++
    cursor.start = Math.max(cursor.start, to + 1)
    this.#parts.pass(cursor, from, to)
  }

  /** The record matches and it is its turn in the log: returned, unless its own state speaks against it. */
  #consider (entry: Entry, record: RecordFields, nowMs: number): Entry | undefined {
    const parts = this.#parts
    const { cursor } = entry
    if (cursor.pending === undefined && this.#expired(cursor.log, record)) {
      parts.expire(entry)
      return undefined
    }
    entry.key = record.key
    if (parts.keyed && record.key !== undefined && !entry.holdsKey && !parts.lanes.enter(entry, record.key)) {
      parts.keep(entry)
      return undefined
    }
    if (this.#worn(entry, record, nowMs)) return undefined
    if (entry.held) {
      if (!parts.keyed) cursor.holdBack(entry)
      if (entry.dueAt > nowMs) {
        parts.keep(entry)
        parts.wait(entry, entry.dueAt)
        return undefined
      }
    }
    this.record = record
    return entry
  }
}
