/**
 * The Crypto port on plain integer arithmetic: a hash that depends on every byte, and signatures that are a hash keyed with
 * the signer's secret. Enough against nodes that know nothing but the port, and some fifty times cheaper than the real one.
 */
import type { Crypto } from '../../src/base/crypto.js'

/** Four lanes of 32 bits over the bytes, begun from `a` and `b`. The result is in `lanes`. */
const lanes = new Int32Array(4)

function absorb (bytes: Uint8Array): void {
  let a = lanes[0] as number
  let b = lanes[1] as number
  let c = lanes[2] as number
  let d = lanes[3] as number
  const { length } = bytes
  let i = 0
  for (; i + 4 <= length; i += 4) {
    const word = (bytes[i] as number) | (bytes[i + 1] as number) << 8 | (bytes[i + 2] as number) << 16 | (bytes[i + 3] as number) << 24
    a = Math.imul(a ^ word, 0x85ebca6b)
    a ^= a >>> 15
    b = Math.imul((b + word) ^ a, 0xc2b2ae35)
    b ^= b >>> 13
    c = (c ^ b) + (a << 7 | a >>> 25) | 0
    d = (d + c ^ word) | 0
  }
  for (; i < length; i++) {
    a = Math.imul(a ^ (bytes[i] as number), 0x85ebca6b)
    a ^= a >>> 15
    b = Math.imul((b + (bytes[i] as number)) ^ a, 0xc2b2ae35)
    b ^= b >>> 13
    c = (c ^ b) + (a << 7 | a >>> 25) | 0
    d = (d + c ^ a) | 0
  }
  lanes[0] = a
  lanes[1] = b
  lanes[2] = c
  lanes[3] = d ^ length
}

function absorbText (text: string): void {
  let a = lanes[0] as number
  let b = lanes[1] as number
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x85ebca6b)
    a ^= a >>> 15
    b = Math.imul(b + a, 0xc2b2ae35)
    b ^= b >>> 13
  }
  lanes[0] = a
  lanes[1] = b ^ text.length
}

function squeeze (length: number): Uint8Array {
  const out = new Uint8Array(length)
  let [a, b, c, d] = lanes as unknown as [number, number, number, number]
  for (let i = 0; i < length; i += 4) {
    a = Math.imul(a ^ d ^ (a >>> 16), 0x7feb352d)
    b = Math.imul(b ^ a ^ (b >>> 15), 0x846ca68b)
    c = (c + b ^ (a >>> 11)) | 0
    d = Math.imul(d ^ c, 0x9e3779b1)
    d ^= d >>> 14
    const word = a ^ (b >>> 3) ^ d
    out[i] = word
    out[i + 1] = word >>> 8
    out[i + 2] = word >>> 16
    out[i + 3] = word >>> 24
  }
  return out
}

function begin (a: number, b: number): void {
  lanes[0] = a
  lanes[1] = b
  lanes[2] = 0x2545f491
  lanes[3] = 0x5bd1e995
}

export function simulatedHash (bytes: Uint8Array): Uint8Array {
  begin(0x1b873593, 0x27d4eb2f)
  absorb(bytes)
  return squeeze(32)
}

type Secret = readonly [number, number]

/** The secrets of all nodes, kept from all of them: whoever is handed `of(a)` can sign as `a` only, and check anybody's. */
export class Keyring {
  readonly #secrets = new Map<string, Secret>()

  constructor (private readonly random: { float (): number }) {}

  #secretOf (peerId: string): Secret {
    let secret = this.#secrets.get(peerId)
    if (secret === undefined) this.#secrets.set(peerId, secret = [Math.floor(this.random.float() * 2 ** 32) | 0, Math.floor(this.random.float() * 2 ** 32) | 0])
    return secret
  }

  of (self: string): Crypto {
    const own = this.#secretOf(self)
    return {
      hash: simulatedHash,
      sign: (tag, statement) => signature(own, tag, statement),
      verify: (peerId, tag, statement, given) => {
        if (given.length !== 64) return false
        const right = signature(this.#secretOf(peerId), tag, statement)
        for (let i = 0; i < 64; i++) if (right[i] !== given[i]) return false
        return true
      }
    }
  }
}

function signature (secret: Secret, tag: string, statement: Uint8Array): Uint8Array {
  begin(secret[0], secret[1])
  absorbText(tag)
  absorb(statement)
  return squeeze(64)
}
