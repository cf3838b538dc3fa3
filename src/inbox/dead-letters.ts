import { SkeinError } from '../base/errors.js'
import { formatMessageId } from '../message/ids.js'
import { headersOf } from '../message/record.js'
import type { DeadLetter } from '../message/reports.js'
import type { Store } from '../store/store.js'
import { deadKey, decodeDead, sequenceOf, type DeadRow } from './rows.js'

/** Rows that one question returns at most. */
export const DEAD_LETTERS_LISTED_MAX = 1000

export const formatDeadId = (name: string, sequence: number): string => `${name}/${sequence}`

/** Throws `ERR_NOT_FOUND` when it names no dead letter that could be. */
export function parseDeadId (deadId: string): { name: string, sequence: number } {
  const slash = deadId.lastIndexOf('/')
  const sequence = deadId.slice(slash + 1)
  if (slash < 1 || !/^[1-9]\d{0,15}$/.test(sequence) || !Number.isSafeInteger(+sequence)) throw noSuchLetter(deadId)
  return { name: deadId.slice(0, slash), sequence: +sequence }
}

export function noSuchLetter (deadId: string): SkeinError {
  return new SkeinError('ERR_NOT_FOUND', `there is no dead letter ${JSON.stringify(deadId)}`)
}

export function toLetter (name: string, sequence: number, dead: DeadRow): DeadLetter {
  const { record, log } = dead
  return {
    deadId: formatDeadId(name, sequence),
    subscription: name,
    id: formatMessageId(log, dead.position),
    topic: record.topic,
    reason: dead.reason,
    attempts: dead.attempts,
    buriedAt: dead.buriedAt,
    publisher: log.publisher,
    incarnation: `${log.incarnation.number}-${log.incarnation.random}`,
    channel: log.channel,
    position: dead.position,
    time: record.time,
    contentType: record.contentType,
    headers: headersOf(record),
    key: record.key,
    body: record.body
  }
}

export function readLetter (store: Store, subscription: number, sequence: number): DeadRow | undefined {
  const row = store.get('dead', deadKey(subscription, sequence))
  return row === undefined ? undefined : decodeDead(row)
}

/** Letters of one subscription after `sequence`, in the order they were buried; `skip` says which are under redelivery. */
export function listLetters (store: Store, name: string, subscription: number, sequence: number, limit: number, skip: (sequence: number) => boolean): DeadLetter[] {
  const letters: DeadLetter[] = []
  let after = sequence
  while (letters.length < limit) {
    // Letters may be large: a few at a time.
    const rows = store.entries('dead', { gte: deadKey(subscription, after + 1), lt: deadKey(subscription + 1, 0), limit: 32 })
    for (const [key, row] of rows) {
      after = sequenceOf(key)
      if (!skip(after) && letters.length < limit) letters.push(toLetter(name, after, decodeDead(row)))
    }
    if (rows.length < 32) break
  }
  return letters
}

/** How many letters a subscription has on disk, and the highest sequence number among them. */
export function countLetters (store: Store, subscription: number): { count: number, last: number } {
  let count = 0
  let last = 0
  for (;;) {
    const keys = store.keys('dead', { gte: deadKey(subscription, last + 1), lt: deadKey(subscription + 1, 0), limit: 1000 })
    count += keys.length
    const end = keys.at(-1)
    if (end !== undefined) last = sequenceOf(end)
    if (keys.length < 1000) return { count, last }
  }
}
