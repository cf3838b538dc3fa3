/** A neighbour of the town that speaks the protocol, keeps none of its rules, and signs with a key of its own. */
import { sealBatch, type SealedBatch } from '../../../src/message/batch.js'
import type { Crypto } from '../../../src/base/crypto.js'
import { peerIdToBytes } from '../../../src/message/peer-id.js'
import { encodeRecords } from '../../../src/message/record.js'
import { signAnnouncement } from '../../../src/message/signed.js'
import type { AnnouncedHead } from '../../../src/message/wire.js'
import type { MemoryNetwork } from '../../../src/network/memory-network.js'
import { GOSSIP_TOPICS } from '../../../src/node/channels.js'
import { decodeFrame, encodeFrame, type Frame } from '../../../src/repair/frames.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { recordOf } from '../../support/written-log.js'
import type { Town, Townsman } from './town.js'

type Bytes = Uint8Array<ArrayBuffer>

export class Mallory {
  readonly peerId: string
  readonly crypto: Crypto
  readonly network: MemoryNetwork
  readonly heard: Frame[] = []
  readonly up = new Set<string>()
  /** How long it took to be cut off, ms of the town's time, by whom. */
  readonly cutAfterMs = new Map<string, number>()
  onFrame: (from: string, frame: Frame) => void = () => {}
  #sinceMs = 0
  /** A number that never comes again. */
  n = 0

  constructor (readonly town: Town, near: readonly Townsman[], { relay = true, n = 200 } = {}) {
    this.peerId = peerOf(n)
    this.crypto = fakeCrypto(this.peerId)
    this.network = town.mesh.createNetwork({ peerId: this.peerId, relay, bootstrap: near.map(({ peerId }) => `/memory/1/p2p/${peerId}`) })
  }

  async start (...channels: string[]): Promise<this> {
    await this.network.start({
      peerUp: ({ id }) => { this.up.add(id) },
      peerDown: (id) => {
        this.up.delete(id)
        if (!this.cutAfterMs.has(id)) this.cutAfterMs.set(id, this.town.clock.now - this.#sinceMs)
      },
      frame: (from, bytes) => {
        const frame = decodeFrame(bytes)
        if (frame === undefined) return
        if (this.heard.length < 10_000) this.heard.push(frame)
        this.onFrame(from, frame)
      },
      gossip: () => 'ignore', drained: () => {}, interest: () => {}, notice: () => {}
    })
    this.network.join(GOSSIP_TOPICS.directory)
    for (const channel of channels) this.network.join(GOSSIP_TOPICS.ofChannel(channel))
    return this
  }

  /** Attacks begin here. */
  begins (): void { this.#sinceMs = this.town.clock.now }

  send<K extends Frame['type']> (type: K, value: Parameters<typeof encodeFrame<K>>[1]): void { this.raw(encodeFrame(type, value)) }
  raw (bytes: Uint8Array): void { for (const id of this.up) this.network.send(id, bytes) }
  gossip (topic: string, kind: number, bytes: Uint8Array): void { this.network.gossip(topic, Uint8Array.from([kind, ...bytes])) }

  /** A batch, or with `as` one that another is said to have signed. */
  batch (channel: string, { as = this.peerId, incarnation = 1, base = 1, body = 'x' }: { as?: string, incarnation?: number, base?: number, body?: string } = {}): SealedBatch {
    const id = { publisher: as, incarnation: { number: incarnation, random: incarnation.toString(16).padStart(16, '0') }, channel }
    return sealBatch(this.crypto, testMesh, { log: id, base, count: 1, time: this.town.clock.wallMs(), previous: base === 1 ? new Uint8Array(0) : new Uint8Array(32), body: encodeRecords([recordOf(`${channel}/x`, body)]) })
  }

  announcement (more: { as?: string, crypto?: Crypto, sequence?: number, joined?: string[], heads?: AnnouncedHead[], addresses?: string[] } = {}): Bytes {
    const { as = this.peerId, crypto = this.crypto, joined = [], heads = [], addresses = [] } = more
    const now = Math.floor(this.town.clock.wallMs())
    return signAnnouncement(crypto, { mesh: testMesh as Bytes, publisher: peerIdToBytes(as) as Bytes, sequence: more.sequence ?? now, time: now, page: 0, pages: 1, relay: true, addresses, joined, subscriptions: [], heads }) as Bytes
  }
}

export const flipped = (bytes: Uint8Array): Bytes => {
  const out = bytes.slice() as Bytes
  out[out.length - 1] = (out[out.length - 1] as number) ^ 1
  return out
}
