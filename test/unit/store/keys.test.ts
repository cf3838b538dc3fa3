import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { after, compareKeys, concat, readU32, readU64, u32, u64 } from '../../../src/store/keys.js'

const u32s = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const u64s = fc.oneof(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 2 ** 32 - 3, max: 2 ** 32 + 3 }))
const some = fc.uint8Array({ maxLength: 6 })

describe('keys', () => {
  test('numbers come back as they went in', () => {
    fc.assert(fc.property(u32s, n => { expect(readU32(u32(n))).toBe(n) }))
    fc.assert(fc.property(u64s, n => { expect(readU64(u64(n))).toBe(n) }))
    expect(readU64(concat(u32(9), u64(Number.MAX_SAFE_INTEGER)), 4)).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('keys order as the numbers in them do', () => {
    fc.assert(fc.property(u32s, u64s, u32s, u64s, (a, b, c, d) => {
      const expected = a === c ? Math.sign(b - d) : Math.sign(a - c)
      expect(Math.sign(compareKeys(concat(u32(a), u64(b)), concat(u32(c), u64(d))))).toBe(expected)
    }))
  })

  test('comparing is what Buffer.compare does', () => {
    fc.assert(fc.property(some, some, (a, b) => { expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(a, b)) }))
  })

  test('after a prefix comes nothing that begins with it, and everything else that sorts behind it', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 3 }), some, (prefix, key) => {
      const end = after(prefix)
      const inRange = compareKeys(key, prefix) >= 0 && (end === undefined || compareKeys(key, end) < 0)
      expect(inRange).toBe(Buffer.compare(key.subarray(0, prefix.length), prefix) === 0)
    }))
    expect(after(new Uint8Array([255, 255]))).toBeUndefined()
  })

  test('numbers that do not fit are refused', () => {
    for (const n of [-1, 1.5, 2 ** 32, NaN]) expect(() => u32(n)).toThrow()
    for (const n of [-1, 1.5, 2 ** 53, NaN]) expect(() => u64(n)).toThrow()
    expect(() => readU32(new Uint8Array(3))).toThrow()
    expect(() => readU64(new Uint8Array(8).fill(255))).toThrow()
  })
})
