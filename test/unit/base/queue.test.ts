import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Queue } from '../../../src/base/queue.js'

it('a queue gives what came first, and as many as came, whatever the order of pushes and shifts', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.nat({ max: 3000 }), fc.nat({ max: 3000 }).map(n => -n)), { maxLength: 20 }), (steps) => {
    const queue = new Queue<number>()
    const model: number[] = []
    let next = 0
    for (const step of steps) {
      for (let i = 0; i < step; i++) {
        queue.push(next)
        model.push(next++)
      }
      for (let i = step; i < 0; i++) expect(queue.shift()).toBe(model.shift())
      expect(queue.length).toBe(model.length)
    }
    queue.clear()
    expect([queue.length, queue.shift()]).toEqual([0, undefined])
  }), { numRuns: 50 })
})
