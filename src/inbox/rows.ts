/**
 * The rows of the inbox room. Each begins with a version byte; what is not as it was written is `ERR_STORE_CORRUPT`.
 *
 *     subscription: key = name                               → SubscriptionRow
 *                   key = 00, number u32                     → (empty) its cursors and dead letters are being deleted
 *     cursor:       key = subscription u32, log number u32   → cursor; log number 0: the redriven dead letters
 *     dead:         key = subscription u32, sequence u64     → DeadRow
 *
 * A cursor names its log in full: a log that was only heard of has no row of its own yet, and its number may go to
 * another log after a restart.
 */
import { concat, readU32, u32 } from '../store/keys.js'
import { fromHex, toHex } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'
import { RangeSet } from '../base/range-set.js'
import { INCARNATION_RANDOM_BYTES, type LogId } from '../message/ids.js'
import { PEER_ID_BYTES, peerIdFromBytes, peerIdToBytes } from '../message/peer-id.js'
import { isChannel } from '../message/topic.js'
import type { RecordFields } from '../message/record.js'
import { Record as WireRecord } from '../message/wire.js'
import type { GapReason } from '../message/reports.js'
import type { Cursor } from './cursor.js'
import { Entry } from './entry.js'
import { CURSOR_WINDOW_POSITIONS, DELAY_MS_MAX, ENTRIES_MAX } from './limits.js'
import { RowReader, RowWriter } from './row-bytes.js'

const VERSION = 1
const REASONS: readonly GapReason[] = ['expired', 'evicted', 'unrecoverable', 'restored', 'forked']

export type From = 'earliest' | 'latest' | number

export interface SubscriptionOptions {
  readonly filters: readonly string[]
  readonly maxInFlight: number
  readonly ackTimeoutMs: number
  readonly maxAttempts: number
  readonly backoffMs: number
  readonly backoffMaxMs: number
}

export interface SubscriptionRow extends SubscriptionOptions {
  readonly number: number
  readonly from: From
  readonly createdAt: number
  /** Where it starts in logs learned later, ms since 1970; 0: at their beginning. */
  readonly since: number
  /** Counted in cursors of logs that have been forgotten. */
  readonly counted: { readonly acked: number, readonly redelivered: number, readonly expired: number, readonly gaps: number }
}

export interface DeadRow {
  readonly log: LogId
  readonly position: number
  readonly reason: string
  readonly attempts: number
  readonly buriedAt: number
  readonly record: RecordFields
}

export const cursorKey = (subscription: number, log: number): Uint8Array => concat(u32(subscription), u32(log))

export function deadKey (subscription: number, sequence: number): Uint8Array {
  const key = new Uint8Array(12)
  const view = new DataView(key.buffer)
  view.setUint32(0, subscription)
  view.setUint32(4, Math.floor(sequence / 0x100000000))
  view.setUint32(8, sequence >>> 0)
  return key
}

/** Throws `ERR_STORE_CORRUPT` when the key is none of a dead letter. */
export function sequenceOf (key: Uint8Array): number {
  if (key.length !== 12) throw new SkeinError('ERR_STORE_CORRUPT', 'the key of a dead letter is not what was written')
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  return view.getUint32(4) * 0x100000000 + view.getUint32(8)
}

export const subscriptionOf = (key: Uint8Array): number => readU32(key)

export const logNumberOf = (key: Uint8Array): number => readU32(key, 4)

export function removedKey (subscription: number): Uint8Array {
  const key = new Uint8Array(5)
  new DataView(key.buffer).setUint32(1, subscription)
  return key
}

/** Decodes with `read`, and gives whatever it throws a code. */
function decode<T> (what: string, row: Uint8Array, read: (reader: RowReader) => T): T {
  try {
    const reader = new RowReader(row)
    const version = reader.number()
    if (version !== VERSION) throw new RangeError(`it has version ${version}`)
    const value = read(reader)
    reader.end()
    return value
  } catch (error) {
    throw new SkeinError('ERR_STORE_CORRUPT', `the row of a ${what} is not what was written: ${(error as Error).message}`, { cause: error })
  }
}

export function encodeSubscription (row: SubscriptionRow): Uint8Array {
  const writer = new RowWriter().number(VERSION).number(row.number)
  writer.number(row.from === 'earliest' ? 0 : row.from === 'latest' ? 1 : 2).number(typeof row.from === 'number' ? row.from : 0)
  writer.number(row.createdAt).number(row.since)
  writer.number(row.maxInFlight).number(row.ackTimeoutMs).number(row.maxAttempts).number(row.backoffMs).number(row.backoffMaxMs)
  const { acked, redelivered, expired, gaps } = row.counted
  writer.number(acked).number(redelivered).number(expired).number(gaps)
  writer.number(row.filters.length)
  for (const filter of row.filters) writer.text(filter)
  return writer.finish()
}

export function decodeSubscription (row: Uint8Array): SubscriptionRow {
  return decode('subscription', row, reader => {
    const number = reader.number(0xffffffff)
    const kind = reader.number(2)
    const at = reader.number()
    const from: From = kind === 0 ? 'earliest' : kind === 1 ? 'latest' : at
    const createdAt = reader.number()
    const since = reader.number()
    const options = { maxInFlight: reader.number(), ackTimeoutMs: reader.number(), maxAttempts: reader.number(), backoffMs: reader.number(), backoffMaxMs: reader.number() }
    const counted = { acked: reader.number(), redelivered: reader.number(), expired: reader.number(), gaps: reader.number() }
    const filters = Array.from({ length: reader.number(1024) }, () => reader.text())
    return { number, from, createdAt, since, ...options, counted, filters }
  })
}

function writeLogId (writer: RowWriter, id: LogId): void {
  writer.raw(peerIdToBytes(id.publisher) as Uint8Array).number(id.incarnation.number).raw(fromHex(id.incarnation.random)).text(id.channel)
}

function readLogId (reader: RowReader): LogId {
  const publisher = peerIdFromBytes(reader.raw(PEER_ID_BYTES))
  if (publisher === undefined) throw new RangeError('no such publisher')
  const number = reader.number()
  const random = toHex(reader.raw(INCARNATION_RANDOM_BYTES))
  const channel = reader.text()
  if (number < 1 || !isChannel(channel)) throw new RangeError('no such log')
  return { publisher, incarnation: { number, random }, channel }
}

/** Monotonic to wall clock and back: a delay goes on after a restart. */
export interface RowClock {
  readonly nowMs: number
  readonly wallMs: number
}

/** The row of a cursor, and the settled ranges in it, which receipts carry. */
export function encodeCursor (cursor: Cursor, clock: RowClock): { row: Uint8Array, ranges: Uint8Array } {
  const writer = new RowWriter().number(VERSION)
  const ranges = (cursor.pending ?? cursor.settled).encode()
  if (cursor.pending === undefined) writeLogId(writer, cursor.log.id)
  writer.number(cursor.gateOpen ? 1 : 0).number(cursor.start).number(cursor.since).bytes(ranges)
  // Of the redriven letters this field is the highest sequence number ever given.
  if (cursor.pending !== undefined) writer.number(cursor.top)
  writer.number(cursor.acked).number(cursor.redelivered).number(cursor.expired).number(cursor.gaps)
  writer.bytes(cursor.lost.encode())
  writer.number(cursor.doomed.size)
  for (const [reason, set] of cursor.doomed) writer.number(REASONS.indexOf(reason)).bytes(set.encode())
  const tried = cursor.entries.values().filter(entry => entry.attempts > 0)
  writer.number(tried.length)
  let waits = false
  for (const entry of tried) {
    writer.number(entry.position).number(entry.attempts)
    // 0: it was in flight or let go; 1: held back and due; else the wall clock when it is due, plus 2.
    const wait = entry.state === 'waiting' ? Math.max(0, entry.dueAt - clock.nowMs) : 0
    writer.number(!entry.held ? 0 : wait === 0 ? 1 : 2 + Math.ceil(clock.wallMs + wait))
    waits ||= entry.held && wait > 0
  }
  // The wall clock now: one that goes back until the row is read makes nobody wait longer than was left.
  if (waits) writer.number(Math.floor(clock.wallMs))
  return { row: writer.finish(), ranges }
}

/** The log that a cursor's row is about. */
export function logOfCursorRow (row: Uint8Array): LogId {
  try {
    const reader = new RowReader(row)
    if (reader.number() !== VERSION) throw new RangeError('it has another version')
    return readLogId(reader)
  } catch (error) {
    throw new SkeinError('ERR_STORE_CORRUPT', `the row of a cursor is not what was written: ${(error as Error).message}`, { cause: error })
  }
}

/** Fills a new cursor from its row. */
export function decodeCursor (cursor: Cursor, row: Uint8Array, clock: RowClock): void {
  decode('cursor', row, reader => {
    if (cursor.pending === undefined) readLogId(reader)
    cursor.gateOpen = reader.number(1) === 1
    cursor.start = reader.number()
    cursor.since = reader.number()
    const ranges = reader.bytes()
    if (cursor.pending !== undefined) {
      cursor.pending.addAll(RangeSet.decode(ranges))
      cursor.top = reader.number()
    } else {
      cursor.settled = RangeSet.decode(ranges)
      cursor.mark = cursor.settled.firstMissing(1) - 1
      cursor.top = cursor.settled.last
      cursor.next = cursor.mark + 1
    }
    cursor.durableRanges = ranges
    cursor.durableMark = cursor.mark
    cursor.acked = reader.number()
    cursor.redelivered = reader.number()
    cursor.expired = reader.number()
    cursor.gaps = reader.number()
    cursor.lost = RangeSet.decode(reader.bytes())
    for (let n = reader.number(REASONS.length); n > 0; n--) cursor.doomed.set(REASONS[reader.number(REASONS.length - 1)] as GapReason, RangeSet.decode(reader.bytes()))
    const dueWall = new Map<Entry, number>()
    for (let n = reader.number(ENTRIES_MAX + CURSOR_WINDOW_POSITIONS); n > 0; n--) {
      const entry = new Entry(cursor, reader.number())
      entry.attempts = reader.number()
      const due = reader.number()
      entry.held = due > 0
      entry.late = cursor.lost.has(entry.position)
      if (due > 1) dueWall.set(entry, due - 2)
      cursor.entries.set(entry.position, entry)
      if (cursor.pending === undefined) cursor.top = Math.max(cursor.top, entry.position)
    }
    const writtenWall = reader.more ? reader.number() : clock.wallMs
    for (const [entry, wallMs] of dueWall) entry.dueAt = clock.nowMs + Math.min(DELAY_MS_MAX, Math.max(0, wallMs - Math.max(writtenWall, clock.wallMs)))
    cursor.hasRow = true
  })
}

export function encodeDead (dead: DeadRow): Uint8Array {
  const writer = new RowWriter().number(VERSION)
  writeLogId(writer, dead.log)
  return writer.number(dead.position).text(dead.reason).number(dead.attempts).number(dead.buriedAt).bytes(WireRecord.encode(dead.record)).finish()
}

export function decodeDead (row: Uint8Array): DeadRow {
  return decode('dead letter', row, reader => ({
    log: readLogId(reader),
    position: reader.number(),
    reason: reader.text(),
    attempts: reader.number(),
    buriedAt: reader.number(),
    record: WireRecord.decode(reader.bytes())
  }))
}
