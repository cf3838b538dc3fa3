import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Digests } from '../../../src/base/digests.js'
import { fakeCrypto, peerOf } from '../../support/fake-crypto.js'

const crypto = fakeCrypto(peerOf(1))
const change = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined }))

describe('digests', () => {
  it('depend on what is known and not on how it was learned', () => {
    fc.assert(fc.property(fc.array(change, { maxLength: 20 }), fc.infiniteStream(fc.nat()), (changes, order) => {
      const one = new Digests(crypto)
      const now = new Map<string, string>()
      for (const [key, value] of changes) {
        one.set('press', key, value)
        if (value === undefined) now.delete(key)
        else now.set(key, value)
      }
      const two = new Digests(crypto)
      const shuffled = [...now].map(item => ({ item, at: order.next().value as number })).sort((a, b) => a.at - b.at)
      for (const { item: [key, value] } of shuffled) two.set('press', key, value)
      expect(one.total('press')).toEqual(two.total('press'))
      expect(one.buckets('press')).toEqual(two.buckets('press'))
      expect(one.size('press')).toBe(now.size)
      expect(one.differing('press', two.buckets('press')).size).toBe(0)
      if (now.size === 0) expect(one.total('press')).toEqual(new Uint8Array(8))
    }), { numRuns: 300 })
  })

  it('differ in the bucket of the item that differs, and in that one alone', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 40 }), (keys) => {
      const one = new Digests(crypto)
      const two = new Digests(crypto)
      for (const key of keys) {
        one.set('press', key, '1')
        two.set('press', key, key === keys[0] ? '2' : '1')
      }
      expect(one.total('press')).not.toEqual(two.total('press'))
      expect([...one.differing('press', two.buckets('press'))]).toEqual([one.bucketOf(keys[0] as string)])
    }), { numRuns: 100 })
  })

  it('keep channels apart and make nothing of malformed buckets', () => {
    const digests = new Digests(crypto)
    digests.set('press', 'a', '1')
    expect(digests.total('other')).toEqual(new Uint8Array(8))
    expect(digests.differing('press', new Uint8Array(7)).size).toBe(0)
    expect(digests.differing('other', digests.buckets('press')).size).toBe(1)
  })
})
