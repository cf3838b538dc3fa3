/**
 * Proof that a publisher has signed two histories of one log: two headers that cannot both be. Anyone can check it, without
 * trust in whoever found it.
 */
import { equalBytes } from '../base/bytes.js'
import type { Crypto } from '../base/crypto.js'
import { hasBody, headBytes, openBatch, signatureHolds, type SealedBatch } from './batch.js'
import { byteFields } from './byte-fields.js'
import type { LogId } from './ids.js'
import { ForkProof as WireForkProof } from './wire.js'

type Bytes = Uint8Array<ArrayBuffer>

export interface ForkProof {
  readonly log: LogId
  /** The first position of which there are two. */
  readonly position: number
  readonly first: SealedBatch
  readonly second: SealedBatch
  readonly bytes: Uint8Array
}

/**
 * The first position at which two headers contradict each other: their positions overlap and they differ, or one follows the other and names
 * another header before it. Undefined when both can be. Signatures are not looked at.
 */
export function contradiction (crypto: Crypto, a: SealedBatch, b: SealedBatch): number | undefined {
  if (a.logKey !== b.logKey || equalBytes(a.header, b.header)) return undefined
  if (a.base <= b.last && b.base <= a.last) return Math.max(a.base, b.base)
  const [before, after] = a.last < b.base ? [a, b] : [b, a]
  if (before.last + 1 !== after.base || equalBytes(after.previous, crypto.hash(before.header))) return undefined
  return after.base
}

/** The proof that these two are. Undefined when they contradict each other in nothing, or one of them is not signed. */
export function makeForkProof (crypto: Crypto, a: SealedBatch, b: SealedBatch): ForkProof | undefined {
  const position = contradiction(crypto, a, b)
  if (position === undefined || !signatureHolds(crypto, a) || !signatureHolds(crypto, b)) return undefined
  const [first, second] = a.base <= b.base ? [a, b] : [b, a]
  return { log: a.log, position, first, second, bytes: WireForkProof.encode({ first: headBytes(first) as Bytes, second: headBytes(second) as Bytes }) }
}

/** Undefined when the bytes are no two contradictory headers of one log of this mesh. Whether both are signed says `forkProofHolds`. */
export function openForkProof (crypto: Crypto, bytes: Uint8Array, mesh: Uint8Array): ForkProof | undefined {
  try {
    const [first, second] = (byteFields(bytes, 2) as [Bytes, Bytes]).map(head => openBatch(head, mesh)) as [SealedBatch, SealedBatch]
    if (hasBody(first) || hasBody(second)) return undefined
    const position = contradiction(crypto, first, second)
    return position === undefined ? undefined : { log: first.log, position, first, second, bytes }
  } catch {
    return undefined
  }
}

export function forkProofHolds (crypto: Crypto, { first, second }: ForkProof): boolean {
  return signatureHolds(crypto, first) && signatureHolds(crypto, second)
}
