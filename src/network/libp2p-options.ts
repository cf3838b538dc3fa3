import type { PrivateKey } from '@libp2p/interface'
import type { Clock, Random } from '../base/clock.js'
import type { Logger } from '../base/logger.js'
import type { Network } from './network.js'

export interface Libp2pNetworkOptions {
  /** Ed25519; its peer id is the node's. */
  readonly privateKey: PrivateKey
  /** Mesh id: only nodes of the same mesh link up. */
  readonly mesh: string
  /** Multiaddrs; none: the node only dials. */
  readonly listen: readonly string[]
  /** Multiaddrs that are dialled until they answer, with or without `/p2p/<peer id>`. */
  readonly bootstrap: readonly string[]
  /** Find nodes of the mesh on the local network. Default false. */
  readonly mdns?: boolean
  readonly relay: boolean
  /** Where the part of gossip begins that is hashed on its own for the message id; it goes to the end. Default: nowhere. All nodes of a mesh must agree. */
  readonly bodyStart?: (data: Uint8Array) => number | undefined
  /** What this software calls itself, for people. */
  readonly agent: string
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
}

/** What `skein status` shows of a neighbour beyond the port. */
export interface PeerInspection {
  readonly score: number
  /** Gossip topics that the peer has joined. */
  readonly topics: readonly string[]
  /** Those of them where this node pushes to the peer at once. */
  readonly meshTopics: readonly string[]
  readonly unsentGossipBytes: number | undefined
  readonly unsentLinkBytes: number
}

export type Libp2pNetwork = Network & {
  inspect (peerId: string): PeerInspection | undefined
}
