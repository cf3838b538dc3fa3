/**
 * The asking side of repair: for each log, what is wanted and not held is asked of one neighbour after the other until it
 * is held, or until it is certain that it will not come.
 *
 *   complete ──something is missing──► due ──► asking one neighbour ──end──► complete, or due again, or denied by all
 *
 * A neighbour sends as far ahead as it was given credit for, and credit is given back as batches reach the disk: a slow
 * disk slows the sender and fills no memory. Nothing here reads a clock or touches a socket but through what it is given.
 */
import type { Clock, Random, Timer } from '../base/clock.js'
import type { Range } from '../base/range-set.js'
import { RangeSet } from '../base/range-set.js'
import { hasBody, signatureHolds, type SealedBatch } from '../message/batch.js'
import { toLogRef } from '../message/ids.js'
import type { Crypto } from '../base/crypto.js'
import type { Data, End } from '../message/wire.js'
import type { LogState } from '../store/log-state.js'
import type { Offered } from './offered.js'
import { encodeFrame } from './frames.js'

/** How far a neighbour may run ahead of our disk in one want, bytes. */
const CREDIT_BYTES = 2 * 1024 * 1024
/** Credit goes back in pieces of so much. */
const CREDIT_STEP_BYTES = 256 * 1024
/** Wants under way: with one neighbour, and altogether. */
const WANTS_PER_PEER = 8
const WANTS_MAX = 64
/** A want without an answer for so long is given up, and the neighbour is passed over for a while. */
const ANSWER_MS = 15_000
/** While gossip still brings a log, a hole is given so long to close by itself. */
const GOSSIP_GRACE_MS = 100
const GOSSIP_FRESH_MS = 1_000
/** A neighbour that did not have something is asked again after so long, doubling up to the second. */
const DENIED_MIN_MS = 1_000
const DENIED_MAX_MS = 30_000
/** When every neighbour denies a position that its publisher has trimmed: time for a relay to fetch it from further away. Wild guess. */
const TRIMMED_DENIED_MS = 3_000
/** When every neighbour denies a position that exists: after so long it is called unrecoverable. design §7, orderWaitMs. */
const UNRECOVERABLE_MS = 600_000
/** The same when the publisher itself denies it. */
const PUBLISHER_DENIES_MS = 60_000

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
  readonly send: (peerId: string, frame: Uint8Array) => boolean
  readonly open: (bytes: Uint8Array) => SealedBatch | undefined
  readonly offer: (batch: SealedBatch, from: string, done: (held: boolean) => void) => Offered
  readonly passed: (log: LogState, through: number, since: number) => void
  readonly unavailable: (log: LogState, from: number, to: number, reason: 'expired' | 'evicted' | 'unrecoverable') => void
  /** The neighbour broke the protocol. */
  readonly strike: (peerId: string, reason: string) => void
}

interface Denial {
  readonly ranges: RangeSet
  untilMs: number
  pauseMs: number
}

interface Need {
  readonly log: LogState
  dueMs: number
  want: Asking | undefined
  readonly denials: Map<string, Denial>
  /** Since when every neighbour has denied the lowest missing position. */
  deniedSince: { position: number, ms: number } | undefined
}

interface Asking {
  readonly id: number
  readonly peerId: string
  readonly range: Range
  readonly since: number
  lastMs: number
  /** Bytes received whose batches are not on disk yet, and bytes on disk not given back as credit yet. */
  outstanding: number
  owed: number
  full: boolean
}

export class Puller {
  readonly #o: PullerOptions
  readonly #needs = new Map<LogState, Need>()
  readonly #asking = new Map<number, Need>()
  readonly #perPeer = new Map<string, number>()
  readonly #lastGossip = new Map<LogState, number>()
  #nextId = 1
  #timer: { timer: Timer, atMs: number } | undefined
  #closed = false

  constructor (options: PullerOptions) {
    this.#o = options
  }

  /** Logs with something missing. */
  get needs (): number { return this.#needs.size }

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

  /** Something about this log has changed: its head, what is held, or what is wanted of it. */
  notice (log: LogState): void {
    if (this.#closed) return
    const need = this.#needs.get(log)
    if (this.missing(log).length === 0) {
      if (need !== undefined && need.want === undefined) this.#needs.delete(log)
      return
    }
    const now = this.#o.clock.nowMs()
    const gossipMs = this.#lastGossip.get(log)
    const dueMs = gossipMs !== undefined && now - gossipMs < GOSSIP_FRESH_MS ? now + GOSSIP_GRACE_MS : now
    if (need === undefined) this.#needs.set(log, { log, dueMs, want: undefined, denials: new Map(), deniedSince: undefined })
    else if (need.want !== undefined || need.dueMs <= dueMs) return
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
      need.denials.delete(peerId)
      if (need.want === undefined) {
        need.dueMs = this.#o.clock.nowMs()
        this.#wakeAt(need.dueMs)
      }
    }
  }

  peerDown (peerId: string): void {
    for (const need of this.#needs.values()) {
      need.denials.delete(peerId)
      if (need.want?.peerId === peerId) this.#over(need, 0)
    }
    this.#perPeer.delete(peerId)
  }

  /** A frame in answer to a want. */
  data (peerId: string, { id, batch: bytes }: Data): void {
    const need = this.#asking.get(id)
    const want = need?.want
    if (need === undefined || want === undefined || want.peerId !== peerId) return
    const batch = this.#o.open(bytes)
    if (batch === undefined || batch.logKey !== need.log.key) { this.#fault(need, peerId, 'an answer that is not a batch of the log asked for'); return }
    want.lastMs = this.#o.clock.nowMs()
    if (!hasBody(batch)) { this.#proof(need, want, batch); return }
    want.outstanding += bytes.length
    const answered = (): void => {
      want.outstanding -= bytes.length
      want.owed += bytes.length
      this.#giveBack(need, want)
    }
    switch (this.#o.offer(batch, peerId, answered)) {
      case 'new': return
      case 'known': answered(); return
      case 'unwanted':
        want.full = true
        answered()
        return
      default:
        this.#fault(need, peerId, 'a batch that does not hold')
    }
  }

  #proof (need: Need, want: Asking, head: SealedBatch): void {
    if (want.since === 0 || head.time >= want.since || !signatureHolds(this.#o.crypto, head)) { this.#fault(need, want.peerId, 'a proof that proves nothing'); return }
    this.#o.passed(need.log, head.last, want.since)
  }

  #giveBack (need: Need, want: Asking): void {
    if (need.want !== want || want.full) return
    if (want.owed < CREDIT_STEP_BYTES && want.outstanding > 0) return
    this.#o.send(want.peerId, encodeFrame('credit', { id: want.id, bytes: want.owed }))
    want.owed = 0
  }

  #fault (need: Need, peerId: string, reason: string): void {
    this.#deny(need, peerId, RangeSet.of([1, Number.MAX_SAFE_INTEGER - 1]), DENIED_MAX_MS)
    this.#over(need, 0)
    this.#o.strike(peerId, reason)
  }

  end (peerId: string, end: End): void {
    const need = this.#asking.get(end.id)
    const want = need?.want
    if (need === undefined || want === undefined || want.peerId !== peerId) return
    let missing: RangeSet
    try {
      missing = RangeSet.decode(end.missing, 1024)
    } catch {
      this.#fault(need, peerId, 'malformed ranges')
      return
    }
    if (end.busy) this.#deny(need, peerId, RangeSet.of([want.range.from, want.range.to]), DENIED_MIN_MS)
    else if (!missing.isEmpty) this.#deny(need, peerId, missing)
    this.#over(need, want.full ? 500 : 0)
  }

  #deny (need: Need, peerId: string, ranges: RangeSet, pauseMs?: number): void {
    const before = need.denials.get(peerId)
    const pause = pauseMs ?? Math.min(DENIED_MAX_MS, (before?.pauseMs ?? DENIED_MIN_MS / 2) * 2)
    if (before !== undefined) ranges.addAll(before.ranges)
    need.denials.set(peerId, { ranges, pauseMs: pause, untilMs: this.#o.clock.nowMs() + pause * (0.75 + this.#o.random.float() / 2) })
  }

  /** The want is over; look at the log again after `pauseMs`. */
  #over (need: Need, pauseMs: number): void {
    const want = need.want
    if (want !== undefined) {
      this.#asking.delete(want.id)
      const n = (this.#perPeer.get(want.peerId) ?? 1) - 1
      if (n > 0) this.#perPeer.set(want.peerId, n)
      else this.#perPeer.delete(want.peerId)
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
        if (now - need.want.lastMs >= ANSWER_MS) {
          this.#deny(need, need.want.peerId, RangeSet.of([need.want.range.from, need.want.range.to]), DENIED_MIN_MS * 5)
          this.#over(need, 0)
        } else nextMs = Math.min(nextMs, need.want.lastMs + ANSWER_MS)
        continue
      }
      if (need.dueMs <= now) this.#ask(need, now)
      if (!this.#needs.has(need.log)) continue
      const want = need.want as Asking | undefined
      nextMs = Math.min(nextMs, want === undefined ? Math.max(need.dueMs, now + 10) : want.lastMs + ANSWER_MS)
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#wakeAt(nextMs)
  }

  #ask (need: Need, now: number): void {
    const { log } = need
    const [range] = this.missing(log)
    const wanted = this.#o.wanted(log)
    if (range === undefined || wanted === undefined) {
      // What is on its way to disk is looked at again when it is there.
      this.#needs.delete(log)
      return
    }
    if (this.#o.intakeFull() || this.#asking.size >= WANTS_MAX) { need.dueMs = now + 50; return }
    const peers = this.#o.candidates(log)
    let earliest = Number.POSITIVE_INFINITY
    let denied = 0
    for (const peerId of peers) {
      const denial = need.denials.get(peerId)
      if (denial?.ranges.has(range.from) === true) {
        denied++
        if (denial.untilMs > now) { earliest = Math.min(earliest, denial.untilMs); continue }
      }
      if ((this.#perPeer.get(peerId) ?? 0) >= WANTS_PER_PEER) { earliest = Math.min(earliest, now + 20); continue }
      this.#want(need, peerId, range, wanted.since, now)
      return
    }
    need.dueMs = Math.min(earliest, now + DENIED_MAX_MS)
    if (peers.length > 0 && denied === peers.length) this.#allDeny(need, range, peers, now)
    else need.deniedSince = undefined
  }

  /** Everyone who could be asked does not have it. */
  #allDeny (need: Need, range: Range, peers: readonly string[], now: number): void {
    const { log } = need
    if (need.deniedSince?.position !== range.from) need.deniedSince = { position: range.from, ms: now }
    const trimmed = range.from <= log.trimmed
    const patience = trimmed ? TRIMMED_DENIED_MS : peers.includes(log.publisher) ? PUBLISHER_DENIES_MS : UNRECOVERABLE_MS
    const waited = now - need.deniedSince.ms
    if (waited < patience) {
      need.dueMs = Math.min(need.dueMs, now + patience - waited)
      return
    }
    if (trimmed) {
      need.dueMs = now
      this.#o.unavailable(log, range.from, Math.min(range.to, log.trimmed), log.trimReason)
      return
    }
    // Only what every neighbour denies, from the lowest on.
    let to = range.to
    for (const peerId of peers) to = Math.min(to, (need.denials.get(peerId)?.ranges.firstMissing(range.from) ?? range.from) - 1)
    if (to < range.from) return
    need.deniedSince = undefined
    need.dueMs = now
    this.#o.unavailable(log, range.from, to, 'unrecoverable')
  }

  #want (need: Need, peerId: string, range: Range, since: number, now: number): void {
    const id = this.#nextId++ >>> 0
    need.want = { id, peerId, range, since, lastMs: now, outstanding: 0, owed: 0, full: false }
    this.#asking.set(id, need)
    this.#perPeer.set(peerId, (this.#perPeer.get(peerId) ?? 0) + 1)
    this.#o.send(peerId, encodeFrame('want', { id, log: toLogRef(need.log.id), from: range.from, to: range.to, credit: CREDIT_BYTES, since }))
  }

  close (): void {
    this.#closed = true
    this.#timer?.timer.cancel()
  }
}
