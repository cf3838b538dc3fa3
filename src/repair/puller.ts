/**
 * The asking side of repair: for each log, what is wanted and not held is asked of one neighbour after the other until it
 * is held, or until it is certain that it will not come.
 *
 *   complete ──something is missing──► due ──► asking one neighbour ──end──► complete, or due again, or denied by all
 *
 * One want asks a neighbour for all that is missing and that it has not denied, holes and all; the next one is asked for
 * what is left. A neighbour sends as far ahead as it was given credit for, and credit is given back as batches reach the disk: a slow
 * disk slows the sender and fills no memory. Nothing here reads a clock or touches a socket but through what it is given.
 *
 * There may be very many logs: each is looked at when it is due and when a neighbour has time for it, so many in a turn, and never all of them.
 */
import type { Timer } from '../base/clock.js'
import { RangeSet, type Range } from '../base/range-set.js'
import type { Data, End } from '../message/wire.js'
import type { LogState } from '../store/log-state.js'
import { WantsUnderWay, type Asking } from './asking.js'
import { Judging } from './judging.js'
import { Needs, type Need } from './needs.js'
import type { PullerOptions } from './puller-options.js'
import { Reliability, SLOW_WANTS } from './reliability.js'
import { Places } from './places.js'

/** Wants under way: with one neighbour, and altogether. */
export const WANTS_PER_PEER = 8
export const WANTS_MAX = 64
/** Logs looked at in one turn. */
const SLICE_LOGS = 256
/** While the intake is full, so long until it is looked at again. */
const FULL_MS = 50
/** The place of a want that brought nothing is free again after so long: what a neighbour does not have is work for nothing to it. */
const DENIED_REST_MS = 20
/** By itself a log is looked at again after so long: not sooner, and not later. */
const PAUSE_MIN_MS = 10
const PAUSE_MAX_MS = 30_000
/** A want without an answer for so long is given up, and the neighbour is passed over for a while; sooner when another could be asked and nothing at all comes from this one. */
const ANSWER_MS = 15_000
const ANOTHER_MS = 5_000
const SILENT_MS = 5_000

export class Puller {
  readonly #o: PullerOptions
  readonly #needs: Needs
  readonly #reliability = new Reliability()
  readonly #judging: Judging
  readonly #asking: WantsUnderWay
  readonly #places = new Places<Need>()
  /** Logs were closed while something was missing of them: that is told whatever else is under way. */
  readonly #closing = new Set<Need>()
  /** Until then no want is stuck. */
  #watchMs = Number.POSITIVE_INFINITY
  #timer: { timer: Timer, atMs: number } | undefined
  #closed = false

  constructor (options: PullerOptions) {
    this.#o = options
    this.#needs = new Needs(options)
    this.#judging = new Judging(options, this.#needs, this.#reliability)
    this.#asking = new WantsUnderWay({
      options, needs: this.#needs, judging: this.#judging, reliability: this.#reliability,
      over: (need, want, pauseMs, denied) => { this.#over(need, want, pauseMs, denied) },
      failed: (peerId) => { this.#failed(peerId) }
    })
  }

  /** Logs with something missing. */
  get needs (): number { return this.#needs.size }

  /** Wants under way: altogether, and with the neighbour that has most. */
  get asking (): { readonly all: number, readonly most: number } { return { all: this.#asking.size, most: this.#places.most } }

  /** Positions of a log that are wanted, exist and are neither held nor on their way to disk. */
  missing (log: LogState, limit = 1): Range[] { return this.#needs.missing(log, limit) }

  /** Something about this log has changed: its head, what is held, or what is wanted of it. */
  notice (log: LogState): void {
    if (this.#closed) return
    const need = this.#needs.get(log)
    if (this.missing(log).length === 0) {
      if (need !== undefined && need.want === undefined) this.#drop(need)
      return
    }
    if (need !== undefined && !log.held.isEmpty) this.#needs.isKnown(need)
    const dueMs = this.#needs.askableMs(log, this.#o.clock.nowMs())
    const isClosed = this.#o.closed?.(log) !== undefined
    if (need?.want !== undefined) {
      if (!isClosed) return
      this.#asking.giveUp(need, need.want)
    }
    const known = need ?? this.#needs.add(log, dueMs)
    if (isClosed) this.#closing.add(known)
    else if (known.dueAt < dueMs) return
    else this.#needs.setDue(known, dueMs)
    this.#wakeAt(dueMs)
  }

  #drop (need: Need): void {
    this.#needs.drop(need)
    this.#closing.delete(need)
    this.#places.leave(need)
  }

  /** Gossip has brought something of this log. */
  gossiped (log: LogState): void { this.#needs.gossiped(log, this.#o.clock.nowMs()) }

  /** A neighbour says that it now has something of this log, or has just come: earlier denials no longer count. It is asked when it has time. */
  hopes (peerId: string, log?: LogState): void {
    const now = this.#o.clock.nowMs()
    for (const need of log === undefined ? this.#needs.all() : [this.#needs.get(log)]) {
      if (need === undefined) continue
      need.refusals.hopes(peerId, now)
      if (need.want !== undefined || this.#o.isCandidate?.(peerId, need.log) === false) continue
      this.#places.wait(need, peerId)
      this.#wakeAt(now)
    }
  }

  peerDown (peerId: string): void {
    for (const need of this.#needs.all()) need.refusals.forget(peerId)
    this.#asking.peerDown(peerId)
    this.#waitInVain(this.#places.down(peerId))
    this.#reliability.rests(peerId)
  }

  /** Those that waited for one neighbour alone have nobody left who is worth waiting for. */
  #waitInVain (needs: Iterable<Need>): void {
    const now = this.#o.clock.nowMs()
    for (const need of needs) {
      if (!need.isPutOff || this.#places.waits(need, (peerId) => !this.#reliability.isSlow(peerId, now))) continue
      this.#needs.setDue(need, now)
      this.#wakeAt(now)
    }
  }

  /** Frames in answer to a want. False: there is no such want, or no longer. */
  data (peerId: string, data: Data): boolean { return this.#asking.data(peerId, data) }
  end (peerId: string, end: End): boolean { return this.#asking.end(peerId, end) }

  #failed (peerId: string): void {
    const now = this.#o.clock.nowMs()
    const wasSlow = this.#reliability.isSlow(peerId, now)
    this.#reliability.failed(peerId, now)
    if (!wasSlow) this.#waitInVain(this.#places.waiting(peerId))
  }

  #over (need: Need, { peerId }: Asking, pauseMs: number, denied: boolean): void {
    const now = this.#o.clock.nowMs()
    if (this.#places.free(peerId, denied ? now + DENIED_REST_MS : undefined)) this.#reliability.rests(peerId)
    this.#needs.setDue(need, now + pauseMs)
    // There is room for another want, whatever becomes of this log.
    this.#wakeAt(now)
  }

  #wakeAt (atMs: number): void {
    if (this.#closed || atMs === Number.POSITIVE_INFINITY || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return
    this.#timer?.timer.cancel()
    const delayMs = Math.max(0, atMs - this.#o.clock.nowMs())
    const timer = delayMs === 0 ? { cancel: () => {} } : this.#o.clock.after(delayMs, () => { this.#wake(timer) })
    this.#timer = { timer, atMs }
    if (delayMs === 0) this.#o.clock.soon(() => { this.#wake(timer) })
  }

  #wake (timer: Timer): void {
    if (this.#timer?.timer !== timer || this.#closed) return
    this.#timer = undefined
    const now = this.#o.clock.nowMs()
    this.#watch(now)
    this.#places.rested(now)
    let left = this.#tellClosed(now)
    const isFull = this.#o.intakeFull()
    if (!isFull) left = this.#ready(now, left)
    if (left === 0) this.#wakeAt(now)
    else if (isFull && this.#needs.nextMs < Number.POSITIVE_INFINITY) this.#wakeAt(now + FULL_MS)
    // With too many wants under way the next is asked when one of them is over.
    else if (this.#asking.size < WANTS_MAX) this.#wakeAt(Math.max(now + PAUSE_MIN_MS, this.#needs.nextMs))
    this.#wakeAt(Math.min(this.#watchMs, this.#places.restedAtMs))
  }

  /** Gives up wants that are stuck. */
  #watch (now: number): void {
    if (now < this.#watchMs) return
    this.#watchMs = Number.POSITIVE_INFINITY
    for (const need of this.#asking.all()) {
      const { want } = need
      if (want === undefined) continue
      if (want.outstanding > 0) want.lastMs = now
      if (this.#isStuck(need, want, now)) {
        need.refusals.passOver(want.peerId, 'silent', now + SILENT_MS, now)
        this.#failed(want.peerId)
        this.#asking.giveUp(need, want)
      } else this.#watchMs = Math.min(this.#watchMs, Math.max(now + ANOTHER_MS / 5, want.lastMs + ANOTHER_MS))
    }
  }

  /** Nothing comes, or so little that it is as good as nothing while somebody else could be asked. */
  #isStuck (need: Need, want: Asking, now: number): boolean {
    if (now - want.lastMs >= ANSWER_MS) return true
    const quiet = now - want.lastMs >= ANOTHER_MS && now - this.#reliability.heardMs(want.peerId) >= ANOTHER_MS
    if (!quiet && (want.outstanding > 0 || !this.#reliability.drips(want.peerId, now))) return false
    return this.#o.candidates(need.log).some(peerId => peerId !== want.peerId && !this.#reliability.isSlow(peerId, now) && !need.refusals.askable(peerId, want.ranges, now).ranges.isEmpty)
  }

  /** Returns how many logs more may be looked at in this turn. */
  #tellClosed (now: number): number {
    let left = SLICE_LOGS
    for (const need of this.#closing) {
      if (left === 0) break
      left--
      this.#closing.delete(need)
      if (need.want === undefined && this.#o.closed?.(need.log) !== undefined) this.#look(need, now)
    }
    return left
  }

  /** Looks at what is due, and first of all at what has waited for a neighbour that has time. Returns how many more may be looked at in this turn. */
  #ready (now: number, most: number): number {
    let left = most
    for (const peerId of this.#places.waitedFor()) {
      while (left > 0 && this.#asking.size < WANTS_MAX && !this.#isFull(peerId, now)) {
        const need = this.#places.next(peerId)
        if (need === undefined) break
        this.#look(need, now)
        left--
      }
    }
    while (left > 0 && this.#asking.size < WANTS_MAX) {
      const need = this.#needs.takeDue(now)
      if (need === undefined) break
      this.#look(need, now)
      left--
    }
    return left
  }

  #isFull (peerId: string, now: number): boolean { return this.#places.taken(peerId) >= (this.#reliability.isSlow(peerId, now) ? SLOW_WANTS : WANTS_PER_PEER) }

  /** Looks at a log for which no want is under way: asks somebody, or says when to look at it again. */
  #look (need: Need, now: number): void {
    const { log } = need
    const missing = this.#needs.holes(log)
    const wanted = this.#o.wanted(log)
    const closed = this.#o.closed?.(log)
    if (missing.isEmpty || wanted === undefined || closed !== undefined) {
      // What is on its way to disk is looked at again when it is there.
      this.#drop(need)
      if (wanted !== undefined && closed !== undefined) for (const { from, to } of missing.ranges()) this.#o.unavailable(log, from, to, closed)
      return
    }
    const dueMs = now < need.notBeforeMs ? need.notBeforeMs : Math.max(now + PAUSE_MIN_MS, this.#ask(need, missing, wanted.since, now))
    if (need.want === undefined && this.#needs.has(need)) this.#needs.setDue(need, dueMs)
  }

  /** Returns when to look at it again if nobody was asked. */
  #ask (need: Need, missing: RangeSet, since: number, now: number): number {
    const { log, refusals } = need
    let peers = this.#reliability.sorted(this.#o.candidates(log), now)
    // What keeps this node full may be had from, or denied by, somebody else than whoever has what is not let in: each is asked in turn.
    if (need.unwantedMs > 0) peers = [...peers].sort((a, b) => refusals.deniedMs(a, missing.first) - refusals.deniedMs(b, missing.first))
    // While there is no room for what can be had, what cannot is told all the same: room may hang on it.
    const judged = need.unwantedMs > 0 && peers.length > 0
    let dueMs = now + PAUSE_MAX_MS
    if (judged) dueMs = Math.min(dueMs, this.#judging.judge(need, missing, peers, now))
    if (!this.#needs.has(need)) return dueMs
    // Then only what lies before something held is let in. Whoever has something behind that would be asked again and again, and nobody else for what is waited for.
    const before = need.unwantedMs > 0 ? missing.intersection(RangeSet.of([1, Math.max(1, log.held.last)])) : missing
    need.isPutOff = false
    // When nobody can be asked for that, there may be room again for what is behind.
    for (const asked of before.isEmpty || before.count === missing.count ? [missing] : [before, missing]) {
      for (const peerId of peers) {
        const { ranges, atMs } = refusals.askable(peerId, asked, now)
        if (ranges.isEmpty) dueMs = Math.min(dueMs, atMs)
        else if (this.#isFull(peerId, now)) {
          this.#places.wait(need, peerId)
          need.isPutOff ||= !this.#reliability.isSlow(peerId, now)
        } else {
          this.#want(need, peerId, ranges, since, now)
          return dueMs
        }
      }
      if (need.isPutOff) break
    }
    // What a node lost of its own logs is where it can be reached, or nowhere.
    if (peers.length === 0 && !this.#o.isConnected() && !log.own) refusals.reset()
    else if (!need.isPutOff && !judged) dueMs = Math.min(dueMs, this.#judging.judge(need, missing, peers, now))
    return dueMs
  }

  #want (need: Need, peerId: string, ranges: RangeSet, since: number, now: number): void {
    this.#needs.isLookedAt(need)
    this.#places.leave(need)
    this.#places.take(peerId)
    this.#watchMs = Math.min(this.#watchMs, now + ANOTHER_MS)
    this.#asking.send(need, peerId, ranges, since, now)
  }

  close (): void {
    this.#closed = true
    this.#timer?.timer.cancel()
  }
}
