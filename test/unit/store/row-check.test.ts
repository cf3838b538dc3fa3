import { describe, expect, test } from 'vitest'
import { u32 } from '../../../src/store/keys.js'
import { openRow, sealRow } from '../../../src/store/row-check.js'
import { TABLES } from '../../../src/store/store.js'

const value = Uint8Array.from({ length: 40 }, (_, i) => i + 1)

describe('the check sum of a row', () => {
  test('holds for what was put, of any length', () => {
    for (const table of TABLES) for (const bytes of [new Uint8Array(0), value, new Uint8Array(5000).fill(7)]) expect(openRow(table, u32(1), sealRow(table, u32(1), bytes))).toEqual(bytes)
  })

  test('finds each flipped bit, and a row that is cut short', () => {
    const row = sealRow('cursor', u32(1), value)
    for (let bit = 0; bit < row.length * 8; bit++) {
      const flipped = row.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => openRow('cursor', u32(1), flipped)).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
    }
    for (let length = 0; length < row.length; length++) expect(() => openRow('cursor', u32(1), row.subarray(0, length))).toThrow('not what was written')
  })

  test('finds a whole row that stands under another key or in another table', () => {
    expect(() => openRow('cursor', u32(2), sealRow('cursor', u32(1), value))).toThrow('not what was written')
    expect(() => openRow('log', u32(1), sealRow('cursor', u32(1), value))).toThrow('not what was written')
  })

  test('lets what can be had again read as zeros of the same length', () => {
    for (const table of ['batch', 'receipt', 'peer'] as const) expect(openRow(table, u32(2), sealRow(table, u32(1), value))).toEqual(new Uint8Array(value.length))
    expect(openRow('batch', u32(2), new Uint8Array(2))).toEqual(new Uint8Array(0))
  })
})
