/**
 * Which neighbours answer. One that leaves wants unanswered, or answers with what does not hold, is asked after all others for a
 * while, whatever the log, and for one thing at a time: a neighbour that only says that it has everything must not hold up each log in turn.
 */

/** How long a neighbour that failed is asked last; doubles up to the second. */
const SLOW_MS = 60_000
const SLOW_MS_MAX = 900_000
/** Wants under way with such a one. */
export const SLOW_WANTS = 1
/** A neighbour that sends less than so much a second over so long, all its wants together, drips. */
const DRIP_BYTES_PER_SECOND = 2048
const DRIP_MS = 30_000
/** Neighbours remembered. */
const NEIGHBOURS_MAX = 1024

interface Pace { sinceMs: number, bytes: number, heardMs: number }

export class Reliability {
  readonly #failed = new Map<string, { untilMs: number, pauseMs: number }>()
  /** Of neighbours with wants under way. */
  readonly #paces = new Map<string, Pace>()

  isSlow (peerId: string, nowMs: number): boolean { return (this.#failed.get(peerId)?.untilMs ?? 0) > nowMs }

  /** Those that answer first, otherwise as they were. */
  sorted (peers: readonly string[], nowMs: number): string[] {
    return [...peers.filter(peerId => !this.isSlow(peerId, nowMs)), ...peers.filter(peerId => this.isSlow(peerId, nowMs))]
  }

  failed (peerId: string, nowMs: number): void {
    const before = this.#failed.get(peerId)
    // Many wants may fail for one cause.
    if (before !== undefined && before.untilMs - before.pauseMs > nowMs - 1_000) return
    const pauseMs = Math.min(SLOW_MS_MAX, before === undefined ? SLOW_MS : before.pauseMs * 2)
    if (this.#failed.size >= NEIGHBOURS_MAX) this.#failed.delete(this.#failed.keys().next().value as string)
    this.#failed.set(peerId, { untilMs: nowMs + pauseMs, pauseMs })
  }

  /** It has brought something new. */
  kept (peerId: string): void { this.#failed.delete(peerId) }

  asked (peerId: string, nowMs: number): void {
    if (!this.#paces.has(peerId)) this.#paces.set(peerId, { sinceMs: nowMs, bytes: 0, heardMs: nowMs })
  }

  heard (peerId: string, bytes: number, nowMs: number): void {
    const pace = this.#paces.get(peerId)
    if (pace === undefined) return
    pace.heardMs = nowMs
    pace.bytes += bytes
  }

  /** When anything last came in answer to a want. */
  heardMs (peerId: string): number { return this.#paces.get(peerId)?.heardMs ?? 0 }

  drips (peerId: string, nowMs: number): boolean {
    const pace = this.#paces.get(peerId)
    if (pace === undefined || nowMs - pace.sinceMs < DRIP_MS) return false
    const drips = pace.bytes < DRIP_BYTES_PER_SECOND * (nowMs - pace.sinceMs) / 1000
    if (!drips) Object.assign(pace, { sinceMs: nowMs, bytes: 0 })
    return drips
  }

  /** Nothing is asked of it any more. */
  rests (peerId: string): void { this.#paces.delete(peerId) }
}
