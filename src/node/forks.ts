import type { Quarantined } from '../directory/quarantine.js'
import { Quarantine } from '../directory/quarantine.js'
import { isSkeinError, type SkeinError } from '../base/errors.js'
import type { SealedBatch } from '../message/batch.js'
import { makeForkProof } from '../message/fork-proof.js'
import { formatIncarnation, logKey, type LogId } from '../message/ids.js'
import type { GossipVerdict } from '../network/network.js'
import { encodeFrame, framesOf } from '../repair/frames.js'
import { GOSSIP_TOPICS } from './channels.js'
import { VERIFY_COST } from './conduct.js'
import type { Engine } from './engine.js'
import { GOSSIP, tagged } from '../message/gossip-kinds.js'

/** A proof that found no room on the disk is written again after so long. */
const WRITE_AGAIN_MS = 5_000

/** A neighbour that goes on to take a publisher's word is shown the proof again after so long: it may have been in quarantine for an earlier one there, and not be any more. */
const SHOW_AGAIN_MS = 60_000

/** Publishers that forked: proofs that are found, come and go, and what follows from them. */
export class Forks {
  readonly #e: Engine
  readonly #quarantine: Quarantine
  /** Publishers of which a row is being written; true: it has changed since. */
  readonly #writing = new Map<string, boolean>()
  /** Proofs that a neighbour is still to be shown. */
  readonly #unsent = new Map<string, Uint8Array[]>()
  /** By neighbour and publisher: when it was shown last that it takes in what it should not, ms. */
  readonly #shownMs = new Map<string, Map<string, number>>()

  constructor (engine: Engine) {
    this.#e = engine
    const { crypto, mesh, store, clock, network } = engine.options
    this.#quarantine = new Quarantine({ crypto, mesh, store, self: network.peerId, wallMs: () => clock.wallMs(), nowMs: () => clock.nowMs(), isKnown: (publisher) => engine.book.logsOf(publisher) > 0 })
  }

  /** Nothing of this publisher is taken. */
  has (publisher: string): boolean { return this.#quarantine.has(publisher) }
  /** Nothing of this log is taken. */
  isClosed (log: LogId): boolean { return this.#quarantine.isClosed(log) }
  /** Nothing of this log is taken, here or by others. */
  isDisputed (log: LogId): boolean { return this.#quarantine.isDisputed(log) }
  list (): Quarantined[] { return this.#quarantine.list() }
  /** There is proof that this node's own key signed two histories. */
  get isSelfForked (): boolean { return this.#quarantine.get(this.#e.self)?.pardoned === 0 }

  /** Both are signed by their publisher and cannot both be. */
  found (batch: SealedBatch, other: SealedBatch): void {
    const proof = makeForkProof(this.#e.options.crypto, batch, other)
    if (proof !== undefined && typeof this.#take(proof.bytes, undefined) === 'object') this.#e.options.network.gossip(GOSSIP_TOPICS.directory, tagged(GOSSIP.fork, proof.bytes))
  }

  /** A proof by gossip. */
  arrived (bytes: Uint8Array): GossipVerdict {
    const taken = this.#take(bytes, undefined)
    return taken === 'bad' ? 'reject' : typeof taken === 'string' ? 'ignore' : 'accept'
  }

  /** Proofs from a neighbour. Returns what of it was for nothing, in units of work. */
  told (peerId: string, proofs: readonly Uint8Array[]): number {
    let useless = 0
    for (const bytes of proofs) {
      const taken = this.#take(bytes, peerId)
      if (taken === 'bad') {
        this.#e.strike(peerId, 'a proof of a fork that proves nothing')
        return useless
      }
      if (taken === 'ignored') useless += 2
      else if (taken === 'kept') useless += 2 + 2 * VERIFY_COST
      else this.#e.options.network.gossip(GOSSIP_TOPICS.directory, tagged(GOSSIP.fork, taken.proof))
    }
    return useless
  }

  /** 'kept': it took the place of an earlier one and is nobody else's business. */
  #take (bytes: Uint8Array, from: string | undefined): Quarantined | 'kept' | 'ignored' | 'bad' {
    const taken = this.#quarantine.take(bytes)
    if (typeof taken === 'string') return taken
    const { entry } = taken
    const { publisher, log, position, proof } = entry
    this.#write(publisher)
    const own = publisher === this.#e.self
    if (own) {
      this.#e.lives.moveAbove(log.incarnation.number)
      for (const each of this.#e.book.publishedBy(publisher)) this.#e.receipts.closedChanged(each)
    }
    // Whoever forks can make as many as it likes: further ones are not passed on.
    if (!taken.isNew) return 'kept'
    this.#e.counters.add('forks')
    const place = { publisher, incarnation: formatIncarnation(log.incarnation), channel: log.channel, position }
    if (own) {
      this.#e.options.log.error(place, 'there is proof that this node’s own key has signed two histories of one log; others take nothing more from it until they lift the quarantine, or it gets a new identity')
    } else {
      this.#e.options.log.error(place, 'a publisher has signed two histories of one log; nothing more is taken from it')
    }
    this.#e.options.listener.forked({ ...place, own, logKey: logKey(log) })
    if (!own) this.#closeLogs(publisher)
    for (const peerId of this.#e.neighbours.ids()) if (peerId !== from) this.#owe(peerId, [proof])
    return entry
  }

  /** What is missing of them will not come, and they are compared with nobody's any more; or they are open again. */
  #closeLogs (publisher: string): void {
    for (const log of this.#e.book.publishedBy(publisher)) {
      this.#e.repair.logChanged(log)
      this.#e.receipts.closedChanged(log)
      this.#e.puller.notice(log)
    }
  }

  /** One commit a publisher is under way or waits for room, however often what is known of it changes. */
  #write (publisher: string): void {
    const isUnderWay = this.#writing.has(publisher)
    this.#writing.set(publisher, isUnderWay)
    if (!isUnderWay) this.#commit(publisher)
  }

  #commit (publisher: string): void {
    const { store, clock } = this.#e.options
    store.commit(this.#quarantine.rows(publisher), (error) => {
      if (error !== undefined && isSkeinError(error, 'ERR_STORE_FULL')) {
        clock.after(WRITE_AGAIN_MS, () => {
          if (this.#e.isClosed) return
          this.#writing.set(publisher, false)
          this.#commit(publisher)
        })
        return
      }
      const hasChanged = this.#writing.get(publisher) === true
      this.#writing.delete(publisher)
      if (hasChanged && error === undefined) this.#write(publisher)
    })
  }

  /** Takes later incarnations of this publisher in again. Returns false when it is not in quarantine. */
  lift (publisher: string, done: (error?: SkeinError) => void): boolean {
    const entry = this.#quarantine.lift(publisher)
    if (entry === undefined) return false
    this.#e.options.store.commit(this.#quarantine.rows(publisher), (error) => { done(error as SkeinError | undefined) })
    this.#closeLogs(publisher)
    // What was not believed meanwhile is asked for again.
    for (const peerId of this.#e.neighbours.ids()) this.#e.repair.compare(peerId)
    return true
  }

  // ---- showing them to neighbours

  peerUp (peerId: string): void {
    this.#unsent.delete(peerId)
    this.#owe(peerId, this.#quarantine.proofs())
  }

  peerDown (peerId: string): void {
    this.#unsent.delete(peerId)
    this.#shownMs.delete(peerId)
  }

  /** A neighbour takes in a log of this publisher that is closed here. Also where that was lifted for later logs: the neighbour may not know of this one. */
  show (peerId: string, publisher: string): void {
    const entry = this.#quarantine.get(publisher)
    if (entry === undefined || publisher === peerId) return
    const now = this.#e.options.clock.nowMs()
    let shown = this.#shownMs.get(peerId)
    if (shown === undefined) this.#shownMs.set(peerId, shown = new Map())
    if (now - (shown.get(publisher) ?? Number.NEGATIVE_INFINITY) < SHOW_AGAIN_MS) return
    shown.set(publisher, now)
    this.#owe(peerId, [entry.proof])
  }

  /** The link takes frames again. */
  drained (peerId: string): void { this.#owe(peerId, []) }

  #owe (peerId: string, more: readonly Uint8Array[]): void {
    const unsent = [...new Set([...this.#unsent.get(peerId) ?? [], ...more])]
    let sent = 0
    let roomLeft = !this.#e.neighbours.isFull(peerId)
    for (const proofs of framesOf(unsent)) {
      if (!roomLeft) break
      roomLeft = this.#e.send(peerId, encodeFrame('forks', { proofs: proofs as Array<Uint8Array<ArrayBuffer>> }))
      sent += proofs.length
    }
    if (sent >= unsent.length) this.#unsent.delete(peerId)
    else this.#unsent.set(peerId, unsent.slice(sent))
  }
}
