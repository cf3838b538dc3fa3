import type { Clock, Random } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'

/** What a node of the memory network may ask of the mesh that it is in. */
export interface Fabric<Node> {
  readonly clock: Clock
  readonly random: Random
  latencyMs (from: string, to: string, bytes: number): number
  isBlocked (from: string, to: string): boolean
  /** The process of this node is stopped: nothing reaches it until it goes on. */
  isPaused (peerId: string): boolean
  /** What becomes of one gossip message on its way to one neighbour. */
  gossipFate (from: string, to: string, bytes: number): readonly GossipCopy[]
  observe (what: string, from: string, to: string, data: Uint8Array | undefined): void
  dial (from: Node, to: string, key: string): void
  left (node: Node): void
  handlerFault (error: unknown): void
}

/** A copy of a gossip message that arrives: so much later, and with `forgotten` though the receiver has had it before. */
export interface GossipCopy {
  readonly delayMs: number
  readonly forgotten?: boolean
}

/** What becomes of a gossip message when nothing befalls it. */
export const ONE_COPY: readonly GossipCopy[] = [{ delayMs: 0 }]

export const memoryAddress = (peerId: string): string => `/memory/1/p2p/${peerId}`

/** Throws `ERR_BAD_ADDRESS`. */
export function parseMemoryAddress (address: string): string {
  const match = /^\/memory\/1\/p2p\/([A-Za-z0-9]+)$/.exec(address)
  if (match === null) {
    const hint = 'Use an address like /memory/1/p2p/<peer id>.'
    throw new SkeinError('ERR_BAD_ADDRESS', `${JSON.stringify(address)} is not an address of the memory network`, { hint })
  }
  return match[1] as string
}
