/**
 * Gossipsub, kept to peers that are up. Instead of libp2p's registrar it gets one of ours: protocol ids carry the
 * mesh, a peer is announced to it when its link is up and not when libp2p identified it, and streams that arrive before
 * wait, paused, until the link is up.
 */
import { gossipsub, TopicValidatorResult, type GossipSub, type GossipSubComponents, type GossipsubOpts, type Message } from '@chainsafe/libp2p-gossipsub'
import type { Connection, PeerId, Stream, StreamHandler, Topology } from '@libp2p/interface'
import type { Clock } from '../base/clock.js'
import { GOSSIP_BYTES_MAX } from '../base/limits.js'
import { GossipGuard, type GuardedInside } from './gossip-guard.js'
import { MessageIds } from './message-ids.js'
import { GossipBound, type BoundEvents, type GossipSubInside } from './gossip-bound.js'
import { GOSSIP_TOPIC_BYTES_MAX } from './network-limits.js'
import type { MeshNames } from './names.js'
import type { GossipSent, GossipVerdict } from './network.js'

export interface GossipEvents extends BoundEvents {
  message (topic: string, data: Uint8Array, from: string, bodyHash: Uint8Array | undefined): GossipVerdict
  interest (peerId: string, topic: string, joined: boolean): void
  /** Is this connection the one in use with its peer? 'later': it may become so. */
  standing (connection: Connection): 'up' | 'later' | 'never'
  /** The peer sends through gossip what no honest one does. */
  offence (peerId: string, reason: string): void
}

/** What rejects cost: four in a short time and the neighbour's gossip is passed over for about a minute. */
const TOPIC_SCORE = Object.freeze({
  topicWeight: 1,
  timeInMeshWeight: 0,
  timeInMeshQuantum: 1000,
  timeInMeshCap: 1,
  firstMessageDeliveriesWeight: 0,
  firstMessageDeliveriesDecay: 0.5,
  firstMessageDeliveriesCap: 1,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 1,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 1000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesWeight: -10,
  invalidMessageDeliveriesDecay: 0.99
})

const OPTIONS: Partial<GossipsubOpts> = {
  globalSignaturePolicy: 'StrictNoSign',
  msgIdToStrFn: (id) => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1'),
  allowPublishToZeroTopicPeers: true,
  ignoreDuplicatePublishError: true,
  emitSelf: false,
  fallbackToFloodsub: false,
  floodPublish: false,
  doPX: false,
  batchPublish: true,
  // A smaller message is no dearer to get twice than to be told that it is not wanted.
  idontwantMinDataSize: 16 * 1024,
  tagMeshPeers: false,
  heartbeatInterval: 500,
  // Repair brings what is older: the cache of whole messages can be short.
  mcacheLength: 4,
  mcacheGossip: 2,
  maxInboundDataLength: GOSSIP_BYTES_MAX,
  // What comes again later is known by its cursor: to remember each message for a minute is enough.
  seenTTL: 60_000,
  // A relay joins as many channels as it may, with names as long as they may be.
  maxTopicBytesPerPeer: GOSSIP_TOPIC_BYTES_MAX,
  maxInboundStreams: 4,
  maxOutboundStreams: 4,
  decodeRpcLimits: { maxSubscriptions: 2048, maxMessages: 1024, maxIhaveMessageIDs: 5000, maxIwantMessageIDs: 5000, maxIdontwantMessageIDs: 512, maxControlMessages: 2048, maxPeerInfos: 16 },
  // Many nodes behind one address are normal here.
  scoreParams: { IPColocationFactorWeight: 0 }
}

const VERDICTS = { accept: TopicValidatorResult.Accept, ignore: TopicValidatorResult.Ignore, reject: TopicValidatorResult.Reject }

export class Gossip {
  private pubsub: GossipSub | undefined
  private bound: GossipBound | undefined
  private topology: Topology | undefined
  private accept: StreamHandler | undefined
  /** Streams that came before their connection was up, one per connection. */
  private readonly early = new Map<string, Stream>()
  private readonly interests = new Map<string, Set<string>>()

  private readonly ids: MessageIds

  constructor (private readonly names: MeshNames, private readonly events: GossipEvents, private readonly clock: Clock, bodyStart?: (data: Uint8Array) => number | undefined) {
    this.ids = new MessageIds(bodyStart)
  }

  /** For libp2p's `services`. */
  readonly service = (components: GossipSubComponents): GossipSub => {
    const { privateKey, peerId, peerStore, connectionManager, logger } = components
    const pubsub = gossipsub({ ...OPTIONS, msgIdFn: ({ topic, data }) => this.ids.of(topic, data) })({ privateKey, peerId, peerStore, connectionManager, logger, registrar: this.registrar(components) })
    this.bound = new GossipBound(pubsub, {
      opened: (peer) => { this.opened(peer) },
      closed: (peer) => { this.events.closed(peer) },
      drained: (peer) => { this.events.drained(peer) },
      stuck: (peer) => { this.events.stuck(peer) }
    })
    new GossipGuard(pubsub as unknown as GuardedInside, {
      nowMs: () => this.clock.nowMs(),
      wait: (ms) => new Promise((resolve) => { this.clock.after(ms, resolve) }),
      isJoined: (topic) => this.inside.mesh.has(topic),
      offence: (peer, reason) => { this.events.offence(peer, reason) }
    }).stand()
    // Every topic has a validator, so that gossip on topics not joined is neither kept nor passed on.
    pubsub.topicValidators.get = () => this.validate
    pubsub.addEventListener('subscription-change', (event) => {
      for (const { topic, subscribe } of event.detail.subscriptions) this.noteInterest(event.detail.peerId.toString(), topic, subscribe)
    })
    this.pubsub = pubsub
    return pubsub
  }

  join (topic: string): void {
    const name = this.names.topicPrefix + topic
    const { opts } = this.inside
    opts.scoreParams.topics[name] ??= TOPIC_SCORE
    this.pubsub?.subscribe(name)
  }

  leave (topic: string): void {
    this.pubsub?.unsubscribe(this.names.topicPrefix + topic)
  }

  publish (topic: string, data: Uint8Array, bodyHash?: Uint8Array): GossipSent {
    if (bodyHash !== undefined) this.ids.know(data, bodyHash)
    return (this.bound as GossipBound).publish(this.names.topicPrefix + topic, data)
  }

  /** The peer's link is up on this connection. */
  peerUp (connection: Connection): void {
    this.announce(connection)
    const stream = this.early.get(connection.id)
    this.early.delete(connection.id)
    if (stream?.status === 'open') this.take(stream, connection)
  }

  /** Opens the outbound stream where there is none. */
  announce (connection: Connection): void {
    void this.topology?.onConnect?.(connection.remotePeer, this.facade(connection))
  }

  peerDown (peerId: PeerId): void {
    const id = peerId.toString()
    void this.topology?.onDisconnect?.(peerId)
    this.interests.delete(id)
    this.bound?.forget(id)
  }

  connectionClosed (connectionId: string): void { this.early.delete(connectionId) }

  get control (): GossipBound { return this.bound as GossipBound }

  /** For people: neighbours in the mesh of each topic, and what the peer's behaviour has earned it. */
  inspect (peerId: string): { score: number, topics: string[], meshTopics: string[], unsentBytes: number | undefined } {
    const short = (name: string): string => name.slice(this.names.topicPrefix.length)
    const { mesh } = this.inside
    return {
      score: this.inside.getScore(peerId),
      topics: [...this.interests.get(peerId) ?? []],
      meshTopics: [...mesh].filter(([, peers]) => peers.has(peerId)).map(([name]) => short(name)),
      unsentBytes: this.control.unsent(peerId)
    }
  }

  private get inside (): GossipSubInside { return this.pubsub as unknown as GossipSubInside }

  private readonly validate = (from: PeerId, message: Message): TopicValidatorResult => {
    const { topicPrefix } = this.names
    if (!message.topic.startsWith(topicPrefix) || !this.inside.mesh.has(message.topic)) return TopicValidatorResult.Ignore
    return VERDICTS[this.events.message(message.topic.slice(topicPrefix.length), message.data, from.toString(), this.ids.bodyHash(message.data))]
  }

  private noteInterest (peerId: string, name: string, joined: boolean): void {
    if (!name.startsWith(this.names.topicPrefix)) return
    const topic = name.slice(this.names.topicPrefix.length)
    const topics = this.interests.get(peerId) ?? new Set()
    if (topics.has(topic) === joined) return
    if (joined) topics.add(topic)
    else topics.delete(topic)
    this.interests.set(peerId, topics)
    // Told when gossip can reach the peer, not before.
    if (this.control.unsent(peerId) !== undefined) this.events.interest(peerId, topic, joined)
  }

  private opened (peerId: string): void {
    if (this.control.unsent(peerId) === undefined) return
    this.events.opened(peerId)
    const topics = [...this.interests.get(peerId) ?? []]
    this.control.graft(peerId, topics.map((topic) => this.names.topicPrefix + topic))
    for (const topic of topics) this.events.interest(peerId, topic, true)
  }

  private registrar (components: GossipSubComponents): GossipSubComponents['registrar'] {
    const real = components.registrar
    const shim: Pick<typeof real, 'handle' | 'unhandle' | 'register' | 'unregister'> = {
      handle: async (_protocol, handler, options) => {
        // Gossipsub offers several versions; only the newest is spoken here.
        if (this.accept !== undefined) return
        this.accept = handler
        await real.handle(this.names.gossip, (stream, connection) => { this.incoming(stream, connection) }, options)
      },
      unhandle: async () => {
        if (this.accept === undefined) return
        this.accept = undefined
        await real.unhandle(this.names.gossip)
      },
      register: async (_protocol, topology) => {
        this.topology = topology
        return 'skein'
      },
      unregister: () => { this.topology = undefined }
    }
    return shim as typeof real
  }

  private incoming (stream: Stream, connection: Connection): void {
    const standing = this.events.standing(connection)
    if (standing === 'up') {
      this.take(stream, connection)
    } else if (standing === 'later' && !this.early.has(connection.id)) {
      stream.pause()
      this.early.set(connection.id, stream)
    } else {
      stream.abort(new Error('gossip is for peers that are up'))
    }
  }

  private take (stream: Stream, connection: Connection): void {
    void this.accept?.(stream, this.facade(connection))
    if (stream.readStatus === 'paused') stream.resume()
  }

  /** The connection as gossipsub sees it: the streams that it opens are of this mesh. */
  private facade (connection: Connection): Connection {
    const { names } = this
    return Object.create(connection, {
      newStream: { value: (_protocols: unknown, options?: Parameters<Connection['newStream']>[1]) => connection.newStream(names.gossip, options) }
    }) as Connection
  }
}
