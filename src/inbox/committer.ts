/**
 * Puts changed cursors on disk, one commit at a time; what changes meanwhile goes with the next one.
 *
 *     idle ──dirty──► (end of turn, 3 ms, 50 ms or 1 s) ──► committing ──done──► idle, or at once the next when somebody waits
 *                                        ▲                └──ERR_STORE_FULL──► waiting (250 ms … 5 s) ──┐
 *                                        └──────────────────────────────────────────────────────────────┘
 *
 * While batches keep coming, and the subscription has nothing to hand out, what was settled goes to disk along with the next batch
 * (`alongside`): one flush for both. It waits no longer than some milliseconds for that.
 *
 * A cursor's row, the dead letters it let go of and those redriven that it is done with go in one commit.
 */
import type { Clock, Timer } from '../base/clock.js'
import { isSkeinError, SkeinError } from '../base/errors.js'
import type { DeadLetter } from '../message/reports.js'
import type { Store, StoreOp } from '../store/store.js'
import type { Cursor, PendingLetter, Resettled, SettleDone } from './cursor.js'
import { ALONGSIDE_MS, COMMIT_BYTES, COMMIT_CURSORS_MAX, DELIVERY_FLUSH_MS, FULL_RETRY_MS, FULL_RETRY_MS_MAX, LAZY_FLUSH_MS } from './limits.js'
import { cursorKey, deadKey, encodeCursor } from './rows.js'
import type { Urgency } from './subscription-core.js'

export interface CommitterParts {
  readonly clock: Clock
  readonly store: Store
  /** Whether batches come one after the other. Default no. */
  readonly isFlowing?: () => boolean
  buried (letter: DeadLetter): void
  processed (cursor: Cursor): void
  failed (error: Error): void
}

interface Part {
  readonly cursor: Cursor
  readonly acks: SettleDone[]
  readonly letters: PendingLetter[]
  readonly resettled: ReadonlyArray<readonly [number, Resettled]>
  readonly mark: number
  readonly judged: number
  readonly ranges: Uint8Array
}

export class Committer {
  readonly #parts: CommitterParts
  /** Somebody waits for these. */
  #urgent = new Set<Cursor>()
  #rest = new Set<Cursor>()
  #scheduled = false
  #committing = false
  #heldTimer: Timer | undefined
  #soonTimer: Timer | undefined
  #lazyTimer: Timer | undefined
  #retryTimer: Timer | undefined
  #retryMs = FULL_RETRY_MS
  #stopped: SkeinError | undefined
  #closing: (() => void) | undefined
  /** Rows are on their way to other keys: nothing else is written before they are there. */
  #moving = false

  constructor (parts: CommitterParts) { this.#parts = parts }

  dirty (cursor: Cursor, urgency: Urgency): void {
    if (this.#stopped !== undefined) {
      this.#giveUp(cursor)
      return
    }
    if (urgency === 'now') {
      this.#rest.delete(cursor)
      this.#urgent.add(cursor)
      if (this.#scheduled || this.#committing) return
      this.#scheduled = true
      this.#parts.clock.soon(() => {
        this.#scheduled = false
        this.#flushOrWait()
      })
      return
    }
    if (!this.#urgent.has(cursor)) this.#rest.add(cursor)
    if (urgency === 'soon') this.#soonTimer ??= this.#parts.clock.after(DELIVERY_FLUSH_MS, () => { this.#soonTimer = undefined; this.flush() })
    else this.#lazyTimer ??= this.#lazily()
  }

  /** A batch is being committed in this turn. */
  alongside (): void { if (this.#urgent.size > 0) this.flush() }

  #flushOrWait (): void {
    if (this.#mayWait()) this.#heldTimer ??= this.#parts.clock.after(ALONGSIDE_MS, () => { this.#heldTimer = undefined; this.flush() })
    else this.flush()
  }

  /** Nobody is kept from anything if it waits for the next batch. */
  #mayWait (): boolean {
    if (this.#closing !== undefined || this.#parts.isFlowing?.() !== true) return false
    for (const { core, letters, unwritten } of this.#urgent) if (core.hasMore || letters.length > 0 || unwritten.size > 0) return false
    return true
  }

  #lazily (): Timer { return this.#parts.clock.after(LAZY_FLUSH_MS, () => { this.#lazyTimer = undefined; this.flush() }) }

  #giveUp (cursor: Cursor): void {
    for (const done of cursor.takeAcks()) done(this.#stopped)
    for (const { done } of cursor.later.splice(0)) done(this.#stopped)
  }

  /** Commits what is dirty, unless a commit is under way: then it follows by itself when somebody waits for it. */
  flush (): void {
    if (this.#moving || this.#committing || this.#retryTimer !== undefined || this.#stopped !== undefined) return
    const parts: Part[] = []
    const ops: StoreOp[] = []
    this.#collect(this.#urgent, parts, ops)
    this.#collect(this.#rest, parts, ops)
    if (parts.length === 0) {
      if (this.#closing !== undefined) this.#finish()
      return
    }
    this.#committing = true
    try {
      this.#parts.store.commit(ops, error => { this.#committed(parts, error) })
    } catch (error) {
      this.#committed(parts, error as Error)
    }
  }

  #collect (from: Set<Cursor>, parts: Part[], ops: StoreOp[]): void {
    const clock = { nowMs: this.#parts.clock.nowMs(), wallMs: this.#parts.clock.wallMs() }
    let bytes = 0
    for (const cursor of from) {
      if (parts.length >= COMMIT_CURSORS_MAX || bytes >= COMMIT_BYTES) return
      // A row of a subscription that is not on disk itself would be taken for another's.
      if (!cursor.core.created && !cursor.gone) continue
      from.delete(cursor)
      if (cursor.gone) {
        for (const done of cursor.takeAcks()) done(new SkeinError('ERR_CLOSED', 'the subscription was removed'))
        continue
      }
      const subscription = cursor.core.number
      const { row, ranges } = encodeCursor(cursor, clock)
      const { letters } = cursor
      const acks = cursor.takeAcks()
      const resettled = [...cursor.unwritten]
      cursor.letters = []
      ops.push({ type: 'put', table: 'cursor', key: cursorKey(subscription, cursor.log.number), value: row })
      for (const [sequence, { letter }] of resettled) if (letter === undefined) ops.push({ type: 'del', table: 'dead', key: deadKey(subscription, sequence) })
      for (const letter of buriedIn(letters, resettled)) {
        ops.push({ type: 'put', table: 'dead', key: deadKey(subscription, letter.sequence), value: letter.row })
        bytes += letter.row.length
      }
      bytes += row.length
      parts.push({ cursor, acks, letters, resettled, mark: cursor.mark, judged: cursor.judged, ranges })
    }
  }

  #committed (parts: readonly Part[], error: Error | undefined): void {
    this.#committing = false
    if (error !== undefined) {
      this.#refused(parts, error)
      return
    }
    this.#retryMs = FULL_RETRY_MS
    for (const { cursor, resettled, mark, judged, ranges } of parts) {
      for (const [sequence] of resettled) cursor.unwritten.delete(sequence)
      cursor.durableMark = mark
      cursor.judgedOnDisk = judged
      cursor.durableRanges = ranges
      cursor.hasRow = true
    }
    if (this.#urgent.size > 0 || this.#closing !== undefined) this.#flushOrWait()
    // What came due while the commit was under way, or did not fit in, has no timer any more.
    else if (this.#rest.size > 0 && this.#soonTimer === undefined) this.#lazyTimer ??= this.#lazily()
    for (const { cursor, acks, letters, resettled } of parts) {
      cursor.core.written(cursor)
      for (const done of acks) done()
      for (const { letter } of buriedIn(letters, resettled)) this.#parts.buried(letter)
      if (!cursor.gone && cursor.pending === undefined) this.#parts.processed(cursor)
    }
  }

  #refused (parts: readonly Part[], error: Error): void {
    for (const { cursor, acks, letters } of parts) {
      cursor.acks = [...acks, ...cursor.takeAcks()]
      cursor.letters = [...letters, ...cursor.letters]
      this.#urgent.add(cursor)
    }
    if (!isSkeinError(error, 'ERR_STORE_FULL')) {
      this.stop(isSkeinError(error) ? error : new SkeinError('ERR_STORE', error.message, { cause: error }))
      if (!isSkeinError(error, 'ERR_CLOSED')) this.#parts.failed(error)
      return
    }
    if (this.#closing !== undefined) {
      this.#finish()
      return
    }
    this.#retryTimer = this.#parts.clock.after(this.#retryMs, () => {
      this.#retryTimer = undefined
      this.flush()
    })
    this.#retryMs = Math.min(FULL_RETRY_MS_MAX, this.#retryMs * 2)
  }

  /** Commits this before anything else, however long that takes. */
  move (ops: readonly StoreOp[], done: () => void): void {
    this.#moving = true
    this.#parts.store.commit(ops, error => {
      if (isSkeinError(error, 'ERR_STORE_FULL') && this.#stopped === undefined && this.#closing === undefined) {
        this.#retryTimer = this.#parts.clock.after(FULL_RETRY_MS_MAX, () => {
          this.#retryTimer = undefined
          this.move(ops, done)
        })
        return
      }
      this.#moving = false
      if (error !== undefined) this.#refused([], error)
      else done()
      this.flush()
    })
  }

  /** Nothing is written any more; whoever waits is told so. */
  stop (error: SkeinError): void {
    if (this.#stopped !== undefined) return
    this.#stopped = error
    for (const timer of [this.#heldTimer, this.#soonTimer, this.#lazyTimer, this.#retryTimer]) timer?.cancel()
    for (const cursor of [...this.#urgent, ...this.#rest]) this.#giveUp(cursor)
    this.#urgent.clear()
    this.#rest.clear()
    const closing = this.#closing
    this.#closing = undefined
    closing?.()
  }

  #finish (): void {
    this.stop(new SkeinError('ERR_CLOSED', 'the inbox is closed'))
  }

  /** Writes what is dirty, then stops. */
  close (done: () => void): void {
    if (this.#stopped !== undefined) {
      done()
      return
    }
    this.#closing = done
    if (this.#moving && this.#retryTimer !== undefined) {
      this.#finish()
      return
    }
    this.#retryTimer?.cancel()
    this.#retryTimer = undefined
    if (!this.#committing) this.flush()
  }
}

/** Letters to put on disk: of records, and of letters that were redriven and are buried again. */
function buriedIn (letters: readonly PendingLetter[], resettled: Part['resettled']): PendingLetter[] {
  const again = resettled.flatMap(([, { letter }]) => letter ?? [])
  return again.length === 0 ? [...letters] : [...letters, ...again]
}
