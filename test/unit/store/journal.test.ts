import { closeSync, constants, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Journal, journalPathOf, makeJournal, openJournal, recoverJournal, type JournalMark } from '../../../src/store/journal.js'
import { findRecord, JOURNAL_BLOCK_BYTES, readRecord, recordBytes, writeRecord } from '../../../src/store/journal-record.js'
import { readU32, toText, u32 } from '../../../src/store/keys.js'
import { openLmdbStore } from '../../../src/store/lmdb-store.js'
import { rowHolds } from '../../../src/store/row-check.js'
import { TABLES, type StoreOp } from '../../../src/store/store.js'

const put = (n: number, bytes = 10): StoreOp => ({ type: 'put', table: 'batch', key: u32(n), value: new Uint8Array(bytes).fill(n) })
const del = (n: number): StoreOp => ({ type: 'del', table: 'batch', key: u32(n) })
const id = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const op: fc.Arbitrary<StoreOp> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), table: fc.constantFrom(...TABLES), key: fc.uint8Array({ minLength: 1, maxLength: 40 }), value: fc.uint8Array({ maxLength: 9000 }) }),
  fc.record({ type: fc.constant('del' as const), table: fc.constantFrom(...TABLES), key: fc.uint8Array({ minLength: 1, maxLength: 40 }) })
)

describe('a record of the journal', () => {
  test('gives back what was written, and is whole blocks long', () => {
    fc.assert(fc.property(fc.array(fc.array(op, { maxLength: 5 }), { maxLength: 4 }), fc.integer({ min: 1, max: 2 ** 50 }), (groups, number) => {
      const bytes = recordBytes(groups)
      expect(bytes % JOURNAL_BLOCK_BYTES).toBe(0)
      const file = Buffer.alloc(bytes + JOURNAL_BLOCK_BYTES)
      const taken: unknown[] = []
      writeRecord(file, JOURNAL_BLOCK_BYTES, id, number, groups, (table, key, row) => taken.push([table, key, row === undefined ? undefined : Buffer.from(row)]))
      const found = findRecord(file, JOURNAL_BLOCK_BYTES, id)
      expect(found).toMatchObject({ number, whole: true })
      const read: unknown[] = []
      readRecord(file, found as NonNullable<typeof found>, (table, key, row) => {
        if (row !== undefined) expect(rowHolds(table, Buffer.from(key, 'latin1'), row)).toBe(true)
        read.push([table, key, row === undefined ? undefined : Buffer.from(row)])
      })
      expect(read).toEqual(taken)
      expect(read).toEqual(groups.flat().map(op => [op.table, toText(op.key), op.type === 'put' ? expect.any(Buffer) : undefined]))
      expect(findRecord(file, 0, id)).toBeUndefined()
      expect(findRecord(file, JOURNAL_BLOCK_BYTES, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 9))).toBeUndefined()
    }), { numRuns: 100 })
  })

  test('with any of its bytes altered is not whole', () => {
    const groups = [[put(1, 300), del(2)], [put(3, 50)]]
    const good = Buffer.alloc(recordBytes(groups))
    writeRecord(good, 0, id, 7, groups, () => {})
    const used = 32 + 3 * (7 + 4) + 304 + 54
    for (let at = 0; at < used; at++) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] as number) ^ 0x10
      expect(findRecord(bad, 0, id)?.whole ?? false, `byte ${at}`).toBe(false)
    }
  })
})

describe('a journal', () => {
  let dir: string
  let path: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'skein-journal-'))
    path = join(dir, 'store.mdb-journal')
  })
  afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

  const BYTES = 16 * JOURNAL_BLOCK_BYTES
  const markOf = (journal: Journal, applied = 0): JournalMark => ({ id: journal.id, bytes: BYTES, applied, isClosed: false })
  const rows = (mark: JournalMark): number[] => [...recoverJournal(path, mark).overlay.rows()].map(([, key]) => readU32(key))

  test('has after a crash what was appended and is not in the tables, in order, the last one on a key winning', async () => {
    const journal = await makeJournal(path, BYTES, () => true)
    await journal.append([[put(1), put(2)]], 0)
    await journal.append([[put(3)], [del(2)]], 0)
    journal.close()
    const { overlay, last } = recoverJournal(path, markOf(journal))
    expect(last).toBe(2)
    expect([...overlay.rows()].map(([table, key, row]) => [table, readU32(key), row?.length])).toEqual([['batch', 1, 14], ['batch', 2, undefined], ['batch', 3, 14]])
    expect(rows(markOf(journal, 1))).toEqual([2, 3])
    expect(rows(markOf(journal, 2))).toEqual([])
  })

  test('uses its halves in turn, keeps in each what is not in the tables, and tells when there is room for no more', async () => {
    const journal = await makeJournal(path, BYTES, () => true)
    let n = 0
    const fill = async (): Promise<void> => { while (journal.room([[put(n, 9000)]]) === 'now') await journal.append([[put(n++, 9000)]], 100) }
    await fill()
    expect(n).toBe(4)
    expect(journal.needBytes).toBe(400)
    expect(journal.room([[put(n, 9000)]])).toBe('later')
    const next = journal.unapplied()
    expect([...next?.overlay.rows() ?? []].map(([, key]) => readU32(key))).toEqual([0, 1])
    journal.applied()
    await fill()
    expect(n).toBe(6)
    expect(rows(markOf(journal, 2))).toEqual([2, 3, 4, 5])
    expect(() => rows(markOf(journal, 0))).toThrow('record 1 cannot be read')
    expect(journal.room([[put(0, 100_000)]])).toBe('never')
    journal.close()
  })

  test('whose last record was broken off has all before it; one that is damaged in the middle is refused', async () => {
    const journal = await makeJournal(path, BYTES, () => true)
    for (let n = 1; n <= 3; n++) await journal.append([[put(n, 6000)]], 0)
    journal.close()
    const good = readFileSync(path)
    // Each takes two blocks.
    for (const [at, expected] of [[4 * JOURNAL_BLOCK_BYTES + 5000, [1, 2]], [2 * JOURNAL_BLOCK_BYTES + 5000, undefined], [5000, undefined], [10, undefined]] as const) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] as number) ^ 1
      writeFileSync(path, bad)
      if (expected === undefined) expect(() => rows(markOf(journal))).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
      else expect(rows(markOf(journal))).toEqual(expected)
    }
    // What is in the tables already may be gone.
    expect(rows(markOf(journal, 3))).toEqual([])
  })

  test.skipIf(process.platform !== 'linux')('is open so that what is written is on disk when the write returns', async () => {
    const journal = await makeJournal(path, BYTES, () => true)
    const open = readdirSync('/proc/self/fd').filter(fd => { try { return readlinkSync(`/proc/self/fd/${fd}`) === path } catch { return false } })
    expect(open).toHaveLength(1)
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${open[0]}`, 'utf8'))?.[1]
    expect(Number.parseInt(flags ?? '0', 8) & constants.O_DSYNC).toBe(constants.O_DSYNC)
    journal.close()
  })

  test('that is gone is told', async () => {
    const journal = await makeJournal(path, BYTES, () => true)
    await journal.append([[put(1)]], 0)
    journal.close()
    rmSync(path)
    expect(() => rows(markOf(journal))).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
  })

  test('never takes up what an earlier opening left', async () => {
    const first = await makeJournal(path, BYTES, () => true)
    for (let n = 1; n <= 3; n++) await first.append([[put(n, 100)]], 0)
    first.close()
    const second = openJournal(path, BYTES) as Journal
    await second.append([[put(9, 100)]], 0)
    second.close()
    expect(rows(markOf(second))).toEqual([9])
  })

  test('is of the size that was asked for, on disk from the start, and readable by its owner only', async () => {
    const journal = await makeJournal(path, 3 * 1024 * 1024, () => true)
    journal.close()
    const { size, blocks, mode } = statSync(path)
    expect([size, mode & 0o777]).toEqual([3 * 1024 * 1024, 0o600])
    expect(blocks * 512).toBeGreaterThanOrEqual(size)
    expect(openJournal(path, BYTES)).toBeUndefined()
    await expect(makeJournal(path, BYTES, () => false)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})

describe('a store with a journal', () => {
  let dir: string
  let path: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'skein-journal-'))
    path = join(dir, 'store.mdb')
  })
  afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

  type Opened = Awaited<ReturnType<typeof openLmdbStore>>
  const commit = async (store: Opened, ...ops: StoreOp[]): Promise<void> => { await new Promise<void>((resolve, reject) => { store.commit(ops, error => { if (error === undefined) resolve(); else reject(error) }) }) }
  const hasRecord = (): boolean => existsSync(journalPathOf(path)) && readFileSync(journalPathOf(path)).includes('SKJ1')

  test('takes it into use while commits go on, and has all of them', async () => {
    let store = await openLmdbStore({ path })
    let n = 0
    const deadline = performance.now() + 10_000
    // Several at a time, so that one is always under way.
    await Promise.all(Array.from({ length: 3 }, async () => { while (!hasRecord() && performance.now() < deadline) await commit(store, put(n++)) }))
    expect(hasRecord()).toBe(true)
    await commit(store, put(n++))
    await store.close()
    store = await openLmdbStore({ path, journalBytes: 0 })
    expect(store.keys('batch').map(key => readU32(key))).toEqual(Array.from({ length: Math.min(n, 1000) }, (_, i) => i))
    await store.close()
  }, 20_000)

  test('needs no journal when it was closed, and says so when it was not', async () => {
    let store = await openLmdbStore({ path, journalBytes: 1 << 20 })
    await commit(store, put(1))
    await commit(store, put(2))
    const open = readFileSync(path)
    await store.close()
    rmSync(journalPathOf(path))
    store = await openLmdbStore({ path, journalBytes: 1 << 20 })
    expect(store.keys('batch')).toHaveLength(2)
    await store.close()
    rmSync(journalPathOf(path))
    writeFileSync(path, open)
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT', message: expect.stringContaining('journal') })
  })

  test('that was restored from a copy of a closed one ignores the journal that lies there', async () => {
    let store = await openLmdbStore({ path, journalBytes: 1 << 20 })
    await commit(store, put(1))
    await store.close()
    const copy = readFileSync(path)
    store = await openLmdbStore({ path, journalBytes: 1 << 20 })
    await commit(store, put(2))
    await commit(store, put(3))
    await store.close()
    writeFileSync(path, copy)
    store = await openLmdbStore({ path, journalBytes: 1 << 20 })
    expect(store.keys('batch').map(key => readU32(key))).toEqual([1])
    await store.close()
  })

  test('that finds its journal damaged is refused and left as it is', async () => {
    const store = await openLmdbStore({ path, journalBytes: 1 << 20 })
    for (let n = 0; n < 4; n++) await commit(store, put(n, 100))
    const files = [path, journalPathOf(path)].map(file => readFileSync(file))
    await store.close()
    writeFileSync(path, files[0] as Buffer)
    writeFileSync(journalPathOf(path), files[1] as Buffer)
    const fd = openSync(journalPathOf(path), 'r+')
    writeSync(fd, 'rubbish', JOURNAL_BLOCK_BYTES + 40)
    closeSync(fd)
    const before = readFileSync(journalPathOf(path))
    for (let i = 0; i < 2; i++) await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT', message: expect.stringContaining('record 3 cannot be read') })
    expect(readFileSync(journalPathOf(path)).equals(before)).toBe(true)
    truncateSync(journalPathOf(path), JOURNAL_BLOCK_BYTES)
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT', message: expect.stringContaining('bytes long') })
  })
})
