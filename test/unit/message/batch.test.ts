import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BATCH_TAG, bodyHolds, EPHEMERAL_TAG, hasBody, headBytes, MalformedBatch, openBatch, sealBatch, signatureHolds, type BatchContent, type SealedBatch } from '../../../src/message/batch.js'
import { decodeRecords, encodeRecords } from '../../../src/message/record.js'
import { Batch, BatchHeader } from '../../../src/message/wire.js'
import { createCrypto } from '../../../src/security/ed25519.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { recordOf } from '../../support/written-log.js'

const self = peerOf(1)
const crypto = fakeCrypto(self)
const real = createCrypto(new Uint8Array(32).fill(5))

const content = (over: Partial<BatchContent> = {}): BatchContent => ({
  log: { publisher: self, incarnation: { number: 5, random: '0000000000000005' }, channel: 'press' },
  base: 1, count: 2, time: 1000, previous: new Uint8Array(0), body: encodeRecords([recordOf('press/a'), recordOf('press/b')]), ...over
})

/** Whether all the checks of a receiver let these bytes through. */
function passes (bytes: Uint8Array, by = crypto): boolean {
  try {
    const batch = openBatch(bytes, testMesh)
    if (!signatureHolds(by, batch) || !bodyHolds(by, batch)) return false
    decodeRecords(batch.body, batch.count, batch.log.channel)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedBatch)
    return false
  }
}

const fields = ({ log, logKey, base, last, count, time, previous, link, bodyHash, header, signature, body }: SealedBatch): unknown =>
  ({ log, logKey, base, last, count, time, link: link === undefined ? undefined : { ...link, hash: [...link.hash] }, bytes: [previous, bodyHash, header, signature, body].map(each => [...each]) })

describe('a batch', () => {
  it('is opened as what was sealed, and holds', () => {
    const link = { incarnation: { number: 4, random: '0000000000000004' }, position: 9, hash: new Uint8Array(32).fill(9) }
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 1, max: 20 }), fc.nat(2 ** 42), fc.boolean(), fc.constantFrom('press', 'é', 'a.b'), (base, count, time, linked, channel) => {
      const sealed = sealBatch(crypto, testMesh, content({
        log: { ...content().log, channel }, base, count, time, previous: new Uint8Array(base === 1 ? 0 : 32), link: linked && base === 1 ? link : undefined, body: encodeRecords(Array.from({ length: count }, () => recordOf(`${channel}/a`)))
      }))
      const opened = openBatch(sealed.bytes, testMesh)
      expect(fields(opened)).toEqual(fields(sealed))
      expect(opened.last).toBe(base + count - 1)
      expect(passes(sealed.bytes)).toBe(true)
      const head = openBatch(headBytes(opened), testMesh)
      expect(hasBody(head)).toBe(false)
      expect(signatureHolds(crypto, head)).toBe(true)
      expect(bodyHolds(crypto, head)).toBe(false)
    }), { numRuns: 100 })
    expect(passes(sealBatch(crypto, testMesh, content({ link })).bytes)).toBe(true)
  })

  it('is refused with any one bit flipped', () => {
    const { bytes } = sealBatch(crypto, testMesh, content({ link: { incarnation: { number: 4, random: '0000000000000004' }, position: 9, hash: new Uint8Array(32).fill(9) } }))
    expect(passes(bytes)).toBe(true)
    for (let i = 0; i < bytes.length * 8; i++) {
      const flipped = bytes.slice()
      flipped[i >> 3] = (flipped[i >> 3] as number) ^ (1 << (i & 7))
      expect(passes(flipped), `bit ${i}`).toBe(false)
    }
  })

  it('is refused with any one byte changed, taken out or put in, also by the real signature', () => {
    const { bytes } = sealBatch(real, testMesh, content({ log: { ...content().log, publisher: real.peerId } }))
    expect(passes(bytes, real)).toBe(true)
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.constantFrom('change', 'take', 'put', 'append', 'cut'), (at, by, what) => {
      const before = [...bytes.subarray(0, at)]
      const behind = [...bytes.subarray(at + 1)]
      const byte = bytes[at] as number
      const changed = what === 'change' ? [...before, byte ^ by, ...behind] : what === 'take' ? [...before, ...behind] : what === 'put' ? [...before, byte ^ by, byte, ...behind] : what === 'append' ? [...bytes, by] : before
      expect(passes(Uint8Array.from(changed), real)).toBe(false)
    }), { numRuns: 400 })
  })

  it('is refused with anything riding along that nobody signed', () => {
    const { bytes } = sealBatch(crypto, testMesh, content())
    const unknownField = Uint8Array.from([...bytes, 0x22, 3, 1, 2, 3])
    expect(passes(unknownField)).toBe(false)
    const twice = Uint8Array.from([...bytes, ...bytes])
    expect(passes(twice)).toBe(false)
    expect(passes(new Uint8Array(0))).toBe(false)
  })

  it('is refused in another mesh', () => {
    const { bytes } = sealBatch(crypto, new Uint8Array(16).fill(8), content())
    expect(() => openBatch(bytes, testMesh)).toThrow(MalformedBatch)
    expect(openBatch(bytes, new Uint8Array(16).fill(8)).count).toBe(2)
  })

  it('is no ephemeral one and the other way round', () => {
    for (const [tag, other] of [[BATCH_TAG, EPHEMERAL_TAG], [EPHEMERAL_TAG, BATCH_TAG]] as const) {
      const sealed = sealBatch(crypto, testMesh, content(), tag)
      expect(signatureHolds(crypto, sealed, tag)).toBe(true)
      expect(signatureHolds(crypto, sealed, other)).toBe(false)
    }
  })

  it('is refused when a header says what cannot be', () => {
    const good = { ...BatchHeader.decode(sealBatch(crypto, testMesh, content()).header) }
    const body = content().body as Uint8Array<ArrayBuffer>
    const withHeader = (over: Partial<BatchHeader>, otherBody = body): Uint8Array => {
      const header = BatchHeader.encode({ ...good, ...over }) as Uint8Array<ArrayBuffer>
      return Batch.encode({ header, signature: crypto.sign(BATCH_TAG, header) as Uint8Array<ArrayBuffer>, body: otherBody })
    }
    const bytes = (n: number): Uint8Array<ArrayBuffer> => new Uint8Array(n).fill(1)
    const link = { incarnation: 4, incarnationRandom: bytes(8), position: 1, hash: bytes(32) }
    expect(passes(withHeader({}))).toBe(true)
    expect(passes(withHeader({ link }))).toBe(true)
    const bad: Array<Partial<BatchHeader>> = [
      { count: 0 }, { count: 1025 }, { base: 0 }, { base: 2 ** 53 - 1 }, { incarnation: 0 }, { incarnationRandom: bytes(7) }, { channel: '' }, { channel: 'a/b' }, { channel: '$x' },
      { channel: '#' }, { channel: 'x'.repeat(257) }, { publisher: bytes(38) }, { bodyHash: bytes(31) }, { bodyLength: 0 }, { bodyLength: body.length + 1 }, { bodyLength: 2 ** 31 }, { previous: bytes(32) },
      { base: 2, previous: bytes(0) }, { base: 2, previous: bytes(31) }, { base: 2, previous: bytes(32), link }, { link: { ...link, incarnation: 5 } }, { link: { ...link, position: 0 } }, { link: { ...link, hash: bytes(33) } },
      { link: { ...link, incarnationRandom: bytes(9) } }, { mesh: bytes(15) }
    ]
    for (const over of bad) expect(() => openBatch(withHeader(over), testMesh), JSON.stringify(over)).toThrow(MalformedBatch)
    // A count that the body does not bear out is only found when the records are decoded.
    const three = openBatch(withHeader({ count: 3 }), testMesh)
    expect(() => decodeRecords(three.body, three.count, 'press')).toThrow(RangeError)
  })

  it('brings nothing but MalformedBatch out of whatever bytes', () => {
    const { bytes } = sealBatch(crypto, testMesh, content())
    const torn = fc.tuple(fc.nat(bytes.length), fc.uint8Array({ maxLength: 8 }), fc.nat(bytes.length)).map(([cut, junk, from]) => Uint8Array.from([...bytes.subarray(0, cut), ...junk, ...bytes.subarray(from)]))
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), torn), (some) => {
      if (Buffer.compare(some, bytes) !== 0) expect(passes(some)).toBe(false)
    }), { numRuns: 1000 })
    expect(() => openBatch(new Uint8Array(2 * 1024 * 1024), testMesh)).toThrow(MalformedBatch)
    // Lengths that lie: a field of 2 GiB in ten bytes.
    for (const tag of [0x0a, 0x12, 0x1a]) expect(passes(Uint8Array.from([tag, 0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3]))).toBe(false)
  })
})
