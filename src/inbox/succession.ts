import { compareIncarnations, type Incarnation } from '../message/ids.js'
import type { LogState } from '../store/log-state.js'

/**
 * The logs of one publisher in one channel, as one subscription sees them. A publisher that lost its disk begins a log that names no
 * earlier one, and what it had published before may turn up when that is handed out already: then it is late.
 */
export class Succession {
  /** Cursors in these logs. */
  cursors = 0
  #latest: Incarnation | undefined

  /** A record of this log is handed out, or was in an earlier life. Returns whether it is in order: false when a later incarnation was before it. */
  handedOut ({ id: { incarnation } }: LogState): boolean {
    if (this.#latest === undefined || compareIncarnations(incarnation, this.#latest) > 0) this.#latest = incarnation
    // Two lives may have one number, when a publisher that lost its disk had its clock put back: the random part then decides, everywhere alike.
    return compareIncarnations(incarnation, this.#latest) === 0
  }
}
