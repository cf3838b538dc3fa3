import { compareIncarnations, type Incarnation } from '../message/ids.js'
import type { LogState } from '../store/log-state.js'

/** Answers that are kept: of so many publishers and channels. */
const GROUPS_MAX = 1024

/**
 * How far a publisher still had each of its logs when it began a later one, by the links that it signed: what lies behind was lost
 * by it, with a store that was older or gone. All logs of a publisher in a channel are answered for at once, since one may
 * have very many.
 */
export class KeptThrough {
  readonly #groups = new Map<string, Map<LogState, number>>()

  constructor (private readonly logsOf: (channel: string) => Iterable<LogState>) {}

  /** Infinite when no later log says so. */
  of (log: LogState): number {
    const key = `${log.publisher} ${log.channel}`
    const known = this.#groups.get(key)
    if (known !== undefined) return known.get(log) ?? Number.POSITIVE_INFINITY
    const found = this.#look(log)
    if (this.#groups.size >= GROUPS_MAX) this.#groups.clear()
    this.#groups.set(key, found)
    return found.get(log) ?? Number.POSITIVE_INFINITY
  }

  /** A log of the publisher in the channel is new, or says where it goes on from. */
  changed (log: LogState): void {
    if (this.#groups.size > 0) this.#groups.delete(`${log.publisher} ${log.channel}`)
  }

  #look ({ publisher, channel }: LogState): Map<LogState, number> {
    const logs = [...this.logsOf(channel)].filter(log => log.publisher === publisher).sort((a, b) => compareIncarnations(b.incarnation, a.incarnation))
    const through = new Map<LogState, number>()
    // From the latest on: the earliest place that a later one goes on from. Without a link that is before everything.
    let earliest: { incarnation: Incarnation | undefined, position: number } | undefined
    for (const log of logs) {
      through.set(log, this.#through(log, earliest))
      if (!log.linkKnown) continue
      const { incarnation, position = 0 } = log.link ?? { incarnation: undefined }
      const order = earliest === undefined ? -1 : compareMaybe(incarnation, earliest.incarnation)
      if (order < 0 || (order === 0 && position < (earliest?.position ?? 0))) earliest = { incarnation, position }
    }
    return through
  }

  #through (log: LogState, earliest: { incarnation: Incarnation | undefined, position: number } | undefined): number {
    if (earliest === undefined) return Number.POSITIVE_INFINITY
    const order = compareMaybe(earliest.incarnation, log.incarnation)
    return order < 0 ? 0 : order === 0 ? earliest.position : Number.POSITIVE_INFINITY
  }
}

function compareMaybe (a: Incarnation | undefined, b: Incarnation | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1
  return compareIncarnations(a, b)
}
