/**
 * How neighbours behave: what they have broken, how much work they make and how much of it was for nothing. Kept across
 * reconnects, for as many peers as there may be bans.
 *
 *   work    whatever a neighbour's frames cost. Above the budget its link is read more slowly: nothing is lost, and honest
 *           neighbours in a hurry are served all the same, a little later
 *   waste   the part of it that brought nothing: what was known, not asked for, or of no use. No honest neighbour
 *           makes much of it, so whoever uses this budget up is cut off
 *   strikes what no honest neighbour ever does
 */
import type { Clock } from '../base/clock.js'
import { Allowance, Budget } from '../base/budget.js'

/** Offences within this time count together. */
const STRIKE_WINDOW_MS = 600_000
/** So many, and the neighbour is cut off for a while. */
const STRIKES_MAX = 3
/** For so long; each time twice as long, up to the second. */
export const BAN_MS = 60_000
export const BAN_MS_MAX = 3_600_000
/** After so long without an offence earlier bans are forgotten. */
const FORGIVE_MS = 4 * 3_600_000
/** Peers whose conduct is remembered; above it the one heard of longest ago is forgotten. */
const REMEMBERED_PEERS_MAX = 4096

/** One unit is about 20 µs of a core: a frame of ordinary size, or two items in one. A choice: half a core for each neighbour, and two seconds at once. */
export const WORK_PER_SECOND = 25_000
export const WORK_BURST = 50_000
/** Of work that was for nothing. A tenth of a core, so that a flood is over within seconds. Measured: a newcomer to 900 channels uses a sixth of the burst, a healed partition of 200,000 records next to nothing. */
export const WASTE_PER_SECOND = 5_000
export const WASTE_BURST = 50_000
/**
 * Within this time a neighbour may tell all that is known here once, and what it says it knows beyond that, and none of it is waste: so much is
 * what comparisons bring. A choice: an answer to every other comparison of a link that is always full.
 */
export const TOLD_MS = 10_000
/** A signature that was checked, in units. Measured: 0.14 ms. */
export const VERIFY_COST = 8
/** Gossip of a kind that is not known, in units: gossipsub remembers it for a while. */
export const STRANGE_COST = 10
/** An announcement that was known, in units: its lists are long. */
export const announcementCost = (page: Uint8Array): number => 1 + page.length / 2048
/** The longest a link is not read at a time. */
const PAUSE_MS_MAX = 500

interface Conduct {
  readonly work: Budget
  readonly waste: Budget
  /** What comparisons bring that is known here. */
  readonly told: { readonly heads: Allowance, readonly receipts: Allowance }
  strikes: number
  strikesSinceMs: number
  bans: number
  bannedUntilMs: number
  offendedMs: number
}

export interface ConductOptions {
  readonly clock: Clock
  readonly cut: (peerId: string, reason: string, banMs: number) => void
  /** A neighbour did what no honest one does. */
  readonly struck: (peerId: string, reason: string) => void
}

export class Conducts {
  readonly #o: ConductOptions
  readonly #peers = new Map<string, Conduct>()

  constructor (options: ConductOptions) {
    this.#o = options
  }

  #of (peerId: string): Conduct {
    let conduct = this.#peers.get(peerId)
    if (conduct === undefined) {
      const now = this.#o.clock.nowMs()
      conduct = { work: new Budget(WORK_PER_SECOND, WORK_BURST, now), waste: new Budget(WASTE_PER_SECOND, WASTE_BURST, now), told: { heads: new Allowance(TOLD_MS, now), receipts: new Allowance(TOLD_MS, now) }, strikes: 0, strikesSinceMs: now, bans: 0, bannedUntilMs: 0, offendedMs: now }
      if (this.#peers.size >= REMEMBERED_PEERS_MAX) this.#peers.delete(this.#peers.keys().next().value as string)
      this.#peers.set(peerId, conduct)
    }
    return conduct
  }

  /** The peer is here: it is not among those that are forgotten first. */
  seen (peerId: string): void {
    const conduct = this.#of(peerId)
    this.#peers.delete(peerId)
    this.#peers.set(peerId, conduct)
  }

  strike (peerId: string, reason: string): void {
    const now = this.#o.clock.nowMs()
    const conduct = this.#of(peerId)
    if (now < conduct.bannedUntilMs) return
    this.#o.struck(peerId, reason)
    if (now - conduct.strikesSinceMs > STRIKE_WINDOW_MS) Object.assign(conduct, { strikes: 0, strikesSinceMs: now })
    if (conduct.strikes === 0) conduct.strikesSinceMs = now
    if (++conduct.strikes >= STRIKES_MAX) this.#ban(peerId, conduct, reason)
  }

  /** Counts what a neighbour's frame or gossip cost. Returns for how long nothing more of it should be read, ms; 0: go on. */
  charge (peerId: string, work: number, waste: number): number {
    const now = this.#o.clock.nowMs()
    const conduct = this.#of(peerId)
    conduct.work.spend(now, Math.max(work, waste))
    if (now < conduct.bannedUntilMs) return PAUSE_MS_MAX
    if (waste > 0 && !conduct.waste.spend(now, waste)) {
      this.#o.struck(peerId, 'a flood')
      this.#ban(peerId, conduct, 'a flood of what is of no use')
      return PAUSE_MS_MAX
    }
    return Math.min(PAUSE_MS_MAX, conduct.work.owedMs(now))
  }

  /** A comparison brought so much that was for nothing, and there could be `most` of it, both in units. Returns what of it no comparison explains. */
  unexplained (peerId: string, what: 'heads' | 'receipts', cost: number, most: number): number {
    return this.#of(peerId).told[what].spare(this.#o.clock.nowMs(), most, cost)
  }

  /** It was cut off, and what still comes of it was under way. */
  isBanned (peerId: string): boolean { return (this.#peers.get(peerId)?.bannedUntilMs ?? 0) > this.#o.clock.nowMs() }

  /** What is left for work that brings nothing, units. */
  wasteLeft (peerId: string): number { return this.#of(peerId).waste.left(this.#o.clock.nowMs()) }

  #ban (peerId: string, conduct: Conduct, reason: string): void {
    const now = this.#o.clock.nowMs()
    if (now - conduct.offendedMs > FORGIVE_MS) conduct.bans = 0
    const banMs = Math.min(BAN_MS_MAX, BAN_MS * 2 ** Math.min(conduct.bans, 16))
    Object.assign(conduct, { strikes: 0, offendedMs: now, bans: conduct.bans + 1, bannedUntilMs: now + banMs })
    this.#o.cut(peerId, reason, banMs)
  }
}
