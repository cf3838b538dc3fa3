import { copyFileSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, writeSync, closeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { open } from 'lmdb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isSkeinError } from '../../../src/base/errors.js'
import { createStoreFile, lockFileOf } from '../../../src/store/format.js'
import { u32 } from '../../../src/store/keys.js'
import { checkLmdbFile } from '../../../src/store/lmdb-file.js'
import { openLmdbStore } from '../../../src/store/lmdb-store.js'
import type { Store, StoreOp } from '../../../src/store/store.js'

const commit = async (store: Store, ops: readonly StoreOp[]): Promise<void> => {
  const error = await new Promise<Error | undefined>(resolve => { store.commit(ops, resolve) })
  if (error !== undefined) throw error
}
const row = (n: number, size: number): StoreOp => ({ type: 'put', table: 'batch', key: u32(n), value: new Uint8Array(size).fill(n) })

/** Whether a file ends before the last page that the newer of its two heads speaks of. */
function isShort (file: Buffer): boolean {
  const meta = file.readBigUInt64LE(152) > file.readBigUInt64LE(4096 + 152) ? file : file.subarray(4096)
  return BigInt(file.length) < (meta.readBigUInt64LE(144) + 1n) * 4096n
}

describe('a store file', () => {
  let dir: string
  let path: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'skein-format-'))
    path = join(dir, 'store.mdb')
  })
  afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

  async function filled (rows = 200, size = 3000): Promise<void> {
    const store = await openLmdbStore({ path })
    for (let i = 0; i < rows; i += 50) await commit(store, Array.from({ length: 50 }, (_, j) => row(i + j, size)))
    await store.close()
  }

  test('is made whole under another name, for its owner only', async () => {
    writeFileSync(`${path}.new`, 'left by a crash')
    await filled()
    expect(existsSync(`${path}.new`)).toBe(false)
    expect(existsSync(lockFileOf(`${path}.new`))).toBe(false)
    for (const file of [path, lockFileOf(path)]) expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('that an earlier version made, before there was a quarantine, opens with what is in it and can keep one', async () => {
    await filled(50, 10)
    const env = open<Uint8Array, Uint8Array>({ path, keyEncoding: 'binary', encoding: 'binary', noSubdir: true, maxDbs: 32, pageSize: 4096, overlappingSync: false })
    await env.openDB<Uint8Array, Uint8Array>('quarantine', { keyEncoding: 'binary', encoding: 'binary' }).drop()
    await env.close()
    const store = await openLmdbStore({ path })
    expect(store.keys('batch')).toHaveLength(50)
    expect(store.keys('quarantine')).toEqual([])
    await commit(store, [{ type: 'put', table: 'quarantine', key: u32(1), value: u32(2) }])
    expect(store.keys('quarantine')).toHaveLength(1)
    await store.close()
  })

  test('of a newer format is refused and left as it is', async () => {
    await createStoreFile(path, 4)
    const before = readFileSync(path)
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'ERR_STORE_NEWER' })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test.each([[1 << 20, 3], [0, 2]])('of the format before becomes one of this with its first journal: %i bytes, format %i', async (journalBytes, expected) => {
    await createStoreFile(path, 2)
    for (let n = 0; n < 2; n++) {
      const store = await openLmdbStore({ path, journalBytes })
      expect(store.keys('batch')).toHaveLength(n)
      await commit(store, [row(n, 10)])
      await store.close()
    }
    const env = open({ path, noSubdir: true, readOnly: true, keyEncoding: 'binary', encoding: 'binary', maxDbs: 32 })
    const format = env.openDB<Buffer, Buffer>('skein', { keyEncoding: 'binary', encoding: 'binary' })
    expect(format.getBinary(Buffer.from('format'))?.readUInt32BE(0)).toBe(expected)
    await env.close()
  })

  test('that another program made with LMDB is refused and left as it is', async () => {
    const other = open({ path })
    await other.put('hello', 'world')
    await other.close()
    const before = readFileSync(path)
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'ERR_STORE_FOREIGN' })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test.each([['empty', ''], ['short', 'x'], ['text', 'not a database\n'.repeat(3000)], ['zeros', Buffer.alloc(65536)]])('that is %s is refused and left as it is', async (_, content) => {
    writeFileSync(path, content)
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' })
    expect(readFileSync(path).equals(Buffer.from(content))).toBe(true)
  })

  test('that was cut short anywhere is refused, or all that is in it is there', async () => {
    await filled()
    const bytes = statSync(path).size
    const copy = join(dir, 'cut.mdb')
    let refused = 0
    await fc.assert(fc.asyncProperty(fc.oneof(fc.integer({ min: 0, max: bytes - 1 }), fc.integer({ min: 1, max: 40 }).map(n => bytes - n * 4096)), async length => {
      rmSync(lockFileOf(copy), { force: true })
      copyFileSync(path, copy)
      truncateSync(copy, length)
      try {
        const store = await openLmdbStore({ path: copy })
        try {
          const entries = store.entries('batch')
          expect(entries).toHaveLength(200)
          for (const [key, value] of entries) expect(Buffer.from(value).equals(Buffer.alloc(3000, key[3]))).toBe(true)
        } finally {
          await store.close()
        }
      } catch (error) {
        if (!isSkeinError(error, 'ERR_STORE_CORRUPT')) throw error
        refused++
      }
    }), { numRuns: 60 })
    expect(refused).toBeGreaterThan(40)
  }, 30_000)

  test('whose head page is damaged is refused', async () => {
    await filled(50)
    const fd = openSync(path, 'r+')
    writeSync(fd, Buffer.alloc(64, 0xff), 0, 64, 4096 + 16)
    closeSync(fd)
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' })
  })

  test('is never taken for damaged when it is sound, whatever was put and deleted', async () => {
    const store = await openLmdbStore({ path })
    let short = 0
    const size = fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 70_000 }))
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), size), { minLength: 1, maxLength: 20 }), fc.boolean(), async (steps, again) => {
      const ops = steps.map(([n, size]): StoreOp => size < 0 ? { type: 'del', table: 'batch', key: u32(n) } : row(n, size))
      // Large values that come and go within one commit take pages at the end of the file which are never written.
      if (again) ops.push(row(99, 70_000), { type: 'del', table: 'batch', key: u32(99) })
      await commit(store, ops)
      checkLmdbFile(path)
      if (isShort(readFileSync(path))) short++
    }), { numRuns: 150 })
    await store.close()
    expect(short).toBeGreaterThan(0)
  }, 30_000)

  test('is written by an LMDB whose write thread can be watched', async () => {
    // The store looks at the status that the write thread hands back, which is not part of the public interface of lmdb.
    const env = open({ path: join(dir, 'other.mdb'), eventTurnBatching: false }) as unknown as { env: { startWriting: (address: number, settled: (status: number) => unknown) => unknown }, put: (key: string, value: string) => Promise<boolean>, close: () => Promise<void> }
    const statuses: number[] = []
    const native = env.env.startWriting
    Object.defineProperty(env.env, 'startWriting', {
      value: (address: number, settled: (status: number) => unknown) => native.call(env.env, address, status => { statuses.push(status); return settled(status) })
    })
    await env.put('a', 'b')
    await env.close()
    expect(statuses.length).toBeGreaterThan(0)
    expect(statuses.every(status => status >= 0 && status <= 2)).toBe(true)
  })

  test('that is missing is not made by a reader', async () => {
    await expect(openLmdbStore({ path, readOnly: true })).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    expect(existsSync(path)).toBe(false)
  })

  test('opened read-only is read and not written', async () => {
    await filled(50)
    const store = await openLmdbStore({ path, readOnly: true })
    expect(store.keys('batch')).toHaveLength(50)
    expect(() => { store.commit([row(1, 1)], () => {}) }).toThrow('read-only')
    await store.close()
  })

  test('is not made where there is no room for one', async () => {
    await expect(openLmdbStore({ path, diskSpace: () => ({ freeBytes: 1000, totalBytes: 1000 }) })).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    expect(existsSync(path)).toBe(false)
  })
})
