import { copyBytes } from '../base/bytes.js'
import type { NetworkPeer } from '../network/network.js'
import { decodeFrame, itemsOf, type Frame } from '../repair/frames.js'
import { announcementCost, VERIFY_COST } from './conduct.js'
import type { Engine } from './engine.js'

/** Neighbours that come and go, and the frames they send: each goes to the room it is for. */
export class Neighbourhood {
  readonly #e: Engine

  constructor (engine: Engine) {
    this.#e = engine
  }

  peerUp (peer: NetworkPeer): void {
    this.#e.neighbours.up(peer)
    this.#e.conducts.seen(peer.id)
    this.#e.announcing.peerUp(peer.id)
    this.#e.forks.peerUp(peer.id)
    this.#e.lives.tell(peer.id)
    this.#e.repair.peerUp(peer.id)
    this.#e.receipting.routed(peer.id)
    this.#e.puller.hopes(peer.id)
    this.#e.options.listener.peerUp(peer)
  }

  /** The link takes frames again. */
  drained (peerId: string): void {
    this.#e.neighbours.drained(peerId)
    this.#e.announcing.drained(peerId)
    this.#e.forks.drained(peerId)
  }

  /** Returns what of it was for nothing, in units of work. */
  #announced (peerId: string, pages: readonly Uint8Array[]): number {
    const news: Uint8Array[] = []
    let waste = 0
    for (const page of pages) {
      const verdict = this.#e.directory.arrived(page, peerId)
      if (verdict === 'reject') { this.#e.conducts.strike(peerId, 'a malformed announcement, or one with a wrong signature'); break }
      if (verdict === 'accept') news.push(copyBytes(page))
      else waste += announcementCost(page)
    }
    // What was news here by a link has not come by gossip: the others may have missed it too.
    this.#e.announcing.tell(news, peerId)
    return waste
  }

  peerDown (peerId: string, reason: string): void {
    this.#e.neighbours.down(peerId)
    this.#e.announcing.peerDown(peerId)
    this.#e.forks.peerDown(peerId)
    this.#e.provider.peerDown(peerId)
    this.#e.puller.peerDown(peerId)
    this.#e.repair.peerDown(peerId)
    this.#e.routes.down(peerId)
    this.#e.receipting.peerDown(peerId)
    this.#e.options.listener.peerDown(peerId, reason)
  }

  interested (peerId: string, channel: string, joined: boolean): void {
    const news = this.#e.neighbours.takesPart(peerId, channel, joined)
    if (!joined) return
    this.#e.channels.heard(channel, peerId)
    if (!news || !this.#e.channels.takesPart(channel)) return
    this.#e.repair.compare(peerId, [channel])
    for (const log of this.#e.book.logs(channel)) this.#e.puller.hopes(peerId, log)
  }

  frame (peerId: string, bytes: Uint8Array): void {
    if (this.#e.isClosed || this.#e.conducts.isBanned(peerId)) return
    const { conducts, meter, options } = this.#e
    meter.taken()
    let frame
    try {
      frame = decodeFrame(bytes)
    } catch (error) {
      conducts.strike(peerId, `a malformed frame: ${(error as Error).message}`)
    }
    // A later version may send what this one does not know, now and then.
    const waste = frame === undefined ? costOf(bytes) : this.#take(peerId, frame, bytes)
    // What this node has asked for is bounded by the credit it gave.
    if (waste === ASKED_FOR) return
    const items = frame === undefined ? 0 : itemsOf(frame)
    const pauseMs = conducts.charge(peerId, costOf(bytes) + items * ITEM_COST + meter.taken() * VERIFY_COST, waste)
    if (pauseMs > 0) options.network.pause(peerId, pauseMs)
  }

  /** Returns what of the frame was for nothing, in units of work; or `ASKED_FOR`. */
  #take (peerId: string, frame: Frame, bytes: Uint8Array): number {
    const { conducts, repair } = this.#e
    switch (frame.type) {
      case 'announcements': return this.#announced(peerId, frame.value.signed)
      case 'summary': return this.#e.repair.summary(peerId, frame.value)
      case 'buckets': return this.#e.repair.buckets(peerId, frame.value)
      case 'heads': return conducts.unexplained(peerId, 'heads', repair.takeHeads(peerId, frame.value), repair.tellable(peerId).heads)
      case 'have': return conducts.unexplained(peerId, 'heads', repair.have(peerId, frame.value), repair.tellable(peerId).heads)
      case 'want': return this.#e.provider.want(peerId, frame.value) ? 0 : DENIAL_COST
      case 'credit': return this.#e.provider.credit(peerId, frame.value) ? 0 : costOf(bytes)
      case 'data': return this.#e.puller.data(peerId, frame.value) ? ASKED_FOR : costOf(bytes)
      case 'end': return this.#e.puller.end(peerId, frame.value) ? 0 : costOf(bytes)
      case 'forks': return this.#e.forks.told(peerId, frame.value.proofs)
      case 'receipts': {
        const waste = this.#e.receipting.arrived(peerId, frame.value.signed)
        this.#e.housekeeping.writeReceipts()
        this.#e.outbox.admitWaiting()
        return conducts.unexplained(peerId, 'receipts', waste, repair.tellable(peerId).receipts)
      }
    }
  }
}

const ASKED_FOR = -1
/** A want for what is not here, which is answered. */
const DENIAL_COST = 3

/** An item of a frame, in units of work, whether it is news or not. */
const ITEM_COST = 0.5
/** What it costs to look at so many bytes, in units of work. */
const costOf = (bytes: Uint8Array): number => 1 + bytes.length / 4096
