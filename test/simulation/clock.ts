import type { Clock, Timer } from '../../src/base/clock.js'

class Due implements Timer {
  cancelled = false
  constructor (readonly atMs: number, readonly order: number, readonly fn: () => void) {}
  cancel (): void { this.cancelled = true }
}

const before = (a: Due, b: Due): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/** When simulated time begins by the wall clock. */
const WALL_START_MS = 1_700_000_000_000

/** Simulated time: a binary heap of what is due. Nothing waits: an hour with nothing in it costs nothing. */
export class WorldClock implements Clock {
  #heap: Due[] = []
  #order = 0
  #time = 0
  /** Promises that are under way: only while there are some does the clock let them run between two events. */
  #promises = 0

  nowMs (): number { return this.#time }
  wallMs (): number { return WALL_START_MS + Math.floor(this.#time) }
  get events (): number { return this.#order }

  after (delayMs: number, fn: () => void): Timer {
    const due = new Due(this.#time + Math.max(0, delayMs), this.#order++, fn)
    const heap = this.#heap
    let i = heap.push(due) - 1
    while (i > 0) {
      const up = (i - 1) >> 1
      if (before(heap[up] as Due, due)) break
      heap[i] = heap[up] as Due
      i = up
    }
    heap[i] = due
    return due
  }

  soon (fn: () => void): void { this.after(0.001, fn) }

  /** What starts and stops nodes promises. The clock waits for it as long as no simulated time passes in it. */
  async promised (promise: Promise<unknown>): Promise<void> {
    this.#promises++
    try {
      await promise
    } finally {
      this.#promises--
    }
  }

  #pop (): Due | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top
    let i = 0
    for (;;) {
      let down = 2 * i + 1
      if (down >= heap.length) break
      if (down + 1 < heap.length && before(heap[down + 1] as Due, heap[down] as Due)) down++
      if (before(last, heap[down] as Due)) break
      heap[i] = heap[down] as Due
      i = down
    }
    heap[i] = last
    return top
  }

  /** Runs what is due until `condition` holds or `ms` have passed. Returns whether it holds. */
  async run (ms: number, condition: () => boolean = () => false): Promise<boolean> {
    const end = this.#time + ms
    if (this.#promises > 0) await turns()
    for (;;) {
      if (condition()) return true
      const due = this.#heap[0]
      if (due === undefined || due.atMs > end) break
      this.#pop()
      if (due.cancelled) continue
      if (due.atMs > this.#time) this.#time = due.atMs
      due.fn()
      if (this.#promises > 0) await turns()
    }
    this.#time = end
    return condition()
  }
}

async function turns (): Promise<void> {
  for (let i = 0; i < 6; i++) await Promise.resolve()
}

/**
 * One node's clock: off by an offset, drifting, and able to stand still while the process is stopped. What a dead process had
 * planned does not happen: each life has a clock of its own (`life`), all of one node run alike.
 */
export class NodeClock implements Clock {
  /** Wall clock minus the world's, ms. */
  offsetMs = 0
  /** Everything happens so much later than it is due. */
  lagMs = 0
  #rate = 1
  #base = 0
  #since = 0
  #generation = 0
  #paused = false
  /** When it went on the last time after it had stood still, ms of simulated time. */
  resumedMs = 0
  #held: Array<() => void> = []

  constructor (private readonly world: WorldClock) {}

  get isPaused (): boolean { return this.#paused }
  get generation (): number { return this.#generation }

  nowMs (): number { return this.#base + (this.world.nowMs() - this.#since) * this.#rate }
  wallMs (): number { return WALL_START_MS + Math.floor(this.nowMs() + this.offsetMs) }

  /** How fast this clock runs; 1 is right. */
  set rate (rate: number) {
    this.#base = this.nowMs()
    this.#since = this.world.nowMs()
    this.#rate = rate
  }

  after (delayMs: number, fn: () => void): Timer {
    const generation = this.#generation
    let cancelled = false
    const run = (): void => {
      if (cancelled || generation !== this.#generation) return
      if (this.#paused) this.#held.push(run)
      else fn()
    }
    const timer = this.world.after(Math.max(0, delayMs) / this.#rate + this.lagMs, run)
    return { cancel: () => { cancelled = true; timer.cancel() } }
  }

  soon (fn: () => void): void { this.after(0.001, fn) }

  /** The process stops as by SIGSTOP: timers come due and nothing runs. */
  pause (): void { this.#paused = true }

  /** Everything that came due meanwhile runs at once, in order. */
  resume (): void {
    this.#paused = false
    this.resumedMs = this.world.nowMs()
    for (const run of this.#held.splice(0)) this.world.soon(run)
  }

  /** The process is gone: nothing it planned happens any more. */
  die (): void {
    this.#generation++
    this.#paused = false
    this.#held = []
  }
}
