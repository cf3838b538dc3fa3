import type { Clock } from '../base/clock.js'

/** Channels for which something is to be done: whoever asks for it and how often, it is done once, and once more a little later while there is more. */
export class DueChannels {
  readonly #clock: Clock
  /** Has it done, when its turn comes: `take` says for which channels. */
  readonly #go: (take: () => string[]) => void
  readonly #due = new Set<string>()
  readonly #later = new Set<string>()
  #isAsked = false
  #isLater = false

  constructor (clock: Clock, go: (take: () => string[]) => void) {
    this.#clock = clock
    this.#go = go
  }

  has (channel: string): boolean { return this.#due.has(channel) }

  ask (channels: Iterable<string>): void {
    for (const channel of channels) this.#due.add(channel)
    if (this.#isAsked) return
    this.#isAsked = true
    this.#go(() => {
      this.#isAsked = false
      const all = [...this.#due]
      this.#due.clear()
      return all
    })
  }

  /** `goes`: whether it is still to be done then. */
  askLater (channels: Iterable<string>, delayMs: number, goes: () => boolean): void {
    for (const channel of channels) this.#later.add(channel)
    if (this.#isLater) return
    this.#isLater = true
    this.#clock.after(delayMs, () => {
      this.#isLater = false
      const all = [...this.#later]
      this.#later.clear()
      if (goes()) this.ask(all)
    })
  }
}
