import type { Clock } from '../base/clock.js'
import { SLICE_MS } from './network-limits.js'

/** One budget of time per turn of the event loop, shared by all links: a busy mesh must not hold up timers and sockets. */
export class Slices {
  private startedMs: number | undefined

  constructor (private readonly clock: Clock) {}

  /** The turn's budget is used up: wait for `next`. */
  get over (): boolean {
    const nowMs = this.clock.nowMs()
    if (this.startedMs === undefined) {
      this.startedMs = nowMs
      this.clock.soon(() => { this.startedMs = undefined })
    }
    return nowMs - this.startedMs >= SLICE_MS
  }

  next (): Promise<void> {
    return new Promise((resolve) => { this.clock.soon(resolve) })
  }
}
