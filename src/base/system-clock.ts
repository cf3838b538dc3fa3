import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Clock, Random, Timer } from './clock.js'

/** The machine's own clock. Timers do not keep the process alive. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  nowMs: () => performance.now(),
  after (delayMs: number, fn: () => void): Timer {
    const handle = setTimeout(fn, Math.min(Math.max(0, delayMs), 0x7fffffff))
    handle.unref()
    return { cancel: () => { clearTimeout(handle) } }
  },
  soon (fn: () => void): void { setImmediate(fn) }
}

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  float: () => Math.random()
}
