import { SkeinError } from '../base/errors.js'
import { checkFilters } from '../message/filter.js'
import { checkName } from '../message/record.js'
import type { From, SubscriptionOptions, SubscriptionRow } from './rows.js'

/** What `open` is asked for. */
export interface SubscriptionSpec extends SubscriptionOptions {
  readonly name: string
  readonly from: From
  /** Change an existing subscription to this instead of refusing. */
  readonly change: boolean
}

/** Throws `ERR_BAD_ARGUMENT` or `ERR_BAD_FILTER`. */
export function checkSpec (spec: SubscriptionSpec): void {
  checkName('name', spec.name)
  // Keys that begin with 00 are the room's own, and a name is shown on terminals.
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(spec.name)) throw new SkeinError('ERR_BAD_ARGUMENT', 'a subscription’s name cannot contain control characters')
  checkFilters(spec.filters)
  if (typeof spec.from === 'number' && !(Number.isFinite(spec.from) && spec.from >= 0 && spec.from <= Number.MAX_SAFE_INTEGER)) throw new SkeinError('ERR_BAD_ARGUMENT', 'from is not a time')
  for (const [what, value, min] of [['maxInFlight', spec.maxInFlight, 1], ['ackTimeoutMs', spec.ackTimeoutMs, 1], ['maxAttempts', spec.maxAttempts, 1], ['backoffMs', spec.backoffMs, 0], ['backoffMaxMs', spec.backoffMaxMs, 0]] as const) {
    if (!(Number.isSafeInteger(value) && value >= min)) throw new SkeinError('ERR_BAD_ARGUMENT', `${what} must be a whole number of at least ${min}, not ${String(value)}`)
  }
}

export function newRow (number: number, spec: SubscriptionSpec, wallMs: number): SubscriptionRow {
  const createdAt = Math.floor(wallMs)
  const from = typeof spec.from === 'number' ? Math.floor(spec.from) : spec.from
  return { number, ...optionsOf(spec), from, createdAt, since: sinceOf(from, createdAt), counted: { acked: 0, redelivered: 0, expired: 0, gaps: 0 } }
}

/** The row with other filters and options. Logs that they take in anew begin now. */
export function changedRow (row: SubscriptionRow, spec: SubscriptionSpec, wallMs: number): SubscriptionRow {
  return { ...row, ...optionsOf(spec), since: sinceOf(row.from, Math.floor(wallMs)) }
}

const sinceOf = (from: From, nowMs: number): number => from === 'earliest' ? 0 : from === 'latest' ? nowMs : from

function optionsOf (spec: SubscriptionOptions): SubscriptionOptions {
  const { filters, maxInFlight, ackTimeoutMs, maxAttempts, backoffMs, backoffMaxMs } = spec
  return { filters: [...new Set(filters)], maxInFlight, ackTimeoutMs, maxAttempts, backoffMs, backoffMaxMs }
}

/** In what an existing subscription differs; undefined when in nothing. `from` counts at creation only. */
export function differenceOf (row: SubscriptionRow, spec: SubscriptionSpec): string | undefined {
  const asked = optionsOf(spec)
  if ([...row.filters].sort().join('\n') !== [...asked.filters].sort().join('\n')) return `its filters are ${row.filters.join(', ')}`
  for (const option of ['maxInFlight', 'ackTimeoutMs', 'maxAttempts', 'backoffMs', 'backoffMaxMs'] as const) {
    if (row[option] !== asked[option]) return `its ${option} is ${row[option]}`
  }
  return undefined
}
