/**
 * Is the other end of a link alive, and does it hear us? Judged on monotonic time from what is heard, from pongs, and from data
 * that the peer took. Silence, or a peer that talks but shows no sign of hearing, ends the link. If this process
 * itself was asleep the silence was its own, and the peer gets a fresh but short period. Without IO.
 */
import { ONE_WAY_MAX_MS, PING_INTERVAL_MS, SILENCE_MAX_MS, TICK_MS, WAKE_PERIOD_MS } from './network-limits.js'

export type LivenessVerdict = 'ping' | 'cut' | undefined

export class Liveness {
  private heardMs: number
  private answeredMs: number
  private pingedMs: number
  private heardSinceTick = false
  private answeredSinceTick = false

  constructor (nowMs: number) {
    this.heardMs = nowMs
    this.answeredMs = nowMs
    this.pingedMs = nowMs
  }

  /** Anything came in. Cheap, for it is called for every frame: the time is taken at the next tick. */
  heard (): void { this.heardSinceTick = true }

  /** A pong came, or the peer took data. */
  answered (): void {
    this.heardSinceTick = true
    this.answeredSinceTick = true
  }

  /** Called about every `TICK_MS`. */
  tick (nowMs: number, slept: boolean): LivenessVerdict {
    if (this.heardSinceTick) this.heardMs = nowMs
    if (this.answeredSinceTick) this.answeredMs = nowMs
    this.heardSinceTick = false
    this.answeredSinceTick = false
    if (slept) {
      this.heardMs = nowMs - SILENCE_MAX_MS + WAKE_PERIOD_MS
      this.answeredMs = Math.max(this.answeredMs, nowMs - ONE_WAY_MAX_MS + WAKE_PERIOD_MS)
      this.pingedMs = nowMs
      return 'ping'
    }
    if (nowMs - this.heardMs >= SILENCE_MAX_MS || nowMs - this.answeredMs >= ONE_WAY_MAX_MS) return 'cut'
    if (nowMs - this.pingedMs >= PING_INTERVAL_MS) {
      this.pingedMs = nowMs
      return 'ping'
    }
    return undefined
  }
}

/** Tells a tick that comes late because the process or the machine was asleep. The monotonic clock stands still in a suspended Linux, the wall clock does not. */
export class SleepDetector {
  constructor (private nowMs: number, private wallMs: number) {}

  tick (nowMs: number, wallMs: number): boolean {
    const monotonicMs = nowMs - this.nowMs
    const wallAheadMs = wallMs - this.wallMs - monotonicMs
    this.nowMs = nowMs
    this.wallMs = wallMs
    return monotonicMs > TICK_MS + WAKE_PERIOD_MS || wallAheadMs > SILENCE_MAX_MS
  }
}
