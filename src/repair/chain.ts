import { equalBytes } from '../base/bytes.js'
import type { Crypto } from '../base/crypto.js'
import { BATCH_RECORDS_MAX } from '../base/limits.js'
import { headBytes, type SealedBatch } from '../message/batch.js'
import { contradiction } from '../message/fork-proof.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'

/** Logs of which the header taken last is remembered until it is on disk and can be read there. */
const RECENT_MAX = 1024

export interface ChainOptions {
  readonly crypto: Crypto
  readonly book: LogBook
  readonly open: (bytes: Uint8Array) => SealedBatch | undefined
}

/**
 * Compares a header with those of its log that are at hand: what is held where it lies and next to it, the head, and what was
 * taken last. Publishers chain their batches by hash, so that two histories show where they part, and not only where both are held.
 */
export class Chain {
  readonly #o: ChainOptions
  readonly #recent = new Map<LogState, { readonly last: number, readonly hash: Uint8Array, readonly head: Uint8Array }>()

  constructor (options: ChainOptions) {
    this.#o = options
  }

  /** The batch was checked and is on its way to disk. */
  took (log: LogState, batch: SealedBatch): void {
    this.#recent.delete(log)
    this.#recent.set(log, { last: batch.last, hash: this.#o.crypto.hash(batch.header), head: headBytes(batch) })
    if (this.#recent.size > RECENT_MAX) this.#recent.delete(this.#recent.keys().next().value as LogState)
  }

  /** A header of this log that its publisher has signed and that cannot be beside this one. The other's signature is the caller's to check. */
  against (log: LogState, batch: SealedBatch): SealedBatch | undefined {
    return this.#againstBefore(log, batch) ?? this.#againstHead(log, batch) ?? this.#againstHeld(log, batch)
  }

  #againstBefore (log: LogState, batch: SealedBatch): SealedBatch | undefined {
    if (batch.base === 1) return undefined
    const recent = this.#recent.get(log)
    // The common cases cost a comparison of hashes that are there.
    if (recent?.last === batch.base - 1) return equalBytes(recent.hash, batch.previous) ? undefined : this.#if(batch, recent.head)
    if (log.head === batch.base - 1 && log.shown === log.head && log.headHash !== undefined && equalBytes(log.headHash, batch.previous)) return undefined
    return this.#stored(log, batch, batch.base - 1)
  }

  #againstHead (log: LogState, batch: SealedBatch): SealedBatch | undefined {
    const isNear = batch.base <= log.shown + 1 && batch.last >= log.shown - BATCH_RECORDS_MAX
    const isKnownNext = batch.base === log.shown + 1 && log.shown === log.head && log.headHash !== undefined && equalBytes(log.headHash, batch.previous)
    return log.shown === 0 || !isNear || isKnownNext ? undefined : this.#if(batch, log.headBytes)
  }

  #againstHeld (log: LogState, batch: SealedBatch): SealedBatch | undefined {
    if (log.held.overlaps(batch.base, batch.last)) {
      const other = this.#stored(log, batch, log.held.has(batch.base) ? batch.base : log.held.firstPresent(batch.base))
      if (other !== undefined) return other
    }
    return this.#stored(log, batch, batch.last + 1)
  }

  #stored (log: LogState, batch: SealedBatch, position: number): SealedBatch | undefined {
    if (!log.held.has(position)) return undefined
    return this.#if(batch, this.#o.book.readBytes(log, position)?.value)
  }

  #if (batch: SealedBatch, bytes: Uint8Array | undefined): SealedBatch | undefined {
    const other = bytes === undefined ? undefined : this.#o.open(bytes)
    return other !== undefined && contradiction(this.#o.crypto, batch, other) !== undefined ? other : undefined
  }

  forget (log: LogState): void { this.#recent.delete(log) }
}
