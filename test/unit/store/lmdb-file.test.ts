import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { u32 } from '../../../src/store/keys.js'
import { checkLmdbFile, type FileCheck } from '../../../src/store/lmdb-file.js'
import { decodeMeta, PAGE_HEADER, type MetaPage } from '../../../src/store/lmdb-pages.js'
import { openLmdbStore } from '../../../src/store/lmdb-store.js'
import type { StoreOp } from '../../../src/store/store.js'

const PAGE = 4096

describe('the look at a store file before it is opened', () => {
  let dir: string
  let path: string
  let file: Buffer
  let meta: MetaPage
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'skein-pages-'))
    path = join(dir, 'store.mdb')
    const store = await openLmdbStore({ path })
    for (let i = 0; i < 8; i++) {
      const ops = Array.from({ length: 60 }, (_, j): StoreOp => ({ type: 'put', table: j % 4 === 0 ? 'cursor' : 'batch', key: u32(i * 60 + j), value: new Uint8Array(j % 9 === 0 ? 9000 : 300).fill(j) }))
      await new Promise<void>((resolve, reject) => { store.commit(ops, error => { if (error === undefined) resolve(); else reject(error) }) })
    }
    await store.close()
    file = readFileSync(path)
    const [first, second] = [decodeMeta(file), decodeMeta(file.subarray(PAGE))]
    meta = first.commit > second.commit ? first : second
  })
  afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

  /** What is said of the file once `change` has been made to it. */
  function verdict (change: (file: Buffer) => void, check: FileCheck = {}): string {
    const copy = Buffer.from(file)
    change(copy)
    writeFileSync(path, copy)
    try {
      checkLmdbFile(path, check)
      return 'sound'
    } catch (error) {
      return (error as Error).message.replace(/^.* is damaged: /, '')
    }
  }
  const rootOf = (tree: 'free' | 'main'): number => Number(meta[tree].root) * PAGE
  /** Where the record of a table stands, in the one page of the tree of tables. */
  function recordOf (table: string): number {
    const at = file.indexOf(`${table}\0`, rootOf('main'), 'latin1')
    return at + table.length + 1
  }

  test('finds nothing wrong with a sound one', () => {
    expect(verdict(() => {})).toBe('sound')
    expect(verdict(() => {}, { closed: true })).toBe('sound')
  })

  test('says what is left to do with a damaged one', async () => {
    writeFileSync(path, file.subarray(0, 5000))
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT', hint: expect.stringMatching(/Restore a copy.*move store\.mdb away.*--accept-loss/) })
  })

  test('says that a directory is no store, and what to do', async () => {
    rmSync(path)
    mkdirSync(path)
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'ERR_STORE_FOREIGN', message: `${path} is not a file`, hint: expect.stringContaining('Choose another data directory') })
  })

  test('finds a page that is not the one its parent means', () => {
    expect(verdict(copy => copy.writeUInt8(copy.readUInt8(rootOf('main')) ^ 1, rootOf('main')))).toContain('is not what it should be')
  })

  test('finds a page that a later commit wrote than its parent', () => {
    const root = Number(file.readBigUInt64LE(recordOf('batch') + 40)) * PAGE
    expect(verdict(copy => copy.writeBigUInt64LE(meta.commit + 1n, root + 8))).toContain('is of another commit')
  })

  test('finds a page that is in use and free', () => {
    const used = file.readBigUInt64LE(recordOf('batch') + 40)
    const node = rootOf('free') + PAGE_HEADER + file.readUInt16LE(rootOf('free') + PAGE_HEADER)
    // [node header 8][commit 8][count 8][first page 8]
    expect(verdict(copy => copy.writeBigInt64LE(BigInt(used), node + 24))).toContain('is both in use and free')
  })

  test('finds rows that are gone and rows out of order', () => {
    const root = Number(file.readBigUInt64LE(recordOf('cursor') + 40)) * PAGE
    const first = root + PAGE_HEADER
    expect(verdict(copy => copy.writeBigUInt64LE(copy.readBigUInt64LE(recordOf('cursor') + 32) + 1n, recordOf('cursor') + 32))).toContain('entries')
    expect(verdict(copy => {
      const [a, b] = [copy.readUInt16LE(first), copy.readUInt16LE(first + 2)]
      copy.writeUInt16LE(b, first)
      copy.writeUInt16LE(a, first + 2)
    })).toContain('is out of order')
  })

  test('finds that the last commit has been lost from its head page, once the store was closed', () => {
    const at = Number(meta.commit & 1n) * PAGE + 152
    const back = (copy: Buffer): void => { copy.writeBigUInt64LE(meta.commit - 2n, at) }
    expect(verdict(back, { closed: true })).toContain('one of its head pages')
    expect(verdict(copy => copy.writeBigUInt64LE(meta.commit + 2n, at))).toContain('head pages are of commits')
  })

  test('leaves out pages of batches when the time is up, and no others', () => {
    const late = { budgetMs: 0, nowMs: (() => { let now = 0; return () => now++ })() }
    const root = (table: string): number => Number(file.readBigUInt64LE(recordOf(table) + 40)) * PAGE
    const unlike = (table: string) => (copy: Buffer): void => { copy.writeUInt8(copy.readUInt8(root(table)) ^ 1, root(table)) }
    expect(verdict(unlike('batch'), late)).toContain('is not what it should be')
    expect(verdict(unlike('cursor'), late)).toContain('is not what it should be')
    const node = root('batch') + PAGE_HEADER + file.readUInt16LE(root('batch') + PAGE_HEADER)
    const leaf = file.readUIntLE(node, 6) * PAGE
    const unlikeLeaf = (copy: Buffer): void => { copy.writeUInt8(copy.readUInt8(leaf) ^ 1, leaf) }
    expect(verdict(unlikeLeaf)).toContain('is not what it should be')
    expect(verdict(unlikeLeaf, late)).toBe('sound')
  })
})
