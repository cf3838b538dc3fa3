import type { LogState } from '../store/log-state.js'

/**
 * The logs of one publisher in one channel, as one subscription sees them. A publisher that lost its disk begins a log that names no
 * earlier one, and what it had published before may turn up when that is handed out already: then it is late.
 */
export class Succession {
  /** Cursors in these logs. */
  cursors = 0
  #latest = 0

  /** A record of this log is handed out, or was in an earlier life. Returns whether it is in order: false when a later incarnation was before it. */
  handedOut ({ id: { incarnation } }: LogState): boolean {
    if (incarnation.number > this.#latest) this.#latest = incarnation.number
    return incarnation.number === this.#latest
  }
}
