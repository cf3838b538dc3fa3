import type { SealedBatch } from '../message/batch.js'
import type { RecordFields } from '../message/record.js'

/** A batch with its records decoded, as read from the store or just committed. */
export interface OpenBatch {
  readonly batch: SealedBatch
  readonly records: RecordFields[]
}

/** What a decoded record takes beside its body, bytes. Guess. */
const RECORD_OVERHEAD_BYTES = 200

/** Bodies that were read lie within the batch's own bytes; those that were just published do not. */
function bytesOf ({ batch, records }: OpenBatch): number {
  let bytes = batch.bytes.length + records.length * RECORD_OVERHEAD_BYTES
  for (const { body } of records) if (body.buffer !== batch.bytes.buffer) bytes += body.length
  return bytes
}

/** Batches read lately, bounded by the bytes they hold. Least recently used goes first. */
export class BatchCache {
  readonly #entries = new Map<string, { readonly open: OpenBatch, readonly bytes: number }>()
  #bytes = 0

  constructor (readonly bytesMax: number) {}

  static key (logNumber: number, base: number): string { return `${logNumber}:${base}` }

  get (key: string): OpenBatch | undefined {
    const entry = this.#entries.get(key)
    if (entry !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, entry)
    }
    return entry?.open
  }

  set (key: string, open: OpenBatch): void {
    this.delete(key)
    const bytes = bytesOf(open)
    this.#entries.set(key, { open, bytes })
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.bytesMax || this.#entries.size === 1) break
      this.delete(oldest)
    }
  }

  delete (key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#bytes -= entry.bytes
  }
}
