import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Slots } from '../../../src/base/slots.js'

const key = fc.oneof(fc.nat(40), fc.nat(100_000), fc.integer({ min: 2 ** 31 - 20, max: 2 ** 31 + 20 }), fc.integer({ min: 2 ** 53 - 40, max: 2 ** 53 - 1 }))
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, value: fc.nat() }),
  fc.record({ kind: fc.constant('delete' as const), key })
)

describe('slots', () => {
  test('hold what a map would hold, whatever numbers come and go', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const slots = new Slots<number>()
      const map = new Map<number, number>()
      for (const each of steps) {
        if (each.kind === 'delete') {
          expect(slots.delete(each.key)).toBe(map.delete(each.key))
        } else {
          slots.set(each.key, each.value)
          map.set(each.key, each.value)
        }
        expect(slots.size).toBe(map.size)
        expect(slots.get(each.key)).toBe(map.get(each.key))
      }
      for (const [at, value] of map) expect(slots.get(at)).toBe(value)
      expect(slots.values().sort((a, b) => a - b)).toEqual([...map.values()].sort((a, b) => a - b))
    }))
  })

  test('keep one that was left behind beside a million that came and went', () => {
    const slots = new Slots<number>()
    slots.set(3, 3)
    for (let i = 4; i < 1_000_000; i++) {
      slots.set(i, i)
      if (i >= 14 && !slots.delete(i - 10)) throw new Error(`${i - 10} was not there`)
    }
    expect(slots.get(3)).toBe(3)
    expect(slots.size).toBeLessThan(40)
  })
})
