import { describe, expect, it } from 'vitest'
import { BatchCache } from '../../../src/store/batch-cache.js'
import { WrittenLog } from '../../support/written-log.js'

const entry = (bytes: number): Parameters<BatchCache['set']>[1] => ({ batch: { ...new WrittenLog().write(1), bytes: new Uint8Array(bytes) }, records: [] })

describe('the batch cache', () => {
  it('stays within its bytes, and lets go first of what was used longest ago', () => {
    const cache = new BatchCache(100)
    for (const key of ['a', 'b', 'c']) cache.set(key, entry(30))
    cache.get('a')
    cache.set('d', entry(30))
    expect(['a', 'b', 'c', 'd'].filter(key => cache.get(key) !== undefined)).toEqual(['a', 'c', 'd'])
    cache.set('a', entry(90))
    expect(['a', 'c', 'd'].filter(key => cache.get(key) !== undefined)).toEqual(['a'])
    cache.set('big', entry(500))
    expect(['a', 'big'].filter(key => cache.get(key) !== undefined)).toEqual(['big'])
    cache.delete('big')
    cache.delete('big')
    for (const key of ['a', 'b', 'c']) cache.set(key, entry(30))
    expect(['a', 'b', 'c'].filter(key => cache.get(key) !== undefined)).toEqual(['a', 'b', 'c'])
  })
})
