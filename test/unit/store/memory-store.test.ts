import { describe, expect, test } from 'vitest'
import { u32 } from '../../../src/store/keys.js'
import { createMemoryDisk, createMemoryStore } from '../../../src/store/memory-store.js'

const value = new Uint8Array([1])
const put = (n: number) => ({ type: 'put', table: 'batch', key: u32(n), value }) as const

describe('memory store', () => {
  test('what was under way at a crash is gone, what was done is there, and nobody is called', () => {
    const disk = createMemoryDisk()
    const turns: Array<() => void> = []
    const store = createMemoryStore({ disk, soon: fn => { turns.push(fn) } })
    const done: number[] = []
    store.commit([put(1)], () => { done.push(1) })
    store.commit([put(2)], () => { done.push(2) })
    turns.shift()?.()
    store.crash()
    for (const turn of turns) turn()
    expect(done).toEqual([1])
    expect(() => store.keys('batch')).toThrow('closed')
    expect(createMemoryStore({ disk }).keys('batch')).toEqual([u32(1)])
  })

  test('commits complete in order though their turns come shuffled', () => {
    const turns: Array<() => void> = []
    const store = createMemoryStore({ soon: fn => { turns.push(fn) } })
    const done: number[] = []
    for (let i = 0; i < 5; i++) store.commit([put(i)], () => { done.push(i) })
    for (const turn of turns.reverse()) turn()
    expect(done).toEqual([0, 1, 2, 3, 4])
  })

  test('a caller that changes its bytes before done is told, and nothing of the commit is kept', () => {
    const turns: Array<() => void> = []
    const store = createMemoryStore({ soon: fn => { turns.push(fn) } })
    const bytes = [Buffer.from('key'), Buffer.from('value')] as const
    for (const mine of bytes) {
      let told: unknown
      store.commit([{ type: 'put', table: 'meta', key: bytes[0], value: bytes[1] }], error => { told = error })
      const before = Buffer.from(mine)
      mine.fill(0)
      turns.shift()?.()
      mine.set(before)
      expect(told).toMatchObject({ code: 'ERR_INTERNAL' })
    }
    expect(store.keys('meta')).toEqual([])
  })

  test('a table of 200,000 entries is filled in and out of order, read and trimmed in little time', () => {
    let turn = (): void => {}
    const store = createMemoryStore({ soon: fn => { turn = fn } })
    const startMs = performance.now()
    for (let i = 0; i < 100_000; i++) {
      store.commit([put(i), put(200_000 + (i * 7919) % 100_000)], () => {})
      turn()
    }
    expect(store.keys('batch', { gte: u32(199_998) })[0]).toEqual(u32(200_000))
    expect(store.keys('batch', { reverse: true, limit: 1 })).toEqual([u32(299_999)])
    for (let i = 0; i < 100_000; i++) {
      store.commit([{ type: 'del', table: 'batch', key: u32(i) }], () => {})
      turn()
    }
    expect(store.keys('batch', { limit: 1 })).toEqual([u32(200_000)])
    // It takes about 0.4 s; what this must catch is the square of the number, which takes minutes.
    expect(performance.now() - startMs).toBeLessThan(10_000)
  }, 20_000)
})
