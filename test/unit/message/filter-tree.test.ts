import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FilterSet } from '../../../src/message/filter.js'
import { FilterTree } from '../../../src/message/filter-tree.js'

const level = fc.constantFrom('a', 'b', 'c', '')
const filter = fc.tuple(fc.array(fc.constantFrom('a', 'b', 'c', '+'), { minLength: 1, maxLength: 4 }), fc.boolean()).map(([levels, rest]) => [...levels, ...(rest ? ['#'] : [])].join('/'))
const filters = fc.array(fc.oneof(filter, fc.constant('#')), { minLength: 1, maxLength: 3 })
const topic = fc.oneof({ weight: 9, arbitrary: fc.array(level, { minLength: 1, maxLength: 5 }).map(levels => levels.join('/')) }, { weight: 1, arbitrary: fc.constant('$sys/a') })

test('a tree of filters finds whom each of them would take, also after some have gone', () => {
  fc.assert(fc.property(fc.array(fc.tuple(filters, fc.boolean()), { maxLength: 12 }), fc.array(topic, { minLength: 1, maxLength: 20 }), (all, topics) => {
    const tree = new FilterTree<number>()
    for (const [i, [each]] of all.entries()) tree.add(each, i)
    for (const each of topics) expect([...tree.match(each)].sort((a, b) => a - b)).toEqual([...all.entries()].flatMap(([i, [of]]) => new FilterSet(of).matches(each) ? [i] : []))
    for (const [i, [each, stays]] of all.entries()) if (!stays) tree.remove(each, i)
    for (const each of topics) expect([...tree.match(each)].sort((a, b) => a - b)).toEqual([...all.entries()].flatMap(([i, [of, stays]]) => stays && new FilterSet(of).matches(each) ? [i] : []))
  }))
})
