import { expiredIds } from '../outbox/publish-ids.js'
import { RETENTION_INTERVAL_MS, type Pass } from '../outbox/retention.js'
import type { StoreOp } from '../store/store.js'
import type { Engine } from './engine.js'

/** Receipts are written to disk so often: they can be had again. */
const RECEIPTS_WRITE_MS = 250
/** Between two commits of trimming while there is more to trim: others want the store too. */
const AGAIN_MS = 20
/** Between two passes over others' logs while their quota holds something off. */
const ROOM_MS = 250
/** A disk that has no room even for dropping is given so long. A choice: as long as a full store is left alone elsewhere, at most. */
const REFUSED_MS = 1_000
/** Logs forgotten in one commit. */
const FORGET_LOGS = 64

/** What is done now and then: trimming, dropping, writing receipts. */
export class Housekeeping {
  readonly #e: Engine
  #idsNext: Uint8Array | undefined
  #receiptsDue = false
  #trimDue = false
  #roomDue = false
  #roomFor: Set<string> | 'all' = new Set()
  #refused = false

  constructor (engine: Engine) {
    this.#e = engine
  }

  /** A trim is on its way. */
  get isTrimDue (): boolean { return this.#trimDue || this.#refused }

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
    this.#drop()
    this.#e.channels.prune()
    this.#e.wants.reconsider()
    this.#e.options.clock.after(RETENTION_INTERVAL_MS, () => { this.housekeep() })
  }

  /** Of all channels, or of these. */
  trim (channels?: readonly string[]): void {
    this.#trimDue = true
    let trimmed: Pass | undefined
    this.#e.outbox.housekeep(() => {
      this.#trimDue = false
      const ids = expiredIds(this.#e.options.store, this.#e.book, this.#idsNext)
      this.#idsNext = ids.next
      trimmed = this.#e.retention.trimOwn('current', channels)
      // One commit takes a limited number of batches; what is left goes in the next ones, at once.
      if (trimmed.more) this.#again(() => { this.trim(channels) })
      return [...trimmed.ops, ...ids.ops]
    }, () => { this.#refuse(trimmed) })
    this.#trimEarlier(channels)
  }

  /** Own logs of earlier lives are written by the inbox's lane, which also takes in what was lost of them. */
  #trimEarlier (channels?: readonly string[]): void {
    let trimmed: Pass | undefined
    this.#e.intake.housekeep(() => {
      trimmed = this.#e.retention.trimOwn('earlier', channels)
      if (trimmed.more) this.#again(() => { this.#trimEarlier(channels) })
      if (trimmed.ops.length > 0) this.#e.options.clock.soon(() => { this.#e.outbox.admitWaiting() })
      return [...trimmed.ops, ...this.#forgotten(true)]
    }, () => { this.#refuse(trimmed) })
  }

  /** The quota of a channel, or others, are used up by what others published: what may go goes now, and not at the next pass. */
  makeRoom (channel?: string): void {
    if (channel === undefined) this.#roomFor = 'all'
    else if (this.#roomFor !== 'all') this.#roomFor.add(channel)
    if (this.#roomDue) return
    this.#roomDue = true
    this.#e.options.clock.after(ROOM_MS, () => {
      this.#roomDue = false
      const channels = this.#roomFor === 'all' ? undefined : [...this.#roomFor]
      this.#roomFor = new Set()
      if (!this.#e.isClosed) this.#drop(channels)
    })
  }

  /** Of all channels, or of these. */
  #drop (channels?: readonly string[]): void {
    let dropped: Pass | undefined
    this.#e.intake.housekeep(() => {
      dropped = this.#e.retention.dropOthers(channels)
      if (dropped.more) this.#again(() => { this.#drop(channels) })
      this.#e.options.clock.soon(() => { if (!this.#e.isClosed) this.#e.custodian.lookAgain() })
      return [...dropped.ops, ...this.#forgotten(false)]
    }, () => { this.#refuse(dropped) })
  }

  #again (fn: () => void): void {
    this.#e.options.clock.after(AGAIN_MS, () => { if (!this.#e.isClosed && !this.#refused) fn() })
  }

  /** The disk had no room for this. */
  #refuse (pass: Pass | undefined): void {
    pass?.undo()
    if (this.#refused) return
    this.#refused = true
    this.#e.options.clock.after(REFUSED_MS, () => {
      this.#refused = false
      if (this.#e.isClosed) return
      this.trim()
      this.#drop()
    })
  }

  /** Closed logs that are trimmed and settled are forgotten, but for one number a publisher and channel. */
  #forgotten (own: boolean): StoreOp[] {
    const ops: StoreOp[] = []
    for (const log of this.#e.book.forgettable(own, FORGET_LOGS, (each) => this.#e.inbox.floor(each, true) > each.head && !this.#e.own.isCurrent(each))) {
      this.#e.receipting.forget(log)
      ops.push(...this.#e.inbox.forget(log), ...this.#e.receipts.forget(log), ...this.#e.book.forget(log))
      this.#e.wants.forget(log)
      this.#e.intake.forget(log)
      this.#e.headsMoved.delete(log)
      this.#e.repair.forget(log)
    }
    return ops
  }
}
