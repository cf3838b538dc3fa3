import type { Clock, Timer } from '../base/clock.js'
import type { SubscriptionCore } from './subscription-core.js'

/** One timer for all that is due in any subscription, and one call at the end of a turn for all consumers to be told. */
export class Wakes {
  readonly #clock: Clock
  readonly #cores: () => Iterable<SubscriptionCore>
  readonly #toNotify = new Set<SubscriptionCore>()
  #notifying = false
  #timer: Timer | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #stopped = false

  constructor (clock: Clock, cores: () => Iterable<SubscriptionCore>) {
    this.#clock = clock
    this.#cores = cores
  }

  at (atMs: number): void {
    if (this.#timerAt <= atMs || this.#stopped) return
    this.#timer?.cancel()
    this.#timerAt = atMs
    this.#timer = this.#clock.after(Math.max(0, atMs - this.#clock.nowMs()), () => { this.#woken() })
  }

  #woken (): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    const nowMs = this.#clock.nowMs()
    let nextAt = Number.POSITIVE_INFINITY
    for (const core of this.#cores()) {
      core.wake(nowMs)
      nextAt = Math.min(nextAt, core.nextDueAt)
    }
    if (nextAt !== Number.POSITIVE_INFINITY) this.at(nextAt)
  }

  notifySoon (core: SubscriptionCore): void {
    this.#toNotify.add(core)
    if (this.#notifying) return
    this.#notifying = true
    this.#clock.soon(() => {
      this.#notifying = false
      const told = [...this.#toNotify]
      this.#toNotify.clear()
      if (!this.#stopped) for (const core of told) core.deliveries.notify()
    })
  }

  stop (): void {
    this.#stopped = true
    this.#timer?.cancel()
  }
}
