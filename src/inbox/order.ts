/**
 * A later incarnation after the earlier one. The first batch of a log names where the publisher's earlier log of this
 * channel ends; nothing of the later log is handed out until the cursor of the earlier one stands there.
 *
 *     closed ──earlier log settled up to the link──────────────────────────────► open
 *        │                                                                        ▲
 *        └──orderWaitMs since there was something to hand out: what is missing ───┘
 *           of the earlier log is unrecoverable, what is held of it still comes first
 *
 * What turns up of the earlier log after that, or lies beyond the link, is delivered late.
 */
import { logKey, type LogId } from '../message/ids.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { Cursor } from './cursor.js'

export interface OrderParts {
  readonly book: Pick<LogBook, 'get' | 'ensure' | 'noteHead'>
  readonly orderWaitMs: number
  cursorOf (log: LogState): Cursor | undefined
  /** Whether the subscription wants this log, which it has not heard of. */
  claims (id: LogId): boolean
  /** Wakes the later cursor at this time. */
  waitUntil (cursor: Cursor, atMs: number): void
  /** The earlier log's missing positions up to here are given up. */
  giveUp (cursor: Cursor, through: number): void
  opened (cursor: Cursor): void
}

/** Whether records of this log may be handed out now, as far as earlier logs matter. */
export function mayFollow (cursor: Cursor, parts: OrderParts, nowMs: number): boolean {
  if (cursor.gateOpen) return true
  if (!waitsStill(cursor, parts, nowMs)) {
    cursor.gateOpen = true
    parts.opened(cursor)
    return true
  }
  return false
}

function waitsStill (cursor: Cursor, parts: OrderParts, nowMs: number): boolean {
  const log = cursor.log
  // The subscription begins inside this log: earlier ones lie before its start.
  if (cursor.start > 1) return false
  // Unless the first batch will never come, it is awaited, because only it tells of an earlier log.
  if (!log.linkKnown) return !cursor.settled.has(1) && cursor.doomedFrom(1) === undefined
  const link = log.link
  if (link === undefined) return false
  const id: LogId = { publisher: log.publisher, incarnation: link.incarnation, channel: log.channel }
  let earlierLog = parts.book.get(logKey(id))
  if (earlierLog === undefined || parts.cursorOf(earlierLog) === undefined) {
    if (!parts.claims(id)) return false
    earlierLog = parts.book.ensure(id)
  }
  const earlier = parts.cursorOf(earlierLog)
  if (earlier === undefined || earlier.mark >= link.position) return false
  if (earlierLog.head < link.position) parts.book.noteHead(earlierLog, link.position, link.hash)
  earlier.successors.add(cursor)
  if (cursor.gateDeadline === 0) cursor.gateDeadline = nowMs + parts.orderWaitMs
  if (nowMs < cursor.gateDeadline) parts.waitUntil(cursor, cursor.gateDeadline)
  else parts.giveUp(earlier, link.position)
  return earlier.mark < link.position
}
