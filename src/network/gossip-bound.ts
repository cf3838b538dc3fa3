/**
 * Everything that leans on the inside of @libp2p/gossipsub 17.1 is in this file, and `test/integration/network-gossip-bound.test.ts`
 * fails when an update changes it.
 *
 * Gossipsub queues what it publishes and forwards without bound in the write buffer of each peer's outbound stream; its
 * own option for a bound ends the stream for good. So each outbound stream, as it enters `streamsOutbound`, gets a `push` and
 * a `pushPrefixed` of ours: above `GOSSIP_BUFFER_BYTES_MAX` unsent bytes an RPC is cut down to the parts that must
 * arrive (see gossip-rpc.ts), and a peer that does not even take those is reported as stuck.
 *
 * It also keeps whole messages for a few heartbeats, however many bytes that are: at full speed some 200 MB. Above
 * `GOSSIP_CACHE_BYTES` the oldest go sooner; whoever would have asked for them has repair.
 *
 * `publish` is gossipsub's own without its awaits, which StrictNoSign and a synchronous message id do not need: the
 * caller learns at once who got the message and who was passed over.
 */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Stream } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { GOSSIP_BUFFER_BYTES_MAX } from '../base/limits.js'
import { utf8 } from '../base/bytes.js'
import { fieldLength, writeVarint } from '../base/varint.js'
import { carriesMessages, essential } from './gossip-rpc.js'
import type { GossipSent } from './network.js'
import { GOSSIP_CACHE_BYTES, GOSSIP_CONTROL_BYTES_MAX } from './network-limits.js'

/** What gossipsub calls its newest protocol: features are looked up under this name, whatever is on the wire. */
export const GOSSIPSUB_PROTOCOL = '/meshsub/1.2.0'

interface OutboundStream {
  readonly rawStream: Stream
  readonly protocol: string
  push (rpc: Uint8Array): void
  pushPrefixed (rpc: Uint8ArrayList): void
}

interface RawMessage { readonly topic: string, readonly data: Uint8Array }

/** The members that exist at run time and are not in the exported type. */
export interface GossipSubInside {
  readonly opts: { readonly scoreParams: { readonly topics: Record<string, unknown> }, readonly heartbeatInterval: number }
  readonly streamsOutbound: Map<string, OutboundStream>
  readonly streamsInbound: Map<string, unknown>
  readonly peers: Map<string, unknown>
  readonly mesh: Map<string, Set<string>>
  readonly topics: Map<string, Set<string>>
  readonly seenCache: { has (id: string): boolean, put (id: string): void }
  readonly publishedMessageIds: { put (id: string): void }
  readonly gossipTracer: { deliverMessage (id: string): void }
  readonly mcache: {
    readonly msgs: Map<string, unknown>
    put (id: { msgId: Uint8Array, msgIdStr: string }, message: RawMessage, validated: boolean): boolean
    shift (): void
    remove (msgIdStr: string): unknown
  }
  getScore (peerId: string): number
  msgIdFn (message: { type: 'unsigned', topic: string, data: Uint8Array }): Uint8Array
  msgIdToStrFn (id: Uint8Array): string
  selectPeersToPublish (topic: string): { tosend: Set<string> }
  graftOnSubscribe (peerId: string, topic: string): boolean
  sendGraft (peerId: string, topics: string[]): void
}

export interface BoundEvents {
  /** A stream to this peer was opened and is the live one. Called on a microtask of its own. */
  opened (peerId: string): void
  /** The live stream ended. */
  closed (peerId: string): void
  /** Gossip was withheld from this peer, or it was full, and it takes gossip again. Never called from within `publish`. */
  drained (peerId: string): void
  /** This peer does not even take control messages. */
  stuck (peerId: string): void
}

/** Fields of gossipsub's RPC: its messages, and their data and topic. */
const RPC_MESSAGE = 0x12
const MESSAGE_DATA = 0x12
const MESSAGE_TOPIC = 0x22

/** Thrown into gossipsub, which takes the peer off its list of recipients. One for all: it is thrown often. */
const WITHHELD = new Error('gossip to this peer is withheld')
WITHHELD.stack = WITHHELD.message

export class GossipBound {
  private readonly inside: GossipSubInside
  /** Peers from whom something was withheld since they were last drained, or of which the publisher was told that they are full. */
  private readonly behind = new Set<string>()
  /** Collects during one `publish`. */
  private passedOver: string[] | undefined

  constructor (pubsub: GossipSub, private readonly events: BoundEvents) {
    this.inside = pubsub as unknown as GossipSubInside
    const { streamsOutbound } = this.inside
    streamsOutbound.set = (peerId, stream) => {
      this.wrap(peerId, stream)
      return Map.prototype.set.call(streamsOutbound, peerId, stream) as typeof streamsOutbound
    }
    this.boundCache()
  }

  private boundCache (): void {
    const { mcache } = this.inside
    const put = mcache.put.bind(mcache)
    const shift = mcache.shift.bind(mcache)
    /** Bytes by message, oldest first. */
    const kept = new Map<string, number>()
    let bytes = 0
    const forget = (id: string): void => {
      bytes -= kept.get(id) ?? 0
      kept.delete(id)
    }
    mcache.put = (id, message, validated) => {
      const isNew = put(id, message, validated)
      if (isNew) {
        forget(id.msgIdStr)
        kept.set(id.msgIdStr, message.data.length)
        bytes += message.data.length
        for (const oldest of kept.keys()) {
          if (bytes <= GOSSIP_CACHE_BYTES || kept.size === 1) break
          forget(oldest)
          mcache.remove(oldest)
        }
      }
      return isNew
    }
    mcache.shift = () => {
      shift()
      for (const oldest of kept.keys()) {
        if (mcache.msgs.has(oldest)) break
        forget(oldest)
      }
    }
  }

  publish (topic: string, data: Uint8Array): GossipSent {
    const { inside } = this
    const message: RawMessage = { topic, data }
    const msgId = inside.msgIdFn({ type: 'unsigned', topic, data })
    const msgIdStr = inside.msgIdToStrFn(msgId)
    if (inside.seenCache.has(msgIdStr)) return { recipients: 0, withheld: [], full: false }
    const { tosend } = inside.selectPeersToPublish(topic)
    inside.seenCache.put(msgIdStr)
    inside.mcache.put({ msgId, msgIdStr }, message, true)
    inside.gossipTracer.deliverMessage(msgIdStr)
    inside.publishedMessageIds.put(msgIdStr)
    const withheld: string[] = []
    this.passedOver = withheld
    try {
      this.send(tosend, rpcOf(message))
    } finally {
      this.passedOver = undefined
    }
    return { recipients: tosend.size, withheld, full: this.allFull([...tosend, ...withheld]) }
  }

  private send (to: Set<string>, rpc: Uint8ArrayList): void {
    for (const peerId of to) {
      try {
        const stream = this.inside.streamsOutbound.get(peerId)
        if (stream === undefined) to.delete(peerId)
        else stream.pushPrefixed(rpc)
      } catch {
        // Withheld, or the stream has just ended.
        to.delete(peerId)
      }
    }
  }

  private allFull (peerIds: readonly string[]): boolean {
    const full = peerIds.length > 0 && peerIds.every((peerId) => (this.unsent(peerId) ?? 0) > GOSSIP_BUFFER_BYTES_MAX / 2)
    if (full) for (const peerId of peerIds) this.behind.add(peerId)
    return full
  }

  /** Unsent gossip to this peer, bytes. Undefined: there is no live stream. */
  unsent (peerId: string): number | undefined {
    const stream = this.inside.streamsOutbound.get(peerId)?.rawStream
    return stream?.status === 'open' ? stream.writeBufferLength : undefined
  }

  /** Gossipsub grafts on a subscription only where its own stream is open already; else a heartbeat later, and what comes between is lost. */
  graft (peerId: string, topics: readonly string[]): void {
    const grafted = topics.filter((topic) => this.inside.graftOnSubscribe(peerId, topic))
    if (grafted.length > 0) this.inside.sendGraft(peerId, grafted)
  }

  /** The other side has opened its stream to us. */
  hears (peerId: string): boolean { return this.inside.streamsInbound.has(peerId) && this.inside.peers.has(peerId) }

  forget (peerId: string): void { this.behind.delete(peerId) }

  /** Fit for a timer too: a drain event may be missed when the stream is replaced. */
  checkDrained (peerId: string): void {
    if (!this.behind.has(peerId)) return
    const unsent = this.unsent(peerId)
    if (unsent === undefined || unsent > GOSSIP_BUFFER_BYTES_MAX / 2) return
    this.behind.delete(peerId)
    this.events.drained(peerId)
  }

  private wrap (peerId: string, stream: OutboundStream): void {
    const raw = stream.rawStream
    const send = stream.pushPrefixed.bind(stream)
    // Not the stream's own push, which comes back to pushPrefixed.
    const push = (rpc: Uint8Array): void => { send(encode.single(rpc)) }
    // On the wire the protocol's name carries the mesh; gossipsub looks its features up by the plain one.
    Object.defineProperty(stream, 'protocol', { value: GOSSIPSUB_PROTOCOL })
    stream.push = (rpc) => {
      if (this.fits(raw, rpc.length)) push(rpc)
      else this.cutDown(peerId, raw, rpc, push)
    }
    stream.pushPrefixed = (prefixed) => {
      if (this.fits(raw, prefixed.byteLength)) send(prefixed)
      else this.cutDown(peerId, raw, unprefixed(prefixed), push)
    }
    // The stream writes on in a microtask after the event.
    const check = (): void => { queueMicrotask(() => { this.checkDrained(peerId) }) }
    raw.addEventListener('drain', check)
    raw.addEventListener('idle', check)
    raw.addEventListener('close', () => {
      const live = this.inside.streamsOutbound.get(peerId)
      if (live === undefined || live === stream) this.events.closed(peerId)
    })
    queueMicrotask(() => { this.events.opened(peerId) })
  }

  /** One message of any size fits in an empty buffer, or it could never be sent. */
  private fits (raw: Stream, bytes: number): boolean {
    return raw.writeBufferLength === 0 || raw.writeBufferLength + bytes <= GOSSIP_BUFFER_BYTES_MAX
  }

  private cutDown (peerId: string, raw: Stream, rpc: Uint8Array, push: (rpc: Uint8Array) => void): void {
    const rest = essential(rpc)
    if (rest !== undefined) {
      if (raw.writeBufferLength + rest.length > GOSSIP_BUFFER_BYTES_MAX + GOSSIP_CONTROL_BYTES_MAX) this.events.stuck(peerId)
      else push(rest)
    }
    if (carriesMessages(rpc)) {
      this.behind.add(peerId)
      this.passedOver?.push(peerId)
    }
    // When a part was sent, gossipsub must not believe that it is still to do.
    if (rest === undefined) throw WITHHELD
  }
}

/** An RPC with this message alone, its length before it. Gossipsub's own way copies the data twice. */
function rpcOf ({ topic, data }: RawMessage): Uint8ArrayList {
  const name = utf8(topic)
  const message = fieldLength(data.length) + fieldLength(name.length)
  const head = new Uint8Array(2 * (1 + 8) + 8)
  let at = writeVarint(head, 0, fieldLength(message))
  head[at++] = RPC_MESSAGE
  at = writeVarint(head, at, message)
  head[at++] = MESSAGE_DATA
  at = writeVarint(head, at, data.length)
  const tail = new Uint8Array(fieldLength(name.length))
  tail[0] = MESSAGE_TOPIC
  tail.set(name, writeVarint(tail, 1, name.length))
  return new Uint8ArrayList(head.subarray(0, at), data, tail)
}

function unprefixed (prefixed: Uint8ArrayList): Uint8Array {
  for (const rpc of decode([prefixed.sublist()], { maxDataLength: prefixed.byteLength })) return rpc.subarray()
  return new Uint8Array(0)
}
