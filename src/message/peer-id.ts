import { copyBytes } from '../base/bytes.js'
import { base58btc } from 'multiformats/bases/base58'

/**
 * Peer ids of Ed25519 nodes. As bytes: the identity multihash of the public key's protobuf,
 * `00 24 08 01 12 20` and the 32 bytes of the key. As text: base58btc of that, `12D3Koo…`. Any holder can verify
 * the node's signatures with nothing but the id.
 */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
export const PEER_ID_BYTES = PREFIX.length + 32

const CACHE_MAX = 16_384
const toBytesCache = new Map<string, Uint8Array>()
const toTextCache = new Map<string, string>()

/** The text of a peer id, or undefined when the bytes are not one of an Ed25519 node. */
export function peerIdFromBytes (bytes: Uint8Array): string | undefined {
  if (bytes.length !== PEER_ID_BYTES || !PREFIX.every((byte, i) => bytes[i] === byte)) return undefined
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  let text = toTextCache.get(hex)
  if (text === undefined) {
    text = base58btc.baseEncode(bytes)
    remember(text, copyBytes(bytes), hex)
  }
  return text
}

/** The bytes of a peer id, or undefined when the text is not one of an Ed25519 node. */
export function peerIdToBytes (text: string): Uint8Array | undefined {
  const known = toBytesCache.get(text)
  if (known !== undefined) return known
  // 12D3Koo… is what the prefix always becomes; anything much longer is not worth decoding.
  if (text.length < 40 || text.length > 60) return undefined
  let bytes: Uint8Array
  try {
    bytes = base58btc.baseDecode(text)
  } catch {
    return undefined
  }
  return peerIdFromBytes(bytes) === text ? toBytesCache.get(text) : undefined
}

export function publicKeyOf (peerId: string): Uint8Array | undefined {
  return peerIdToBytes(peerId)?.subarray(PREFIX.length)
}

export function peerIdOfPublicKey (key: Uint8Array): string {
  const bytes = new Uint8Array(PEER_ID_BYTES)
  bytes.set(PREFIX)
  bytes.set(key, PREFIX.length)
  return peerIdFromBytes(bytes) as string
}

function remember (text: string, bytes: Uint8Array, latin1: string): void {
  if (toTextCache.size >= CACHE_MAX) {
    toTextCache.clear()
    toBytesCache.clear()
  }
  toTextCache.set(latin1, text)
  toBytesCache.set(text, bytes)
}
