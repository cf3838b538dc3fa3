/** Rows of the store: what the disk gives back need not be what was written. */
import { SkeinError } from '../../../src/base/errors.js'
import { Cursor } from '../../../src/inbox/cursor.js'
import { decodeCursor, decodeDead, decodeSubscription, encodeCursor, encodeDead, encodeSubscription, logOfCursorRow } from '../../../src/inbox/rows.js'
import { Entry } from '../../../src/inbox/entry.js'
import type { SubscriptionCore } from '../../../src/inbox/subscription-core.js'
import type { RangeSet } from '../../../src/base/range-set.js'
import { headBytes } from '../../../src/message/batch.js'
import { logKey } from '../../../src/message/ids.js'
import { isChannel } from '../../../src/message/topic.js'
import { openRow, rowHolds, sealRow } from '../../../src/store/row-check.js'
import { LogState, logRowKey } from '../../../src/store/log-state.js'
import { peerOf } from '../../support/fake-crypto.js'
import type { Draw } from '../draw.js'
import { varint } from '../mutate-fields.js'
import { join } from '../splice.js'
import { attempt, holds, type Target } from '../target.js'
import { same, someBatch, someLog, someRanges, someRecord, someTopic, someTrim } from './samples.js'

const corrupt = (error: unknown): boolean => error instanceof SkeinError && error.code === 'ERR_STORE_CORRUPT'

/** Key and value, the key with its length before it. */
const pair = (key: Uint8Array, value: Uint8Array): Uint8Array => join(Uint8Array.of(key.length >> 8, key.length & 0xff), key, value)

function unpaired (bytes: Uint8Array): { key: Uint8Array, value: Uint8Array } {
  const length = ((bytes[0] ?? 0) << 8) + (bytes[1] ?? 0)
  return { key: bytes.slice(2, 2 + length), value: bytes.slice(2 + length) }
}

function someState (draw: Draw): LogState {
  const state = new LogState(someLog(draw), 1 + draw.whole(2 ** 32 - 2), false)
  state.held = someRanges(draw)
  state.bytes = draw.whole()
  state.trimBytes = draw.chance(0.5) ? someTrim(draw, state.id) : new Uint8Array(0)
  state.trimmed = draw.whole()
  state.trimReason = draw.pick(['expired', 'evicted'])
  state.dropped = draw.whole()
  state.firstAt = draw.whole()
  const batch = someBatch(draw, state.id)
  state.head = draw.whole(2 ** 53 - 2)
  if (draw.chance(0.7)) {
    state.headBytes = headBytes(batch)
    state.head = batch.last
    state.headHash = draw.bytes(32)
  }
  state.linkKnown = draw.chance(0.5)
  state.link = batch.link
  return state
}

export const logRow: Target = {
  name: 'row-log', what: 'the row of a log with its key: ERR_STORE_CORRUPT, else what it says is written back as it was', shape: 'fields',
  make (draw) {
    const state = someState(draw)
    return pair(logRowKey(state.id), state.toRow())
  },
  run (bytes) {
    const { key, value } = unpaired(bytes)
    const read = attempt(() => LogState.fromRow(key, value, peerOf(9)), corrupt)
    if (read === undefined) return false
    const state = read.value
    void state.trimTime
    const rowKey = logRowKey(state.id)
    holds(same(rowKey, key), 'its key is another’s')
    const again = LogState.fromRow(rowKey, state.toRow(), peerOf(9))
    holds(same(again.toRow(), state.toRow()) && again.key === logKey(state.id) && again.head === state.head && again.shown === state.shown && again.held.equals(state.held), 'it is not the same a second time')
    return true
  }
}

const KEY = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1)

export const checkedRow: Target = {
  name: 'row-check', what: 'a row with its check sum: the very bytes that were written, else ERR_STORE_CORRUPT, or zeros where it can be had again', shape: 'bytes', share: 50,
  make: draw => sealRow('batch', KEY, someBatch(draw).bytes),
  run (bytes) {
    const isWhole = rowHolds('batch', KEY, bytes)
    const opened = openRow('batch', KEY, bytes)
    if (isWhole) holds(same(sealRow('batch', KEY, opened), bytes), 'it has another form')
    else holds(opened.every(byte => byte === 0), 'what is not what was written is read')
    holds(attempt(() => openRow('cursor', KEY, bytes), corrupt) === undefined, 'a row of another table is read')
    return isWhole
  }
}

export const subscriptionRow: Target = {
  name: 'row-subscription', what: 'the row of a subscription: ERR_STORE_CORRUPT, else written back as it was', shape: 'bytes',
  make: draw => encodeSubscription({
    number: draw.whole(2 ** 32 - 1), filters: [someTopic(draw), ...draw.list(3, () => draw.pick(['#', 'press/+', draw.text(20, 1)]))],
    from: draw.pick(['earliest', 'latest', draw.whole()] as const), createdAt: draw.whole(), since: draw.whole(),
    maxInFlight: draw.whole(), ackTimeoutMs: draw.whole(), maxAttempts: draw.whole(), backoffMs: draw.whole(), backoffMaxMs: draw.whole(),
    counted: { acked: draw.whole(), redelivered: draw.whole(), expired: draw.whole(), gaps: draw.whole() }
  }),
  run (bytes) {
    const read = attempt(() => decodeSubscription(bytes), corrupt)
    if (read === undefined) return false
    const encoded = encodeSubscription(read.value)
    // A time that goes with no `from` is not kept.
    holds(typeof read.value.from === 'number' ? same(encoded, bytes) : encoded.length <= bytes.length, 'it has another form')
    holds(same(encodeSubscription(decodeSubscription(encoded)), encoded), 'it is not the same a second time')
    return true
  }
}

const CLOCK = { nowMs: 1_000, wallMs: 1_700_000_000_000 }
const CORE = { name: 'x' } as unknown as SubscriptionCore

const blank = (id = someLogOfCursor, pending?: RangeSet): Cursor => new Cursor(new LogState(id, 1, false), CORE, pending)
const someLogOfCursor = { publisher: peerOf(1), incarnation: { number: 1, random: '00'.repeat(8) }, channel: 'press' }

function someCursor (draw: Draw): Uint8Array {
  const cursor = blank(someLog(draw))
  cursor.gateOpen = draw.chance(0.5)
  cursor.start = draw.whole()
  cursor.since = draw.chance(0.5) ? 0 : draw.whole()
  cursor.settled = someRanges(draw)
  cursor.lost = someRanges(draw)
  for (const reason of ['expired', 'evicted', 'unrecoverable'] as const) if (draw.chance(0.3)) cursor.doomed.set(reason, someRanges(draw))
  for (let n = draw.int(4); n > 0; n--) {
    const entry = new Entry(cursor, 1 + draw.whole(2 ** 53 - 2))
    entry.attempts = 1 + draw.int(9)
    entry.held = draw.chance(0.5)
    if (draw.chance(0.5)) {
      entry.state = 'waiting'
      entry.dueAt = CLOCK.nowMs + draw.int(100_000)
    }
    cursor.entries.set(entry.position, entry)
  }
  return encodeCursor(cursor, CLOCK).row
}

export const cursorRow: Target = {
  name: 'row-cursor', what: 'the row of a cursor: ERR_STORE_CORRUPT, else a cursor that can be written and read again', shape: 'bytes',
  make: someCursor,
  run (bytes) {
    const log = attempt(() => logOfCursorRow(bytes), corrupt)
    if (log === undefined) {
      holds(attempt(() => { decodeCursor(blank(), bytes, CLOCK) }, corrupt) === undefined, 'a row without a log is read')
      return false
    }
    holds(isChannel(log.value.channel) && logRowKey(log.value).length <= 384, 'its log cannot be')
    const cursor = blank(log.value)
    if (attempt(() => { decodeCursor(cursor, bytes, CLOCK) }, corrupt) === undefined) return false
    const again = blank(log.value)
    const { row } = encodeCursor(cursor, CLOCK)
    decodeCursor(again, row, CLOCK)
    holds(again.settled.equals(cursor.settled) && again.mark === cursor.mark && again.start === cursor.start && again.lost.equals(cursor.lost), 'it is not the same a second time')
    holds(logKey(logOfCursorRow(row)) === logKey(log.value), 'it is of another log the second time')
    return true
  }
}

export const deadRow: Target = {
  name: 'row-dead', what: 'the row of a dead letter: ERR_STORE_CORRUPT, else a letter that can be written and read again', shape: 'bytes',
  make: draw => encodeDead({ log: someLog(draw), position: 1 + draw.whole(2 ** 53 - 2), reason: draw.text(20), attempts: draw.int(99), buriedAt: draw.whole(), record: someRecord(draw) }),
  words: [varint(2n ** 53n), varint(2n ** 64n - 1n)],
  run (bytes) {
    const read = attempt(() => decodeDead(bytes), corrupt)
    if (read === undefined) return false
    const encoded = encodeDead(read.value)
    const again = decodeDead(encoded)
    holds(again.reason === read.value.reason && logKey(again.log) === logKey(read.value.log) && again.position === read.value.position, 'it is not the same a second time')
    return true
  }
}
