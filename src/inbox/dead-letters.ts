import { SkeinError } from '../base/errors.js'
import { formatMessageId } from '../message/ids.js'
import { headersOf } from '../message/record.js'
import type { DeadLetter } from '../message/reports.js'
import type { Store } from '../store/store.js'
import { deadKey, decodeDead, sequenceOf, type DeadRow } from './rows.js'
import type { SubscriptionCore } from './subscription-core.js'

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

/** A letter by its row, unless it was redriven and settled again since. */
function current (core: SubscriptionCore, sequence: number, row: Uint8Array): DeadLetter | undefined {
  const again = core.redriven.unwritten.get(sequence)
  if (again !== undefined) return again.letter?.letter
  return toLetter(core.name, sequence, decodeDead(row))
}

export function readLetter (store: Store, core: SubscriptionCore, sequence: number): DeadLetter | undefined {
  const row = store.get('dead', deadKey(core.number, sequence))
  return row === undefined ? undefined : current(core, sequence, row)
}

/** Letters of one subscription after `sequence`, in the order they were buried, without those under redelivery. */
export function listLetters (store: Store, core: SubscriptionCore, sequence: number, limit: number): DeadLetter[] {
  const { number: subscription, redriven: { pending } } = core
  const letters: DeadLetter[] = []
  let after = sequence
  while (letters.length < limit) {
    // Letters may be large: a few at a time.
    const rows = store.entries('dead', { gte: deadKey(subscription, after + 1), lt: deadKey(subscription + 1, 0), limit: 32 })
    for (const [key, row] of rows) {
      after = sequenceOf(key)
      const letter = letters.length >= limit || pending?.has(after) === true ? undefined : current(core, after, row)
      if (letter !== undefined) letters.push(letter)
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
