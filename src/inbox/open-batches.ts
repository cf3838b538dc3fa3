import type { OpenBatch } from '../store/batch-cache.js'
import type { LogState } from '../store/log-state.js'
import { OPEN_BATCHES_BYTES_MAX, OPEN_BATCHES_MAX } from './limits.js'

interface Open {
  readonly log: number
  readonly open: OpenBatch
}

/** The batches that deliveries come from at the moment, so that a record costs no look-up in the store. */
export class OpenBatches {
  readonly #read: (log: LogState, position: number) => OpenBatch | undefined
  /** Latest used first. */
  readonly #batches: Open[] = []
  #bytes = 0

  constructor (read: (log: LogState, position: number) => OpenBatch | undefined) { this.#read = read }

  /** The batch that holds `position`, which must be among the positions held. Undefined when it turns out to be damaged. */
  at (log: LogState, position: number): OpenBatch | undefined {
    const batches = this.#batches
    for (let i = 0; i < batches.length; i++) {
      const found = batches[i] as Open
      const batch = found.open.batch
      if (found.log !== log.number || position < batch.base || position > batch.last) continue
      if (i > 0) {
        batches.splice(i, 1)
        batches.unshift(found)
      }
      return found.open
    }
    const open = this.#read(log, position)
    if (open === undefined) return undefined
    batches.unshift({ log: log.number, open })
    this.#bytes += open.batch.bytes.length
    while (batches.length > OPEN_BATCHES_MAX || (this.#bytes > OPEN_BATCHES_BYTES_MAX && batches.length > 1)) {
      this.#bytes -= (batches.pop() as Open).open.batch.bytes.length
    }
    return open
  }

  /** What is no longer held is not to be delivered from memory either. */
  drop (log: LogState): void {
    for (let i = this.#batches.length - 1; i >= 0; i--) {
      const { log: number, open } = this.#batches[i] as Open
      if (number !== log.number) continue
      this.#bytes -= open.batch.bytes.length
      this.#batches.splice(i, 1)
    }
  }
}
