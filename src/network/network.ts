/**
 * The Network port: neighbours that have passed the handshake, a link of frames to each, and gossip.
 *
 * What every implementation promises (`test/contract/network.ts` holds them to it):
 *
 * - Between `peerUp` and `peerDown` for a peer, frames arrive whole, unaltered and in the order sent, and each at
 *   most once; frames under way when a link goes down may be lost. `peerUp` and `peerDown` alternate.
 *   Only peers of the same mesh and protocol version ever come up.
 * - No handler is called synchronously from within a call to the port.
 * - Gossip reaches subscribers of the topic with no certainty at all, possibly twice, in any order.
 *   `gossip` handlers decide at once whether it is forwarded.
 * - Lost peers, bootstrap peers and discovered peers are dialled again for ever, with backoff and jitter.
 * - A peer that does not take what it is sent costs at most `LINK_BUFFER_BYTES_MAX` and `GOSSIP_BUFFER_BYTES_MAX` of
 *   memory and delays nobody else.
 */

export interface NetworkPeer {
  readonly id: string
  /** That node's wall clock minus ours, ms, as measured in the handshake. */
  readonly clockOffsetMs: number
  /** That node relays and keeps whole channels. */
  readonly relay: boolean
  /** What its software calls itself, for people. */
  readonly agent: string
  /** The address of the connection in use. */
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
}

export type GossipVerdict = 'accept' | 'ignore' | 'reject'

/** What became of gossip that this node published. */
export interface GossipSent {
  readonly recipients: number
  /** Peers that do not keep up and were passed over. */
  readonly withheld: readonly string[]
  /** Whoever should have it has half of what is queued for a peer unsent: `drained` says when one of them takes more. */
  readonly full: boolean
}

export interface NetworkHandlers {
  peerUp (peer: NetworkPeer): void
  peerDown (peerId: string, reason: string): void
  frame (peerId: string, frame: Uint8Array): void
  /** `from` is the neighbour it came from, not the author. 'accept' forwards it, 'ignore' drops it, 'reject' also counts against `from`. `bodyHash`: see `Network.gossip`; absent where the network has not reckoned it. */
  gossip (topic: string, data: Uint8Array, from: string, bodyHash?: Uint8Array): GossipVerdict
  /** The link to this peer was above its high-water mark, or gossip to it was withheld or `full`, and it takes data again. */
  drained (peerId: string): void
  /** A neighbour joined or left a gossip topic. */
  interest (peerId: string, topic: string, joined: boolean): void
  /** Something an operator should know: a refused handshake, an unreachable bootstrap peer, … */
  notice (notice: NetworkNotice): void
  /** A peer, up or not, did to the network itself what no honest one does. */
  offence? (peerId: string, reason: string): void
}

export interface NetworkNotice {
  readonly code: string
  readonly message: string
  readonly peerId?: string
  readonly address?: string
}

export interface Network {
  /** This node's peer id. */
  readonly peerId: string
  start (handlers: NetworkHandlers): Promise<void>
  /** Sends what is queued as far as peers take it within a second, then closes everything. */
  stop (): Promise<void>
  /** Addresses others can dial, each with `/p2p/<peer id>`. Empty before `start`. */
  addresses (): string[]
  peers (): NetworkPeer[]
  /**
   * Queues a frame (at most `FRAME_BYTES_MAX`) on the link. Returns false when the link is above its high-water mark:
   * the frame is queued all the same, but wait for `drained` before you send more. A link that would pass
   * `LINK_BUFFER_BYTES_MAX` is cut. Frames to a peer that is not up are dropped.
   */
  send (peerId: string, frame: Uint8Array): boolean
  /**
   * Gossips `data` on a topic, which this node need not have joined. Peers that do not keep up are passed over. `bodyHash`: the
   * SHA-256 of the part of `data` that is hashed on its own for the message id, if the caller has it (a gossiped batch's body).
   */
  gossip (topic: string, data: Uint8Array, bodyHash?: Uint8Array): GossipSent
  /** Bytes handed over and not yet taken by neighbours, links and gossip together. */
  unsentBytes (): number
  /** Hands over no frames of this peer for so long, and has it feel that it sends faster than it is read. Nothing is lost. */
  pause (peerId: string, ms: number): void
  join (topic: string): void
  leave (topic: string): void
  /** Adds an address to those that are dialled until they answer. Throws `ERR_BAD_ADDRESS`. */
  addBootstrap (address: string): void
  /** Cuts the connection; with `banMs` the peer is neither dialled nor let in for that long. */
  disconnect (peerId: string, reason: string, banMs?: number): void
}
