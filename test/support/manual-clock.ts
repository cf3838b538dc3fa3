import type { Clock, Random, Timer } from '../../src/base/clock.js'

interface Entry { readonly atMs: number, readonly order: number, readonly fn: () => void }

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  now = 1_000
  /** What the wall clock is ahead of the monotonic one; a test may make it jump. */
  wallOffset = 1_700_000_000_000
  readonly #soon: Array<() => void> = []
  readonly #timers = new Set<Entry>()
  #order = 0

  wallMs (): number { return this.now + this.wallOffset }
  nowMs (): number { return this.now }
  soon (fn: () => void): void { this.#soon.push(fn) }

  after (delayMs: number, fn: () => void): Timer {
    const entry = { atMs: this.now + Math.max(0, delayMs), order: this.#order++, fn }
    this.#timers.add(entry)
    return { cancel: () => { this.#timers.delete(entry) } }
  }

  get timers (): number { return this.#timers.size }

  /** Runs the next thing that waits for the end of the turn. */
  step (): boolean {
    const fn = this.#soon.shift()
    fn?.()
    return fn !== undefined
  }

  /** Runs everything that waits for no time to pass. */
  turn (): void {
    for (let i = 0; i < 1_000_000; i++) if (!this.step()) return
    throw new Error('the turn does not end')
  }

  advance (ms: number): void {
    const end = this.now + ms
    this.turn()
    for (let n = 0; ; n++) {
      if (n > 1_000_000) throw new Error('time does not pass')
      let next: Entry | undefined
      for (const entry of this.#timers) {
        if (entry.atMs <= end && (next === undefined || entry.atMs < next.atMs || (entry.atMs === next.atMs && entry.order < next.order))) next = entry
      }
      if (next === undefined) break
      this.#timers.delete(next)
      this.now = Math.max(this.now, next.atMs)
      next.fn()
      this.turn()
    }
    this.now = end
  }

  /** Advances in steps until `condition` holds; fails after `limitMs`. */
  until (condition: () => boolean, limitMs: number, stepMs = 10): void {
    const end = this.now + limitMs
    this.turn()
    while (!condition()) {
      if (this.now >= end) throw new Error('the condition did not come to hold')
      this.advance(Math.min(stepMs, end - this.now))
    }
  }
}

/** The same numbers for the same seed (mulberry32). */
export function seededRandom (seed: number): Random {
  let state = seed >>> 0
  const float = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return { float, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(float() * 256)) }
}
