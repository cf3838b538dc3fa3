import type { Engine } from './engine.js'

/** Between two moves to a higher incarnation within one life: two machines with one key must not outbid each other all the time. */
const MOVE_INTERVAL_MS = 30_000

/** The lives of this node as a publisher, as far as others remember them. */
export class Lives {
  readonly #e: Engine
  #movedMs = Number.NEGATIVE_INFINITY
  #above = 0
  /** Another machine works with this node's key. */
  isShared = false

  constructor (engine: Engine) {
    this.#e = engine
  }

  /**
   * There is, or was, an incarnation of this node with this number: what it publishes from now on has a higher one, else those that
   * know that life would take it for what came before it.
   */
  moveAbove (number: number): void {
    const { own, outbox, options } = this.#e
    own.heardOf(number)
    if (own.incarnation === undefined || own.incarnation.number > number || number <= this.#above) return
    this.#above = number
    const { clock } = options
    const waitMs = Math.max(0, this.#movedMs + MOVE_INTERVAL_MS - clock.nowMs())
    this.#movedMs = clock.nowMs() + waitMs
    // Between two commits of the outbox: the log that ends belongs to its lane until then.
    clock.after(waitMs, () => {
      if (this.#e.isClosed) return
      outbox.housekeep(() => {
        if (own.incarnation !== undefined && own.incarnation.number <= this.#above) {
          options.log.warn({ incarnation: own.incarnationText, above: this.#above }, 'others know of a later life of this node: it goes on in a new one')
          own.renew()
        }
        return []
      })
    })
  }
}
