import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRecords, readRecords } from '../../../src/message/record-codec.js'
import { BatchBody, type Record } from '../../../src/message/wire.js'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const bytes = fc.uint8Array({ maxLength: 300 }) as fc.Arbitrary<Uint8Array<ArrayBuffer>>
const time = fc.oneof(fc.constantFrom(0, 1, 127, 128, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.maxSafeNat())
const record: fc.Arbitrary<Record> = fc.record({
  topic: fc.oneof(fc.constantFrom('', 'press/a', 'press/b'), text), body: bytes, contentType: fc.constantFrom('', 'text/plain', 'application/json', 'é'),
  headers: fc.array(fc.record({ name: text, value: text }), { maxLength: 3 }), key: fc.option(text, { nil: undefined }), time, expiresAt: time, id: text
}).map(({ key, ...rest }) => key === undefined ? rest : { key, ...rest })
const records = fc.array(record, { maxLength: 6 })

const plain = (some: readonly Record[]): unknown => some.map(({ body, ...rest }) => ({ ...rest, body: [...body] }))

describe('the codec of batch bodies', () => {
  it('writes the bytes that the generated codec writes, and reads back what was written', () => {
    fc.assert(fc.property(records, (some) => {
      const encoded = encodeRecords(some)
      expect(Buffer.compare(encoded, BatchBody.encode({ records: some }))).toBe(0)
      expect(plain(readRecords(encoded, some.length))).toEqual(plain(some))
    }), { numRuns: 500 })
  })

  it('never reads anything else from bytes than the generated codec, wherever they lie in their buffer', () => {
    const damaged = fc.tuple(records, fc.nat(), fc.nat(255), fc.nat(400), fc.uint8Array({ maxLength: 9 })).map(([some, at, byte, cut, junk]) => {
      const encoded = Uint8Array.from([...encodeRecords(some).subarray(0, cut), ...junk])
      if (encoded.length > 0) encoded[at % encoded.length] = byte
      return encoded
    })
    fc.assert(fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 80 })), fc.nat(20), (encoded, before) => {
      const within = new Uint8Array(before + encoded.length + 7).fill(0x0a)
      within.set(encoded, before)
      const { records: expected } = attempt(() => BatchBody.decode(encoded)) ?? {}
      const read = attempt(() => readRecords(within.subarray(before, before + encoded.length), expected?.length ?? 1))
      if (read === undefined) return
      expect(expected, 'what is read here the generated codec reads too').toBeDefined()
      expect(plain(read)).toEqual(plain(expected as Record[]))
    }), { numRuns: 3000 })
  })

  it('gives views on the bytes, and texts that changed from record to record as they are', () => {
    const some = ['press/a', 'press/a', 'press/b', 'press/ab', 'press/a'].map((topic, i) => ({ topic, body: Uint8Array.of(i), contentType: `t${i % 2}`, headers: [], time: 1, expiresAt: 0, id: '' }))
    const encoded = encodeRecords(some)
    const read = readRecords(encoded, some.length)
    expect(read.map(({ topic, contentType }) => [topic, contentType])).toEqual(some.map(({ topic, contentType }) => [topic, contentType]))
    for (const { body } of read) expect(body.buffer).toBe(encoded.buffer)
  })

  it('passes over fields that a later version may add, and refuses what is malformed', () => {
    const good = encodeRecords([{ topic: 'press/a', body: Uint8Array.of(1), contentType: '', headers: [{ name: 'a', value: 'b' }], time: 1, expiresAt: 0, id: '' }])
    const inner = good.subarray(2)
    const record = (...extra: number[]): Uint8Array => Uint8Array.from([0x0a, inner.length + extra.length, ...inner, ...extra])
    // Field 15 as a number, eight bytes, bytes, four bytes.
    for (const field of [[0x78, 0x81, 0x01], [0x79, 1, 2, 3, 4, 5, 6, 7, 8], [0x7a, 2, 9, 9], [0x7d, 1, 2, 3, 4]]) {
      expect(plain(readRecords(record(...field), 1))).toEqual(plain(readRecords(good, 1)))
      expect(plain(readRecords(Uint8Array.from([...field, ...good]), 1))).toEqual(plain(readRecords(good, 1)))
    }
    for (const field of [[0x7b], [0x7c], [0x7e], [0x00, 0x01], [0x7a, 3, 9, 9], [0x7d, 1, 2, 3], [0x30, 0x81, 0x00], [0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], [0x2a, 1, 0xff], [0x22, 2, 0x0a, 5]]) {
      expect(() => readRecords(record(...field), 1), field.join()).toThrow(RangeError)
    }
    expect(() => readRecords(good, 2)).toThrow(RangeError)
    expect(() => readRecords(good, 0)).toThrow(RangeError)
  })
})

function attempt<T> (act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
