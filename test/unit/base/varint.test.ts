import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readVarint, varintLength, writeVarint } from '../../../src/base/varint.js'

const number = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.nat(53).map(n => 2 ** n - 1), fc.nat(52).map(n => 2 ** n))

describe('a varint', () => {
  it('comes back as it was, in the bytes that were counted', () => {
    fc.assert(fc.property(number, fc.nat(4), (value, offset) => {
      const out = new Uint8Array(offset + varintLength(value) + 1).fill(0xaa)
      expect(writeVarint(out, offset, value)).toBe(offset + varintLength(value))
      expect(readVarint(out, offset)).toEqual({ value, offset: offset + varintLength(value) })
      expect(out.at(-1)).toBe(0xaa)
    }), { numRuns: 1000 })
  })

  it('is refused when it is cut off, overlong or too large', () => {
    fc.assert(fc.property(number, (value) => {
      const bytes = new Uint8Array(varintLength(value))
      writeVarint(bytes, 0, value)
      expect(() => readVarint(bytes.subarray(0, -1), 0)).toThrow(RangeError)
      const overlong = Uint8Array.from([...bytes.slice(0, -1), (bytes.at(-1) as number) | 0x80, 0])
      expect(() => readVarint(overlong, 0)).toThrow(RangeError)
    }))
    for (const bytes of [[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], []]) {
      expect(() => readVarint(Uint8Array.from(bytes), 0)).toThrow(RangeError)
    }
    expect(readVarint(Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]), 0).value).toBe(Number.MAX_SAFE_INTEGER)
  })
})
