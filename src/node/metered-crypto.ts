import type { Crypto } from '../base/crypto.js'

/** A signer that counts how many signatures it has checked: they are most of what a neighbour's frame costs. */
export class MeteredCrypto implements Crypto {
  #verified = 0

  constructor (private readonly crypto: Crypto) {}

  /** Signatures checked since the last call. */
  taken (): number {
    const n = this.#verified
    this.#verified = 0
    return n
  }

  hash (bytes: Uint8Array): Uint8Array { return this.crypto.hash(bytes) }
  sign (tag: string, statement: Uint8Array): Uint8Array { return this.crypto.sign(tag, statement) }

  verify (peerId: string, tag: string, statement: Uint8Array, signature: Uint8Array): boolean {
    this.#verified++
    return this.crypto.verify(peerId, tag, statement, signature)
  }
}
