import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Slots } from '../../../src/repair/slots.js'

const drain = (slots: Slots<string>, peerId: string): string[] => {
  const out: string[] = []
  for (let item = slots.next(peerId); item !== undefined; item = slots.next(peerId)) out.push(item)
  return out
}

describe('places with neighbours', () => {
  it('serves who waits in the order in which it came, once, and not what has left', () => {
    const step = fc.tuple(fc.constantFrom('wait', 'leave', 'next'), fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('p', 'q'))
    fc.assert(fc.property(fc.array(step), (steps) => {
      const slots = new Slots<string>()
      const model = new Map<string, string[]>([['p', []], ['q', []]])
      for (const [what, item, peerId] of steps) {
        const queue = model.get(peerId) as string[]
        if (what === 'wait') {
          slots.wait(item, peerId)
          if (!queue.includes(item)) queue.push(item)
        } else if (what === 'leave') {
          slots.leave(item)
          for (const each of model.values()) if (each.includes(item)) each.splice(each.indexOf(item), 1)
        } else expect(slots.next(peerId)).toBe(queue.shift())
        expect(slots.waitedFor().sort()).toEqual([...model].filter(([, each]) => each.length > 0).map(([id]) => id))
        expect(slots.waits(item, id => id === 'q')).toBe(model.get('q')?.includes(item))
      }
      for (const [peerId, queue] of model) expect(drain(slots, peerId)).toEqual(queue)
    }))
  })

  it('has a place taken until it has rested', () => {
    const slots = new Slots<string>()
    for (let i = 0; i < 3; i++) slots.take('p')
    expect([slots.taken('p'), slots.most, slots.restedAtMs]).toEqual([3, 3, Number.POSITIVE_INFINITY])
    expect([slots.free('p', 120), slots.free('p'), slots.free('p', 130)]).toEqual([false, false, true])
    expect([slots.taken('p'), slots.most, slots.restedAtMs]).toEqual([2, 0, 120])
    slots.rested(119)
    expect(slots.taken('p')).toBe(2)
    slots.rested(120)
    expect([slots.taken('p'), slots.restedAtMs]).toEqual([1, 130])
    slots.rested(1_000)
    expect([slots.taken('p'), slots.restedAtMs]).toEqual([0, Number.POSITIVE_INFINITY])
  })

  it('forgets a neighbour that has gone, and tells who waited for it', () => {
    const slots = new Slots<string>()
    for (const peerId of ['p', 'q']) {
      slots.take(peerId)
      slots.take(peerId)
      slots.free(peerId, 50)
      slots.wait('a', peerId)
    }
    slots.wait('b', 'p')
    expect([...slots.down('p')]).toEqual(['a', 'b'])
    expect([slots.taken('p'), slots.taken('q'), slots.waitedFor()]).toEqual([0, 2, ['q']])
    slots.rested(50)
    expect([slots.taken('p'), slots.taken('q')]).toEqual([0, 1])
  })
})
