/**
 * The tables in LMDB: reads, and transactions one at a time. What is waited for, queued and refused is `lmdb-store.ts`'s.
 */
import { statSync } from 'node:fs'
import { SkeinError } from '../base/errors.js'
import { openTable, readMark, storeError, STORE_PAGE_BYTES, writeMark, type Env, type LmdbTable } from './format.js'
import type { JournalMark } from './journal.js'
import { compareKeys } from './keys.js'
import { FORMAT_TABLE } from './lmdb-walk.js'
import type { Row } from './overlay.js'
import { openRow } from './row-check.js'
import { TABLES, type StoreRange, type StoreStats, type Table } from './store.js'

/** Puts a row, its check sum at its end, or deletes it. */
export type RowWriter = (table: Table, key: Uint8Array, row: Uint8Array | undefined) => void

export class LmdbTables {
  readonly #path: string
  readonly #env: Env
  readonly #tables = new Map<Table, LmdbTable>()
  readonly #format: LmdbTable | undefined

  /** Throws what LMDB throws. */
  constructor (path: string, env: Env) {
    this.#path = path
    this.#env = env
    for (const name of TABLES) {
      const table = openTable(env, name)
      if (table !== undefined) this.#tables.set(name, table)
    }
    this.#format = openTable(env, FORMAT_TABLE)
  }

  /** A value, without its check sum. */
  get (table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#read(() => {
      const value = this.#tables.get(table)?.getBinary(key)
      return value === undefined ? undefined : openRow(table, key, plain(value))
    })
  }

  /** Keys and values, without their check sums. */
  entries (table: Table, range: StoreRange, limit: number): Row[] {
    return this.#read(() => {
      const out: Row[] = []
      const bounds = boundsOf(range, limit)
      const from = this.#tables.get(table)
      if (bounds === undefined || from === undefined) return out
      for (const { key, value } of from.getRange(bounds)) out.push([plain(key), openRow(table, key, plain(value))])
      return out
    })
  }

  keys (table: Table, range: StoreRange, limit: number): Uint8Array[] {
    return this.#read(() => {
      const out: Uint8Array[] = []
      const bounds = boundsOf(range, limit)
      const from = this.#tables.get(table)
      if (bounds === undefined || from === undefined) return out
      for (const key of from.getKeys(bounds)) out.push(plain(key))
      return out
    })
  }

  /** What was known of the journal when this was last written. Throws `ERR_STORE_CORRUPT`. */
  mark (): JournalMark | undefined { return this.#read(() => this.#format === undefined ? undefined : readMark(this.#format, this.#path)) }

  /** One transaction, durable when it resolves. Rejects with `ERR_STORE`. The rows must stay as they are until then. */
  async write (write: (row: RowWriter) => void, mark?: JournalMark): Promise<void> {
    try {
      await this.#env.batch(() => {
        write((name, key, row) => {
          const table = this.#tables.get(name) as LmdbTable
          if (row === undefined) void table.remove(key)
          else void table.put(key, row)
        })
        if (mark !== undefined) writeMark(this.#format as LmdbTable, mark)
      })
    } catch (error) {
      // LMDB tells what went wrong through a second promise, which rejects a moment later and must not be left alone.
      const { commitError } = error as { commitError?: Promise<unknown> }
      throw this.failure(await Promise.resolve(commitError).then(() => error, (inner: unknown) => inner))
    }
  }

  stats (): StoreStats {
    return this.#read(() => ({ fileBytes: statSync(this.#path).size, usedBytes: this.#pages().used * STORE_PAGE_BYTES }))
  }

  /** Bytes of free pages within the file. */
  reusable (): number { return this.#pages().free * STORE_PAGE_BYTES }

  failure (cause: unknown): SkeinError {
    return new SkeinError('ERR_STORE', `writing the store ${this.#path} failed: ${(cause as Error).message}`, {
      cause,
      hint: 'Look at the disk and the kernel log, then start again: the store is checked when it is opened.'
    })
  }

  /**
   * A transaction that cannot even begin settles no promise at all. The status that the write thread hands back is
   * then the only sign, so it is looked at on its way. 0 to 2 are the ordinary ones.
   */
  watchForFaults (onFault: (error: SkeinError) => void): void {
    const native = (this.#env as unknown as { env?: { startWriting?: StartWriting } }).env
    const startWriting = native?.startWriting
    if (native === undefined || startWriting === undefined) return
    const watched: StartWriting = (address, settled) => startWriting.call(native, address, status => {
      const result = settled(status)
      if (status < 0 || status > 2) setImmediate(() => { onFault(this.failure(new Error(`LMDB status ${status}`))) })
      return result
    })
    Object.defineProperty(native, 'startWriting', { value: watched })
  }

  async close (): Promise<void> { await this.#env.close() }

  #pages (): PageCounts {
    const pages = (tree: TreeStats): number => tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages
    const stats = this.#env.getStats() as TreeStats & { lastPageNumber: number, root: TreeStats, free: TreeStats }
    // Two head pages, the tree of tables, the tree of free pages, and the format's one page.
    let used = 2 + pages(stats.root) + pages(stats.free) + 1
    for (const table of this.#tables.values()) used += pages(table.getStats() as TreeStats)
    return { used, free: Math.max(0, stats.lastPageNumber + 1 - used) }
  }

  #read<T> (read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw storeError(error, `the store ${this.#path} cannot be read`)
    }
  }
}

type StartWriting = (address: number, settled: (status: number) => unknown) => unknown

interface PageCounts { readonly used: number, readonly free: number }

interface TreeStats { treeBranchPageCount: number, treeLeafPageCount: number, overflowPages: number }

function boundsOf (range: StoreRange, limit: number): Record<string, unknown> | undefined {
  const low = range.gte === undefined || range.gte.length === 0 ? FIRST_KEY : range.gte
  const high = range.lt
  if (limit === 0 || (high !== undefined && compareKeys(low, high) >= 0)) return undefined
  // Reading backwards LMDB starts at the high end, which it takes as included, and ends at the low one, which it takes as excluded.
  return range.reverse === true
    ? { reverse: true, start: high, exclusiveStart: high !== undefined, end: low, inclusiveEnd: true, limit }
    : { start: low, end: high, limit }
}

/** No key sorts before it, since none is empty. */
const FIRST_KEY = new Uint8Array([0])

/** LMDB's reads give copies, but as Buffers; what the port gives must not depend on the store. */
function plain (bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
