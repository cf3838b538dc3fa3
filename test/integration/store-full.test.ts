import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDataDir } from '../../src/store/data-dir.js'
import { u32 } from '../../src/store/keys.js'
import { openLmdbStore } from '../../src/store/lmdb-store.js'
import type { Store, StoreOp } from '../../src/store/store.js'

const MIB = 1024 * 1024
const value = (n: number): Uint8Array => new Uint8Array(40_000).fill(n)
const put = (n: number): StoreOp => ({ type: 'put', table: 'batch', key: u32(n), value: value(n) })
const del = (n: number): StoreOp => ({ type: 'del', table: 'batch', key: u32(n) })
const ack = (n: number): StoreOp => ({ type: 'put', table: 'cursor', key: u32(n), value: u32(n) })

const JOURNALS = [['no journal', 0], ['a journal', MIB]] as const

async function commit (store: Store, ...ops: StoreOp[]): Promise<string> {
  return await new Promise(resolve => { store.commit(ops, error => { resolve(error === undefined ? 'done' : (error as { code?: string }).code ?? 'no code') }) })
}

/** Commits from `n` on until one is not done; tells how that one ended, and which it was. */
async function fill (store: Store, n: number): Promise<[string, number]> {
  for (;; n++) {
    const outcome = await commit(store, put(n))
    if (outcome !== 'done') return [outcome, n]
  }
}

function checkAll (store: Store, from: number, to: number): void {
  const keys: Uint8Array[] = []
  for (let n = from; n < to; n++) {
    expect(Buffer.from(store.get('batch', u32(n)) ?? []).equals(Buffer.from(value(n)))).toBe(true)
    keys.push(u32(n))
  }
  expect(store.keys('batch')).toEqual(keys)
}

describe('a store on a disk that is full', () => {
  let dir: string
  let mounted: boolean
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'skein-full-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', dir], { stdio: 'ignore' })
      mounted = true
    } catch {
      mounted = false
    }
  })
  afterEach(() => {
    if (mounted) execFileSync('umount', ['-l', dir])
    rmSync(dir, { recursive: true, force: true })
  })

  test.for(JOURNALS)('refuses with ERR_STORE_FULL, loses nothing, still acks and trims, and goes on when the trim made room, with %s', { timeout: 30_000 }, async ([, journalBytes], { skip }) => {
    if (!mounted) return skip('mounting a small disk needs root')
    let store = await openLmdbStore({ path: join(dir, 'store.mdb'), journalBytes })
    const [outcome, count] = await fill(store, 0)
    expect(outcome).toBe('ERR_STORE_FULL')
    expect(count).toBeGreaterThan(300)
    expect(free()).toBeGreaterThan(1.5 * MIB)
    checkAll(store, 0, count)

    for (let n = 0; n < 300; n++) expect(await commit(store, ack(n))).toBe('done')
    expect(await commit(store, put(count))).toBe('ERR_STORE_FULL')

    await store.close()
    store = await openLmdbStore({ path: join(dir, 'store.mdb'), journalBytes })
    checkAll(store, 0, count)

    for (let n = 0; n < 200; n++) expect(await commit(store, del(n))).toBe('done')
    const [, more] = await fill(store, count)
    expect(more - count).toBeGreaterThan(120)
    checkAll(store, 200, more)
    await store.close()
  })

  test.for(JOURNALS)('goes on by itself when somebody else makes room, with %s', { timeout: 30_000 }, async ([, journalBytes], { skip }) => {
    if (!mounted) return skip('mounting a small disk needs root')
    const store = await openLmdbStore({ path: join(dir, 'store.mdb'), journalBytes })
    writeFileSync(join(dir, 'ballast'), Buffer.alloc(16 * MIB))
    const [outcome, count] = await fill(store, 0)
    expect(outcome).toBe('ERR_STORE_FULL')
    expect(await commit(store, put(count))).toBe('ERR_STORE_FULL')
    rmSync(join(dir, 'ballast'))
    expect(await commit(store, put(count))).toBe('done')
    checkAll(store, 0, count + 1)
    await store.close()
  })

  test('keeps in the journal what there is no room for in the tables, over restarts too, until there is', async ({ skip }) => {
    if (!mounted) return skip('mounting a small disk needs root')
    const path = join(dir, 'store.mdb')
    let store = await openLmdbStore({ path, journalBytes: MIB })
    for (let n = 0; n < 4; n++) expect(await commit(store, put(n))).toBe('done')
    useUp()
    await store.close()
    store = await openLmdbStore({ path, journalBytes: MIB })
    checkAll(store, 0, 4)
    expect(await commit(store, put(4))).toBe('ERR_STORE_FULL')
    expect(await commit(store, ack(0))).toBe('ERR_STORE_FULL')
    rmSync(join(dir, 'ballast'))
    expect(await commit(store, ack(0), del(0))).toBe('done')
    checkAll(store, 1, 4)
    await store.close()
    store = await openLmdbStore({ path, journalBytes: 0 })
    checkAll(store, 1, 4)
    await store.close()
  }, 30_000)

  test('fails for good, and does not kill the process, when the disk is full against all foresight', async ({ skip }) => {
    if (!mounted) return skip('mounting a small disk needs root')
    const path = join(dir, 'store.mdb')
    const blind = await openLmdbStore({ path, diskSpace: () => ({ freeBytes: 1e12, totalBytes: 1e12 }) })
    const [outcome, count] = await fill(blind, 0)
    expect(outcome).toBe('ERR_STORE')
    expect(await commit(blind, ack(1))).toBe('ERR_STORE')
    expect(await commit(blind)).toBe('ERR_STORE')
    checkAll(blind, 0, count)
    await blind.close()
    const store = await openLmdbStore({ path })
    checkAll(store, 0, count)
    await store.close()
  }, 30_000)

  test('can be opened when there is not a byte left, and cannot be made', async ({ skip }) => {
    if (!mounted) return skip('mounting a small disk needs root')
    const data = await openDataDir(join(dir, 'data'), { role: 'daemon' })
    let store = await openLmdbStore({ path: data.storePath })
    expect(await commit(store, put(0))).toBe('done')
    await store.close()
    data.release()
    useUp()
    const again = await openDataDir(join(dir, 'data'), { role: 'daemon' })
    store = await openLmdbStore({ path: again.storePath })
    checkAll(store, 0, 1)
    expect(await commit(store, ack(0))).toBe('ERR_STORE_FULL')
    await store.close()
    await expect(openLmdbStore({ path: join(dir, 'other.mdb') })).rejects.toMatchObject({ code: 'ERR_STORE_FULL' })
    expect(existsSync(join(dir, 'other.mdb'))).toBe(false)
    await expect(openDataDir(join(dir, 'new', 'deep'), { role: 'daemon' })).rejects.toMatchObject({ code: 'ERR_DATA_DIR_UNUSABLE', hint: expect.stringContaining('full') })
    again.release()
  }, 30_000)

  function free (): number {
    const { bavail, bsize } = statfsSync(dir)
    return bavail * bsize
  }

  function useUp (): void {
    try {
      writeFileSync(join(dir, 'ballast'), Buffer.alloc(32 * MIB))
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' })
    }
    expect(free()).toBe(0)
  }
})
