import { createHash } from 'node:crypto'

const ID_BYTES = 20

/**
 * Gossip's message ids: the first 20 bytes of `hash(topic ‖ 00 ‖ data)`, and where the data has a body that is hashed on its
 * own, of `hash(topic ‖ 01 ‖ data before the body ‖ hash(body))`, so that whoever checks the body need not hash it again.
 *
 * The topic too: the same bytes sent on another topic first must not make the real message a duplicate. And all of the
 * body: rubbish with a copied header must not have the id of the real batch.
 */
export class MessageIds {
  readonly #bodyStart: (data: Uint8Array) => number | undefined
  readonly #bodyHashes = new WeakMap<Uint8Array, Uint8Array>()

  constructor (bodyStart: (data: Uint8Array) => number | undefined = () => undefined) { this.#bodyStart = bodyStart }

  /** Whoever made this data has the hash of its body. */
  know (data: Uint8Array, bodyHash: Uint8Array): void { this.#bodyHashes.set(data, bodyHash) }

  /** The hash of the body of data whose id has been asked for. */
  bodyHash (data: Uint8Array): Uint8Array | undefined { return this.#bodyHashes.get(data) }

  of (topic: string, data: Uint8Array): Uint8Array {
    const start = this.#bodyStart(data)
    const hash = createHash('sha256').update(topic)
    if (start === undefined) return hash.update(WHOLE).update(data).digest().subarray(0, ID_BYTES)
    let bodyHash = this.#bodyHashes.get(data)
    if (bodyHash === undefined) this.#bodyHashes.set(data, bodyHash = createHash('sha256').update(data.subarray(start)).digest())
    return hash.update(IN_PARTS).update(data.subarray(0, start)).update(bodyHash).digest().subarray(0, ID_BYTES)
  }
}

const WHOLE = Uint8Array.of(0)
const IN_PARTS = Uint8Array.of(1)
