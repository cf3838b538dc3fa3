/**
 * The Network port over libp2p: TCP, noise, yamux, gossipsub. This file only joins the parts: `dialer.ts` says whom to dial,
 * `channel.ts` brings a connection through handshake and link, `election.ts` picks the link in use, `liveness.ts` and
 * `watchdog.ts` judge it, `gossip.ts` keeps gossip to peers that are up.
 */
import './promise-with-resolvers.js'
import type { Connection, Libp2p } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import type { Timer } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import { FRAME_BYTES_MAX, GOSSIP_BYTES_MAX, PROTOCOL_VERSION, PROTOCOL_VERSION_MIN } from '../base/limits.js'
import { silentLogger, type Logger } from '../base/logger.js'
import { dialable, hostOf, isLoopback, parseAddress } from './addresses.js'
import { Bans } from './bans.js'
import { Channel, type ChannelContext } from './channel.js'
import { DialShell } from './dial-shell.js'
import type { FrameKind } from './frames.js'
import { Gossip } from './gossip.js'
import type { HandshakePeer, HandshakeSelf } from './handshake.js'
import { createHost, startHost } from './host.js'
import type { Libp2pNetwork, Libp2pNetworkOptions, PeerInspection } from './libp2p-options.js'
import { SleepDetector } from './liveness.js'
import { HELLO_PROTOCOL, meshNames, type MeshNames } from './names.js'
import type { GossipSent, GossipVerdict, NetworkHandlers, NetworkNotice, NetworkPeer } from './network.js'
import { CONNECTIONS_MAX, CONNECTIONS_PER_PEER_MAX, SILENT_PER_HOST_MAX, TICK_MS } from './network-limits.js'
import { NoticeFilter } from './notices.js'
import { Neighbour } from './neighbour.js'
import { REFUSAL, refusalNotice, refusalSentence, type RefusalCode } from './refusal.js'
import { Slices } from './slices.js'

export type { Libp2pNetwork, Libp2pNetworkOptions, PeerInspection } from './libp2p-options.js'

/** Throws `ERR_BAD_ADDRESS` and `ERR_BAD_ARGUMENT`; `start` throws `ERR_PORT_IN_USE`. */
export async function createLibp2pNetwork (options: Libp2pNetworkOptions): Promise<Libp2pNetwork> {
  if (options.privateKey.type !== 'Ed25519') throw new SkeinError('ERR_BAD_ARGUMENT', 'the identity of a node is an Ed25519 key')
  for (const address of options.listen) parseAddress(address, 'listen')
  const network = new Libp2pNetworkShell(options)
  for (const address of options.bootstrap) network.addBootstrap(address)
  await network.prepare()
  return network
}

class Libp2pNetworkShell implements Libp2pNetwork {
  readonly peerId: string
  private readonly names: MeshNames
  private readonly log: Logger
  private readonly instance: Uint8Array
  private readonly slices: Slices
  private readonly notices = new NoticeFilter()
  private readonly gossiper: Gossip
  private readonly dialling: DialShell
  private readonly channels = new Map<string, Channel>()
  private readonly neighbours = new Map<string, Neighbour>()
  private readonly bans = new Bans()
  private host: Libp2p | undefined
  private handlers: NetworkHandlers | undefined
  private ticker: Timer | undefined
  private state: 'idle' | 'running' | 'stopping' | 'stopped' = 'idle'

  constructor (private readonly options: Libp2pNetworkOptions) {
    const { clock, random } = options
    this.peerId = peerIdFromPrivateKey(options.privateKey).toString()
    this.names = meshNames(options.mesh)
    this.log = options.log ?? silentLogger
    this.instance = new Uint8Array(random.bytes(16))
    this.slices = new Slices(clock)
    this.dialling = new DialShell(this.peerId, clock, random, {
      connected: (connection, key) => { this.attach(connection, key) },
      unreachable: (address, reason) => {
        this.notice(address, { code: 'ERR_UNREACHABLE', message: `nothing answers at ${address} (${reason}); it is tried again for ever`, address })
      }
    })
    this.gossiper = new Gossip(this.names, {
      message: (topic, data, from, bodyHash) => this.onGossip(topic, data, from, bodyHash),
      interest: (peerId, topic, joined) => { this.call((handlers) => { handlers.interest(peerId, topic, joined) }) },
      standing: (connection) => this.standing(connection),
      opened: (peerId) => { this.neighbours.get(peerId)?.gossipOpened() },
      closed: (peerId) => { this.neighbours.get(peerId)?.gossipClosed() },
      drained: (peerId) => { this.emitDrained(peerId) },
      stuck: (peerId) => { this.options.clock.soon(() => { this.neighbours.get(peerId)?.cut('the peer does not read gossip') }) },
      offence: (peerId, reason) => {
        this.offence(peerId, reason)
        this.options.clock.soon(() => { this.neighbours.get(peerId)?.cut(reason) })
      }
    }, clock, options.bodyStart)
  }

  async prepare (): Promise<void> {
    const { privateKey, listen, agent, mdns } = this.options
    this.host = await createHost({
      privateKey,
      listen,
      agent,
      clock: this.options.clock,
      mdns: mdns === true ? this.names.mdns : undefined,
      gossip: this.gossiper.service,
      discovered: (peerId, addresses) => { this.dialling.input({ type: 'add', peerId, addresses }) }
    })
  }

  async start (handlers: NetworkHandlers): Promise<void> {
    if (this.state !== 'idle' || this.host === undefined) throw new SkeinError('ERR_CLOSED', 'the network was started before')
    const { host } = this
    const { clock } = this.options
    this.state = 'running'
    this.handlers = handlers
    host.addEventListener('connection:open', ({ detail }) => {
      if (detail.direction === 'inbound') this.attach(detail, undefined)
    })
    const streams = { maxInboundStreams: 4, maxOutboundStreams: 4 }
    await host.handle(HELLO_PROTOCOL, (stream, connection) => { this.route(connection, stream, (channel) => { void channel.answer(stream) }) }, streams)
    await host.handle(this.names.link, (stream, connection) => { this.route(connection, stream, (channel) => { channel.accept(stream) }) }, streams)
    try {
      await startHost(host, this.options.listen)
    } catch (error) {
      this.state = 'stopped'
      throw error
    }
    const sleep = new SleepDetector(clock.nowMs(), clock.wallMs())
    const tick = (): void => {
      if (this.state !== 'running') return
      this.ticker = clock.after(TICK_MS, tick)
      this.tick(sleep.tick(clock.nowMs(), clock.wallMs()))
    }
    this.ticker = clock.after(TICK_MS, tick)
    this.dialling.start(host)
  }

  async stop (): Promise<void> {
    if (this.state !== 'running') {
      this.state = 'stopped'
      return
    }
    this.state = 'stopping'
    this.ticker?.cancel()
    this.dialling.stop()
    const ups = [...this.neighbours.values()].filter(({ up }) => up !== undefined)
    await Promise.all(ups.map((neighbour) => neighbour.leave('the network stops', 1000)))
    for (const channel of [...this.channels.values()]) channel.end('the network stops')
    await this.host?.stop()
    this.state = 'stopped'
  }

  addresses (): string[] {
    if (this.state !== 'running') return []
    return this.host?.getMultiaddrs().map(String) ?? []
  }

  peers (): NetworkPeer[] {
    const found: NetworkPeer[] = []
    for (const { up } of this.neighbours.values()) if (up !== undefined) found.push(up)
    return found
  }

  send (peerId: string, frame: Uint8Array): boolean {
    if (frame.length > FRAME_BYTES_MAX) throw new SkeinError('ERR_MESSAGE_TOO_LARGE', `a frame of ${frame.length} bytes is over the limit of ${FRAME_BYTES_MAX}`)
    return this.state !== 'running' || (this.neighbours.get(peerId)?.send(frame) ?? true)
  }

  gossip (topic: string, data: Uint8Array, bodyHash?: Uint8Array): GossipSent {
    // The topic's name and gossipsub's own fields need room too.
    if (data.length > GOSSIP_BYTES_MAX - 1024) throw new SkeinError('ERR_MESSAGE_TOO_LARGE', `gossip of ${data.length} bytes is over the limit`)
    if (this.state !== 'running') return { recipients: 0, withheld: [], full: false }
    return this.gossiper.publish(topic, data, bodyHash)
  }

  join (topic: string): void { this.gossiper.join(topic) }

  leave (topic: string): void { this.gossiper.leave(topic) }

  addBootstrap (address: string): void {
    const parsed = parseAddress(address, 'dial')
    this.dialling.input({ type: 'add', peerId: parsed.peerId, addresses: [parsed.address], bootstrap: true })
  }

  disconnect (peerId: string, reason: string, banMs?: number): void {
    const { clock } = this.options
    if (banMs !== undefined && banMs > 0) {
      const untilMs = clock.nowMs() + banMs
      this.bans.add(peerId, untilMs)
      this.dialling.input({ type: 'banned', peerId, untilMs })
    }
    clock.soon(() => {
      this.neighbours.get(peerId)?.dismiss(reason)
      for (const channel of [...this.channels.values()]) if (channel.peerId === peerId) channel.end(reason)
    })
  }

  pause (peerId: string, ms: number): void { this.neighbours.get(peerId)?.pause(ms) }

  inspect (peerId: string): PeerInspection | undefined {
    const neighbour = this.neighbours.get(peerId)
    if (neighbour?.up === undefined) return undefined
    const { score, topics, meshTopics, unsentBytes } = this.gossiper.inspect(peerId)
    return { score, topics, meshTopics, unsentGossipBytes: unsentBytes, unsentLinkBytes: neighbour.unsent }
  }

  unsentBytes (): number {
    let bytes = 0
    for (const id of this.neighbours.keys()) {
      const seen = this.inspect(id)
      bytes += (seen?.unsentGossipBytes ?? 0) + (seen?.unsentLinkBytes ?? 0)
    }
    return bytes
  }

  /** A connection is there; who dialled speaks first. */
  private attach (connection: Connection, dialKey: string | undefined): void {
    const existing = this.channels.get(connection.id)
    if (existing !== undefined) {
      if (dialKey !== undefined) this.redialled(existing, dialKey)
      return
    }
    if (this.state !== 'running') {
      connection.abort(new Error('the network stops'))
      return
    }
    const peerId = connection.remotePeer.toString()
    if (peerId === this.peerId) {
      if (dialKey !== undefined) this.dialling.input({ type: 'self', key: dialKey })
      connection.abort(new Error('this node dialled itself'))
      return
    }
    const crowd = this.crowd(connection)
    if (crowd !== undefined) {
      connection.abort(new Error(crowd))
      return
    }
    const { clock } = this.options
    const context: ChannelContext = {
      clock, names: this.names, slices: this.slices, self: () => this.introduction(connection), reject: this.reject(connection)
    }
    const channel: Channel = new Channel(connection, dialKey, context, {
      ready: (peer) => { this.neighbour(channel).ready(channel, peer) },
      refused: (code, message, byUs) => {
        if (byUs && code === REFUSAL.malformed) this.offence(peerId, 'a malformed handshake')
        this.onRefused(channel, code, message, byUs)
      },
      control: (kind: FrameKind, payload) => { this.neighbours.get(peerId)?.control(channel, kind, payload) },
      data: (frame) => { this.neighbours.get(peerId)?.data(channel, frame) },
      progress: (heard) => { this.neighbours.get(peerId)?.progress(channel, heard) },
      offence: (reason) => { this.offence(peerId, reason) },
      drained: () => { if (this.neighbours.get(peerId)?.upChannel === channel) this.emitDrained(peerId) },
      closed: (reason) => { this.onClosed(channel, reason) }
    })
    this.channels.set(connection.id, channel)
    if (connection.remotePeer.type !== 'Ed25519') {
      this.onRefused(channel, REFUSAL.keyType, refusalSentence(REFUSAL.keyType), true)
      channel.end(refusalSentence(REFUSAL.keyType))
      return
    }
    if (connection.status !== 'open') channel.end('the connection closed')
    else if (connection.direction === 'outbound') void channel.greet()
  }

  /** libp2p answered a dial with a connection that was there already. */
  private redialled (channel: Channel, key: string): void {
    if (this.neighbours.get(channel.peerId)?.up !== undefined) this.dialling.input({ type: 'same', key, peerId: channel.peerId })
    else if (channel.dialKey === undefined) channel.dialKey = key
    else if (channel.dialKey !== key) this.dialling.input({ type: 'failed', key, reason: 'the peer is dialled at another address' })
  }

  private route (connection: Connection, stream: Parameters<Channel['accept']>[0], to: (channel: Channel) => void): void {
    this.attach(connection, undefined)
    const channel = this.channels.get(connection.id)
    if (channel === undefined) stream.abort(new Error('the connection is closed'))
    else to(channel)
  }

  /** Connections that are there and say nothing must not keep others out. Undefined: this one may stay. */
  private crowd (connection: Connection): string | undefined {
    if (connection.direction !== 'inbound') return undefined
    const peerId = connection.remotePeer.toString()
    const host = hostOf(connection.remoteAddr.toString())
    let ofPeer = 0
    let silent = 0
    for (const channel of this.channels.values()) {
      if (channel.peerId === peerId) ofPeer++
      if (channel.peer === undefined && channel.connection.direction === 'inbound' && hostOf(channel.connection.remoteAddr.toString()) === host) silent++
    }
    if (ofPeer >= CONNECTIONS_PER_PEER_MAX) return 'the peer has connections enough'
    return silent >= SILENT_PER_HOST_MAX ? 'there are too many connections from this address that have not shaken hands' : undefined
  }

  private introduction (connection: Connection): HandshakeSelf {
    const { relay, agent } = this.options
    const far = !isLoopback(connection.remoteAddr.toString())
    return {
      meshHash: this.names.hash,
      instance: this.instance,
      versionMin: PROTOCOL_VERSION_MIN,
      versionMax: PROTOCOL_VERSION,
      relay,
      agent,
      addresses: this.addresses().filter((address) => !(far && isLoopback(address)))
    }
  }

  private reject (connection: Connection): RefusalCode | undefined {
    if (this.bans.has(this.options.clock.nowMs(), connection.remotePeer.toString())) return REFUSAL.banned
    return this.channels.size >= CONNECTIONS_MAX ? REFUSAL.full : undefined
  }

  private neighbour (channel: Channel): Neighbour {
    const { peerId } = channel
    const existing = this.neighbours.get(peerId)
    if (existing !== undefined) return existing
    const neighbour: Neighbour = new Neighbour(peerId, this.peerId < peerId, this.options.clock, this.gossiper, {
      up: (peer, via) => { this.onUp(peer, via) },
      down: (reason) => { this.onDown(peerId, reason) },
      data: (frame) => { this.call((handlers) => { handlers.frame(peerId, frame) }) }
    })
    this.neighbours.set(peerId, neighbour)
    return neighbour
  }

  private onUp (peer: NetworkPeer, channel: Channel): void {
    const { addresses } = channel.peer as HandshakePeer
    const known = channel.connection.direction === 'outbound' ? [...addresses, peer.address] : addresses
    this.dialling.input({ type: 'up', peerId: peer.id, addresses: dialable(known, peer.id), key: channel.dialKey })
    for (const address of [peer.address, peer.address.replace(/\/p2p\/.*$/, '')]) this.notices.clear('ERR_UNREACHABLE', address)
    this.log.info({ peer: peer.id, address: peer.address, agent: peer.agent }, 'peer up')
    this.call((handlers) => { handlers.peerUp(peer) })
    this.gossiper.peerUp(channel.connection)
  }

  private onDown (peerId: string, reason: string): void {
    this.gossiper.peerDown(peerIdFromString(peerId))
    this.dialling.input({ type: 'down', peerId })
    this.log.info({ peer: peerId, reason }, 'peer down')
    this.call((handlers) => { handlers.peerDown(peerId, reason) })
  }

  private onRefused (channel: Channel, code: RefusalCode, message: string, byUs: boolean): void {
    const { peerId, connection, dialKey } = channel
    this.dialling.input({ type: 'refused', key: dialKey, peerId })
    const address = connection.remoteAddr.toString()
    this.notice(peerId, { code: 'ERR_HANDSHAKE_REFUSED', message: refusalNotice(peerId, code, byUs, message), peerId, address })
  }

  private onClosed (channel: Channel, reason: string): void {
    const { peerId, connection, dialKey } = channel
    this.channels.delete(connection.id)
    this.gossiper.connectionClosed(connection.id)
    const neighbour = this.neighbours.get(peerId)
    neighbour?.closed(channel, reason)
    if (neighbour?.empty === true) this.neighbours.delete(peerId)
    if (dialKey === undefined) return
    if (neighbour?.up === undefined) this.dialling.input({ type: 'failed', key: dialKey, reason })
    else this.dialling.input({ type: 'same', key: dialKey, peerId })
  }

  private standing (connection: Connection): 'up' | 'later' | 'never' {
    const channel = this.channels.get(connection.id)
    if (channel === undefined || channel.peer === undefined) return 'never'
    return this.neighbours.get(channel.peerId)?.upChannel === channel ? 'up' : 'later'
  }

  private tick (slept: boolean): void {
    if (slept) {
      this.log.info({}, 'this process was asleep: links are checked and peers dialled')
      this.dialling.input({ type: 'hurry' })
    }
    for (const neighbour of [...this.neighbours.values()]) neighbour.tick(slept)
  }

  private onGossip (topic: string, data: Uint8Array, from: string, bodyHash: Uint8Array | undefined): GossipVerdict {
    let verdict: GossipVerdict = 'ignore'
    this.call((handlers) => { verdict = handlers.gossip(topic, data, from, bodyHash) })
    return verdict
  }

  /** On a turn of its own: a stream may drain while it is written to. */
  private emitDrained (peerId: string): void {
    this.options.clock.soon(() => {
      if (this.neighbours.get(peerId)?.up !== undefined) this.call((handlers) => { handlers.drained(peerId) })
    })
  }

  private offence (peerId: string, reason: string): void {
    this.log.info({ peer: peerId, reason }, 'a peer broke the protocol')
    this.call((handlers) => { handlers.offence?.(peerId, reason) })
  }

  private notice (subject: string, notice: NetworkNotice): void {
    if (!this.notices.pass(this.options.clock.nowMs(), notice.code, subject)) return
    this.options.clock.soon(() => { this.call((handlers) => { handlers.notice(notice) }) })
  }

  /** A fault in a handler is logged and ends nothing. */
  private call (fn: (handlers: NetworkHandlers) => void): void {
    if (this.handlers === undefined || this.state === 'stopped' || this.state === 'idle') return
    try {
      fn(this.handlers)
    } catch (error) {
      this.log.error({ err: error }, 'a network handler threw')
    }
  }
}
