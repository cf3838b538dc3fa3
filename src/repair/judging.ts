/** When it is certain of what is missing that it will not come, and how long the pauses may get before neighbours are asked for it again. */
import type { RangeSet } from '../base/range-set.js'
import type { Need, Needs } from './needs.js'
import type { PullerOptions } from './puller-options.js'
import { DENIED_MAX_MS } from './refusals.js'
import type { Reliability } from './reliability.js'

/** When every neighbour denies a position that its publisher has trimmed: time for a relay to fetch it from further away. Wild guess. */
const TRIMMED_DENIED_MS = 3_000
/** When every neighbour denies a position that exists: after so long it is called unrecoverable. As `orderWaitMs` of the inbox. */
const UNRECOVERABLE_MS = 600_000
/** The same when a custodian denies it only until it has room: after so long nobody counts on that any more. Wild guess. */
const AWAITED_MS = 3_600_000
/** The same when the publisher itself denies it, or has signed that it lost it; and for one that is trimmed when a neighbour is silent about it. */
const PUBLISHER_DENIES_MS = 60_000

/**
 * Logs of one publisher that are missing and of which nothing is held: with more, the pause up to which those before neighbours are asked
 * again double is so many times as long, up to the second. Else whoever makes up heads has every node ask every neighbour for each of them, every half minute.
 */
const CROWD_LOGS = 64
const CROWD_PAUSES_MAX = 16

export class Judging {
  readonly #o: PullerOptions
  readonly #needs: Needs
  readonly #reliability: Reliability

  constructor (options: PullerOptions, needs: Needs, reliability: Reliability) {
    this.#o = options
    this.#needs = needs
    this.#reliability = reliability
  }

  /** Within the time after which something may be called gone each neighbour is asked for it twice at least. */
  pauseMaxMs ({ log, isStrange }: Need): number {
    if (!isStrange) return DENIED_MAX_MS
    const pauses = Math.min(CROWD_PAUSES_MAX, this.#needs.crowd(log.publisher) / CROWD_LOGS)
    const isSoonGone = log.trimmed > 0 || this.#o.keptThrough !== undefined && this.#o.keptThrough(log) < log.head || this.#o.candidates(log).includes(log.publisher)
    return Math.max(DENIED_MAX_MS, Math.min(DENIED_MAX_MS * pauses, (isSoonGone ? PUBLISHER_DENIES_MS : UNRECOVERABLE_MS) / 2))
  }

  /** Nobody can be asked now. What everyone has denied for long enough will not come, and is told. Returns when more may be certain. */
  judge ({ log, refusals }: Need, missing: RangeSet, peers: readonly string[], now: number): number {
    const publisher = peers.includes(log.publisher)
    const { trimmed, trimReason } = log
    const kept = Math.max(trimmed, this.#o.keptThrough?.(log) ?? Number.POSITIVE_INFINITY)
    const patience = (position: number, silent: boolean, awaited: boolean): number => {
      if (position <= trimmed) return silent || peers.length === 0 ? PUBLISHER_DENIES_MS : TRIMMED_DENIED_MS
      if (position > kept || (publisher && !silent)) return PUBLISHER_DENIES_MS
      return awaited ? AWAITED_MS : UNRECOVERABLE_MS
    }
    const { gone, atMs } = refusals.verdict(missing, peers, (peerId) => this.#reliability.isSlow(peerId, now), now, patience, [trimmed, kept])
    for (const { from, to } of gone) this.#o.unavailable(log, from, to, to <= trimmed ? trimReason : from > kept ? 'restored' : 'unrecoverable')
    return gone.length > 0 ? now : atMs
  }
}
