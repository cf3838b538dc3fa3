import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { SkeinError } from '../base/errors.js'
import { ADDRESS_CHARACTERS_MAX } from './network-limits.js'

export interface ParsedAddress { readonly address: string, readonly peerId: string | undefined }

/** Throws `ERR_BAD_ADDRESS`. */
export function parseAddress (text: string, purpose: 'listen' | 'dial'): ParsedAddress {
  const hint = purpose === 'listen' ? 'Use an address like /ip4/0.0.0.0/tcp/4001.' : 'Use an address like /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW….'
  const refuse = (why: string, cause?: unknown): SkeinError => new SkeinError('ERR_BAD_ADDRESS', `${JSON.stringify(text)} ${why}`, { hint, cause })
  // What it takes to read one grows with the square of its length.
  if (text.length > ADDRESS_CHARACTERS_MAX) throw new SkeinError('ERR_BAD_ADDRESS', `an address has at most ${ADDRESS_CHARACTERS_MAX} characters, not ${text.length}`, { hint })
  let parsed: Multiaddr
  try {
    parsed = multiaddr(text)
  } catch (cause) {
    throw refuse('is not a multiaddr', cause)
  }
  const components = parsed.getComponents()
  const names = components.map(({ name }) => name)
  if (!['ip4', 'ip6', 'dns', 'dns4', 'dns6'].includes(names[0] ?? '') || names[1] !== 'tcp') throw refuse('is not an address of TCP')
  const rest = names.slice(2)
  if (rest.length > (purpose === 'dial' ? 1 : 0) || (rest.length === 1 && rest[0] !== 'p2p')) throw refuse('has parts that this node cannot use')
  if (purpose === 'dial' && components[1]?.value === '0') throw refuse('has no port')
  const peerId = rest.length === 1 ? components[2]?.value : undefined
  if (peerId !== undefined && !isPeerId(peerId)) throw refuse('names no Ed25519 peer id')
  return { address: parsed.toString(), peerId }
}

function isPeerId (text: string): boolean {
  try {
    return peerIdFromString(text).type === 'Ed25519'
  } catch {
    return false
  }
}

export function isLoopback (address: string): boolean {
  return address.startsWith('/ip4/127.') || address.startsWith('/ip6/::1/')
}

/** The part of an address that names a machine. */
export const hostOf = (address: string): string => address.split('/').slice(0, 3).join('/')

/** What a peer says of its addresses is not taken on trust. */
export function dialable (addresses: readonly string[], peerId: string): string[] {
  const found: string[] = []
  for (const text of addresses) {
    try {
      const { address, peerId: named } = parseAddress(text, 'dial')
      if (named === undefined) found.push(`${address}/p2p/${peerId}`)
      else if (named === peerId) found.push(address)
    } catch {
      // An address that this version cannot use.
    }
  }
  return found
}
