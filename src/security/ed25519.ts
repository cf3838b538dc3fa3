import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import type { Crypto } from '../base/crypto.js'
import { peerIdOfPublicKey, publicKeyOf } from '../message/peer-id.js'

/** Public keys kept ready. Making a key object costs as much as a third of a verification. */
const KEYS_MAX = 4096

/**
 * Ed25519 and SHA-256 by node:crypto, with key objects kept: libp2p's own sign and verify import the key anew each time.
 * @param seed the 32-byte private key
 */
export function createCrypto (seed: Uint8Array): Crypto & { readonly peerId: string } {
  const privateKey = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' })
  const own = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32)
  const keys = new Map<string, KeyObject | undefined>()

  const keyOf = (peerId: string): KeyObject | undefined => {
    let key = keys.get(peerId)
    if (key !== undefined) return key
    const raw = publicKeyOf(peerId)
    if (raw === undefined) return undefined
    try {
      key = createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]), format: 'der', type: 'spki' })
    } catch {
      return undefined
    }
    if (keys.size >= KEYS_MAX) keys.delete(keys.keys().next().value as string)
    keys.set(peerId, key)
    return key
  }

  return {
    peerId: peerIdOfPublicKey(own),
    hash: (bytes) => createHash('sha256').update(bytes).digest(),
    sign: (tag, statement) => sign(null, Buffer.concat([Buffer.from(tag), statement]), privateKey),
    verify (peerId, tag, statement, signature) {
      const key = keyOf(peerId)
      if (key === undefined) return false
      try {
        return verify(null, Buffer.concat([Buffer.from(tag), statement]), key, signature)
      } catch {
        return false
      }
    }
  }
}
