/**
 * Where a subscription begins in a log. Fixed when the log is first learned:
 *
 * | from     | logs known at creation      | logs learned later                                     |
 * | earliest | behind what was trimmed     | the same, if it was trimmed before the creation; else at 1 |
 * | latest   | behind the head             | at the first record not older than the creation; at 1 if this life of this node begins it |
 * | a time   | at the first record not older than it                                                |
 */
import type { Cursor } from './cursor.js'
import type { SubscriptionRow } from './rows.js'

/**
 * Sets the start of a new cursor. `known`: the log was known when the subscription was made. `present`: this life of this node begins it now, so
 * that everything in it comes after the subscription, whatever the clock says.
 */
export function begin (cursor: Cursor, row: SubscriptionRow, known: boolean, present = false): void {
  const log = cursor.log
  if (row.from === 'earliest') {
    if (known) cursor.skipThrough(log.trimmed)
  } else if (row.from === 'latest' && known && log.head > 0) {
    cursor.skipThrough(log.head)
  } else if (row.from !== 'latest' || !present) {
    cursor.since = row.since
  } else {
    // The next life could only tell by the clock.
    cursor.judged++
  }
}

/** Whether positions up to `through` were trimmed before the subscription could claim them. `offsetMs`: the publisher's clock minus ours. */
export function trimmedUnclaimed (cursor: Cursor, row: SubscriptionRow, through: number, offsetMs: number): boolean {
  if (through > cursor.log.trimmed) return false
  // Of a later start nothing is known once it is found; whatever is trimmed from then on was claimed.
  if (row.from !== 'earliest' && cursor.since === 0) return false
  const time = cursor.log.trimTime
  if (time === undefined) return false
  return row.from === 'earliest' ? time - offsetMs <= row.createdAt : time - offsetMs < cursor.since
}
