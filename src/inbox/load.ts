import { SkeinError } from '../base/errors.js'
import { fromStrictUtf8 } from '../base/bytes.js'
import type { Clock } from '../base/clock.js'
import type { LogBook } from '../store/log-book.js'
import { rowsOf } from '../store/rows-of.js'
import type { Store, StoreOp } from '../store/store.js'
import { Cursor } from './cursor.js'
import { countLetters } from './dead-letters.js'
import { cursorKey, decodeCursor, decodeSubscription, logNumberOf, logOfCursorRow, subscriptionOf, type SubscriptionRow } from './rows.js'
import type { SubscriptionCore } from './subscription-core.js'

/** Subscriptions on disk, and the numbers of those whose removal was interrupted. */
export function loadSubscriptions (store: Store): { rows: Map<string, SubscriptionRow>, removed: number[] } {
  const rows = new Map<string, SubscriptionRow>()
  const removed: number[] = []
  for (const [key, value] of rowsOf(store, 'subscription')) {
    if (key[0] === 0 && key.length === 5) {
      removed.push(new DataView(key.buffer, key.byteOffset).getUint32(1))
      continue
    }
    const name = fromStrictUtf8(key)
    if (name === undefined) throw new SkeinError('ERR_STORE_CORRUPT', 'the name of a subscription is not what was written')
    rows.set(name, decodeSubscription(value))
  }
  return { rows, removed }
}

/**
 * Gives each subscription its cursors back. A log that had no row of its own may have got another number since:
 * then its cursor's row moves, and the operations are returned.
 */
export function loadCursors (store: Store, book: LogBook, clock: Clock, cores: ReadonlyMap<number, SubscriptionCore>): StoreOp[] {
  const now = { nowMs: clock.nowMs(), wallMs: clock.wallMs() }
  const dels: StoreOp[] = []
  const puts: StoreOp[] = []
  for (const [key, row] of rowsOf(store, 'cursor')) {
    const core = cores.get(subscriptionOf(key))
    if (core === undefined) continue
    const number = logNumberOf(key)
    if (number === 0) {
      decodeCursor(core.redriven, row, now)
      core.restore(core.redriven)
      continue
    }
    const id = logOfCursorRow(row)
    if (!core.filter.matchesChannel(id.channel)) continue
    const log = book.ensure(id)
    if (log.number !== number) {
      dels.push({ type: 'del', table: 'cursor', key })
      puts.push({ type: 'put', table: 'cursor', key: cursorKey(core.number, log.number), value: row })
    }
    const cursor = new Cursor(log, core)
    decodeCursor(cursor, row, now)
    core.restore(cursor)
  }
  for (const core of cores.values()) {
    const { count, last } = countLetters(store, core.number)
    core.deadCount = count
    core.redriven.top = Math.max(core.redriven.top, last)
  }
  return [...dels, ...puts]
}
