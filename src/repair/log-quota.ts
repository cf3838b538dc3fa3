/**
 * Which logs a node takes note of. A log costs memory for as long as it is known, and anyone can sign heads of logs that
 * nobody needs: so there is a limit altogether, one for each publisher, and one for how fast a neighbour may bring new ones. The last part
 * is for what subscriptions here take in. This node's own logs always have a place.
 */
import { Budgets } from '../base/budget.js'
import type { Clock } from '../base/clock.js'
import type { LogId } from '../message/ids.js'
import type { LogBook } from '../store/log-book.js'

/** Logs this node will know at most; more are not taken in. */
export const LOGS_MAX = 200_000
/** Of these, of one publisher. A choice: hundreds of starts with dozens of channels each, and 25 MB. */
export const LOGS_PER_PUBLISHER_MAX = 8192
/** The part of both that is open to logs that no subscription here takes in. */
const UNWANTED_SHARE = 3 / 4
/** Logs not heard of before that one neighbour may bring at once, and each second. More are taken in when it tells of them again. */
export const NEW_LOGS_BURST = 8192
export const NEW_LOGS_PER_SECOND = 250
/** Neighbours whose pace is remembered. */
const NEIGHBOURS_MAX = 1024

export interface LogQuotaOptions {
  readonly clock: Clock
  readonly self: string
  readonly book: LogBook
  /** A subscription here takes in this channel. */
  readonly subscribed: (channel: string) => boolean
  /** A log was left out because there are too many. */
  readonly overflow: (id: LogId) => void
}

export class LogQuota {
  readonly #o: LogQuotaOptions
  readonly #paces = new Budgets(NEW_LOGS_PER_SECOND, NEW_LOGS_BURST, NEIGHBOURS_MAX)

  constructor (options: LogQuotaOptions) {
    this.#o = options
  }

  /** Whether a log not known yet may be made. `from`: the neighbour that told of it. */
  learns (id: LogId, from?: string): boolean {
    const { book, self, clock, subscribed, overflow } = this.#o
    if (id.publisher === self) return true
    const share = subscribed(id.channel) ? 1 : UNWANTED_SHARE
    if (book.size >= LOGS_MAX * share || book.logsOf(id.publisher) >= LOGS_PER_PUBLISHER_MAX * share) {
      overflow(id)
      return false
    }
    return from === undefined || this.#paces.take(from, clock.nowMs(), 1)
  }
}
