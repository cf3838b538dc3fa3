import type { Clock, Timer } from '../../src/base/clock.js'
import { SeededRandom } from '../simulation/random.js'

interface Pending { readonly atMs: number, readonly order: number, readonly fn: () => void, cancelled: boolean }

/** A clock that stands still until it is told to go on. */
export class SimulatedClock implements Clock {
  private pending: Pending[] = []
  private order = 0
  private time = 0

  nowMs (): number { return this.time }

  wallMs (): number { return 1_700_000_000_000 + this.time }

  after (delayMs: number, fn: () => void): Timer {
    const entry: Pending = { atMs: this.time + Math.max(0, delayMs), order: this.order++, fn, cancelled: false }
    this.pending.push(entry)
    return { cancel: () => { entry.cancelled = true } }
  }

  soon (fn: () => void): void { this.after(0, fn) }

  /** Runs what is due next. False when nothing is. */
  step (): boolean {
    this.pending = this.pending.filter(({ cancelled }) => !cancelled)
    const [next, ...rest] = this.pending.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
    if (next === undefined) return false
    this.pending = rest
    this.time = Math.max(this.time, next.atMs)
    next.fn()
    return true
  }

  /** Lets `ms` pass. */
  async advance (ms: number): Promise<void> {
    const end = this.time + ms
    let over = false
    this.after(ms, () => { over = true })
    while (!over) {
      this.step()
      await Promise.resolve()
    }
    this.time = end
  }

  /** Runs until the condition holds, for at most `limitMs` of simulated time. */
  async until (condition: () => boolean, what: string, limitMs = 600_000): Promise<void> {
    const end = this.time + limitMs
    while (true) {
      for (let i = 0; i < 10; i++) await Promise.resolve()
      if (condition()) return
      if (!this.step()) this.time += 100
      if (this.time > end) throw new Error(`waited in vain for: ${what}`)
    }
  }
}

export const seededRandom = (seed: number): SeededRandom => new SeededRandom(seed)
