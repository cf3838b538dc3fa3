import type { NetworkPeer } from '../network/network.js'
import { decodeFrame, encodeFrame } from '../repair/frames.js'
import type { Engine } from './engine.js'

/** Neighbours that come and go, and the frames they send: each goes to the room it is for. */
export class Neighbourhood {
  readonly #e: Engine

  constructor (engine: Engine) {
    this.#e = engine
  }

  peerUp (peer: NetworkPeer): void {
    this.#e.neighbours.up(peer)
    this.#sendAnnouncements(peer.id)
    this.#e.repair.peerUp(peer.id)
    this.#e.puller.hopes(peer.id)
    this.#e.options.listener.peerUp(peer)
  }

  #sendAnnouncements (peerId: string): void {
    let page: Uint8Array[] = []
    let bytes = 0
    for (const signed of this.#e.directory.everything()) {
      page.push(signed)
      bytes += signed.length
      if (bytes < 256 * 1024 && page.length < 256) continue
      this.#e.options.network.send(peerId, encodeFrame('announcements', { signed: page as Array<Uint8Array<ArrayBuffer>> }))
      page = []
      bytes = 0
    }
    if (page.length > 0) this.#e.options.network.send(peerId, encodeFrame('announcements', { signed: page as Array<Uint8Array<ArrayBuffer>> }))
  }

  peerDown (peerId: string, reason: string): void {
    this.#e.neighbours.down(peerId)
    this.#e.provider.peerDown(peerId)
    this.#e.puller.peerDown(peerId)
    this.#e.repair.peerDown(peerId)
    this.#e.options.listener.peerDown(peerId, reason)
  }

  interested (peerId: string, channel: string, joined: boolean): void {
    const news = this.#e.neighbours.takesPart(peerId, channel, joined)
    if (!joined) return
    this.#e.channels.heard(channel)
    if (!news || !this.#e.channels.takesPart(channel)) return
    this.#e.repair.compare(peerId, [channel])
    for (const log of this.#e.book.logs(channel)) this.#e.puller.hopes(peerId, log)
  }

  frame (peerId: string, bytes: Uint8Array): void {
    if (this.#e.isClosed) return
    let frame
    try {
      frame = decodeFrame(bytes)
    } catch (error) {
      this.#e.options.log.warn({ peerId, reason: (error as Error).message }, 'a malformed frame')
      this.#e.neighbours.strike(peerId)
      return
    }
    switch (frame?.type) {
      case 'announcements':
        for (const signed of frame.value.signed) if (this.#e.directory.arrived(signed) === 'reject') { this.#e.neighbours.strike(peerId); return }
        break
      case 'summary': this.#e.repair.summary(peerId, frame.value); break
      case 'buckets': this.#e.repair.buckets(peerId, frame.value); break
      case 'heads': this.#e.repair.takeHeads(peerId, frame.value); break
      case 'have': this.#e.repair.have(peerId, frame.value); break
      case 'want': this.#e.provider.want(peerId, frame.value); break
      case 'credit': this.#e.provider.credit(peerId, frame.value); break
      case 'data': this.#e.puller.data(peerId, frame.value); break
      case 'end': this.#e.puller.end(peerId, frame.value); break
      case 'receipts':
        this.#e.receipting.arrived(peerId, frame.value.signed)
        this.#e.housekeeping.writeReceipts()
        this.#e.outbox.admitWaiting()
        break
      case undefined: break
    }
  }
}
