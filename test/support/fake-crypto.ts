import { createHash } from 'node:crypto'
import type { Crypto } from '../../src/base/crypto.js'
import { equalBytes } from '../../src/base/bytes.js'
import { peerIdOfPublicKey } from '../../src/message/peer-id.js'

const sha = (...parts: Array<Uint8Array | string>): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** The peer id of the `n`-th node of a test. */
export const peerOf = (n: number): string => peerIdOfPublicKey(new Uint8Array(32).fill(n))

function signatureOf (peerId: string, tag: string, statement: Uint8Array): Uint8Array {
  const half = sha(peerId, '\0', tag, '\0', statement)
  return Uint8Array.from([...half, ...sha(half)])
}

/** A signer that costs two hashes, and that anyone who knows it can forge: nobody in a test does so by accident. */
export const fakeCrypto = (self: string): Crypto => ({
  hash: (bytes) => sha(bytes),
  sign: (tag, statement) => signatureOf(self, tag, statement),
  verify: (peerId, tag, statement, signature) => equalBytes(signature, signatureOf(peerId, tag, statement))
})

export const testMesh = new Uint8Array(16).fill(7)
