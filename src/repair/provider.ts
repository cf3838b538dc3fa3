/**
 * The serving side of repair: answers wants from what the log book holds. It sends as long as the asker gave credit and
 * the link takes frames, in slices, and forgets a want that nothing came of.
 *
 *   want ──► sending ──credit used up or link full──► waiting ──credit, drained──► sending ──► end
 */
import type { Clock } from '../base/clock.js'
import { RangeSet } from '../base/range-set.js'
import { headBytes, openBatch, type SealedBatch } from '../message/batch.js'
import { fromLogRef, logKey } from '../message/ids.js'
import type { Credit, Want } from '../message/wire.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import { encodeFrame } from './frames.js'

/** Wants of one neighbour under way; more are answered with busy. */
export const WANTS_PER_PEER_MAX = 32
/** Bytes sent in one turn, so that a big answer does not keep the event loop for long. */
const SLICE_BYTES = 512 * 1024
/** Ranges in one `missing`. */
const MISSING_RANGES_MAX = 512
/** A want for which neither credit nor room came for so long is forgotten. */
const IDLE_MS = 60_000
/** The most credit a want can have, bytes. */
const CREDIT_MAX = 16 * 1024 * 1024

type Bytes = Uint8Array<ArrayBuffer>

interface Serving {
  readonly id: number
  readonly log: LogState
  readonly from: number
  readonly to: number
  readonly since: number
  /** What the asker does not need. */
  readonly skip: RangeSet
  next: number
  credit: number
  lastMs: number
  sought: boolean
  readonly missing: RangeSet
}

export interface ProviderOptions {
  readonly clock: Clock
  readonly book: LogBook
  readonly mesh: Uint8Array
  readonly send: (peerId: string, frame: Uint8Array) => boolean
  /** What of that which is missing of this log this node wants itself, and has no room for now. Default: nothing. */
  readonly awaited?: (log: LogState, missing: RangeSet) => RangeSet
}

export class Provider {
  readonly #o: ProviderOptions
  readonly #peers = new Map<string, { wants: Map<number, Serving>, scheduled: boolean, blocked: boolean }>()

  constructor (options: ProviderOptions) {
    this.#o = options
  }

  /** Wants of the neighbour of whom most are served. */
  get serving (): number { return Math.max(0, ...[...this.#peers.values()].map(({ wants }) => wants.size)) }

  /** False: there was nothing to serve. */
  want (peerId: string, want: Want): boolean {
    let peer = this.#peers.get(peerId)
    if (peer === undefined) this.#peers.set(peerId, peer = { wants: new Map(), scheduled: false, blocked: false })
    const id = fromLogRef(want.log)
    const log = id === undefined ? undefined : this.#o.book.get(logKey(id))
    const orderly = Number.isSafeInteger(want.from) && Number.isSafeInteger(want.to + 1) && want.from >= 1 && want.to >= want.from
    const skip = skipOf(want)
    if (log === undefined || !orderly || skip === undefined) {
      this.#o.send(peerId, encodeFrame('end', { id: want.id, through: orderly ? want.to : 0, missing: orderly ? RangeSet.of([want.from, want.to]).encode() as Bytes : new Uint8Array(0) }))
      return false
    }
    this.#prune(peer.wants)
    if (peer.wants.size >= WANTS_PER_PEER_MAX) {
      this.#o.send(peerId, encodeFrame('end', { id: want.id, through: 0, busy: true }))
      return false
    }
    peer.wants.set(want.id, { id: want.id, log, from: want.from, to: want.to, since: want.since, skip, next: want.from, credit: Math.min(want.credit, CREDIT_MAX), lastMs: this.#o.clock.nowMs(), sought: want.since === 0, missing: new RangeSet() })
    this.#schedule(peerId)
    return !log.held.isEmpty
  }

  /** False: there is no such want. */
  credit (peerId: string, { id, bytes }: Credit): boolean {
    const serving = this.#peers.get(peerId)?.wants.get(id)
    if (serving === undefined) return false
    if (bytes === 0) {
      this.#peers.get(peerId)?.wants.delete(id)
      return true
    }
    serving.credit = Math.min(CREDIT_MAX, serving.credit + bytes)
    serving.lastMs = this.#o.clock.nowMs()
    this.#schedule(peerId)
    return true
  }

  drained (peerId: string): void {
    const peer = this.#peers.get(peerId)
    if (peer === undefined) return
    peer.blocked = false
    this.#schedule(peerId)
  }

  peerDown (peerId: string): void { this.#peers.delete(peerId) }

  #prune (wants: Map<number, Serving>): void {
    const now = this.#o.clock.nowMs()
    for (const serving of wants.values()) if (now - serving.lastMs > IDLE_MS) wants.delete(serving.id)
  }

  #schedule (peerId: string): void {
    const peer = this.#peers.get(peerId)
    if (peer === undefined || peer.scheduled || peer.blocked) return
    peer.scheduled = true
    this.#o.clock.soon(() => {
      peer.scheduled = false
      if (this.#peers.get(peerId) !== peer) return
      let sent = 0
      for (const serving of [...peer.wants.values()]) {
        if (sent >= SLICE_BYTES || peer.blocked) break
        sent += this.#serve(peerId, peer, serving, SLICE_BYTES - sent)
        // Whoever had its turn goes behind the others.
        if (peer.wants.delete(serving.id) && !this.#isDone(serving)) peer.wants.set(serving.id, serving)
      }
      if (!peer.blocked && [...peer.wants.values()].some(serving => serving.credit > 0)) this.#schedule(peerId)
    })
  }

  /** All is answered, or there are too many holes to name in one answer: the asker comes again for the rest. */
  #isDone (serving: Serving): boolean { return serving.next > serving.to || serving.missing.size >= MISSING_RANGES_MAX }

  #serve (peerId: string, peer: { blocked: boolean }, serving: Serving, bytesMax: number): number {
    const { log, id } = serving
    let sent = 0
    const emit = (batch: Uint8Array): void => {
      if (!this.#o.send(peerId, encodeFrame('data', { id, batch: batch as Bytes }))) peer.blocked = true
      sent += batch.length
      serving.credit -= batch.length
    }
    serving.lastMs = this.#o.clock.nowMs()
    if (!serving.sought) this.#seek(serving, emit)
    while (!this.#isDone(serving) && serving.credit > 0 && sent < bytesMax && !peer.blocked) {
      const needed = serving.skip.firstMissing(serving.next)
      const position = log.held.firstPresent(needed)
      if (position === 0 || position > serving.to) {
        this.#miss(serving, needed, serving.to)
        serving.next = serving.to + 1
        break
      }
      this.#miss(serving, needed, position - 1)
      if (serving.skip.has(position)) {
        serving.next = position
        continue
      }
      const batch = this.#open(log, position)
      if (batch === undefined) {
        this.#miss(serving, position, position)
        serving.next = position + 1
        continue
      }
      emit(batch.bytes)
      serving.next = batch.last + 1
    }
    if (this.#isDone(serving)) {
      const awaited = this.#o.awaited?.(log, serving.missing)
      this.#o.send(peerId, encodeFrame('end', { id, through: Math.min(serving.to, serving.next - 1), missing: serving.missing.encode() as Bytes, ...(awaited?.isEmpty === false ? { awaited: awaited.encode() as Bytes } : {}) }))
    }
    return sent
  }

  #miss (serving: Serving, from: number, to: number): void {
    if (to >= from) for (const part of serving.skip.missing(from, to)) serving.missing.add(part.from, part.to)
  }

  /** Skips what is older than `since` by bisection, and proves it with the header of the last batch that is. */
  #seek (serving: Serving, emit: (bytes: Uint8Array) => void): void {
    serving.sought = true
    const { log, since } = serving
    const first = log.held.firstPresent(serving.next)
    if (first === 0 || first > serving.to) return
    let low = first
    let high = Math.min(serving.to, log.held.last)
    let proof: SealedBatch | undefined
    while (low <= high) {
      const middle = log.held.firstPresent(low + Math.floor((high - low) / 2))
      const batch = middle === 0 || middle > high ? this.#open(log, low) : this.#open(log, middle)
      if (batch === undefined) return
      if (batch.time < since) {
        proof = batch
        low = log.held.firstPresent(batch.last + 1)
        if (low === 0) break
      } else {
        high = batch.base - 1
      }
    }
    if (proof === undefined || proof.last < serving.next) return
    emit(headBytes(proof))
    serving.next = proof.last + 1
  }

  #open (log: LogState, position: number): SealedBatch | undefined {
    const found = this.#o.book.readBytes(log, position)
    if (found === undefined) return undefined
    return openBatch(found.value, this.#o.mesh)
  }
}

function skipOf (want: Want): RangeSet | undefined {
  try {
    return RangeSet.decode(want.skip, 1024)
  } catch {
    return undefined
  }
}
