import { RangeSet } from '../base/range-set.js'
import type { GapReason } from '../message/reports.js'
import type { ReceiptContent } from '../message/signed.js'
import type { Wanted } from '../repair/puller-options.js'
import type { LogState } from '../store/log-state.js'
import type { Engine } from './engine.js'
import { KeptThrough } from './kept-through.js'

/** What will not come of one log is not cut into more ranges than these by offers of it. */
export const GONE_RANGES_MAX = 1024

const endOfHole = (log: LogState, hole: number): number => log.held.last > hole ? log.held.firstPresent(hole) - 1 : log.head

/** What this node wants of each log: what its subscriptions need, what it keeps as a relay, and its own lost tail. */
export class Wants {
  readonly #e: Engine
  /** Positions that will not come, by log: not asked for any more. */
  readonly #gone = new Map<LogState, RangeSet>()
  /** Of the logs that this node writes: what was damaged on disk. All else of them is here, or is not known to others either. */
  readonly #damaged = new Map<LogState, RangeSet>()

  /** Logs kept for others of which somebody needs what had been dropped here, and from where. */
  readonly #owed = new Map<LogState, number>()
  readonly #kept: KeptThrough

  constructor (engine: Engine) {
    this.#e = engine
    this.#kept = new KeptThrough((channel) => engine.book.logs(channel))
  }

  wanted (log: LogState): Wanted | undefined {
    if (this.#e.isClosed) return undefined
    if (this.#e.forks.isClosed(log.id)) {
      // What subscriptions need of it they will not get, and are to be told.
      const needs = this.#e.inbox.needs(log)
      return needs === undefined ? undefined : { from: needs.from, to: log.head, since: 0 }
    }
    const keepFrom = Math.max(log.trimmed, log.dropped) + 1
    if (log.own) return this.#e.own.isCurrent(log) ? this.#wantedBack(log, keepFrom) : { from: keepFrom, to: log.head, since: 0 }
    if (!this.#e.channels.isJoined(log.channel)) return undefined
    const needs = this.#e.inbox.needs(log)
    if (this.#e.options.settings.relay !== true) return needs === undefined ? undefined : { from: needs.from, to: log.head, since: needs.since }
    if (this.#e.custodian.hasRoom(log.publisher)) return { from: Math.min(needs?.from ?? keepFrom, this.#keptFrom(log)), to: log.head, since: 0 }
    const hole = this.blocking(log)
    if (hole !== undefined) return { from: Math.min(hole, needs?.from ?? hole), to: needs === undefined ? endOfHole(log, hole) : log.head, since: 0 }
    return needs === undefined ? undefined : { from: needs.from, to: log.head, since: needs.since }
  }

  /** It keeps the log for others and has no room for more of it now: this of what is missing it will ask for when others have settled some. */
  awaited (log: LogState, missing: RangeSet): RangeSet {
    const { channels, custodian, forks, isClosed, options } = this.#e
    const keeps = !isClosed && !log.own && options.settings.relay === true && channels.isJoined(log.channel) && !forks.isClosed(log.id) && !custodian.hasRoom(log.publisher)
    if (!keeps) return new RangeSet()
    const awaited = missing.without(this.#gone.get(log) ?? new RangeSet())
    awaited.remove(1, this.#keptFrom(log) - 1)
    return awaited
  }

  /** From where on a relay keeps the log for others. */
  #keptFrom (log: LogState): number {
    const keepFrom = Math.max(log.trimmed, log.dropped) + 1
    return Math.min(keepFrom, Math.max(log.trimmed + 1, log.letGo + 1, this.#owed.get(log) ?? keepFrom))
  }

  /** Durable subscriptions elsewhere have changed: what was dropped here because all that were known had settled it may be needed by a new one. */
  subscriptionsChanged (): void {
    if (this.#e.options.settings.relay !== true) return
    for (const channel of this.#e.channels.joined) this.joined(channel)
  }

  /** The channel is joined: what was dropped of it when nobody was left there may be needed by whoever is there now. */
  joined (channel: string): void {
    if (this.#e.options.settings.relay !== true) return
    for (const log of this.#e.book.logs(channel)) this.#owes(log)
  }

  /**
   * The first position that subscriptions elsewhere wait for and that is not here, though what lies behind it is, in this log or in a later one:
   * that cannot be settled before, and with it there would never be room. Undefined: there is none.
   */
  blocking (log: LogState, isAhead = this.#isLaterHeld(log)): number | undefined {
    const given = Math.max(log.trimmed, log.letGo)
    // What everybody waits for is dear to say.
    if (given >= log.head || !(isAhead || log.held.last > log.held.firstMissing(given + 1))) return undefined
    const floor = Math.max(given + 1, this.#e.emission.floor(log))
    const hole = log.held.firstMissing(floor)
    // With something held before it that is settled first, only as long as it is let in all the same.
    if (hole > floor && !this.#e.custodian.hasSlack(log.publisher)) return undefined
    return hole <= log.head && (isAhead || log.held.last > hole) ? hole : undefined
  }

  /** Logs of a publisher in which something is missing that all else waits for. */
  * blocked (publisher: string): Generator<LogState> {
    const latest = new Map<string, number>()
    for (const { channel, held, incarnation } of this.#e.book.publishedBy(publisher)) {
      if (!held.isEmpty && incarnation.number > (latest.get(channel) ?? 0)) latest.set(channel, incarnation.number)
    }
    for (const log of this.#e.book.publishedBy(publisher)) {
      if (this.blocking(log, (latest.get(log.channel) ?? 0) > log.incarnation.number) !== undefined) yield log
    }
  }

  #isLaterHeld ({ publisher, channel, incarnation }: LogState): boolean {
    for (const other of this.#e.book.publishedBy(publisher)) {
      if (other.channel === channel && !other.held.isEmpty && other.incarnation.number > incarnation.number) return true
    }
    return false
  }

  /** A subscription elsewhere has settled more of this log; or less, on a store that is older than the one it had; or nothing, when it was made anew. */
  settled (log: LogState, processed: ReceiptContent['processed'], before: ReceiptContent['processed'] = []): void {
    const isShort = (): boolean => processed.some(({ ranges }) => ranges.firstMissing(1) <= log.dropped) || before.some(({ name }) => !processed.some(each => each.name === name))
    if (this.#owed.has(log) || (log.dropped > log.trimmed && isShort())) this.#owes(log)
  }

  #owes (log: LogState): void {
    const given = Math.max(log.trimmed, log.letGo)
    const from = log.own || log.dropped <= given ? Number.POSITIVE_INFINITY : Math.max(given + 1, this.#e.emission.floor(log))
    if (from > log.dropped) this.#owed.delete(log)
    else if (this.#owed.get(log) !== from) {
      // Who asks for more than was asked for before has it looked for again.
      if (from < (this.#owed.get(log) ?? Number.POSITIVE_INFINITY)) this.#gone.get(log)?.remove(from, log.dropped)
      this.#owed.set(log, from)
      this.#e.puller.notice(log)
    }
  }

  /** What is held already in between is not asked for. */
  #wantedBack (log: LogState, keepFrom: number): Wanted | undefined {
    const lost = (this.#damaged.get(log)?.ranges() ?? []).filter(({ from, to }) => to >= keepFrom && !log.held.covers(from, to))
    const [first] = lost
    const last = lost.at(-1)
    if (first === undefined || last === undefined) {
      this.#damaged.delete(log)
      return undefined
    }
    return { from: Math.max(first.from, keepFrom), to: last.to, since: 0 }
  }

  /** These are no longer readable. */
  damaged (log: LogState, from: number, to: number): void {
    // What came after it had been given up may come once more.
    this.#gone.get(log)?.remove(from, to)
    if (!this.#e.own.isCurrent(log)) return
    const lost = this.#damaged.get(log) ?? new RangeSet()
    lost.add(from, to)
    this.#damaged.set(log, lost)
  }

  /** The batch is wanted back, by the one who wrote it. */
  isWantedBack (log: LogState, base: number, last: number): boolean { return this.#damaged.get(log)?.overlaps(base, last) ?? false }

  /** How far its publisher still had a log when it began a later one; infinite when no later log says so. */
  keptThrough (log: LogState): number { return this.#kept.of(log) }

  /** The log is new, or says where it goes on from. */
  changed (log: LogState): void { this.#kept.changed(log) }

  underWayOrGone (log: LogState): RangeSet | undefined {
    const under = this.#e.intake.underWay(log)
    const gone = this.#gone.get(log)
    if (gone === undefined) return under
    const both = gone.clone()
    if (under !== undefined) both.addAll(under)
    return both
  }

  unavailable (log: LogState, from: number, to: number, reason: GapReason): void {
    let gone = this.#gone.get(log)
    if (gone === undefined) this.#gone.set(log, gone = new RangeSet())
    gone.add(from, to)
    this.#e.inbox.unavailable(log, from, to, reason)
    this.#e.puller.notice(log)
  }

  /** A neighbour says that it has these after all. */
  regain (log: LogState, from: number, to: number): void {
    const gone = this.#gone.get(log)
    if (gone === undefined) return
    if (!gone.overlaps(from, to)) return
    // Offers of single positions would make ranges without end of it.
    if (gone.size >= GONE_RANGES_MAX) for (const range of gone.ranges()) if (range.from <= to && range.to >= from) gone.remove(range.from, range.to)
    gone.remove(from, to)
    if (gone.isEmpty) this.#gone.delete(log)
    this.#e.puller.notice(log)
  }

  /**
   * Subscriptions that came later were not told what will not come, nor was one that had no room to note it: for them it is asked for again.
   * Of the log that this node writes nobody else has more: that is told at once.
   */
  reconsider (): void {
    for (const [log, gone] of [...this.#gone]) {
      const awaited = this.#e.inbox.awaited(log, gone)
      if (awaited.isEmpty) continue
      for (const { from, to } of awaited.ranges()) {
        if (this.#e.own.isCurrent(log)) this.#e.inbox.unavailable(log, from, to, 'unrecoverable')
        else this.regain(log, from, to)
      }
    }
  }

  forget (log: LogState): void {
    this.#kept.changed(log)
    this.#owed.delete(log)
    this.#gone.delete(log)
    this.#damaged.delete(log)
  }
}
