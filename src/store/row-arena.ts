import { rawBytes } from '../base/bytes.js'

const CHUNK_BYTES = 1024 * 1024
/** Kept for the next transaction. */
const CHUNKS_KEPT = 2

/**
 * Room for the rows of one transaction, used again by the next one. A row needs bytes of its own only while LMDB writes it: to
 * allocate as much as is written, again and again, keeps the collector busy.
 */
export class RowArena {
  #chunks: Uint8Array[] = []
  #chunk = 0
  #used = 0

  /** Whose content is whatever was there before. It is good until `reset`. */
  take (bytes: number): Uint8Array {
    if (bytes > CHUNK_BYTES) return rawBytes(bytes)
    if (this.#used + bytes > CHUNK_BYTES) {
      this.#chunk++
      this.#used = 0
    }
    const chunk = this.#chunks[this.#chunk] ??= rawBytes(CHUNK_BYTES)
    const out = chunk.subarray(this.#used, this.#used + bytes)
    this.#used += bytes
    return out
  }

  reset (): void {
    if (this.#chunks.length > CHUNKS_KEPT) this.#chunks.length = CHUNKS_KEPT
    this.#chunk = 0
    this.#used = 0
  }
}
