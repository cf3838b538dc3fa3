import type { SealedBatch } from '../message/batch.js'
import type { RecordFields } from '../message/record.js'

/** A batch with its records decoded, as read from the store or just committed. */
export interface OpenBatch {
  readonly batch: SealedBatch
  readonly records: RecordFields[]
}

/** Batches read lately, bounded by the bytes they hold. Least recently used goes first. */
export class BatchCache {
  readonly #entries = new Map<string, OpenBatch>()
  #bytes = 0

  constructor (readonly bytesMax: number) {}

  static key (logNumber: number, base: number): string { return `${logNumber}:${base}` }

  get (key: string): OpenBatch | undefined {
    const entry = this.#entries.get(key)
    if (entry !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, entry)
    }
    return entry
  }

  set (key: string, entry: OpenBatch): void {
    this.delete(key)
    this.#entries.set(key, entry)
    this.#bytes += entry.batch.bytes.length
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.bytesMax || this.#entries.size === 1) break
      this.delete(oldest)
    }
  }

  delete (key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#bytes -= entry.batch.bytes.length
  }
}
