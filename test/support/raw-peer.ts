/**
 * A peer made of raw libp2p, which does by hand what the network room does: dial, shake hands, open the link, agree on it. From there on
 * it keeps no rules. It has a new identity each time.
 */
import '../../src/network/promise-with-resolvers.js'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { systemClock } from '../../src/base/system-clock.js'
import { createCrypto } from '../../src/security/ed25519.js'
import { FRAME as LINK } from '../../src/network/frames.js'
import { Handshake } from '../../src/network/handshake.js'
import { shakeHands } from '../../src/network/handshake-stream.js'
import { HELLO_PROTOCOL, meshNames } from '../../src/network/names.js'

export const varint = (value: number): number[] => value > 0x7f ? [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))] : [value]
/** Bytes with their length before them. */
export const prefixed = (...parts: Array<Uint8Array | readonly number[]>): Uint8Array => {
  const body = Buffer.concat(parts.map(part => Uint8Array.from(part)))
  return Buffer.concat([Uint8Array.from(varint(body.length)), body])
}

/** Fields of a protobuf message, length-delimited ones only. */
export const field = (number: number, value: Uint8Array | string): Uint8Array => {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([Uint8Array.from([...varint(number << 3 | 2), ...varint(bytes.length)]), bytes])
}

export class RawPeer {
  readonly names
  readonly peerId: string
  connection!: Connection
  link!: Stream
  #open = true

  private constructor (readonly host: Libp2p, readonly key: PrivateKey, readonly mesh: string) {
    this.names = meshNames(mesh)
    this.peerId = peerIdFromPrivateKey(key).toString()
  }

  static async create (mesh = 'bench', key?: PrivateKey): Promise<RawPeer> {
    const privateKey = key ?? await generateKeyPair('Ed25519')
    const host = await createLibp2p({
      privateKey, addresses: { listen: [] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], connectionMonitor: { enabled: false },
      connectionGater: { denyDialMultiaddr: () => false }, connectionManager: { reconnectRetries: 0, maxConnections: 2000 }
    })
    const peer = new RawPeer(host, privateKey, mesh)
    await host.handle(peer.names.gossip, () => {}, { maxInboundStreams: 10 })
    return peer
  }

  get crypto (): ReturnType<typeof createCrypto> { return createCrypto(this.key.raw.subarray(0, 32)) }
  get isCut (): boolean { return !this.#open }

  /** Connected, and nothing said. */
  async dial (address: string): Promise<this> {
    this.connection = await this.host.dial(multiaddr(address), { force: true, signal: AbortSignal.timeout(20_000) })
    this.#open = true
    this.connection.addEventListener('close', () => { this.#open = false })
    return this
  }

  async hello (): Promise<Stream> { return await this.connection.newStream(HELLO_PROTOCOL) }

  /** Hands are shaken. Throws when this peer is refused. */
  async greet (): Promise<this> {
    const self = { meshHash: this.names.hash, instance: new Uint8Array(16), versionMin: 1, versionMax: 1, relay: true, agent: 'raw', addresses: [] }
    const result = await shakeHands(await this.hello(), new Handshake('dialler', self), systemClock)
    if (result.type !== 'done') throw new Error(`refused: ${result.message}`)
    return this
  }

  /** The link is there, and up. */
  async up (): Promise<this> {
    const link = this.link = await this.connection.newStream(this.names.link)
    let seen = Buffer.alloc(0)
    let chose = false
    let agreed = false
    const up = new Promise<void>((resolve, reject) => {
      link.addEventListener('close', () => { reject(new Error('the link was closed')) })
      link.addEventListener('message', ({ data }) => {
        if (agreed) return
        seen = Buffer.concat([seen, data.subarray()])
        const has = (kind: number): boolean => seen.includes(Buffer.from([1, kind]))
        if (has(LINK.choose) && !chose) this.say([LINK.chosen])
        chose ||= has(LINK.choose)
        if (has(LINK.chosen)) this.say([LINK.up])
        agreed = has(LINK.chosen) || has(LINK.up)
        if (agreed) resolve()
      })
    })
    up.catch(() => {})
    if (this.peerId < (this.connection.remotePeer.toString())) this.say([LINK.choose])
    await up
    return this
  }

  async enter (address: string): Promise<this> { return await (await (await this.dial(address)).greet()).up() }

  /** A frame of the link. */
  say (...parts: Array<Uint8Array | readonly number[]>): void { this.raw(this.link, prefixed(...parts)) }

  /** As long as the peer listens. */
  raw (stream: Stream, bytes: Uint8Array): void {
    try {
      if (stream.status === 'open') stream.send(bytes)
    } catch {
      // Cut off in the middle of it.
    }
  }

  async gossip (): Promise<Stream> { return await this.connection.newStream(this.names.gossip) }
  topic (channel: string): string { return `${this.names.topicPrefix}c/${channel}` }

  async stop (): Promise<void> { await this.host.stop() }
}
