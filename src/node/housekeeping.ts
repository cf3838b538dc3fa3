import { expiredIds } from '../outbox/publish-ids.js'
import { RETENTION_INTERVAL_MS } from '../outbox/retention.js'
import type { Engine } from './engine.js'

/** Receipts are written to disk so often: they can be had again. */
const RECEIPTS_WRITE_MS = 250

/** What is done now and then: trimming, dropping, writing receipts. */
export class Housekeeping {
  readonly #e: Engine
  #idsNext: Uint8Array | undefined
  #receiptsDue = false
  #trimDue = false

  constructor (engine: Engine) {
    this.#e = engine
  }

  /** A trim is on its way. */
  get isTrimDue (): boolean { return this.#trimDue }

  writeReceipts (): void {
    if (this.#receiptsDue || this.#e.isClosed) return
    this.#receiptsDue = true
    this.#e.options.clock.after(RECEIPTS_WRITE_MS, () => {
      this.#receiptsDue = false
      const ops = this.#e.isClosed ? [] : this.#e.receipts.takeDirty()
      // Not awaited, and a full disk is no harm: whoever gave the receipt gives it again.
      if (ops.length > 0) this.#e.options.store.commit(ops, () => {})
    })
  }

  housekeep (): void {
    if (this.#e.isClosed) return
    this.trim()
    this.#e.intake.housekeep(() => this.#e.retention.dropOthers().ops)
    this.#e.options.clock.after(RETENTION_INTERVAL_MS, () => { this.housekeep() })
  }

  trim (): void {
    this.#trimDue = true
    this.#e.outbox.housekeep(() => {
      this.#trimDue = false
      const ids = expiredIds(this.#e.options.store, this.#e.book, this.#idsNext)
      this.#idsNext = ids.next
      return [...this.#e.retention.trimOwn().ops, ...ids.ops]
    })
  }
}
