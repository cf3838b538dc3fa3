/** Logs of which something is missing: what that is, and when each is to be looked at next. Nothing here goes through all of them. */
import { DueHeap, type Due } from '../base/due-heap.js'
import { RangeSet, type Range } from '../base/range-set.js'
import type { LogState } from '../store/log-state.js'
import type { Asking } from './asking.js'
import type { PullerOptions } from './puller-options.js'
import { Refusals } from './refusals.js'

/** Holes that one want names. */
const HOLES_MAX = 512
/** While gossip still brings a log, a hole is given so long to close by itself. */
const GOSSIP_GRACE_MS = 100
const GOSSIP_FRESH_MS = 1_000
/** Logs of which it is remembered when gossip brought something. */
const GOSSIPED_MAX = 4096

/** Without a want it is among those that are due some time; with one it is not. */
export interface Need extends Due {
  readonly log: LogState
  /** Nothing of it was ever here, nor is it this node's own: it may be made up. */
  isStrange: boolean
  want: Asking | undefined
  readonly refusals: Refusals
  unwantedMs: number
  /** This node could not take what it asked for: it does not ask again before. */
  notBeforeMs: number
  /** Somebody will be asked as soon as it has time: until then nothing is certain. */
  isPutOff: boolean
}

export class Needs {
  readonly #o: Pick<PullerOptions, 'wanted' | 'underWay'>
  readonly #all = new Map<LogState, Need>()
  /** How many strange logs of each publisher there are. */
  readonly #crowds = new Map<string, number>()
  readonly #lastGossip = new Map<LogState, number>()
  readonly #due = new DueHeap<Need>()

  constructor (options: Pick<PullerOptions, 'wanted' | 'underWay'>) {
    this.#o = options
  }

  get size (): number { return this.#all.size }
  get (log: LogState): Need | undefined { return this.#all.get(log) }
  all (): Iterable<Need> { return this.#all.values() }
  has (need: Need): boolean { return this.#all.get(need.log) === need }

  /** Positions of a log that are wanted, exist and are neither held nor on their way to disk. */
  missing (log: LogState, limit: number): Range[] {
    const wanted = this.#o.wanted(log)
    if (wanted === undefined || wanted.to < wanted.from) return []
    const under = this.#o.underWay(log)
    const out: Range[] = []
    let from = wanted.from
    while (out.length < limit && from <= wanted.to) {
      const [hole] = log.held.missing(from, wanted.to, 1)
      if (hole === undefined) break
      if (under === undefined) out.push(hole)
      else out.push(...under.missing(hole.from, hole.to, limit - out.length))
      from = hole.to + 1
    }
    return out
  }

  /** The first of them, as many as one want names. */
  holes (log: LogState): RangeSet { return RangeSet.of(...this.missing(log, HOLES_MAX).map(({ from, to }) => [from, to] as const)) }

  add (log: LogState, dueMs: number): Need {
    const isStrange = !log.own && log.held.isEmpty && log.dropped === 0
    const need: Need = { log, dueAt: dueMs, heapIndex: -1, isStrange, want: undefined, refusals: new Refusals(), unwantedMs: 0, notBeforeMs: 0, isPutOff: false }
    this.#all.set(log, need)
    if (isStrange) this.#crowds.set(log.publisher, this.crowd(log.publisher) + 1)
    this.#due.set(need, dueMs)
    return need
  }

  drop (need: Need): void {
    this.#due.remove(need)
    if (this.#all.delete(need.log)) this.isKnown(need)
  }

  /** Something of it is here. */
  isKnown (need: Need): void {
    if (!need.isStrange) return
    need.isStrange = false
    const { publisher } = need.log
    const left = this.crowd(publisher) - 1
    if (left > 0) this.#crowds.set(publisher, left)
    else this.#crowds.delete(publisher)
  }

  /** How many logs of the publisher are missing of which nothing was ever here. */
  crowd (publisher: string): number { return this.#crowds.get(publisher) ?? 0 }

  /** Gossip has brought something of this log. */
  gossiped (log: LogState, nowMs: number): void {
    this.#lastGossip.delete(log)
    this.#lastGossip.set(log, nowMs)
    if (this.#lastGossip.size > GOSSIPED_MAX) this.#lastGossip.delete(this.#lastGossip.keys().next().value as LogState)
  }

  /** When a hole that is found now is worth asking for. */
  askableMs (log: LogState, nowMs: number): number {
    const gossipMs = this.#lastGossip.get(log)
    return gossipMs !== undefined && nowMs - gossipMs < GOSSIP_FRESH_MS ? nowMs + GOSSIP_GRACE_MS : nowMs
  }

  /** When the first of those without a want is to be looked at; infinite when there is none. */
  get nextMs (): number { return this.#due.nextAt }

  /** It is to be looked at then. */
  setDue (need: Need, atMs: number): void { this.#due.set(need, atMs) }

  /** It is being looked at, or waits for the answer to a want. */
  isLookedAt (need: Need): void { this.#due.remove(need) }

  /** Takes out the one that has been due for longest. */
  takeDue (nowMs: number): Need | undefined { return this.#due.takeDue(nowMs) }
}
