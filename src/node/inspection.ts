import type { LogState } from '../store/log-state.js'
import type { Engine } from './engine.js'

/** Read of one channel in one go, bytes and batches: no more than some ms. A choice. */
const SLICE_BYTES = 512 * 1024
const SLICE_BATCHES = 256
/** Between two such goes: others want the disk too. */
const SLICE_PAUSE_MS = 20

/**
 * Where one batch turned out to be damaged others may be. All that is held of its channel is read, so that what is lost is asked for, and given up
 * where nobody has it, at one time. Else each would be found out only when those before it were given up, after ten minutes each.
 */
export class Inspection {
  readonly #e: Engine
  readonly #under = new Set<string>()

  constructor (engine: Engine) {
    this.#e = engine
  }

  begin (channel: string): void {
    if (this.#under.has(channel)) return
    this.#under.add(channel)
    this.#go(channel, [...this.#e.book.logs(channel)], 1)
  }

  #go (channel: string, logs: LogState[], position: number): void {
    this.#e.options.clock.after(SLICE_PAUSE_MS, () => {
      if (this.#e.isClosed) return
      let next = position
      let bytes = 0
      for (let i = 0; i < SLICE_BATCHES && bytes < SLICE_BYTES; i++) {
        const [log] = logs
        if (log === undefined) {
          this.#under.delete(channel)
          return
        }
        // It may be forgotten meanwhile.
        const batch = this.#e.book.get(log.key) === log ? this.#e.book.inspect(log, next) : undefined
        if (batch === undefined) {
          logs.shift()
          next = 1
        } else {
          next = batch.through + 1
          bytes += batch.bytes
        }
      }
      this.#go(channel, logs, next)
    })
  }
}
