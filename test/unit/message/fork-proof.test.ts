import { describe, expect, test } from 'vitest'
import { headBytes, sealBatch, type SealedBatch } from '../../../src/message/batch.js'
import { contradiction, forkProofHolds, makeForkProof, openForkProof } from '../../../src/message/fork-proof.js'
import { encodeRecords } from '../../../src/message/record.js'
import { ForkProof } from '../../../src/message/wire.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { recordOf, WrittenLog } from '../../support/written-log.js'

type Bytes = Uint8Array<ArrayBuffer>
const crypto = fakeCrypto(peerOf(9))

/** Two histories of one log: `common` batches of two records that are the same, then some that are not. */
function histories (common: number, left: number[], right: number[]): { left: SealedBatch[], right: SealedBatch[] } {
  const write = (counts: number[], body: string): SealedBatch[] => {
    const log = new WrittenLog()
    for (let i = 0; i < common; i++) log.write(2)
    return counts.map(count => log.write(count, undefined, body))
  }
  return { left: write(left, 'left'), right: write(right, 'right') }
}

const encode = (first: Uint8Array, second: Uint8Array): Uint8Array => ForkProof.encode({ first: first as Bytes, second: second as Bytes })

describe('two headers of one log', () => {
  test('contradict each other when they overlap and differ, from the first position that both have', () => {
    const { left: [a], right: [b] } = histories(3, [4], [2]) as { left: [SealedBatch], right: [SealedBatch] }
    expect(contradiction(crypto, a, b)).toBe(7)
    expect(contradiction(crypto, b, a)).toBe(7)
    expect(contradiction(crypto, a, a)).toBeUndefined()
  })

  test('contradict each other when one follows the other and names another before it', () => {
    const { left, right } = histories(1, [2, 2], [2, 2])
    expect(contradiction(crypto, left[0] as SealedBatch, left[1] as SealedBatch)).toBeUndefined()
    expect(contradiction(crypto, left[0] as SealedBatch, right[1] as SealedBatch)).toBe(5)
    expect(contradiction(crypto, right[1] as SealedBatch, left[0] as SealedBatch)).toBe(5)
  })

  test('can both be when there is room between them, or when they are of two logs', () => {
    const { left, right } = histories(0, [2, 2, 2], [2, 2, 2])
    expect(contradiction(crypto, left[0] as SealedBatch, right[2] as SealedBatch)).toBeUndefined()
    const other = new WrittenLog(1, 2).write(2)
    expect(contradiction(crypto, left[0] as SealedBatch, other)).toBeUndefined()
  })
})

describe('a proof', () => {
  test('is opened and holds for whoever did not make it, and carries no bodies', () => {
    const { left: [a], right: [b] } = histories(1, [3], [1]) as { left: [SealedBatch], right: [SealedBatch] }
    const made = makeForkProof(crypto, a, b)
    const opened = openForkProof(crypto, made?.bytes as Uint8Array, testMesh)
    expect(opened).toMatchObject({ log: a.log, position: 3 })
    expect(opened !== undefined && forkProofHolds(crypto, opened)).toBe(true)
    expect(opened?.first.body).toHaveLength(0)
    expect(makeForkProof(crypto, b, a)?.bytes.length).toBe(made?.bytes.length)
  })

  test('is not made of headers that can both be, nor of one that its publisher did not sign', () => {
    const { left, right } = histories(1, [2, 2], [2])
    expect(makeForkProof(crypto, left[0] as SealedBatch, left[1] as SealedBatch)).toBeUndefined()
    const forged = { ...right[0] as SealedBatch, signature: new Uint8Array(64) }
    expect(makeForkProof(crypto, left[0] as SealedBatch, forged)).toBeUndefined()
  })

  test('is none when it proves nothing', () => {
    const { left, right } = histories(1, [2, 2], [2])
    const [a, next, b] = [left[0], left[1], right[0]] as [SealedBatch, SealedBatch, SealedBatch]
    const open = (bytes: Uint8Array): unknown => openForkProof(crypto, bytes, testMesh)
    expect(open(encode(headBytes(a), headBytes(b)))).toBeDefined()
    expect(open(encode(headBytes(a), headBytes(a))), 'twice the same').toBeUndefined()
    expect(open(encode(headBytes(a), headBytes(next))), 'a chain').toBeUndefined()
    expect(open(encode(a.bytes, b.bytes)), 'with bodies').toBeUndefined()
    expect(open(encode(headBytes(a), new Uint8Array(0))), 'one only').toBeUndefined()
    expect(open(new Uint8Array(0))).toBeUndefined()
    expect(open(Uint8Array.from([...encode(headBytes(a), headBytes(b)), 0x1a, 1, 1])), 'with something riding along').toBeUndefined()
    expect(openForkProof(crypto, encode(headBytes(a), headBytes(b)), new Uint8Array(16)), 'of another mesh').toBeUndefined()
  })

  test('with a header that somebody else signed does not hold', () => {
    const a = histories(0, [2], [2]).left[0] as SealedBatch
    const forger = fakeCrypto(peerOf(3))
    const forged = sealBatch(forger, testMesh, { log: a.log, base: 1, count: 1, time: 5, previous: new Uint8Array(0), body: encodeRecords([recordOf('press/a', 'z')]) })
    const proof = openForkProof(crypto, encode(headBytes(a), headBytes(forged)), testMesh)
    expect(proof === undefined ? true : forkProofHolds(crypto, proof)).toBe(false)
  })
})
