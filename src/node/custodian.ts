import type { Staging } from '../inbox/on-its-way.js'
import type { SealedBatch } from '../message/batch.js'
import type { CustodyOptions } from '../message/reports.js'
import { retentionOf } from '../outbox/retention-rules.js'
import type { LogState } from '../store/log-state.js'
import type { Engine } from './engine.js'

/** Bytes kept of what others publish, altogether and of each publisher. Choices: a small part of today's disks, and four publishers that keep all they may. */
export const CUSTODY_BYTES = 4 * 1024 * 1024 * 1024
export const CUSTODY_PUBLISHER_BYTES = 1024 * 1024 * 1024
/** Others' logs may pass the quota of their channel by so much before nothing more is taken in: dropping runs now and then. */
const CHANNEL_SLACK = 1.125
/** By so much with what fills holes that a subscription here waits at. Above that only the next batch of each log comes in. */
const HOLES_SLACK = 2
/** Above this share of a quota room is made; below the second share what was refused is asked for again. */
const HIGH_SHARE = 31 / 32
const LOW_SHARE = 15 / 16
/** Publishers that are remembered as refused. With more, room anywhere is room for all. */
const REFUSED_MAX = 4096
/** So long an answer about spare room on the disk holds. */
const SPARE_VALID_MS = 250

/**
 * What this node takes in for others, and what it refuses before anybody could rely on it. What its own durable subscriptions need
 * is bounded by the retention of the channel alone; what is kept for others has quotas, of each publisher and altogether, and
 * leaves the last part of the disk to what this node publishes.
 */
export class Custodian {
  readonly #e: Engine
  readonly #bytesMax: number
  readonly #publisherMax: number
  /** Publishers of whom a batch of so many bytes was refused: nothing is asked for until there is room to speak of. */
  readonly #refused = new Map<string, number>()
  #refusedAll = false
  #lastRefused: SealedBatch | undefined
  #spare = { has: true, untilMs: 0 }

  constructor (engine: Engine, { bytes = CUSTODY_BYTES, bytesPerPublisher = CUSTODY_PUBLISHER_BYTES }: CustodyOptions = {}) {
    this.#e = engine
    this.#bytesMax = bytes
    this.#publisherMax = bytesPerPublisher
  }

  get status (): { bytes: number, bytesMax: number, bytesPerPublisherMax: number, refused: number } {
    return { bytes: this.#e.book.othersBytes, bytesMax: this.#bytesMax, bytesPerPublisherMax: this.#publisherMax, refused: this.#refused.size }
  }

  /** Whether a batch of another may be staged. `staged`: what is on its way to disk. */
  admits (batch: SealedBatch, staged: Staging): boolean {
    const { book, options, housekeeping } = this.#e
    const { channel, publisher } = batch.log
    const quota = retentionOf(options.settings.retention ?? {}, channel)
    const filled = Math.max((book.bytes(channel, false) + staged.channel.bytes) / quota.bytes, (book.records(channel, false) + staged.channel.records) / quota.records)
    // Before it holds anything off.
    if (filled >= 1) housekeeping.makeRoom(channel)
    if (filled >= CHANNEL_SLACK) return filled < HOLES_SLACK ? this.#isWaitedFor(batch) : this.#isNext(batch)
    if (publisher === this.#e.self || this.#isNeededHere(batch)) return true
    const total = book.othersBytes + staged.bytes + batch.bytes.length
    const own = book.publisherBytes(publisher) + staged.publisher.bytes + batch.bytes.length
    if (total > this.#bytesMax * HIGH_SHARE || own > this.#publisherMax * HIGH_SHARE) housekeeping.makeRoom()
    if (total <= this.#bytesMax && own <= this.#publisherMax && this.#hasSpareDisk()) return true
    if (this.#isBlocking(batch, Math.max(total / this.#bytesMax, own / this.#publisherMax), staged) && this.#hasSpareDisk()) return true
    this.#refuse(publisher, batch.bytes.length)
    this.#lastRefused = batch
    this.#e.counters.add('custody_refused')
    return false
  }

  /** The batch was refused for want of room, just now. It is none of its publisher's doing: others may have room for it. */
  hasRefused (batch: SealedBatch): boolean { return this.#lastRefused === batch }

  #isNeededHere (batch: SealedBatch): boolean {
    const log = this.#e.book.get(batch.logKey)
    if (log === undefined) return this.#e.inbox.wantsChannel(batch.log.channel)
    const needs = this.#e.inbox.needs(log)
    return needs !== undefined && batch.last >= needs.from
  }

  /**
   * A subscription here waits for it before it can be done with what is held behind it: without it that would stay, and there would
   * never be room. That is so of all that fills holes in what is held.
   */
  #isWaitedFor (batch: SealedBatch): boolean {
    const { book, inbox } = this.#e
    const log = book.get(batch.logKey)
    const needs = log === undefined ? undefined : inbox.needs(log)
    if (log === undefined || needs === undefined || batch.last < needs.from) return false
    const hole = log.held.firstMissing(Math.max(needs.from, batch.base))
    if (hole > batch.last) return false
    if (log.held.last > hole) return true
    if (hole !== log.held.firstMissing(needs.from)) return false
    for (const later of book.logs(log.channel)) {
      if (later.publisher === log.publisher && !later.held.isEmpty && later.incarnation.number > log.incarnation.number) return true
    }
    return false
  }

  /**
   * Holes may be as large as a log, and whoever consumes as slow as it likes. Far above the quota only what comes next is let in, and
   * only when nothing is held before it that is settled first and then goes: one batch of each log at a time.
   */
  #isNext (batch: SealedBatch): boolean {
    const { book, inbox } = this.#e
    const log = book.get(batch.logKey)
    const needs = log === undefined ? undefined : inbox.needs(log)
    if (log === undefined || needs === undefined || batch.base > needs.from || log.held.overlaps(Math.min(needs.from, inbox.floor(log)), needs.from)) return false
    return this.#isWaitedFor(batch)
  }

  /** What is held cannot be settled before it, and would never make room: a little more is let in, and then the next batch of each log. */
  #isBlocking (batch: SealedBatch, filled: number, staged: Staging): boolean {
    const { book, emission, wants } = this.#e
    const log = book.get(batch.logKey)
    const hole = log === undefined ? undefined : wants.blocking(log)
    if (log === undefined || hole === undefined || batch.last < hole || (log.held.last > hole && batch.base > log.held.firstPresent(hole))) return false
    return filled <= CHANNEL_SLACK || (batch.base <= hole && !log.held.has(emission.floor(log)) && staged.publisher.bytes === 0)
  }

  #refuse (publisher: string, bytes: number): void {
    const most = Math.max(bytes, this.#refused.get(publisher) ?? 0)
    if (this.#refused.has(publisher) || this.#refused.size < REFUSED_MAX) this.#refused.set(publisher, Math.min(most, this.#publisherMax, this.#bytesMax))
    else this.#refusedAll = true
  }

  /** Whether what is kept for others alone is worth asking for. */
  hasRoom (publisher: string): boolean {
    const asked = this.#refused.get(publisher)
    if (asked === undefined) return true
    return this.#e.book.othersBytes <= roomy(this.#bytesMax, asked) && this.#e.book.publisherBytes(publisher) <= roomy(this.#publisherMax, asked) && this.#hasSpareDisk()
  }

  /** Somebody has settled more of this log: if that makes room, it is made now and not at the next pass. */
  settled (log: LogState): void {
    if (this.#refused.has(log.publisher) || this.#refusedAll) this.#e.housekeeping.makeRoom()
  }

  #hasSpareDisk (): boolean {
    const now = this.#e.options.clock.nowMs()
    if (now >= this.#spare.untilMs) this.#spare = { has: this.#e.options.store.hasSpareRoom?.() ?? true, untilMs: now + SPARE_VALID_MS }
    return this.#spare.has
  }

  /** Whether a little more is let in of what all else waits for. */
  hasSlack (publisher: string): boolean {
    return this.#e.book.othersBytes <= this.#bytesMax * CHANNEL_SLACK && this.#e.book.publisherBytes(publisher) <= this.#publisherMax * CHANNEL_SLACK
  }

  /** Something was dropped: what was refused and has room now is asked for. */
  lookAgain (): void {
    const free = new Set<string>()
    for (const publisher of this.#refused.keys()) {
      if (this.hasRoom(publisher)) free.add(publisher)
      // What is in the way of the rest is asked for all the same.
      else for (const log of this.#e.wants.blocked(publisher)) this.#e.puller.notice(log)
    }
    const all = this.#refusedAll && free.size > 0
    if (free.size === 0) return
    for (const publisher of free) this.#refused.delete(publisher)
    if (all) this.#refusedAll = false
    if (all) for (const log of this.#e.book.all()) this.#e.puller.notice(log)
    else for (const publisher of free) for (const log of this.#e.book.publishedBy(publisher)) this.#e.puller.notice(log)
  }

  /**
   * Bytes that should go, by publisher: what each has above its quota, and when all together is too much, what those with the most have
   * above what the others have. So nobody is pushed out by a publisher that has more.
   */
  over (): Map<string, number> {
    const over = new Map<string, number>()
    const { book } = this.#e
    const asked = Math.max(0, ...this.#refused.values())
    const total = excess(book.othersBytes, this.#bytesMax, asked)
    const level = total > 0 ? levelOf([...book.publishers()].map(([, bytes]) => bytes), total) : Number.POSITIVE_INFINITY
    for (const [publisher, bytes] of book.publishers()) {
      const above = Math.max(excess(bytes, this.#publisherMax, this.#refused.get(publisher) ?? 0), bytes - level)
      if (above > 0) over.set(publisher, above)
    }
    return over
  }
}

/** Up to this a quota has room to speak of, and for what was asked for. */
const roomy = (quota: number, asked: number): number => Math.min(quota * LOW_SHARE, quota - asked)

/** What must go of so many bytes; nothing while there is room for what was asked for. */
const excess = (bytes: number, quota: number, asked: number): number => bytes > quota * HIGH_SHARE || (asked > 0 && bytes > roomy(quota, asked)) ? bytes - roomy(quota, asked) : 0

/** The height to which the tallest must come down so that `excess` goes from all together. */
function levelOf (heights: number[], excess: number): number {
  heights.sort((a, b) => b - a)
  let sum = 0
  for (const [i, height] of heights.entries()) {
    sum += height
    const level = (sum - excess) / (i + 1)
    if (level >= (heights[i + 1] ?? 0)) return Math.max(0, level)
  }
  return 0
}
