/**
 * The embedded store: the Store port on LMDB.
 *
 *     commit ─► queue ─┬─► one transaction ─► fdatasync ─► done, done, done …
 *                      └── while it is under way the next ones wait here and then go together
 *
 * Group commit is what makes many small commits fast: a flush costs the same for one as for hundreds. Nothing but this
 * class writes to the environment and at most one transaction is under way, which is what the order of `done` rests on.
 *
 * Every write goes through `batch()`, whose one promise is held here. If it rejects, the store has failed for good: what is on
 * disk is then unknown until the file is opened again, and a later flush that succeeds would prove nothing.
 */
import { chmodSync, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SkeinError } from '../base/errors.js'
import { checkKey, checkOps, checkTable, closedError, limitOf } from './check.js'
import { CommitQueue } from './commit-queue.js'
import { createStoreFile, lockFileOf, openStoreFile, openTable, storeError, STORE_PAGE_BYTES, type Env, type LmdbTable } from './format.js'
import { compareKeys } from './keys.js'
import { bytesNeeded, isEssential, isYielding, PAGES_PER_TRANSACTION, Room, type DiskSpace } from './room.js'
import { openRow, sealRow } from './row-check.js'
import { TABLES, type Store, type StoreOp, type StoreRange, type StoreStats, type Table } from './store.js'

/** A store of many small batches is not looked through whole after it was closed: a choice between a fast start and finding damage at once. */
const CHECK_MS = 5_000

export interface LmdbStoreOptions {
  /** The file. It is made if it is missing, unless `readOnly`. Beside it LMDB keeps `<path>-lock`. */
  readonly path: string
  /** Kept free on the disk, see `room.ts`. Default 64 MiB, less on a disk below 1 GiB. */
  readonly reserveBytes?: number
  /** Reads along while another process writes. `commit` throws. */
  readonly readOnly?: boolean
  /** Monotonic, for how long a look at the disk stays good. */
  readonly nowMs?: () => number
  /** Who had it last closed it. Then no commit can have been broken off, and the pages of batches are looked through for 5 s at most. */
  readonly closed?: boolean
  /** Looks at the disk. For tests. */
  readonly diskSpace?: () => DiskSpace
}

/**
 * Opens the store, or makes an empty one where there is no file. Rejects with `ERR_STORE_CORRUPT`, `ERR_STORE_FOREIGN`,
 * `ERR_STORE_NEWER`, `ERR_STORE_OLDER`, `ERR_STORE_FULL` (no room to make one), `ERR_NOT_FOUND` (`readOnly`, and no file) or `ERR_STORE`.
 */
export async function openLmdbStore (options: LmdbStoreOptions): Promise<Store> {
  const { path, readOnly = false } = options
  const look = options.diskSpace ?? (() => diskSpace(dirname(path)))
  let env: Env | undefined
  const room = new Room({
    look,
    reusable: () => env === undefined ? 0 : pagesOf(env, tables).free * STORE_PAGE_BYTES,
    nowMs: options.nowMs ?? (() => performance.now()),
    reserveBytes: options.reserveBytes
  })
  const tables = new Map<Table, LmdbTable>()
  if (!existsSync(path)) {
    if (readOnly) throw new SkeinError('ERR_NOT_FOUND', `there is no store ${path}`)
    if (!room.admits(PAGES_PER_TRANSACTION * STORE_PAGE_BYTES, false)) throw fullError(path)
    await createStoreFile(path)
  }
  // Another process may be writing what a reader reads.
  env = await openStoreFile(path, readOnly, readOnly ? { shallow: true } : options.closed === true ? { closed: true, budgetMs: CHECK_MS } : {})
  try {
    for (const name of TABLES) {
      const table = openTable(env, name)
      if (table !== undefined) tables.set(name, table)
    }
    if (!readOnly) for (const file of [path, lockFileOf(path)]) chmodSync(file, 0o600)
    return new LmdbStore(path, env, tables, room, readOnly)
  } catch (error) {
    await env.close()
    throw storeError(error, `the store ${path} cannot be opened`)
  }
}

/** A question for spare room is about so much: a few batches. */
const SPARE_BYTES = 1024 * 1024

class LmdbStore implements Store {
  readonly #path: string
  readonly #env: Env
  readonly #tables: ReadonlyMap<Table, LmdbTable>
  readonly #room: Room
  readonly #readOnly: boolean
  readonly #queue: CommitQueue
  #closing: Promise<void> | undefined
  #closed = false

  constructor (path: string, env: Env, tables: ReadonlyMap<Table, LmdbTable>, room: Room, readOnly: boolean) {
    this.#path = path
    this.#env = env
    this.#tables = tables
    this.#room = room
    this.#readOnly = readOnly
    this.#queue = new CommitQueue({
      write: async ops => { await this.#write(ops) },
      admit: (ops, first) => this.#admit(ops, first)
    })
    watchForFaults(env, error => { this.#queue.fail(this.#failure(error)) })
  }

  get (table: Table, key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen(table)
    checkKey(key)
    return this.#read(() => {
      const value = this.#tables.get(table)?.getBinary(key)
      return value === undefined ? undefined : openRow(table, key, plain(value))
    })
  }

  entries (table: Table, range: StoreRange = {}): Array<readonly [Uint8Array, Uint8Array]> {
    this.#checkOpen(table)
    const bounds = boundsOf(range)
    const from = this.#tables.get(table)
    if (bounds === undefined || from === undefined) return []
    return this.#read(() => {
      const out: Array<readonly [Uint8Array, Uint8Array]> = []
      for (const { key, value } of from.getRange(bounds)) out.push([plain(key), openRow(table, key, plain(value))])
      return out
    })
  }

  keys (table: Table, range: StoreRange = {}): Uint8Array[] {
    this.#checkOpen(table)
    const bounds = boundsOf(range)
    const from = this.#tables.get(table)
    if (bounds === undefined || from === undefined) return []
    return this.#read(() => {
      const out: Uint8Array[] = []
      for (const key of from.getKeys(bounds)) out.push(plain(key))
      return out
    })
  }

  commit (ops: readonly StoreOp[], done: (error?: Error) => void): void {
    if (this.#closing !== undefined) throw closedError()
    if (this.#readOnly) throw new SkeinError('ERR_BAD_ARGUMENT', 'the store was opened read-only')
    checkOps(ops)
    this.#queue.push(ops, done)
  }

  stats (): StoreStats {
    if (this.#closed) throw closedError()
    return this.#read(() => ({
      fileBytes: statSync(this.#path).size,
      usedBytes: pagesOf(this.#env, this.#tables).used * STORE_PAGE_BYTES
    }))
  }

  hasSpareRoom (): boolean {
    try {
      return this.#room.hasSpare(SPARE_BYTES)
    } catch {
      // A look that fails is told by the next commit.
      return true
    }
  }

  close (): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close (): Promise<void> {
    await this.#queue.idle()
    this.#closed = true
    await this.#env.close()
  }

  #admit (ops: readonly StoreOp[], first: boolean): SkeinError | undefined {
    const own = first ? PAGES_PER_TRANSACTION * STORE_PAGE_BYTES : 0
    try {
      return this.#room.admits(own + bytesNeeded(ops, STORE_PAGE_BYTES), isEssential(ops), isYielding(ops)) ? undefined : fullError(this.#path)
    } catch (error) {
      throw this.#failure(error)
    }
  }

  async #write (groups: ReadonlyArray<readonly StoreOp[]>): Promise<void> {
    try {
      await this.#env.batch(() => {
        for (const ops of groups) {
          for (const op of ops) {
            const table = this.#tables.get(op.table) as LmdbTable
            if (op.type === 'put') void table.put(op.key, sealRow(op.table, op.key, op.value))
            else void table.remove(op.key)
          }
        }
      })
    } catch (error) {
      // LMDB tells what went wrong through a second promise, which rejects a moment later and must not be left alone.
      const { commitError } = error as { commitError?: Promise<unknown> }
      const cause = await Promise.resolve(commitError).then(() => error, (inner: unknown) => inner)
      throw this.#failure(cause)
    }
  }

  #read<T> (read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw storeError(error, `the store ${this.#path} cannot be read`)
    }
  }

  #failure (cause: unknown): SkeinError {
    return new SkeinError('ERR_STORE', `writing the store ${this.#path} failed: ${(cause as Error).message}`, {
      cause,
      hint: 'Look at the disk and the kernel log, then start again: the store is checked when it is opened.'
    })
  }

  /** Reads go on while `close` waits, because the `done` of a commit under way may well read. */
  #checkOpen (table: string): void {
    if (this.#closed) throw closedError()
    checkTable(table)
  }
}

/**
 * A transaction that cannot even begin settles no promise at all. The status that the write thread hands back is
 * then the only sign, so it is looked at on its way. 0 to 2 are the ordinary ones.
 */
function watchForFaults (env: Env, onFault: (error: Error) => void): void {
  const native = (env as unknown as { env?: { startWriting?: StartWriting } }).env
  const startWriting = native?.startWriting
  if (native === undefined || startWriting === undefined) return
  const watched: StartWriting = (address, settled) => startWriting.call(native, address, status => {
    const result = settled(status)
    if (status < 0 || status > 2) setImmediate(() => { onFault(new Error(`LMDB status ${status}`)) })
    return result
  })
  Object.defineProperty(native, 'startWriting', { value: watched })
}

type StartWriting = (address: number, settled: (status: number) => unknown) => unknown

interface PageCounts { readonly used: number, readonly free: number }

interface TreeStats { treeBranchPageCount: number, treeLeafPageCount: number, overflowPages: number }

function pagesOf (env: Env, tables: ReadonlyMap<Table, LmdbTable>): PageCounts {
  const pages = (tree: TreeStats): number => tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages
  const stats = env.getStats() as TreeStats & { lastPageNumber: number, root: TreeStats, free: TreeStats }
  // Two head pages, the tree of tables, the tree of free pages, and the format's one page.
  let used = 2 + pages(stats.root) + pages(stats.free) + 1
  for (const table of tables.values()) used += pages(table.getStats() as TreeStats)
  return { used, free: Math.max(0, stats.lastPageNumber + 1 - used) }
}

function boundsOf (range: StoreRange): Record<string, unknown> | undefined {
  const limit = limitOf(range)
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

function diskSpace (path: string): DiskSpace {
  const { bavail, blocks, bsize } = statfsSync(path)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

function fullError (path: string): SkeinError {
  return new SkeinError('ERR_STORE_FULL', `the disk of ${path} is (nearly) full; nothing of this was kept`, {
    hint: 'Make room on the disk; nothing needs to be restarted.'
  })
}
