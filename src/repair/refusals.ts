/**
 * What became of asking for one log: which neighbour does not have what, whom to pass over for a while, and what is certain
 * by now not to come.
 *
 * A neighbour's word holds for a while, a second at first and up to half a minute, then it is asked again. What every
 * neighbour denies at one time is not given up at once: one of them may get it from further away.
 */
import { RangeSet, type Range } from '../base/range-set.js'

/** A neighbour that did not have something is asked again after so long, doubling up to the second. */
const DENIED_MIN_MS = 1_000
export const DENIED_MAX_MS = 30_000
/** A neighbour with no time for so long has denied everything by it. */
const BUSY_PATIENCE_MS = 60_000
/** So often a neighbour that brings nothing is asked at once because it says that it has something. */
const PROMISES_MAX = 3
/** Times at which positions came to be denied by all are told apart for so many; above it the youngest are joined. */
const STAGES_MAX = 16

/** Why a neighbour is passed over: it has no time now, it did not answer, it broke the protocol. */
export type PassedOver = 'busy' | 'silent' | 'faulty'

interface Refusal {
  /** What it said it does not have. */
  denied: RangeSet
  /** Until then it is not asked for that again. */
  untilMs: number
  pauseMs: number
  /** When it last said so of all of it. */
  saidMs: number
  why: PassedOver | undefined
  /** Until then it is not asked for anything. */
  passedOverUntilMs: number
  /** Since then it has had no time, ms; 0: it has. */
  busySinceMs: number
  /** How often it has said that it has something, and brought nothing since. */
  promises: number
  /** This of it it wants itself, and will have when it has room. */
  awaited: RangeSet
}

interface Stage {
  readonly sinceMs: number
  ranges: RangeSet
}

export class Refusals {
  readonly #peers = new Map<string, Refusal>()
  #stages: Stage[] = []

  #of (peerId: string): Refusal {
    let refusal = this.#peers.get(peerId)
    if (refusal === undefined) this.#peers.set(peerId, refusal = { denied: new RangeSet(), untilMs: 0, pauseMs: 0, saidMs: 0, why: undefined, passedOverUntilMs: 0, busySinceMs: 0, promises: 0, awaited: new RangeSet() })
    return refusal
  }

  /** What of `wanted` the neighbour can be asked for now, and if nothing, when it can be. */
  askable (peerId: string, wanted: RangeSet, nowMs: number): { readonly ranges: RangeSet, readonly atMs: number } {
    const refusal = this.#peers.get(peerId)
    if (refusal === undefined) return { ranges: wanted, atMs: nowMs }
    if (refusal.passedOverUntilMs > nowMs) return { ranges: new RangeSet(), atMs: refusal.passedOverUntilMs }
    if (refusal.untilMs <= nowMs) return { ranges: wanted, atMs: nowMs }
    return { ranges: wanted.without(refusal.denied), atMs: refusal.untilMs }
  }

  /** When the neighbour said last that it does not have this position; 0: that was not the last it said of it. */
  deniedMs (peerId: string, position: number): number {
    const refusal = this.#peers.get(peerId)
    return refusal?.denied.has(position) === true ? refusal.saidMs : 0
  }

  /**
   * The neighbour answered what it was asked at `askedMs`: of that it does not have `denied`, which may be nothing, and of those `awaited` not yet; without, what it
   * awaited still holds.
   * Pauses double up to `pauseMaxMs`, and each is taken `jitter` times, which is around 1.
   */
  answered (peerId: string, denied: RangeSet, askedMs: number, nowMs: number, jitter: number, pauseMaxMs = DENIED_MAX_MS, awaited?: RangeSet): void {
    if (denied.isEmpty && !this.#peers.has(peerId)) return
    const refusal = this.#of(peerId)
    refusal.why = undefined
    refusal.busySinceMs = 0
    // It was not asked for what it had denied: that still counts, and when its time has come it is asked for all of it.
    if (refusal.untilMs > askedMs) {
      refusal.denied.addAll(denied)
      if (awaited !== undefined) refusal.awaited.addAll(awaited)
      return
    }
    refusal.denied = denied
    refusal.awaited = awaited ?? refusal.awaited.intersection(denied)
    refusal.saidMs = nowMs
    refusal.pauseMs = Math.min(pauseMaxMs, Math.max(DENIED_MIN_MS, refusal.pauseMs * 2))
    refusal.untilMs = nowMs + refusal.pauseMs * jitter
  }

  passOver (peerId: string, why: PassedOver, untilMs: number, nowMs: number): void {
    const refusal = this.#of(peerId)
    Object.assign(refusal, { why, passedOverUntilMs: untilMs, busySinceMs: why === 'busy' ? refusal.busySinceMs || nowMs : 0 })
  }

  /** It may have now what it did not have. Who says so again and again and brings nothing is asked when its time has come. */
  hopes (peerId: string, nowMs: number): void {
    const refusal = this.#peers.get(peerId)
    if (refusal === undefined || (refusal.why === 'faulty' && refusal.passedOverUntilMs > nowMs)) return
    if (++refusal.promises > PROMISES_MAX) return
    Object.assign(refusal, { denied: new RangeSet(), untilMs: 0, pauseMs: 0, passedOverUntilMs: 0, why: refusal.why === 'busy' ? 'busy' : undefined })
  }

  /** It has brought something. */
  kept (peerId: string): void {
    const refusal = this.#peers.get(peerId)
    if (refusal !== undefined) Object.assign(refusal, { promises: 0, busySinceMs: 0, why: refusal.why === 'busy' ? undefined : refusal.why })
  }

  forget (peerId: string): void { this.#peers.delete(peerId) }

  /** Nobody can be asked: there is nobody to deny anything either. */
  reset (): void { this.#stages = [] }

  /**
   * Ranges of `wanted` that all these neighbours have denied for as long as `patience` says, and when the next one may be.
   * `patience` is asked for a position, whether somebody was silent about it, and whether somebody expects to have it; it may change behind each of the boundaries, and ranges do not cross them.
   * `isSlow`: this neighbour does not answer others either.
   * Nothing is gone before each that speaks was asked in the second half of that time too: who was not can be asked for it now.
   */
  verdict (wanted: RangeSet, peers: readonly string[], isSlow: (peerId: string) => boolean, nowMs: number, patience: (position: number, silent: boolean, awaited: boolean) => number, boundaries: readonly [number, number]): { readonly gone: Range[], readonly atMs: number } {
    let common = wanted
    let silent = false
    const awaited = new RangeSet()
    // Where all say that they have no time, somebody will have it.
    const somebodySpoke = peers.some(peerId => this.#peers.get(peerId)?.why !== 'busy')
    const speaking: Refusal[] = []
    for (const peerId of peers) {
      const refusal = this.#peers.get(peerId)
      // Who does not answer, or nothing that is true, has denied everything by it.
      const isBusy = somebodySpoke && refusal?.why === 'busy' && nowMs - refusal.busySinceMs >= BUSY_PATIENCE_MS
      if (refusal?.why === 'faulty') continue
      if (refusal?.why === 'silent' || isBusy || isSlow(peerId)) silent = true
      else {
        common = common.intersection(refusal?.denied ?? new RangeSet())
        if (refusal === undefined) continue
        awaited.addAll(refusal.awaited)
        speaking.push(refusal)
      }
    }
    this.#arrange(common, nowMs)
    const gone: Range[] = []
    let atMs = Number.POSITIVE_INFINITY
    for (const { sinceMs, ranges } of this.#stages) {
      const isAwaited = ranges.intersection(awaited)
      for (const { from, to } of [...ranges.without(isAwaited).ranges(), ...isAwaited.ranges()]) {
        const [low, high] = boundaries
        for (const part of [{ from, to: Math.min(to, low) }, { from: Math.max(from, low + 1), to: Math.min(to, high) }, { from: Math.max(from, high + 1), to }]) {
          if (part.to < part.from) continue
          const patienceMs = patience(part.from, silent, isAwaited.has(part.from))
          const dueMs = sinceMs + patienceMs
          const unasked = speaking.filter(({ saidMs }) => saidMs < sinceMs + patienceMs / 2)
          if (dueMs > nowMs) atMs = Math.min(atMs, dueMs)
          else if (unasked.length === 0) gone.push(part)
          else {
            for (const refusal of unasked) refusal.untilMs = Math.min(refusal.untilMs, nowMs)
            atMs = nowMs
          }
        }
      }
    }
    return { gone: gone.sort((a, b) => a.from - b.from), atMs }
  }

  /** Each position keeps the time at which it came to be denied by all, for as long as it is. */
  #arrange (common: RangeSet, nowMs: number): void {
    let fresh = common
    for (const stage of this.#stages) {
      stage.ranges = stage.ranges.intersection(common)
      fresh = fresh.without(stage.ranges)
    }
    this.#stages = this.#stages.filter(({ ranges }) => !ranges.isEmpty)
    if (fresh.isEmpty) return
    const last = this.#stages.at(-1)
    if (last !== undefined && this.#stages.length >= STAGES_MAX) {
      fresh.addAll(last.ranges)
      this.#stages.pop()
    }
    this.#stages.push({ sinceMs: nowMs, ranges: fresh })
  }
}
