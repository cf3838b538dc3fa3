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
/** Logs looked at in one pass, and the rest of their channel. A choice: some milliseconds. */
const ROUND_LOGS = 512
/** Publish ids looked at in one pass, to see whether their records are still there, besides those for the records that go. */
const IDS_LOOKED_AT = 500
/** Logs forgotten in one commit. */
const FORGET_LOGS = 64

/** What is done now and then: trimming, dropping, writing receipts. */
export class Housekeeping {
  readonly #e: Engine
  #idsNext: Uint8Array | undefined
  #receiptsDue = false
  /** Channels whose trim is on its way. */
  readonly #toTrim = new Set<string>()
  #roomDue = false
  readonly #roomFor = new Set<string>()
  #roomForAll = false
  #refused = false

  constructor (engine: Engine) {
    this.#e = engine
  }

  /** A trim of this channel is on its way. */
  isTrimDue (channel: string): boolean { return this.#refused || this.#toTrim.has(channel) }

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
    const rounds = this.#rounds()
    const next = (): void => {
      if (this.#e.isClosed) return
      const channels = rounds.shift() ?? []
      this.trim(channels)
      this.#drop(channels)
      if (rounds.length > 0) {
        this.#e.options.clock.after(AGAIN_MS, next)
        return
      }
      this.#e.channels.prune()
      this.#e.wants.reconsider()
      this.#e.options.clock.after(RETENTION_INTERVAL_MS, () => { this.housekeep() })
    }
    next()
  }

  /** All channels, so many at a time that a pass over their logs does not hold up the event loop. */
  #rounds (): string[][] {
    const rounds: string[][] = [[]]
    let logs = 0
    for (const channel of this.#e.book.channels()) {
      if (logs >= ROUND_LOGS) {
        rounds.push([])
        logs = 0
      }
      rounds.at(-1)?.push(channel)
      logs += this.#e.book.logsIn(channel)
    }
    return rounds
  }

  trim (channels: Iterable<string>): void {
    const isDue = this.#toTrim.size > 0
    for (const channel of channels) this.#toTrim.add(channel)
    this.#trimEarlier([...channels])
    if (isDue) return
    let trimmed: Pass | undefined
    this.#e.outbox.housekeep(() => {
      const all = [...this.#toTrim]
      this.#toTrim.clear()
      trimmed = this.#e.retention.trimOwn('current', all)
      // As fast as records go: of four ids that are looked at one may be past.
      const ids = expiredIds(this.#e.options.store, this.#e.book, this.#idsNext, IDS_LOOKED_AT + 4 * trimmed.records)
      this.#idsNext = ids.next
      // One commit takes a limited number of batches; what is left goes in the next ones, at once.
      if (trimmed.more) this.#again(() => { this.trim(all) })
      return [...trimmed.ops, ...ids.ops]
    }, () => { this.#refuse(trimmed) })
  }

  /** Own logs of earlier lives are written by the inbox's lane, which also takes in what was lost of them. */
  #trimEarlier (channels: readonly string[]): void {
    let trimmed: Pass | undefined
    this.#e.intake.housekeep(() => {
      trimmed = this.#e.retention.trimOwn('earlier', channels)
      if (trimmed.more) this.#again(() => { this.#trimEarlier(channels) })
      if (trimmed.ops.length > 0) this.#e.options.clock.soon(() => { this.#e.outbox.admitWaiting() })
      return [...trimmed.ops, ...this.#forgotten(true, channels)]
    }, () => { this.#refuse(trimmed) })
  }

  /** The quota of a channel, or others, are used up by what others published: what may go goes now, and not at the next pass. */
  makeRoom (channel?: string): void {
    if (channel === undefined) this.#roomForAll = true
    else this.#roomFor.add(channel)
    if (this.#roomDue) return
    this.#roomDue = true
    this.#e.options.clock.after(ROOM_MS, () => {
      this.#roomDue = false
      const channels = this.#roomForAll ? this.#e.book.channels() : [...this.#roomFor]
      this.#roomForAll = false
      this.#roomFor.clear()
      if (!this.#e.isClosed) this.#drop(channels)
    })
  }

  #drop (channels: readonly string[]): void {
    let dropped: Pass | undefined
    this.#e.intake.housekeep(() => {
      dropped = this.#e.retention.dropOthers(channels)
      if (dropped.more) this.#again(() => { this.#drop(channels) })
      this.#e.options.clock.soon(() => { if (!this.#e.isClosed) this.#e.custodian.lookAgain() })
      return [...dropped.ops, ...this.#forgotten(false, channels)]
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
      const channels = this.#e.book.channels()
      this.trim(channels)
      this.#drop(channels)
    })
  }

  /** Closed logs that are trimmed and settled are forgotten, but for one number a publisher and channel. */
  #forgotten (own: boolean, channels: readonly string[]): StoreOp[] {
    const ops: StoreOp[] = []
    for (const log of this.#e.book.forgettable(own, FORGET_LOGS, (each) => this.#e.inbox.floor(each, true) > each.head && !this.#e.own.isCurrent(each), channels)) {
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
