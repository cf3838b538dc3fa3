import { RangeSet } from '../base/range-set.js'
import { logKey } from '../message/ids.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { Cursor } from './cursor.js'

const NONE: readonly Cursor[] = []

/** The cursors of all durable subscriptions by log, and what they together come to. */
export class CursorIndex {
  readonly #byLog = new Map<number, Cursor[]>()
  /** Where logs end, by the links of later ones. */
  readonly #closedAt = new Map<string, number>()
  readonly #book: LogBook

  constructor (book: LogBook) { this.#book = book }

  of (log: LogState): readonly Cursor[] { return this.#byLog.get(log.number) ?? NONE }

  add (cursor: Cursor): void {
    const cursors = this.#byLog.get(cursor.log.number)
    if (cursors === undefined) this.#byLog.set(cursor.log.number, [cursor])
    else cursors.push(cursor)
    cursor.closedAt = this.#closedAt.get(cursor.log.key) ?? Number.POSITIVE_INFINITY
  }

  remove (cursor: Cursor): void {
    const left = this.of(cursor.log).filter(other => other !== cursor)
    if (left.length === 0) this.#byLog.delete(cursor.log.number)
    else this.#byLog.set(cursor.log.number, left)
  }

  /** Takes in where this log says that the earlier one ends. */
  noteLink (log: LogState): void {
    const key = linkedKey(log)
    if (key === undefined || log.link === undefined) return
    const { position } = log.link
    if ((this.#closedAt.get(key) ?? 0) >= position) return
    this.#closedAt.set(key, position)
    const earlier = this.#book.get(key)
    if (earlier !== undefined) for (const cursor of this.of(earlier)) cursor.closedAt = position
  }

  forget (log: LogState): void { this.#closedAt.delete(log.key) }

  needs (log: LogState, offsetMs: number): { from: number, since: number } | undefined {
    let from = Number.POSITIVE_INFINITY
    let since = Number.POSITIVE_INFINITY
    for (const cursor of this.of(log)) {
      if (cursor.core.lapsed) continue
      from = Math.min(from, cursor.mark + 1)
      since = Math.min(since, cursor.since)
    }
    if (from === Number.POSITIVE_INFINITY) return undefined
    return { from, since: since === 0 ? 0 : Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.floor(since + offsetMs))) }
  }

  processed (log: LogState): Array<{ name: string, ranges: RangeSet }> {
    return this.of(log).filter(cursor => cursor.durableRanges.length > 0).map(cursor => ({ name: cursor.core.name, ranges: RangeSet.decode(cursor.durableRanges) }))
  }

  /** `withLapsed`: also what subscriptions that have lapsed have not settled. */
  floor (log: LogState, withLapsed = false): number {
    let floor = Number.POSITIVE_INFINITY
    for (const cursor of this.of(log)) if (withLapsed || !cursor.core.lapsed) floor = Math.min(floor, cursor.floor)
    return floor
  }
}

/** The key of the log that this one says came before it. */
export function linkedKey (log: LogState): string | undefined {
  return log.link === undefined ? undefined : logKey({ publisher: log.publisher, incarnation: log.link.incarnation, channel: log.channel })
}
