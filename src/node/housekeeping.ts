import { expiredIds } from '../outbox/publish-ids.js'
import { RETENTION_INTERVAL_MS, type Pass } from '../outbox/retention.js'
import type { StoreOp } from '../store/store.js'
import { DueChannels } from './due-channels.js'
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
/** Publish ids looked at in one pass, to see whether their records are still there. */
const IDS_LOOKED_AT = 500
/** Logs forgotten in one commit. */
const FORGET_LOGS = 64

/** What is done now and then: trimming, dropping, writing receipts. */
export class Housekeeping {
  readonly #e: Engine
  /** Own logs of this life, which the outbox writes; those of earlier ones, which the inbox writes, as it also takes in what was lost of them; others'. */
  readonly #trims: DueChannels
  readonly #earlier: DueChannels
  readonly #drops: DueChannels
  #idsNext: Uint8Array | undefined
  /** Publish ids to look at, for the records that have gone. */
  #idsOwed = 0
  #receiptsDue = false
  #roomDue = false
  readonly #roomFor = new Set<string>()
  #roomInCustody = false
  #refused = false

  constructor (engine: Engine) {
    this.#e = engine
    const { clock } = engine.options
    this.#trims = new DueChannels(clock, (take) => { this.#trimOwn(take) })
    this.#earlier = new DueChannels(clock, (take) => { this.#trimEarlier(take) })
    this.#drops = new DueChannels(clock, (take) => { this.#dropOthers(take) })
  }

  /** A trim of this channel is on its way. */
  isTrimDue (channel: string): boolean { return this.#refused || this.#trims.has(channel) }

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
    this.#goThrough(() => {
      this.#e.channels.prune()
      this.#e.wants.reconsider()
      this.#e.options.clock.after(RETENTION_INTERVAL_MS, () => { this.housekeep() })
    })
  }

  /** All channels, so many at a time that a pass over their logs does not hold up the event loop. */
  #goThrough (done: () => void): void {
    const rounds = this.#rounds()
    const next = (): void => {
      if (this.#e.isClosed) return
      const channels = rounds.shift() ?? []
      if (rounds.length === 0) this.#roomInCustody = true
      this.trim(channels)
      this.#drops.ask(channels)
      if (rounds.length > 0) this.#e.options.clock.after(AGAIN_MS, next)
      else done()
    }
    next()
  }

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

  trim (channels: readonly string[]): void {
    this.#trims.ask(channels)
    this.#earlier.ask(channels)
  }

  #trimOwn (take: () => string[]): void {
    let trimmed: Pass | undefined
    this.#e.outbox.housekeep(() => {
      const channels = take()
      trimmed = this.#e.retention.trimOwn('current', channels)
      // One commit takes a limited number of batches; what is left goes in the next ones, at once.
      if (trimmed.more) this.#again(this.#trims, channels)
      return [...trimmed.ops, ...this.#idsPast(trimmed.records)]
    }, () => { this.#refuse(trimmed) })
  }

  /** Of publish ids whose records are gone, as fast as those go: of four that are looked at one may be past. */
  #idsPast (records: number): StoreOp[] {
    const { ops, next, looked } = expiredIds(this.#e.options.store, this.#e.book, this.#idsNext, IDS_LOOKED_AT)
    // All have been looked at.
    const isRound = next === undefined && this.#idsNext === undefined
    this.#idsNext = next
    this.#idsOwed = isRound ? 0 : Math.max(0, this.#idsOwed + 4 * records - looked)
    if (this.#idsOwed > 0) this.#again(this.#trims, [])
    return ops
  }

  #trimEarlier (take: () => string[]): void {
    let trimmed: Pass | undefined
    this.#e.intake.housekeep(() => {
      const channels = take()
      trimmed = this.#e.retention.trimOwn('earlier', channels)
      if (trimmed.more) this.#again(this.#earlier, channels)
      if (trimmed.ops.length > 0) this.#e.options.clock.soon(() => { this.#e.outbox.admitWaiting() })
      return [...trimmed.ops, ...this.#forgotten(true, channels)]
    }, () => { this.#refuse(trimmed) })
  }

  /** The quota of a channel, or what is kept for others, is used up: what may go goes now, and not at the next pass. */
  makeRoom (channel?: string): void {
    if (channel === undefined) this.#roomInCustody = true
    else this.#roomFor.add(channel)
    if (this.#roomDue) return
    this.#roomDue = true
    this.#e.options.clock.after(ROOM_MS, () => {
      this.#roomDue = false
      const channels = [...this.#roomFor]
      this.#roomFor.clear()
      if (!this.#e.isClosed) this.#drops.ask(channels)
    })
  }

  #dropOthers (take: () => string[]): void {
    let dropped: Pass | undefined
    this.#e.intake.housekeep(() => {
      const channels = take()
      const custody = this.#roomInCustody
      this.#roomInCustody = false
      dropped = this.#e.retention.dropOthers(channels, custody)
      if (dropped.more) {
        this.#roomInCustody ||= custody
        this.#again(this.#drops, channels)
      }
      this.#e.options.clock.soon(() => { if (!this.#e.isClosed) this.#e.custodian.lookAgain() })
      return [...dropped.ops, ...this.#forgotten(false, channels)]
    }, () => { this.#refuse(dropped) })
  }

  #again (what: DueChannels, channels: readonly string[]): void {
    what.askLater(channels, AGAIN_MS, () => !this.#e.isClosed && !this.#refused)
  }

  /** The disk had no room for this. */
  #refuse (pass: Pass | undefined): void {
    pass?.undo()
    if (this.#refused) return
    this.#refused = true
    this.#e.options.clock.after(REFUSED_MS, () => {
      this.#refused = false
      this.#goThrough(() => {})
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
