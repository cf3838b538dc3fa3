/** What every Store must do: each sentence of the port's header comment, asserted. */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SkeinError, type ErrorCode } from '../../src/base/errors.js'
import { compareKeys, concat, u32 } from '../../src/store/keys.js'
import { TABLES, type Store, type StoreOp, type StoreRange, type Table } from '../../src/store/store.js'

export interface StoreHarness {
  /** Opens the store, and after a close opens it again on what it kept. */
  open (): Promise<Store>
  /** Lets the disk be full, or have room. */
  setFull (full: boolean): void
  /** Makes the next write of the open store fail. */
  breakDisk (): void
  cleanup (): Promise<void>
}

export function put (table: Table, key: Uint8Array | string, value: Uint8Array | string): StoreOp {
  return { type: 'put', table, key: bytes(key), value: bytes(value) }
}

export function del (table: Table, key: Uint8Array | string): StoreOp {
  return { type: 'del', table, key: bytes(key) }
}

/** A plain Uint8Array, since assertions tell it from a Buffer. */
export function bytes (from: Uint8Array | string): Uint8Array {
  return new Uint8Array(typeof from === 'string' ? Buffer.from(from) : from)
}

export async function commit (store: Store, ...ops: StoreOp[]): Promise<void> {
  const error = await new Promise<Error | undefined>(resolve => { store.commit(ops, resolve) })
  if (error !== undefined) throw error
}

export function codeOf (fn: () => unknown): ErrorCode | 'no error' | undefined {
  try {
    fn()
    return 'no error'
  } catch (error) {
    return error instanceof SkeinError ? error.code : undefined
  }
}

/** Comparing strings is much faster than comparing arrays element by element. */
const text = (from: Uint8Array): string => Buffer.from(from).toString('latin1')
const turn = async (): Promise<void> => { await new Promise<void>(resolve => { setImmediate(resolve) }) }

export function storeContract (name: string, makeHarness: () => Promise<StoreHarness>): void {
  describe(`${name} keeps the Store contract`, () => {
    let harness: StoreHarness
    let store: Store
    beforeEach(async () => {
      harness = await makeHarness()
      store = await harness.open()
    })
    afterEach(async () => {
      await store.close()
      await harness.cleanup()
    })

    test('a new store is empty in each table', () => {
      for (const table of TABLES) expect(store.entries(table)).toEqual([])
    })

    test('what was committed is read, in its own table only', async () => {
      await commit(store, put('meta', 'k', 'v'), put('log', 'k', 'w'))
      expect(store.get('meta', bytes('k'))).toEqual(bytes('v'))
      expect(store.get('log', bytes('k'))).toEqual(bytes('w'))
      expect(store.get('batch', bytes('k'))).toBeUndefined()
    })

    test('it is there after close and open', async () => {
      await commit(store, put('meta', 'k', 'v'), put('batch', 'b', new Uint8Array(100_000).fill(3)))
      await store.close()
      store = await harness.open()
      expect(store.get('meta', bytes('k'))).toEqual(bytes('v'))
      expect(store.get('batch', bytes('b'))).toEqual(new Uint8Array(100_000).fill(3))
    })

    test('done is never called synchronously', async () => {
      let sync = true
      const called = new Promise<boolean>(resolve => { store.commit([put('meta', 'k', 'v')], () => { resolve(sync) }) })
      const empty = new Promise<boolean>(resolve => { store.commit([], () => { resolve(sync) }) })
      sync = false
      expect(await called).toBe(false)
      expect(await empty).toBe(false)
    })

    test('commits are done in the order of the calls, the empty and the refused ones too', async () => {
      const order: number[] = []
      const all: Array<Promise<void>> = []
      for (let i = 0; i < 300; i++) {
        if (i === 100) harness.setFull(true)
        const ops = i % 10 === 0 ? [] : i % 10 === 1 ? [del('batch', 'none')] : [put('batch', u32(i), new Uint8Array(2000))]
        all.push(new Promise(resolve => { store.commit(ops, () => { order.push(i); resolve() }) }))
        if (i % 50 === 0) await turn()
      }
      await Promise.all(all)
      expect(order).toEqual(Array.from({ length: 300 }, (_, i) => i))
    })

    test('a commit made from within done comes after those already made', async () => {
      const order: string[] = []
      await new Promise<void>(resolve => {
        store.commit([put('meta', 'a', '1')], () => {
          order.push('first')
          store.commit([put('meta', 'c', '3')], () => { order.push('nested'); resolve() })
        })
        store.commit([put('meta', 'b', '2')], () => { order.push('second') })
      })
      expect(order).toEqual(['first', 'second', 'nested'])
      expect(store.keys('meta')).toEqual(['a', 'b', 'c'].map(bytes))
    })

    test('when done is called, reads see the commit', async () => {
      let seen = 0
      await Promise.all(Array.from({ length: 200 }, async (_, i) => {
        if (i % 20 === 0) await turn()
        await new Promise<void>(resolve => {
          store.commit([put('cursor', u32(i), u32(i))], () => {
            if (store.get('cursor', u32(i)) !== undefined) seen++
            resolve()
          })
        })
      }))
      expect(seen).toBe(200)
    })

    test('a read never sees a part of a commit', async () => {
      let running = true
      const writing = (async () => {
        for (let i = 0; i < 60; i++) await commit(store, put('log', 'x', u32(i)), put('batch', 'big', new Uint8Array(50_000)), put('cursor', 'x', u32(i)))
        running = false
      })()
      while (running) {
        expect(store.get('cursor', bytes('x'))).toEqual(store.get('log', bytes('x')))
        await turn()
      }
      await writing
    })

    test('within one commit a later operation on the same key wins', async () => {
      await commit(store, put('meta', 'a', '1'), put('meta', 'a', '2'), put('meta', 'b', '1'), del('meta', 'b'), del('meta', 'c'), put('meta', 'c', '1'))
      expect(store.entries('meta')).toEqual([[bytes('a'), bytes('2')], [bytes('c'), bytes('1')]])
    })

    test('deleting what is not there does no harm to the rest of the commit', async () => {
      await commit(store, del('meta', 'none'), put('meta', 'a', '1'), del('log', 'none'))
      expect(store.keys('meta')).toEqual([bytes('a')])
    })

    test('keys order bytewise, a prefix before what it is a prefix of', async () => {
      const keys = [[0], [0, 0], [0, 1], [1], [1, 0, 0], [127], [128], [128, 255], [255], [255, 0], [255, 255]].map(key => new Uint8Array(key))
      await commit(store, ...[...keys].reverse().map(key => put('log', key, key)))
      expect(store.keys('log')).toEqual(keys)
      expect(store.keys('log', { reverse: true })).toEqual([...keys].reverse())
    })

    test('keys of 1 to 384 bytes and values of 0 to 2 MiB are kept whole', async () => {
      const longest = new Uint8Array(384).fill(255)
      const largest = new Uint8Array(2 * 1024 * 1024).map((_, i) => i * 7)
      await commit(store, put('batch', longest, largest), put('batch', new Uint8Array([0]), ''))
      expect(Buffer.compare(store.get('batch', longest) ?? bytes(''), largest)).toBe(0)
      expect(store.get('batch', new Uint8Array([0]))).toEqual(bytes(''))
      const entries = store.entries('batch', { reverse: true })
      expect(entries.map(([key]) => key)).toEqual([longest, new Uint8Array([0])])
      expect(entries.map(([, value]) => value.length)).toEqual([largest.length, 0])
    })

    test('what does not fit is refused at once and nothing of it is kept', async () => {
      const done = (): void => {}
      expect(codeOf(() => { store.commit([put('meta', 'a', '1'), put('meta', '', '1')], done) })).toBe('ERR_BAD_ARGUMENT')
      expect(codeOf(() => { store.commit([put('meta', 'a', '1'), put('meta', new Uint8Array(385), '1')], done) })).toBe('ERR_BAD_ARGUMENT')
      expect(codeOf(() => { store.commit([put('meta', 'a', '1'), put('meta', 'b', new Uint8Array(2 * 1024 * 1024 + 1))], done) })).toBe('ERR_BAD_ARGUMENT')
      expect(codeOf(() => { store.commit([put('meta', 'a', '1'), put('nonsense' as Table, 'b', '')], done) })).toBe('ERR_BAD_ARGUMENT')
      expect(codeOf(() => store.get('meta', new Uint8Array(0)))).toBe('ERR_BAD_ARGUMENT')
      expect(codeOf(() => store.keys('nonsense' as Table))).toBe('ERR_BAD_ARGUMENT')
      await commit(store)
      expect(store.keys('meta')).toEqual([])
    })

    test('returned arrays are plain, belong to the caller and stay as they are', async () => {
      const value = new Uint8Array(40_000).fill(1)
      await commit(store, put('batch', 'k', value), put('meta', 'k', 'small'))
      const got = store.get('batch', bytes('k')) as Uint8Array
      const small = store.get('meta', bytes('k')) as Uint8Array
      const [entry] = store.entries('batch')
      const [key] = store.keys('batch') as [Uint8Array]
      for (const array of [got, small, key, ...(entry ?? [])]) expect(Object.getPrototypeOf(array)).toBe(Uint8Array.prototype)
      got.fill(9)
      key.fill(9)
      expect(store.get('batch', bytes('k'))).toEqual(value)
      await commit(store, put('batch', 'k', new Uint8Array(40_000).fill(2)), put('meta', 'k', 'other'))
      store.get('batch', bytes('k'))
      store.entries('meta')
      expect(entry).toEqual([bytes('k'), value])
      expect(small).toEqual(bytes('small'))
      expect(got).toEqual(new Uint8Array(40_000).fill(9))
    })

    test('a read gives at most 1,000 entries, and fewer where asked', async () => {
      await commit(store, ...Array.from({ length: 1500 }, (_, i) => put('receipt', u32(i), u32(i))))
      expect(store.entries('receipt')).toHaveLength(1000)
      expect(store.keys('receipt', { limit: 5000 })).toHaveLength(1000)
      expect(store.keys('receipt', { limit: 7, gte: u32(30) })).toEqual(Array.from({ length: 7 }, (_, i) => u32(30 + i)))
      expect(store.keys('receipt', { limit: 2, lt: u32(30), reverse: true })).toEqual([u32(29), u32(28)])
      expect(store.keys('receipt', { limit: 0 })).toEqual([])
    })

    test('a full disk refuses with ERR_STORE_FULL, keeps nothing of the commit, and goes on when there is room', async () => {
      await commit(store, put('batch', 'a', '1'))
      harness.setFull(true)
      await expect(commit(store, put('meta', 'b', '2'), put('batch', 'b', '2'))).rejects.toMatchObject({ code: 'ERR_STORE_FULL', retryable: true })
      expect(store.get('meta', bytes('b'))).toBeUndefined()
      expect(store.keys('batch')).toEqual([bytes('a')])
      harness.setFull(false)
      await commit(store, put('batch', 'b', '2'))
      expect(store.keys('batch')).toEqual([bytes('a'), bytes('b')])
    })

    test('a commit refused for room does not take its neighbours with it', async () => {
      harness.setFull(true)
      const refused = commit(store, put('batch', 'a', '1'))
      const empty = commit(store)
      await expect(refused).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
      await empty
    })

    test('after a failed write each later commit fails with the same error, and reads go on', async () => {
      await commit(store, put('meta', 'a', '1'))
      harness.breakDisk()
      const errors: unknown[] = []
      const attempts = Array.from({ length: 3 }, async (_, i) => await commit(store, put('meta', u32(i), '1')).catch((error: unknown) => { errors.push(error) }))
      await Promise.all(attempts)
      await commit(store).catch((error: unknown) => { errors.push(error) })
      expect(errors).toHaveLength(4)
      expect(errors[0]).toMatchObject({ code: 'ERR_STORE', retryable: false })
      expect(new Set(errors).size).toBe(1)
      expect(store.get('meta', bytes('a'))).toEqual(bytes('1'))
    })

    test('close waits for the commits under way', async () => {
      let done = 0
      for (let i = 0; i < 50; i++) store.commit([put('batch', u32(i), new Uint8Array(5000))], error => { if (error === undefined) done++ })
      await store.close()
      expect(done).toBe(50)
      store = await harness.open()
      expect(store.keys('batch')).toHaveLength(50)
    })

    test('after close every call throws ERR_CLOSED, and another close does no harm', async () => {
      const closing = store.close()
      expect(codeOf(() => { store.commit([], () => {}) })).toBe('ERR_CLOSED')
      await closing
      await store.close()
      expect(codeOf(() => { store.commit([], () => {}) })).toBe('ERR_CLOSED')
      expect(codeOf(() => store.get('meta', bytes('a')))).toBe('ERR_CLOSED')
      expect(codeOf(() => store.entries('meta'))).toBe('ERR_CLOSED')
      expect(codeOf(() => store.keys('meta'))).toBe('ERR_CLOSED')
      expect(codeOf(() => store.stats())).toBe('ERR_CLOSED')
    })

    test('stats tell what is in use', async () => {
      const before = store.stats().usedBytes
      await commit(store, ...Array.from({ length: 20 }, (_, i) => put('batch', u32(i), new Uint8Array(50_000))))
      const { fileBytes, usedBytes } = store.stats()
      expect(usedBytes).toBeGreaterThanOrEqual(before + 1_000_000)
      expect(fileBytes).toBeGreaterThanOrEqual(usedBytes)
      await commit(store, ...Array.from({ length: 20 }, (_, i) => del('batch', u32(i))))
      // What is freed may show a little later.
      await expect.poll(() => store.stats().usedBytes, { timeout: 5000 }).toBeLessThan(before + 100_000)
    })

    test('it holds what a sorted map holds, whatever is committed and however it is asked', async () => {
      const key = fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 40 }).map(n => concat(u32(7), u32(n)))
      )
      const table = fc.constantFrom<Table>('meta', 'batch')
      const value = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.integer({ min: 1000, max: 9000 }).map(n => new Uint8Array(n).fill(n)))
      const op: fc.Arbitrary<StoreOp> = fc.oneof(
        { weight: 3, arbitrary: fc.record({ type: fc.constant('put' as const), table, key, value }) },
        { weight: 1, arbitrary: fc.record({ type: fc.constant('del' as const), table, key }) }
      )
      const range: fc.Arbitrary<StoreRange> = fc.record({
        gte: fc.oneof(key, fc.constant(new Uint8Array(0))), lt: fc.oneof(key, fc.constant(new Uint8Array(0))), reverse: fc.boolean(), limit: fc.integer({ min: 0, max: 60 })
      }, { requiredKeys: [] })
      await fc.assert(fc.asyncProperty(
        fc.array(fc.array(op, { maxLength: 12 }), { maxLength: 8 }), fc.array(range, { minLength: 1, maxLength: 12 }), fc.boolean(),
        async (commits, ranges, reopen) => {
          await commit(store, ...(['meta', 'batch'] as const).flatMap(name => store.keys(name).map(key => del(name, key))))
          const model = new Map<string, StoreOp & { type: 'put' }>()
          await Promise.all(commits.map(async ops => { await commit(store, ...ops) }))
          for (const op of commits.flat()) {
            const id = `${op.table}/${Buffer.from(op.key).toString('hex')}`
            if (op.type === 'put') model.set(id, op)
            else model.delete(id)
          }
          if (reopen) {
            await store.close()
            store = await harness.open()
          }
          for (const name of ['meta', 'batch'] as const) {
            const rows = [...model.values()].filter(row => row.table === name).sort((a, b) => compareKeys(a.key, b.key))
            for (const asked of [{}, ...ranges]) {
              const expected = rows.filter(row => (asked.gte === undefined || compareKeys(row.key, asked.gte) >= 0) && (asked.lt === undefined || compareKeys(row.key, asked.lt) < 0))
              if (asked.reverse === true) expected.reverse()
              const cut = expected.slice(0, asked.limit)
              expect(store.entries(name, asked).map(([key, value]) => [text(key), text(value)])).toEqual(cut.map(row => [text(row.key), text(row.value)]))
              expect(store.keys(name, asked).map(text)).toEqual(cut.map(row => text(row.key)))
            }
            for (const row of rows) expect(text(store.get(name, row.key) ?? bytes('absent'))).toBe(text(row.value))
          }
        }
      ), { numRuns: 60 })
    }, 30_000)
  })
}
