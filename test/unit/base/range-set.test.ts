import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.js'

const MAX = 60
const range = fc.tuple(fc.integer({ min: 1, max: MAX }), fc.integer({ min: 0, max: 12 })).map(([from, length]) => [from, from + length - 1] as const)
const step = fc.tuple(fc.constantFrom('add', 'add', 'remove'), range)
const steps = fc.array(step, { maxLength: 30 })

function build (list: ReadonlyArray<readonly [string, readonly [number, number]]>): { set: RangeSet, model: Set<number> } {
  const set = new RangeSet()
  const model = new Set<number>()
  for (const [what, [from, to]] of list) {
    if (what === 'add') {
      const before = model.size
      for (let i = from; i <= to; i++) model.add(i)
      expect(set.add(from, to)).toBe(model.size - before)
    } else {
      set.remove(from, to)
      for (let i = from; i <= to; i++) model.delete(i)
    }
  }
  return { set, model }
}

const members = (set: RangeSet): number[] => set.ranges().flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
const sorted = (model: Iterable<number>): number[] => [...model].sort((a, b) => a - b)

describe('a set of ranges', () => {
  it('holds what a plain set holds, in the fewest ranges', () => {
    fc.assert(fc.property(steps, (list) => {
      const { set, model } = build(list)
      expect(members(set)).toEqual(sorted(model))
      expect(set.count).toBe(model.size)
      expect(set.isEmpty).toBe(model.size === 0)
      expect(set.first).toBe(sorted(model)[0] ?? 0)
      expect(set.last).toBe(sorted(model).at(-1) ?? 0)
      for (const [i, { from }] of set.ranges().entries()) if (i > 0) expect(from).toBeGreaterThan((set.ranges()[i - 1]?.to ?? 0) + 1)
    }), { numRuns: 500 })
  })

  it('answers as a plain set does', () => {
    fc.assert(fc.property(steps, range, (list, [from, to]) => {
      const { set, model } = build(list)
      const within = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)
      for (let i = 1; i <= MAX + 15; i++) {
        expect(set.has(i)).toBe(model.has(i))
        let missing = i
        while (model.has(missing)) missing++
        expect(set.firstMissing(i)).toBe(missing)
        expect(set.firstPresent(i)).toBe(sorted(model).find(n => n >= i) ?? 0)
      }
      if (within.length > 0) {
        expect(set.covers(from, to)).toBe(within.every(i => model.has(i)))
        expect(set.overlaps(from, to)).toBe(within.some(i => model.has(i)))
      }
      expect(set.countIn(from, to)).toBe(within.filter(i => model.has(i)).length)
      const missing = set.missing(from, to)
      expect(missing.flatMap(r => Array.from({ length: r.to - r.from + 1 }, (_, i) => r.from + i))).toEqual(within.filter(i => !model.has(i)))
      expect(set.missing(from, to, 2)).toEqual(missing.slice(0, 2))
    }), { numRuns: 200 })
  })

  it('joins, intersects and subtracts as plain sets do', () => {
    fc.assert(fc.property(steps, steps, (a, b) => {
      const one = build(a)
      const two = build(b)
      expect(members(one.set.intersection(two.set))).toEqual(sorted(one.model).filter(i => two.model.has(i)))
      expect(members(one.set.without(two.set))).toEqual(sorted(one.model).filter(i => !two.model.has(i)))
      const both = one.set.clone()
      both.addAll(two.set)
      expect(members(both)).toEqual(sorted(new Set([...one.model, ...two.model])))
      expect(members(one.set)).toEqual(sorted(one.model))
      expect(one.set.equals(two.set)).toBe(sorted(one.model).join() === sorted(two.model).join())
    }), { numRuns: 300 })
  })

  it('comes back from its bytes as it was, and has one form only', () => {
    fc.assert(fc.property(steps, fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1000 }), (list, shift) => {
      const { set } = build(list)
      const far = RangeSet.of(...set.ranges().map(({ from, to }) => [from + shift, to + shift] as const))
      const bytes = far.encode()
      expect(RangeSet.decode(bytes).equals(far)).toBe(true)
      expect(RangeSet.decode(bytes).count).toBe(far.count)
    }), { numRuns: 300 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
      let set: RangeSet
      try {
        set = RangeSet.decode(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
        return
      }
      expect(Buffer.from(set.encode())).toEqual(Buffer.from(bytes))
    }), { numRuns: 1000 })
  })

  it('refuses bytes that no set makes', () => {
    for (const bad of [[0], [0, 0], [0, 1, 0, 1], [5], [0x80], [0, 0x80, 0], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 1], [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]]) {
      expect(() => RangeSet.decode(Uint8Array.from(bad)), bad.join()).toThrow(RangeError)
    }
    const last = RangeSet.of([Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER])
    expect(RangeSet.decode(last.encode()).equals(last)).toBe(true)
    const three = RangeSet.of([1, 1], [3, 3], [5, 5]).encode()
    expect(RangeSet.decode(three, 3).size).toBe(3)
    expect(() => RangeSet.decode(three, 2)).toThrow(RangeError)
  })
})
