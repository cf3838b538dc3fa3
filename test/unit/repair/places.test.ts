import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Places } from '../../../src/repair/places.js'

const drain = (places: Places<string>, peerId: string): string[] => {
  const out: string[] = []
  for (let item = places.next(peerId); item !== undefined; item = places.next(peerId)) out.push(item)
  return out
}

describe('places with neighbours', () => {
  it('serves who waits in the order in which it came, once, and not what has left', () => {
    const step = fc.tuple(fc.constantFrom('wait', 'leave', 'next'), fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('p', 'q'))
    fc.assert(fc.property(fc.array(step), (steps) => {
      const places = new Places<string>()
      const model = new Map<string, string[]>([['p', []], ['q', []]])
      for (const [what, item, peerId] of steps) {
        const queue = model.get(peerId) as string[]
        if (what === 'wait') {
          places.wait(item, peerId)
          if (!queue.includes(item)) queue.push(item)
        } else if (what === 'leave') {
          places.leave(item)
          for (const each of model.values()) if (each.includes(item)) each.splice(each.indexOf(item), 1)
        } else expect(places.next(peerId)).toBe(queue.shift())
        expect(places.waitedFor().sort()).toEqual([...model].filter(([, each]) => each.length > 0).map(([id]) => id))
        expect(places.waits(item, id => id === 'q')).toBe(model.get('q')?.includes(item))
      }
      for (const [peerId, queue] of model) expect(drain(places, peerId)).toEqual(queue)
    }))
  })

  it('has a place taken until it has rested', () => {
    const places = new Places<string>()
    for (let i = 0; i < 3; i++) places.take('p')
    expect([places.taken('p'), places.most, places.restedAtMs]).toEqual([3, 3, Number.POSITIVE_INFINITY])
    expect([places.free('p', 120), places.free('p'), places.free('p', 130)]).toEqual([false, false, true])
    expect([places.taken('p'), places.most, places.restedAtMs]).toEqual([2, 0, 120])
    places.rested(119)
    expect(places.taken('p')).toBe(2)
    places.rested(120)
    expect([places.taken('p'), places.restedAtMs]).toEqual([1, 130])
    places.rested(1_000)
    expect([places.taken('p'), places.restedAtMs]).toEqual([0, Number.POSITIVE_INFINITY])
  })

  it('forgets a neighbour that has gone, and tells who waited for it', () => {
    const places = new Places<string>()
    for (const peerId of ['p', 'q']) {
      places.take(peerId)
      places.take(peerId)
      places.free(peerId, 50)
      places.wait('a', peerId)
    }
    places.wait('b', 'p')
    expect([...places.down('p')]).toEqual(['a', 'b'])
    expect([places.taken('p'), places.taken('q'), places.waitedFor()]).toEqual([0, 2, ['q']])
    places.rested(50)
    expect([places.taken('p'), places.taken('q')]).toEqual([0, 1])
  })
})
