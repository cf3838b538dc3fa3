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
import { compareIncarnations, logKey, type LogId } from '../message/ids.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { Cursor } from './cursor.js'

export interface OrderParts {
  readonly book: Pick<LogBook, 'get' | 'ensure' | 'noteHead' | 'logs' | 'isForgotten'>
  readonly orderWaitMs: number
  cursorOf (log: LogState): Cursor | undefined
  /** Whether the subscription wants this log, which it has not heard of. */
  claims (id: LogId): boolean
  /** Wakes the later cursor at this time. */
  waitUntil (cursor: Cursor, atMs: number): void
  /** What was judged of this log is to be on disk soon. */
  hurry (cursor: Cursor): void
  /** The earlier log's missing positions up to here are given up. */
  giveUp (cursor: Cursor, through: number): void
  opened (cursor: Cursor): void
}

/** Whether records of this log may be handed out now, as far as earlier logs matter. */
export function mayFollow (cursor: Cursor, parts: OrderParts, nowMs: number): boolean {
  if (cursor.gateOpen) return true
  if (!waitsStill(cursor, parts, nowMs)) {
    cursor.gateOpen = true
    cursor.gate = undefined
    parts.opened(cursor)
    return true
  }
  return false
}

function waitsStill (cursor: Cursor, parts: OrderParts, nowMs: number): boolean {
  const log = cursor.log
  // The subscription begins inside this log: earlier ones lie before its start.
  if (cursor.start > 1) return false
  // The first batch is awaited, because only it tells of an earlier log.
  if (!log.linkKnown && !cursor.settled.has(1) && cursor.doomedFrom(1) === undefined) return true
  const end = log.linkKnown ? linkedEnd(log, parts) : likelyEnd(log, parts.book)
  if (end === undefined) return false
  const earlier = parts.cursorOf(end.log)
  if (earlier === undefined) return false
  if (earlier.mark >= end.position) return !isOnDisk(cursor, earlier, end.position, parts)
  earlier.successors.add(cursor)
  if (cursor.gateDeadline === 0) cursor.gateDeadline = nowMs + parts.orderWaitMs
  if (nowMs < cursor.gateDeadline) parts.waitUntil(cursor, cursor.gateDeadline)
  else parts.giveUp(earlier, end.position)
  return true
}

/** Whether what was judged of the earlier log up to here is on disk. What is judged of it later lies beyond, and nothing here waits for that. */
function isOnDisk (cursor: Cursor, earlier: Cursor, through: number, parts: OrderParts): boolean {
  if (cursor.gate?.earlier !== earlier || cursor.gate.through !== through) cursor.gate = { earlier, through, judged: earlier.judged }
  if (earlier.judgedOnDisk >= cursor.gate.judged) return true
  earlier.successors.add(cursor)
  parts.hurry(earlier)
  return false
}

interface End {
  readonly log: LogState
  readonly position: number
}

/** The end of the earlier log as the later one's first batch names it. One that was not heard of is asked for if the subscription claims it. */
function linkedEnd (log: LogState, parts: OrderParts): End | undefined {
  const link = log.link
  if (link === undefined) return undefined
  const id: LogId = { publisher: log.publisher, incarnation: link.incarnation, channel: log.channel }
  let earlier = parts.book.get(logKey(id))
  if (earlier === undefined) {
    if (parts.book.isForgotten(id) || !parts.claims(id)) return undefined
    earlier = parts.book.ensure(id)
  }
  if (earlier.head < link.position) parts.book.noteHead(earlier, link.position, link.hash)
  return { log: earlier, position: link.position }
}

/** The first batch will never come: what is known of the latest earlier log goes first. */
function likelyEnd (log: LogState, book: Pick<LogBook, 'logs'>): End | undefined {
  let latest: LogState | undefined
  for (const other of book.logs(log.channel)) {
    if (other.publisher !== log.publisher || compareIncarnations(other.incarnation, log.incarnation) >= 0) continue
    if (latest === undefined || compareIncarnations(other.incarnation, latest.incarnation) > 0) latest = other
  }
  return latest === undefined ? undefined : { log: latest, position: latest.head }
}
