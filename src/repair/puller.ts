/**
 * The asking side of repair: for each log, what is wanted and not held is asked of one neighbour after the other until it
 * is held, or until it is certain that it will not come.
 *
 *   complete ──something is missing──► due ──► asking one neighbour ──end──► complete, or due again, or denied by all
 *
 * One want asks a neighbour for all that is missing and that it has not denied, holes and all; the next one is asked for
 * what is left. A neighbour sends as far ahead as it was given credit for, and credit is given back as batches reach the disk: a slow
 * disk slows the sender and fills no memory. Nothing here reads a clock or touches a socket but through what it is given.
 */
import type { Clock, Random, Timer } from '../base/clock.js'
import { RangeSet, type Range } from '../base/range-set.js'
import { BATCH_BYTES_MAX } from '../base/limits.js'
import { hasBody, signatureHolds, type SealedBatch } from '../message/batch.js'
import { toLogRef } from '../message/ids.js'
import type { Crypto } from '../base/crypto.js'
import type { GapReason } from '../message/reports.js'
import type { Data, End } from '../message/wire.js'
import type { LogState } from '../store/log-state.js'
import type { Offered } from './offered.js'
import { encodeFrame } from './frames.js'
import { DENIED_MAX_MS, Refusals } from './refusals.js'
import { Reliability, SLOW_WANTS } from './reliability.js'

/** How far a neighbour may run ahead of our disk in one want, bytes. */
export const CREDIT_BYTES = 2 * 1024 * 1024
/** Credit goes back in pieces of so much. */
const CREDIT_STEP_BYTES = 256 * 1024
/** Wants under way: with one neighbour, and altogether. */
export const WANTS_PER_PEER = 8
export const WANTS_MAX = 64
/** Holes that one want names. */
const HOLES_MAX = 512
/** A want without an answer for so long is given up, and the neighbour is passed over for a while; sooner when another could be asked and nothing at all comes from this one. */
const ANSWER_MS = 15_000
const ANOTHER_MS = 5_000
const SILENT_MS = 5_000
/** A neighbour with too much to do is asked again after so long; one that broke the protocol after so long. */
const BUSY_MS = 1_000
const FAULTY_MS = 30_000
/** While gossip still brings a log, a hole is given so long to close by itself. */
const GOSSIP_GRACE_MS = 100
const GOSSIP_FRESH_MS = 1_000
/** When this node could not take what it asked for, it asks again after so long, doubling up to the second. */
const UNWANTED_MIN_MS = 500
const UNWANTED_MAX_MS = 30_000
/** When every neighbour denies a position that its publisher has trimmed: time for a relay to fetch it from further away. Wild guess. */
const TRIMMED_DENIED_MS = 3_000
/** When every neighbour denies a position that exists: after so long it is called unrecoverable. As `orderWaitMs` of the inbox. */
const UNRECOVERABLE_MS = 600_000
/** The same when a custodian denies it only until it has room: after so long nobody counts on that any more. Wild guess. */
const AWAITED_MS = 3_600_000
/** The same when the publisher itself denies it, or has signed that it lost it; and for one that is trimmed when a neighbour is silent about it. */
const PUBLISHER_DENIES_MS = 60_000

/**
 * Logs of one publisher that are missing and of which nothing is held: with more, the pause up to which those before neighbours are asked
 * again double is so many times as long, up to the second. Else whoever makes up heads has every node ask every neighbour for each of them, every half minute.
 */
const CROWD_LOGS = 64
const CROWD_PAUSES_MAX = 16

export interface Wanted {
  readonly from: number
  readonly to: number
  /** Not what the publisher wrote before, wall clock ms; 0: everything. */
  readonly since: number
}

export interface PullerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  /** What this node wants of a log, held or not. */
  readonly wanted: (log: LogState) => Wanted | undefined
  /** On its way to disk. */
  readonly underWay: (log: LogState) => RangeSet | undefined
  readonly intakeFull: () => boolean
  /** Neighbours that take part in the channel, the ones most likely to have the log first. */
  readonly candidates: (log: LogState) => string[]
  /** Some neighbour is up. Where none of them takes part in a channel, all of them deny what is missing of it. */
  readonly isConnected: () => boolean
  readonly send: (peerId: string, frame: Uint8Array) => boolean
  readonly open: (bytes: Uint8Array) => SealedBatch | undefined
  readonly offer: (batch: SealedBatch, from: string, done: (held: boolean) => void) => Offered
  readonly passed: (log: LogState, through: number, since: number) => void
  readonly unavailable: (log: LogState, from: number, to: number, reason: GapReason) => void
  /** The neighbour broke the protocol. */
  readonly strike: (peerId: string, reason: string) => void
  /** Nothing of this log is taken any more, for this reason: what is missing is not asked for. Default: none. */
  readonly closed?: (log: LogState) => GapReason | undefined
  /** The publisher itself has signed, by a later log, that what lies behind this position it no longer had. Default: nothing. */
  readonly keptThrough?: (log: LogState) => number
}

interface Need {
  readonly log: LogState
  /** Nothing of it was ever here, nor is it this node's own: it may be made up. */
  isStrange: boolean
  dueMs: number
  want: Asking | undefined
  readonly refusals: Refusals
  unwantedMs: number
  /** This node could not take what it asked for: it does not ask again before. */
  notBeforeMs: number
}

interface Asking {
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

export class Puller {
  readonly #o: PullerOptions
  readonly #needs = new Map<LogState, Need>()
  readonly #asking = new Map<number, Need>()
  readonly #perPeer = new Map<string, number>()
  /** How many strange logs of each publisher there are in `#needs`. */
  readonly #crowds = new Map<string, number>()
  readonly #reliability = new Reliability()
  readonly #lastGossip = new Map<LogState, number>()
  #nextId = 1
  #timer: { timer: Timer, atMs: number } | undefined
  #closed = false

  constructor (options: PullerOptions) {
    this.#o = options
  }

  /** Logs with something missing. */
  get needs (): number { return this.#needs.size }

  /** Wants under way: altogether, and with the neighbour that has most. */
  get asking (): { readonly all: number, readonly most: number } { return { all: this.#asking.size, most: Math.max(0, ...this.#perPeer.values()) } }

  /** Positions of a log that are wanted, exist and are neither held nor on their way to disk. */
  missing (log: LogState, limit = 1): Range[] {
    const wanted = this.#o.wanted(log)
    if (wanted === undefined || wanted.to < wanted.from) return []
    const under = this.#o.underWay(log)
    const out: Range[] = []
    let from = wanted.from
    while (out.length < limit && from <= wanted.to) {
      const [hole] = log.held.missing(from, wanted.to, 1)
      if (hole === undefined) break
      if (under === undefined) out.push(hole)
      else out.push(...under.missing(hole.from, hole.to, limit - out.length))
      from = hole.to + 1
    }
    return out
  }

  #drop (need: Need): void {
    if (this.#needs.delete(need.log)) this.#isKnown(need)
  }

  #isKnown (need: Need): void {
    if (!need.isStrange) return
    need.isStrange = false
    const { publisher } = need.log
    const left = (this.#crowds.get(publisher) ?? 1) - 1
    if (left > 0) this.#crowds.set(publisher, left)
    else this.#crowds.delete(publisher)
  }

  /** Something about this log has changed: its head, what is held, or what is wanted of it. */
  notice (log: LogState): void {
    if (this.#closed) return
    const need = this.#needs.get(log)
    if (this.missing(log).length === 0) {
      if (need !== undefined && need.want === undefined) this.#drop(need)
      return
    }
    if (need !== undefined && !log.held.isEmpty) this.#isKnown(need)
    const now = this.#o.clock.nowMs()
    const gossipMs = this.#lastGossip.get(log)
    const dueMs = gossipMs !== undefined && now - gossipMs < GOSSIP_FRESH_MS ? now + GOSSIP_GRACE_MS : now
    if (need === undefined) {
      const isStrange = !log.own && log.held.isEmpty && log.dropped === 0
      this.#needs.set(log, { log, isStrange, dueMs, want: undefined, refusals: new Refusals(), unwantedMs: 0, notBeforeMs: 0 })
      if (isStrange) this.#crowds.set(log.publisher, (this.#crowds.get(log.publisher) ?? 0) + 1)
    } else if (need.want !== undefined) {
      if (this.#o.closed?.(log) === undefined) return
      this.#giveUp(need.want)
      this.#over(need, 0)
    } else if (need.dueMs <= dueMs) return
    else need.dueMs = dueMs
    this.#wakeAt(dueMs)
  }

  /** Gossip has brought something of this log. */
  gossiped (log: LogState): void {
    this.#lastGossip.delete(log)
    this.#lastGossip.set(log, this.#o.clock.nowMs())
    if (this.#lastGossip.size > 4096) this.#lastGossip.delete(this.#lastGossip.keys().next().value as LogState)
  }

  /** A neighbour says that it now has something of this log, or has just come: earlier denials no longer count. */
  hopes (peerId: string, log?: LogState): void {
    for (const need of log === undefined ? this.#needs.values() : [this.#needs.get(log)]) {
      if (need === undefined) continue
      need.refusals.hopes(peerId, this.#o.clock.nowMs())
      if (need.want === undefined) {
        need.dueMs = this.#o.clock.nowMs()
        this.#wakeAt(need.dueMs)
      }
    }
  }

  peerDown (peerId: string): void {
    for (const need of this.#needs.values()) {
      need.refusals.forget(peerId)
      if (need.want?.peerId === peerId) this.#over(need, 0)
    }
    this.#perPeer.delete(peerId)
    this.#reliability.rests(peerId)
  }

  /** A frame in answer to a want. False: there is no such want, or no longer. */
  data (peerId: string, { id, batch: bytes }: Data): boolean {
    const need = this.#asking.get(id)
    const want = need?.want
    if (need === undefined || want === undefined || want.peerId !== peerId) return false
    const batch = this.#o.open(bytes)
    if (batch === undefined || batch.logKey !== need.log.key) { this.#fault(need, peerId, 'an answer that is not a batch of the log asked for'); return true }
    if (batch.last < want.next || batch.base > want.ranges.last) { this.#fault(need, peerId, 'an answer to what was not asked'); return true }
    if (want.received >= want.granted || bytes.length > BATCH_BYTES_MAX) { this.#fault(need, peerId, 'more than it was given credit for'); return true }
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
      case 'bad': this.#fault(need, peerId, 'a batch that does not hold'); break
      // A fork is its publisher's doing, and lack of room is ours.
      default:
        this.#passedOver(need, want, batch.base)
        answered(false)
    }
    return true
  }

  #proof (need: Need, want: Asking, head: SealedBatch): void {
    if (want.since === 0 || head.time >= want.since || !signatureHolds(this.#o.crypto, head)) { this.#fault(need, want.peerId, 'a proof that proves nothing'); return }
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
    const left = RangeSet.of(...this.missing(need.log, HOLES_MAX).map(({ from, to }) => [from, Math.min(to, base - 1)] as const))
    const denied = left.intersection(want.ranges)
    if (!denied.isEmpty) need.refusals.answered(want.peerId, denied, want.askedMs, this.#o.clock.nowMs(), this.#jitter(), this.#pauseMaxMs(need))
  }

  /** This node cannot take it now. */
  #unwanted (need: Need, want: Asking): void {
    if (need.want !== want) return
    need.unwantedMs = Math.min(UNWANTED_MAX_MS, Math.max(UNWANTED_MIN_MS, need.unwantedMs * 2))
    need.notBeforeMs = this.#o.clock.nowMs() + need.unwantedMs
    this.#giveUp(want)
    this.#over(need, need.unwantedMs)
  }

  /** Tells the neighbour that nothing more of this is needed. */
  #giveUp (want: Asking): void {
    this.#o.send(want.peerId, encodeFrame('credit', { id: want.id, bytes: 0 }))
  }

  #fault (need: Need, peerId: string, reason: string): void {
    const now = this.#o.clock.nowMs()
    need.refusals.passOver(peerId, 'faulty', now + FAULTY_MS, now)
    this.#reliability.failed(peerId, now)
    if (need.want !== undefined) this.#giveUp(need.want)
    this.#over(need, 0)
    this.#o.strike(peerId, reason)
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
      this.#fault(need, peerId, 'malformed ranges')
      return true
    }
    const now = this.#o.clock.nowMs()
    this.#reliability.heard(peerId, 0, now)
    if (end.busy && missing.isEmpty) need.refusals.passOver(peerId, 'busy', now + BUSY_MS * this.#jitter(), now)
    else {
      // What it passes over in silence it does not have either.
      const left = RangeSet.of(...this.missing(need.log, HOLES_MAX).map(({ from, to }) => [from, to] as const)).intersection(want.ranges)
      const answered = RangeSet.of([1, Math.max(end.through, want.next - 1)])
      const denied = want.ranges.intersection(missing)
      denied.addAll(left.intersection(answered))
      const progress = want.received > 0 || !denied.isEmpty
      need.refusals.answered(peerId, progress ? denied : want.ranges, want.askedMs, now, this.#jitter(), this.#pauseMaxMs(need), awaited)
    }
    this.#over(need, 0)
    return true
  }

  /** Within the time after which something may be called gone each neighbour is asked for it twice at least. */
  #pauseMaxMs ({ log, isStrange }: Need): number {
    if (!isStrange) return DENIED_MAX_MS
    const pauses = Math.min(CROWD_PAUSES_MAX, (this.#crowds.get(log.publisher) ?? 0) / CROWD_LOGS)
    const isSoonGone = log.trimmed > 0 || this.#o.keptThrough !== undefined && this.#o.keptThrough(log) < log.head || this.#o.candidates(log).includes(log.publisher)
    return Math.max(DENIED_MAX_MS, Math.min(DENIED_MAX_MS * pauses, (isSoonGone ? PUBLISHER_DENIES_MS : UNRECOVERABLE_MS) / 2))
  }

  #jitter (): number { return 0.75 + this.#o.random.float() / 2 }

  /** The want is over; look at the log again after `pauseMs`. */
  #over (need: Need, pauseMs: number): void {
    const want = need.want
    if (want !== undefined) {
      this.#asking.delete(want.id)
      const n = (this.#perPeer.get(want.peerId) ?? 1) - 1
      if (n > 0) this.#perPeer.set(want.peerId, n)
      else {
        this.#perPeer.delete(want.peerId)
        this.#reliability.rests(want.peerId)
      }
      need.want = undefined
    }
    need.dueMs = this.#o.clock.nowMs() + pauseMs
    this.#wakeAt(need.dueMs)
  }

  #wakeAt (atMs: number): void {
    if (this.#closed || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return
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
    let nextMs = Number.POSITIVE_INFINITY
    for (const need of [...this.#needs.values()]) {
      if (need.want !== undefined) {
        if (need.want.outstanding > 0) need.want.lastMs = now
        if (this.#isStuck(need, need.want, now)) {
          need.refusals.passOver(need.want.peerId, 'silent', now + SILENT_MS, now)
          this.#reliability.failed(need.want.peerId, now)
          this.#giveUp(need.want)
          this.#over(need, 0)
        } else nextMs = Math.min(nextMs, Math.max(now + ANOTHER_MS / 5, need.want.lastMs + ANOTHER_MS))
        continue
      }
      if (need.dueMs <= now) this.#ask(need, now)
      if (!this.#needs.has(need.log)) continue
      const want = need.want as Asking | undefined
      nextMs = Math.min(nextMs, want === undefined ? Math.max(need.dueMs, now + 10) : want.lastMs + ANOTHER_MS)
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#wakeAt(nextMs)
  }

  /** Nothing comes, or so little that it is as good as nothing while somebody else could be asked. */
  #isStuck (need: Need, want: Asking, now: number): boolean {
    if (now - want.lastMs >= ANSWER_MS) return true
    const quiet = now - want.lastMs >= ANOTHER_MS && now - this.#reliability.heardMs(want.peerId) >= ANOTHER_MS
    if (!quiet && (want.outstanding > 0 || !this.#reliability.drips(want.peerId, now))) return false
    return this.#o.candidates(need.log).some(peerId => peerId !== want.peerId && !this.#reliability.isSlow(peerId, now) && !need.refusals.askable(peerId, want.ranges, now).ranges.isEmpty)
  }

  #ask (need: Need, now: number): void {
    const { log, refusals } = need
    const holes = this.missing(log, HOLES_MAX)
    const wanted = this.#o.wanted(log)
    if (holes.length === 0 || wanted === undefined) {
      // What is on its way to disk is looked at again when it is there.
      this.#drop(need)
      return
    }
    const closed = this.#o.closed?.(log)
    if (closed !== undefined) {
      this.#drop(need)
      for (const { from, to } of holes) this.#o.unavailable(log, from, to, closed)
      return
    }
    if (now < need.notBeforeMs) { need.dueMs = need.notBeforeMs; return }
    if (this.#o.intakeFull() || this.#asking.size >= WANTS_MAX) { need.dueMs = now + 50; return }
    const missing = RangeSet.of(...holes.map(({ from, to }) => [from, to] as const))
    let peers = this.#reliability.sorted(this.#o.candidates(log), now)
    // What keeps this node full may be had from, or denied by, somebody else than whoever has what is not let in: each is asked in turn.
    if (need.unwantedMs > 0) peers = [...peers].sort((a, b) => refusals.deniedMs(a, missing.first) - refusals.deniedMs(b, missing.first))
    // While there is no room for what can be had, what cannot is told all the same: room may hang on it.
    const judged = need.unwantedMs > 0 && peers.length > 0
    need.dueMs = now + FAULTY_MS
    if (judged) this.#judge(need, missing, peers, now)
    // Then only what lies before something held is let in. Whoever has something behind that would be asked again and again, and nobody else for what is waited for.
    const before = need.unwantedMs > 0 ? missing.intersection(RangeSet.of([1, Math.max(1, log.held.last)])) : missing
    let waits = false
    // When nobody can be asked for that, there may be room again for what is behind.
    for (const asked of before.isEmpty || before.count === missing.count ? [missing] : [before, missing]) {
      for (const peerId of peers) {
        const { ranges, atMs } = refusals.askable(peerId, asked, now)
        const isSlow = this.#reliability.isSlow(peerId, now)
        const isFull = (this.#perPeer.get(peerId) ?? 0) >= (isSlow ? SLOW_WANTS : WANTS_PER_PEER)
        waits ||= isFull && !isSlow && !ranges.isEmpty
        if (!ranges.isEmpty && !isFull) {
          this.#want(need, peerId, ranges, wanted.since, now)
          return
        }
        need.dueMs = Math.min(need.dueMs, ranges.isEmpty ? atMs : now + 20)
      }
      if (waits) break
    }
    // What a node lost of its own logs is where it can be reached, or nowhere.
    if (peers.length === 0 && !this.#o.isConnected() && !log.own) refusals.reset()
    // Somebody will be asked as soon as it has time: until then nothing is certain.
    else if (!waits && !judged) this.#judge(need, missing, peers, now)
  }

  /** Nobody can be asked now. What everyone has denied for long enough will not come. */
  #judge (need: Need, missing: RangeSet, peers: readonly string[], now: number): void {
    const { log, refusals } = need
    const publisher = peers.includes(log.publisher)
    const { trimmed, trimReason } = log
    const kept = Math.max(trimmed, this.#o.keptThrough?.(log) ?? Number.POSITIVE_INFINITY)
    const patience = (position: number, silent: boolean, awaited: boolean): number => {
      if (position <= trimmed) return silent || peers.length === 0 ? PUBLISHER_DENIES_MS : TRIMMED_DENIED_MS
      if (position > kept || (publisher && !silent)) return PUBLISHER_DENIES_MS
      return awaited ? AWAITED_MS : UNRECOVERABLE_MS
    }
    const { gone, atMs } = refusals.verdict(missing, peers, (peerId) => this.#reliability.isSlow(peerId, now), now, patience, [trimmed, kept])
    need.dueMs = Math.min(need.dueMs, gone.length > 0 ? now : atMs)
    for (const { from, to } of gone) this.#o.unavailable(log, from, to, to <= trimmed ? trimReason : from > kept ? 'restored' : 'unrecoverable')
  }

  #want (need: Need, peerId: string, ranges: RangeSet, since: number, now: number): void {
    const id = this.#nextId++ >>> 0
    need.want = { id, peerId, ranges, since, askedMs: now, lastMs: now, next: ranges.first, granted: CREDIT_BYTES, received: 0, outstanding: 0, owed: 0 }
    this.#asking.set(id, need)
    this.#perPeer.set(peerId, (this.#perPeer.get(peerId) ?? 0) + 1)
    this.#reliability.asked(peerId, now)
    const skip = RangeSet.of([ranges.first, ranges.last]).without(ranges)
    this.#o.send(peerId, encodeFrame('want', { id, log: toLogRef(need.log.id), from: ranges.first, to: ranges.last, credit: CREDIT_BYTES, since, skip: skip.encode() as Uint8Array<ArrayBuffer> }))
  }

  close (): void {
    this.#closed = true
    this.#timer?.timer.cancel()
  }
}
