/**
 * The embedded store: the Store port on LMDB, with a journal ahead of it.
 *
 *     commit ─► queue ─┬─► one record in the journal ─► done, done, done …     a little later ─► one transaction (LMDB)
 *                      │   or, without a journal, one transaction
 *                      └── while it is under way the next ones wait here and then go together
 *
 * Group commit is what makes many small commits fast: a flush costs the same for one as for hundreds. Nothing but
 * `JournaledTables` writes to the files, one group at a time, which is what the order of `done` rests on.
 *
 * If a write fails, the store has failed for good: what is on disk is then unknown until the files are opened again, and a later
 * flush that succeeds would prove nothing.
 */
import { chmodSync, existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { SkeinError } from '../base/errors.js'
import { checkKey, checkOps, checkTable, closedError, limitOf } from './check.js'
import { CommitQueue } from './commit-queue.js'
import { createStoreFile, lockFileOf, openStoreFile, storeError, STORE_PAGE_BYTES } from './format.js'
import { JournaledTables } from './journaled-tables.js'
import { LmdbTables } from './lmdb-tables.js'
import { mergedRange, rowIn, type Overlay } from './overlay.js'
import { bytesNeeded, isEssential, isYielding, PAGES_PER_TRANSACTION, Room, type DiskSpace } from './room.js'
import { ROW_CHECK_BYTES } from './row-check.js'
import type { Store, StoreOp, StoreRange, StoreStats, Table } from './store.js'

/** A store of many small batches is not looked through whole after it was closed: a choice between a fast start and finding damage at once. */
const CHECK_MS = 5_000
/** A question for spare room is about so much: a few batches. */
const SPARE_BYTES = 1024 * 1024

export interface LmdbStoreOptions {
  /** The file. It is made if it is missing, unless `readOnly`. Beside it are LMDB's `<path>-lock` and the journal, `<path>-journal`. */
  readonly path: string
  /** Kept free on the disk, see `room.ts`. Default 64 MiB, less on a disk below 1 GiB. */
  readonly reserveBytes?: number
  /** Reads along while another process writes, without what that has in its journal only. `commit` throws. */
  readonly readOnly?: boolean
  /** Monotonic, for how long a look at the disk stays good. */
  readonly nowMs?: () => number
  /** Who had it last closed it. Then no commit can have been broken off, and the pages of batches are looked through for 5 s at most. */
  readonly closed?: boolean
  /** Bytes of the journal; 0 for none. If it is given, it is made before the store is open, else soon after. Default 4 MiB, less on a disk below 512 MiB, none below 256 MiB. */
  readonly journalBytes?: number
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
  let tables: LmdbTables | undefined
  let written: JournaledTables | undefined
  const room = new Room({
    look,
    reusable: () => tables?.reusable() ?? 0,
    pending: () => written?.pendingBytes ?? 0,
    nowMs: options.nowMs ?? (() => performance.now()),
    reserveBytes: options.reserveBytes
  })
  if (!existsSync(path)) {
    if (readOnly) throw new SkeinError('ERR_NOT_FOUND', `there is no store ${path}`)
    if (!room.admits(PAGES_PER_TRANSACTION * STORE_PAGE_BYTES, false)) throw fullError(path)
    await createStoreFile(path)
  }
  // Another process may be writing what a reader reads.
  const env = await openStoreFile(path, readOnly, readOnly ? { shallow: true } : options.closed === true ? { closed: true, budgetMs: CHECK_MS } : {})
  try {
    tables = new LmdbTables(path, env)
    if (readOnly) return new LmdbStore(path, tables, room, undefined)
    for (const file of [path, lockFileOf(path)]) chmodSync(file, 0o600)
    written = new JournaledTables(path, tables, room)
    const store = new LmdbStore(path, tables, room, written)
    await written.start(options.journalBytes, () => look().totalBytes)
    return store
  } catch (error) {
    await written?.close()
    await env.close()
    throw storeError(error, `the store ${path} cannot be opened`)
  }
}

class LmdbStore implements Store {
  readonly #path: string
  readonly #tables: LmdbTables
  readonly #room: Room
  /** Undefined: it is read-only. */
  readonly #written: JournaledTables | undefined
  readonly #queue: CommitQueue
  #closing: Promise<void> | undefined
  #closed = false

  constructor (path: string, tables: LmdbTables, room: Room, written: JournaledTables | undefined) {
    this.#path = path
    this.#tables = tables
    this.#room = room
    this.#written = written
    this.#queue = new CommitQueue({
      write: async groups => { await written?.write(groups) },
      admit: (ops, first) => this.#admit(ops, first),
      // What the tables will need is estimated generously while it is in the journal only.
      relieve: () => written?.relieve()
    })
    const failed = (error: SkeinError): void => {
      written?.stop()
      this.#queue.fail(error)
    }
    written?.onFailure(failed)
    tables.watchForFaults(failed)
  }

  get (table: Table, key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen(table)
    checkKey(key)
    const row = rowIn(this.#layersOver(table), table, key)
    return row === undefined ? this.#tables.get(table, key) : row === null ? undefined : valueOf(row)
  }

  entries (table: Table, range: StoreRange = {}): Array<readonly [Uint8Array, Uint8Array]> {
    this.#checkOpen(table)
    const limit = limitOf(range)
    const layers = this.#layersOver(table)
    if (layers.length === 0) return this.#tables.entries(table, range, limit)
    return mergedRange(layers, table, range, limit, (part, count) => this.#tables.entries(table, part, count))
      .map(([key, row, isView]) => [key, isView ? valueOf(row) : row] as const)
  }

  keys (table: Table, range: StoreRange = {}): Uint8Array[] {
    this.#checkOpen(table)
    const limit = limitOf(range)
    const layers = this.#layersOver(table)
    if (layers.length === 0) return this.#tables.keys(table, range, limit)
    return mergedRange(layers, table, range, limit, (part, count) => this.#tables.keys(table, part, count).map(key => [key, key] as const)).map(([key]) => key)
  }

  commit (ops: readonly StoreOp[], done: (error?: Error) => void): void {
    if (this.#closing !== undefined) throw closedError()
    if (this.#written === undefined) throw new SkeinError('ERR_BAD_ARGUMENT', 'the store was opened read-only')
    checkOps(ops)
    this.#queue.push(ops, done)
  }

  stats (): StoreStats {
    if (this.#closed) throw closedError()
    const { fileBytes, usedBytes } = this.#tables.stats()
    return { fileBytes: fileBytes + (this.#written?.journalBytes ?? 0), usedBytes: usedBytes + (this.#written?.overlayBytes ?? 0) }
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
    await this.#written?.close()
    this.#closed = true
    await this.#tables.close()
  }

  #admit (ops: readonly StoreOp[], first: boolean): SkeinError | undefined {
    const own = first ? PAGES_PER_TRANSACTION * STORE_PAGE_BYTES : 0
    try {
      return this.#room.admits(own + bytesNeeded(ops, STORE_PAGE_BYTES), isEssential(ops), isYielding(ops)) ? undefined : fullError(this.#path)
    } catch (error) {
      throw this.#tables.failure(error)
    }
  }

  #layersOver (table: Table): readonly Overlay[] {
    const layers = this.#written?.layers ?? NONE
    return layers.length === 0 ? layers : layers.filter(layer => layer.has(table))
  }

  /** Reads go on while `close` waits, because the `done` of a commit under way may well read. */
  #checkOpen (table: string): void {
    if (this.#closed) throw closedError()
    checkTable(table)
  }
}

const NONE: readonly Overlay[] = []

/** A copy: the row is part of a buffer that is used again. */
function valueOf (row: Uint8Array): Uint8Array { return new Uint8Array(row.subarray(0, row.length - ROW_CHECK_BYTES)) }

function diskSpace (path: string): DiskSpace {
  const { bavail, blocks, bsize } = statfsSync(path)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

function fullError (path: string): SkeinError {
  return new SkeinError('ERR_STORE_FULL', `the disk of ${path} is (nearly) full; nothing of this was kept`, {
    hint: 'Make room on the disk; nothing needs to be restarted.'
  })
}
