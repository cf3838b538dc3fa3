/**
 * The course of each want: it is sent, is answered with batches for which credit goes back when they are on disk, and is over
 * when the neighbour ends it, when it is given up, or when the neighbour has gone.
 */
import { RangeSet } from '../base/range-set.js'
import { BATCH_BYTES_MAX } from '../base/limits.js'
import { hasBody, signatureHolds, type SealedBatch } from '../message/batch.js'
import { toLogRef } from '../message/ids.js'
import type { Data, End } from '../message/wire.js'
import { encodeFrame } from './frames.js'
import type { Judging } from './judging.js'
import type { Need, Needs } from './needs.js'
import type { PullerOptions } from './puller-options.js'
import type { Reliability } from './reliability.js'

/** How far a neighbour may run ahead of our disk in one want, bytes. */
export const CREDIT_BYTES = 2 * 1024 * 1024
/** Credit goes back in pieces of so much. */
const CREDIT_STEP_BYTES = 256 * 1024
/** A neighbour with too much to do is asked again after so long; one that broke the protocol after so long. */
const BUSY_MS = 1_000
const FAULTY_MS = 30_000
/** When this node could not take what it asked for, it asks again after so long, doubling up to the second. */
const UNWANTED_MIN_MS = 500
const UNWANTED_MAX_MS = 30_000

/** A want that is under way. */
export interface Asking {
  readonly id: number
  readonly peerId: string
  readonly ranges: RangeSet
  readonly since: number
  readonly askedMs: number
  lastMs: number
  /** What comes next is not below. */
  next: number
  /** Bytes it may send before it needs more credit, and bytes that came. */
  granted: number
  received: number
  /** Bytes received whose batches are not on disk yet, and bytes on disk not given back as credit yet. */
  outstanding: number
  owed: number
}

export interface WantsUnderWayOptions {
  readonly options: PullerOptions
  readonly needs: Needs
  readonly judging: Judging
  readonly reliability: Reliability
  /** The want is over; look at the log again after `pauseMs`. `denied`: it has brought nothing. */
  readonly over: (need: Need, want: Asking, pauseMs: number, denied: boolean) => void
  /** The neighbour did not answer truly. */
  readonly failed: (peerId: string) => void
}

export class WantsUnderWay {
  readonly #o: PullerOptions
  readonly #needs: Needs
  readonly #judging: Judging
  readonly #reliability: Reliability
  readonly #over: WantsUnderWayOptions['over']
  readonly #failed: WantsUnderWayOptions['failed']
  readonly #asking = new Map<number, Need>()
  #nextId = 1

  constructor ({ options, needs, judging, reliability, over, failed }: WantsUnderWayOptions) {
    this.#o = options
    this.#needs = needs
    this.#judging = judging
    this.#reliability = reliability
    this.#over = over
    this.#failed = failed
  }

  get size (): number { return this.#asking.size }

  /** What wants are under way for. */
  all (): Need[] { return [...this.#asking.values()] }

  send (need: Need, peerId: string, ranges: RangeSet, since: number, now: number): void {
    const id = this.#nextId++ >>> 0
    need.want = { id, peerId, ranges, since, askedMs: now, lastMs: now, next: ranges.first, granted: CREDIT_BYTES, received: 0, outstanding: 0, owed: 0 }
    this.#asking.set(id, need)
    this.#reliability.asked(peerId, now)
    const skip = RangeSet.of([ranges.first, ranges.last]).without(ranges)
    this.#o.send(peerId, encodeFrame('want', { id, log: toLogRef(need.log.id), from: ranges.first, to: ranges.last, credit: CREDIT_BYTES, since, skip: skip.encode() as Uint8Array<ArrayBuffer> }))
  }

  /** A frame in answer to a want. False: there is no such want, or no longer. */
  data (peerId: string, { id, batch: bytes }: Data): boolean {
    const need = this.#asking.get(id)
    const want = need?.want
    if (need === undefined || want === undefined || want.peerId !== peerId) return false
    const batch = this.#o.open(bytes)
    if (batch === undefined || batch.logKey !== need.log.key) { this.#fault(need, want, 'an answer that is not a batch of the log asked for'); return true }
    if (batch.last < want.next || batch.base > want.ranges.last) { this.#fault(need, want, 'an answer to what was not asked'); return true }
    if (want.received >= want.granted || bytes.length > BATCH_BYTES_MAX) { this.#fault(need, want, 'more than it was given credit for'); return true }
    want.lastMs = this.#o.clock.nowMs()
    this.#reliability.heard(peerId, bytes.length, want.lastMs)
    want.next = batch.last + 1
    want.received += bytes.length
    if (!hasBody(batch)) {
      this.#proof(need, want, batch)
      this.#back(need, want, bytes.length)
      return true
    }
    want.outstanding += bytes.length
    const answered = (held: boolean): void => {
      want.outstanding -= bytes.length
      if (held) need.unwantedMs = 0
      if (held) this.#back(need, want, bytes.length)
      else this.#unwanted(need, want)
    }
    switch (this.#o.offer(batch, peerId, answered)) {
      case 'new':
        need.refusals.kept(peerId)
        this.#reliability.kept(peerId)
        break
      case 'known': answered(true); break
      case 'bad': this.#fault(need, want, 'a batch that does not hold'); break
      // A fork is its publisher's doing, and lack of room is ours.
      default:
        this.#passedOver(need, want, batch.base)
        answered(false)
    }
    return true
  }

  #proof (need: Need, want: Asking, head: SealedBatch): void {
    if (want.since === 0 || head.time >= want.since || !signatureHolds(this.#o.crypto, head)) { this.#fault(need, want, 'a proof that proves nothing'); return }
    this.#o.passed(need.log, head.last, want.since)
  }

  /** So much of what came is done with, and may come again. */
  #back (need: Need, want: Asking, bytes: number): void {
    if (need.want !== want) return
    want.owed += bytes
    want.lastMs = this.#o.clock.nowMs()
    if (want.owed < CREDIT_STEP_BYTES && want.outstanding > 0) return
    this.#o.send(want.peerId, encodeFrame('credit', { id: want.id, bytes: want.owed }))
    want.granted += want.owed
    want.owed = 0
  }

  /** What lies below the batch that came and was asked for too, the neighbour does not have: it counts also when the rest of the answer is not awaited. */
  #passedOver (need: Need, want: Asking, base: number): void {
    const denied = this.#needs.holes(need.log).intersection(want.ranges).intersection(RangeSet.of([1, base - 1]))
    if (!denied.isEmpty) need.refusals.answered(want.peerId, denied, want.askedMs, this.#o.clock.nowMs(), this.#jitter(), this.#judging.pauseMaxMs(need))
  }

  /** This node cannot take it now. */
  #unwanted (need: Need, want: Asking): void {
    if (need.want !== want) return
    need.unwantedMs = Math.min(UNWANTED_MAX_MS, Math.max(UNWANTED_MIN_MS, need.unwantedMs * 2))
    need.notBeforeMs = this.#o.clock.nowMs() + need.unwantedMs
    this.giveUp(need, want, need.unwantedMs)
  }

  #fault (need: Need, want: Asking, reason: string): void {
    const now = this.#o.clock.nowMs()
    need.refusals.passOver(want.peerId, 'faulty', now + FAULTY_MS, now)
    this.#failed(want.peerId)
    this.giveUp(need, want)
    this.#o.strike(want.peerId, reason)
  }

  /** False: there is no such want, or no longer. */
  end (peerId: string, end: End): boolean {
    const need = this.#asking.get(end.id)
    const want = need?.want
    if (need === undefined || want === undefined || want.peerId !== peerId) return false
    let missing: RangeSet
    let awaited: RangeSet
    try {
      missing = RangeSet.decode(end.missing, 2 * 1024)
      awaited = end.awaited === undefined ? new RangeSet() : RangeSet.decode(end.awaited, 2 * 1024)
    } catch {
      this.#fault(need, want, 'malformed ranges')
      return true
    }
    const now = this.#o.clock.nowMs()
    this.#reliability.heard(peerId, 0, now)
    if (end.busy && missing.isEmpty) need.refusals.passOver(peerId, 'busy', now + BUSY_MS * this.#jitter(), now)
    else {
      // What it passes over in silence it does not have either.
      const left = this.#needs.holes(need.log).intersection(want.ranges)
      const answered = RangeSet.of([1, Math.max(end.through, want.next - 1)])
      const denied = want.ranges.intersection(missing)
      denied.addAll(left.intersection(answered))
      const progress = want.received > 0 || !denied.isEmpty
      const without = progress ? denied : want.ranges
      need.refusals.answered(peerId, without, want.askedMs, now, this.#jitter(), this.#judging.pauseMaxMs(need), awaited.intersection(without))
    }
    this.#isOver(need, want, 0, want.received === 0)
    return true
  }

  /** Tells the neighbour that nothing more of this is needed. */
  giveUp (need: Need, want: Asking, pauseMs = 0): void {
    this.#o.send(want.peerId, encodeFrame('credit', { id: want.id, bytes: 0 }))
    this.#isOver(need, want, pauseMs)
  }

  /** What was asked of this neighbour it will not answer. */
  peerDown (peerId: string): void {
    for (const need of this.all()) if (need.want?.peerId === peerId) this.#isOver(need, need.want, 0)
  }

  #isOver (need: Need, want: Asking, pauseMs: number, denied = false): void {
    if (need.want !== want) return
    this.#asking.delete(want.id)
    need.want = undefined
    this.#over(need, want, pauseMs, denied)
  }

  #jitter (): number { return 0.75 + this.#o.random.float() / 2 }
}
