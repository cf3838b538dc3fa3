import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromText, toText } from '../../../src/store/keys.js'
import { mergedRange, Overlay, rowIn } from '../../../src/store/overlay.js'
import type { StoreRange } from '../../../src/store/store.js'

/** A table of rows, and what lies over it, newest first. */
interface Case { readonly below: Map<string, Uint8Array>, readonly layers: Overlay[], readonly all: Map<string, Uint8Array> }

const keyOf = (n: number): string => toText(Uint8Array.of(n >> 4, n & 15, 200).subarray(0, 1 + n % 3))

function build (below: readonly number[], layers: ReadonlyArray<ReadonlyArray<readonly [n: number, isThere: boolean]>>): Case {
  const all = new Map<string, Uint8Array>()
  const table = new Map<string, Uint8Array>()
  for (const n of below) {
    table.set(keyOf(n), Uint8Array.of(0, n, 0, 0, 0))
    all.set(keyOf(n), Uint8Array.of(0, n, 0, 0, 0))
  }
  const overlays: Overlay[] = []
  for (const [i, changes] of layers.entries()) {
    const overlay = new Overlay()
    for (const [n, isThere] of changes) {
      const row = isThere ? Uint8Array.of(i + 1, n, 0, 0, 0) : undefined
      overlay.put('log', keyOf(n), row)
      if (row === undefined) all.delete(keyOf(n))
      else all.set(keyOf(n), row)
    }
    overlays.unshift(overlay)
  }
  return { below: table, layers: overlays, all }
}

function read (rows: Map<string, Uint8Array>, range: StoreRange, limit: number): Array<readonly [Uint8Array, Uint8Array]> {
  const keys = [...rows.keys()].sort().filter(key => (range.gte === undefined || key >= toText(range.gte)) && (range.lt === undefined || key < toText(range.lt)))
  if (range.reverse === true) keys.reverse()
  return keys.slice(0, limit).map(key => [fromText(key), rows.get(key) as Uint8Array] as const)
}

const number = fc.integer({ min: 0, max: 255 })
const bound = fc.option(number.map(n => fromText(keyOf(n))), { nil: undefined })

test('what lies over a table is read as if it were in it, whatever is asked for', () => {
  fc.assert(fc.property(
    fc.array(number, { maxLength: 250 }), fc.array(fc.array(fc.tuple(number, fc.boolean()), { maxLength: 250 }), { maxLength: 3 }),
    fc.array(fc.tuple(bound, bound, fc.boolean(), fc.integer({ min: 0, max: 300 })), { minLength: 1, maxLength: 6 }),
    (below, changes, ranges) => {
      const { below: table, layers, all } = build(below, changes)
      for (let n = 0; n < 256; n++) {
        const row = rowIn(layers, 'log', fromText(keyOf(n)))
        expect(row === undefined ? table.get(keyOf(n)) : row ?? undefined).toEqual(all.get(keyOf(n)))
      }
      for (const [gte, lt, reverse, limit] of ranges) {
        const range = { ...(gte === undefined ? {} : { gte }), ...(lt === undefined ? {} : { lt }), reverse }
        const got = mergedRange(layers, 'log', range, limit, (part, count) => read(table, part, count))
        expect(got.map(([key, row]) => [toText(key), [...row]])).toEqual(read(all, range, limit).map(([key, row]) => [toText(key), [...row]]))
        for (const [key, row, isView] of got) expect(isView).toBe(table.get(toText(key)) !== row)
      }
    }
  ), { numRuns: 300 })
})

test('a few rows out of many are had without reading all', () => {
  const overlay = new Overlay()
  for (let n = 0; n < 20_000; n++) overlay.put('batch', toText(Uint8Array.of(n >> 8, n & 255)), n % 2 === 0 ? new Uint8Array(5) : undefined)
  let asked = 0
  const rows = mergedRange([overlay], 'batch', { gte: Uint8Array.of(10, 0) }, 3, (_range, count) => { asked += count; return [] })
  expect(rows.map(([key]) => toText(key))).toEqual([0, 2, 4].map(low => toText(Uint8Array.of(10, low))))
  expect(asked).toBeLessThan(200)
})

test.each([false, true])('what lies behind many that are deleted is found, reverse: %s', (reverse) => {
  const key = (n: number): string => toText(Uint8Array.of(n >> 8, n & 255))
  const table = new Map(Array.from({ length: 600 }, (_, n) => [key(n), Uint8Array.of(1, 0, 0, 0, 0)]))
  const overlay = new Overlay()
  for (let n = 0; n < 600; n++) if (n < 290 || n >= 310) overlay.put('batch', key(n), undefined)
  const rows = mergedRange([overlay], 'batch', { reverse }, 5, (range, count) => read(table, range, count))
  expect(rows.map(([found]) => toText(found))).toEqual([0, 1, 2, 3, 4].map(i => key(reverse ? 309 - i : 290 + i)))
})

test('its bytes are those of the rows that it has', () => {
  const overlay = new Overlay()
  overlay.put('log', 'a', new Uint8Array(10))
  overlay.put('log', 'a', new Uint8Array(20))
  overlay.put('meta', 'bc', new Uint8Array(5))
  overlay.put('log', 'd', undefined)
  expect(overlay.bytes).toBe(1 + 20 + 2 + 5 + 1)
  expect([overlay.has('log'), overlay.has('batch'), overlay.isEmpty]).toEqual([true, false, false])
  overlay.clear()
  expect([overlay.bytes, overlay.isEmpty]).toEqual([0, true])
})
