import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { channelOf, checkTopic, isChannel, topicFault } from '../../../src/message/topic.js'
import { checkFilters, filterFault, FilterSet } from '../../../src/message/filter.js'

const level = fc.constantFrom('a', 'b', 'c', 'é', '$x', '')
const filterLevel = fc.oneof(fc.constantFrom('a', 'b', 'c', 'é'), fc.constant('+'))
const topics = fc.array(fc.constantFrom('a', 'b', 'c', 'é'), { minLength: 1, maxLength: 5 }).map(levels => levels.join('/'))
const filters = fc.tuple(fc.array(filterLevel, { minLength: 0, maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest || levels.length === 0 ? ['#'] : [])].join('/'))

/** MQTT 4.7.1 word by word. */
function naive (filter: string[], topic: string[]): boolean {
  if (filter.length === 0) return topic.length === 0
  if (filter[0] === '#') return true
  if (topic.length === 0) return false
  return (filter[0] === '+' || filter[0] === topic[0]) && (naive(filter.slice(1), topic.slice(1)))
}

describe('a topic', () => {
  it('is what its rules say, and its channel is its first level', () => {
    fc.assert(fc.property(fc.array(level, { minLength: 1, maxLength: 20 }).map(levels => levels.join('/')), (topic) => {
      const levels = topic.split('/')
      const good = levels.length <= 16 && levels.every(name => name !== '') && !topic.startsWith('$')
      expect(topicFault(topic) === undefined).toBe(good)
      expect(channelOf(topic)).toBe(levels[0])
      expect(isChannel(topic)).toBe(good && levels.length === 1)
    }))
  })

  it('is refused with wildcards, control characters, line separators and lone surrogates', () => {
    for (const bad of ['', '/', '/a', 'a/', 'a//b', 'a/+', '#', 'a+', 'a#', '$SYS', '$', 'a\u0000', 'a\n', 'a\u007f', 'a\u0085', 'a\u2028', 'a\u2029b', 'a\ud800', '\udc00/a']) {
      expect(topicFault(bad), JSON.stringify(bad)).toBeDefined()
      expect(() => { checkTopic(bad) }).toThrowError(expect.objectContaining({ code: 'ERR_BAD_TOPIC' }))
    }
    for (const good of ['a', 'a/$b', 'a.b', '😀/é', '\ufeffa', 'a b', '.', '..', '__proto__', 'constructor']) expect(topicFault(good), good).toBeUndefined()
  })

  it('has at most 256 bytes and 16 levels', () => {
    expect(topicFault('x'.repeat(256))).toBeUndefined()
    expect(topicFault('x'.repeat(257))).toBeDefined()
    expect(topicFault('é'.repeat(128))).toBeUndefined()
    expect(topicFault('é'.repeat(129))).toBeDefined()
    expect(topicFault(Array(16).fill('a').join('/'))).toBeUndefined()
    expect(topicFault(Array(17).fill('a').join('/'))).toBeDefined()
  })
})

describe('a filter', () => {
  it('matches as MQTT says', () => {
    fc.assert(fc.property(fc.array(filters, { minLength: 1, maxLength: 4 }), topics, (list, topic) => {
      expect(new FilterSet(list).matches(topic)).toBe(list.some(filter => naive(filter.split('/'), topic.split('/'))))
    }), { numRuns: 1000 })
    expect(new FilterSet(['a/#']).matches('a')).toBe(true)
    expect(new FilterSet(['a/+']).matches('a')).toBe(false)
    expect(new FilterSet(['a/+/#']).matches('a')).toBe(false)
    expect(new FilterSet(['+']).matches('a/b')).toBe(false)
  })

  it('never matches names that begin with $', () => {
    for (const filter of ['#', '+', '+/a', '+/#']) {
      expect(new FilterSet([filter]).matches('$x/a')).toBe(false)
      expect(new FilterSet([filter]).matches('$x')).toBe(false)
      expect(new FilterSet([filter]).matchesChannel('$x')).toBe(false)
    }
    expect(new FilterSet(['a/+']).matches('a/$b')).toBe(true)
  })

  it('takes in a channel exactly when some topic of it can match', () => {
    fc.assert(fc.property(fc.array(filters, { minLength: 1, maxLength: 3 }), topics, (list, topic) => {
      const set = new FilterSet(list)
      if (set.matches(topic)) expect(set.matchesChannel(channelOf(topic))).toBe(true)
      expect(set.everyChannel).toBe(list.some(filter => filter.startsWith('+') || filter.startsWith('#')))
      if (!set.everyChannel) expect(set.matchesChannel(channelOf(topic))).toBe(set.channels.includes(channelOf(topic)))
    }), { numRuns: 500 })
  })

  it('is refused when wildcards do not stand alone or # is not last', () => {
    for (const bad of ['', 'a/#/b', '#/a', 'a+', '+a', 'a#', 'a/##', 'a//b', '/', '$x/#', '$', 'a/\u0085']) expect(filterFault(bad), JSON.stringify(bad)).toBeDefined()
    for (const good of ['#', '+', '+/+', 'a/+/b/#', 'a/$x']) expect(filterFault(good), good).toBeUndefined()
    expect(checkFilters(['a', 'b', 'a'])).toEqual(['a', 'b'])
    expect(checkFilters('a/#')).toEqual(['a/#'])
    for (const bad of [[], ['a', 'b#'], Array(65).fill('a')]) expect(() => checkFilters(bad)).toThrowError(expect.objectContaining({ code: 'ERR_BAD_FILTER' }))
  })
})
