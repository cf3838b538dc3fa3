import type { Clock, Random } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'

/** What a node of the memory network may ask of the mesh that it is in. */
export interface Fabric<Node> {
  readonly clock: Clock
  readonly random: Random
  latencyMs (from: string, to: string, bytes: number): number
  isBlocked (from: string, to: string): boolean
  dial (from: Node, to: string, key: string): void
  left (node: Node): void
  handlerFault (error: unknown): void
}

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
