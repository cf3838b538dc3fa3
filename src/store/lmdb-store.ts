/**
 * The embedded store: the Store port on LMDB, with a journal ahead of it.
 *
 *     commit ─► queue ─┬─► one record in the journal ─► done, done, done …     a little later ─► one transaction (LMDB)
 *                      │   or, without a journal, one transaction
 *                      └── while it is under way the next ones wait here and then go together
 *
 * Group commit is what makes many small commits fast: a flush costs the same for one as for hundreds. Nothing but this class writes
 * to the files, and at most one record and one transaction are under way, which is what the order of `done` rests on.
 *
 * Without a journal goes what comes before it is made (`journal.ts` says what it is for), what is too large for it, and all there is on a
 * small disk. Such a transaction takes along all that the journal holds. If a write fails, the store has failed for good: what is on disk
 * is then unknown until the files are opened again, and a later flush that succeeds would prove nothing.
 */
import { chmodSync, existsSync, rmSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { SkeinError } from '../base/errors.js'
import { checkKey, checkOps, checkTable, closedError, limitOf } from './check.js'
import { CommitQueue } from './commit-queue.js'
import { createStoreFile, lockFileOf, openStoreFile, storeError, STORE_PAGE_BYTES } from './format.js'
import { JOURNAL_BYTES_DEFAULT, journalPathOf, makeJournal, openJournal, recoverJournal, type Journal, type JournalMark, type Unapplied } from './journal.js'
import { LmdbTables } from './lmdb-tables.js'
import { mergedRange, rowIn, type Overlay } from './overlay.js'
import { bytesNeeded, isEssential, isYielding, PAGES_PER_TRANSACTION, Room, type DiskSpace } from './room.js'
import { ROW_CHECK_BYTES, sealRow } from './row-check.js'
import type { Store, StoreOp, StoreRange, StoreStats, Table } from './store.js'

/** A store of many small batches is not looked through whole after it was closed: a choice between a fast start and finding damage at once. */
const CHECK_MS = 5_000
/** How old what is only in the journal may become. The longer, the fewer transactions. A choice. */
const APPLY_MS = 200
/** A journal is made some time after the start, which has more urgent things to write. A choice. */
const MAKE_JOURNAL_MS = 500
const JOURNAL_SHARE_OF_DISK = 128
const JOURNAL_BYTES_MIN = 2 * 1024 * 1024
/** A question for spare room is about so much: a few batches. */
const SPARE_BYTES = 1024 * 1024

export interface LmdbStoreOptions {
  /** The file. It is made if it is missing, unless `readOnly`. Beside it are LMDB's `<path>-lock` and the journal, `<path>-journal`. */
  readonly path: string
  /** Kept free on the disk, see `room.ts`. Default 64 MiB, less on a disk below 1 GiB. */
  readonly reserveBytes?: number
  /** Reads along while another process writes. `commit` throws. */
  readonly readOnly?: boolean
  /** Monotonic, for how long a look at the disk stays good. */
  readonly nowMs?: () => number
  /** Who had it last closed it. Then no commit can have been broken off, and the pages of batches are looked through for 5 s at most. */
  readonly closed?: boolean
  /** Bytes of the journal; 0 for none. If it is given, it is made before the store is open, else soon after. Default 8 MiB, less on a disk below 1 GiB, none below 256 MiB. */
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
  let store: LmdbStore | undefined
  const room = new Room({
    look,
    reusable: () => store?.reusable() ?? 0,
    pending: () => store?.pending() ?? 0,
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
    const tables = new LmdbTables(path, env)
    if (readOnly) return new LmdbStore(path, tables, room, true, undefined)
    for (const file of [path, lockFileOf(path)]) chmodSync(file, 0o600)
    store = new LmdbStore(path, tables, room, false, tables.mark())
    await store.start(options.journalBytes, look)
    return store
  } catch (error) {
    await env.close()
    throw storeError(error, `the store ${path} cannot be opened`)
  }
}

class LmdbStore implements Store {
  readonly #path: string
  readonly #tables: LmdbTables
  readonly #room: Room
  readonly #readOnly: boolean
  readonly #queue: CommitQueue
  /** What the tables know of the journal. */
  #mark: JournalMark | undefined
  /** Of a life that was broken off, and not yet in the tables. */
  #recovered: Unapplied | undefined
  /** Made, and in use from the next transaction on. */
  #made: Journal | undefined
  #journal: Journal | undefined
  #making: Promise<void> | undefined
  /** The transaction under way. */
  #transaction: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #failed = false
  #closing: Promise<void> | undefined
  #closed = false

  constructor (path: string, tables: LmdbTables, room: Room, readOnly: boolean, mark: JournalMark | undefined) {
    this.#path = path
    this.#tables = tables
    this.#room = room
    this.#readOnly = readOnly
    this.#mark = mark
    if (mark?.isClosed === false) this.#recovered = recoverJournal(journalPathOf(path), mark)
    this.#queue = new CommitQueue({
      write: async groups => { await this.#write(groups) },
      admit: (ops, first) => this.#admit(ops, first),
      // What the tables will need is estimated generously while it is in the journal only.
      relieve: () => this.pending() > 0 && this.#mayApply() ? this.#transact([]) : undefined
    })
    tables.watchForFaults(error => { this.#fail(error) })
  }

  /** Puts what the journal held into the tables, and sees that there is a journal. */
  async start (journalBytes: number | undefined, look: () => DiskSpace): Promise<void> {
    if (this.#recovered !== undefined && this.#mayApply()) await this.#transact([])
    const bytes = journalBytes ?? journalBytesFor(look().totalBytes)
    if (bytes === 0 || this.#recovered !== undefined) return
    this.#made = openJournal(journalPathOf(this.#path), bytes)
    if (this.#made !== undefined) return
    if (journalBytes !== undefined) await this.#make(bytes)
    else this.#timer = setTimeout(() => { this.#timer = undefined; this.#making = this.#make(bytes) }, MAKE_JOURNAL_MS).unref()
  }

  get (table: Table, key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen(table)
    checkKey(key)
    const row = rowIn(this.#layers(), table, key)
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
    if (this.#readOnly) throw new SkeinError('ERR_BAD_ARGUMENT', 'the store was opened read-only')
    checkOps(ops)
    this.#queue.push(ops, done)
  }

  stats (): StoreStats {
    if (this.#closed) throw closedError()
    const { fileBytes, usedBytes } = this.#tables.stats()
    return { fileBytes: fileBytes + (this.#journal?.bytes ?? 0), usedBytes: usedBytes + (this.#journal?.overlayBytes ?? 0) }
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

  reusable (): number { return this.#tables.reusable() }

  /** What the tables will need for what they do not have yet, bytes. */
  pending (): number { return (this.#journal?.needBytes ?? 0) + (this.#recovered?.overlay.bytes ?? 0) }

  async #close (): Promise<void> {
    await this.#queue.idle()
    clearTimeout(this.#timer)
    await this.#making
    await this.#transaction?.catch(() => {})
    if (this.#mark?.isClosed === false && !this.#failed && this.#mayApply()) {
      // What cannot be put into the tables now stays in the journal.
      await this.#transact([], true).catch(() => {})
    }
    this.#closed = true
    for (const journal of [this.#journal, this.#made]) journal?.close()
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

  async #write (groups: ReadonlyArray<readonly StoreOp[]>): Promise<void> {
    while (!this.#failed) {
      const room = this.#journal?.room(groups) ?? 'never'
      if (this.#journal === undefined || room === 'never') return await this.#transact(groups)
      if (room === 'now') return await this.#append(this.#journal, groups)
      this.#apply()
      if (this.#transaction === undefined) return await this.#transact(groups)
      await this.#transaction
    }
  }

  async #append (journal: Journal, groups: ReadonlyArray<readonly StoreOp[]>): Promise<void> {
    let need = 0
    for (const ops of groups) need += bytesNeeded(ops, STORE_PAGE_BYTES)
    try {
      const written = journal.append(groups, need)
      if (journal.isFull) this.#apply()
      this.#schedule()
      await written
    } catch (error) {
      throw this.#failure(this.#tables.failure(error))
    }
  }

  /** Puts the older part of what only the journal has into the tables, unless that is under way or the disk has no room. */
  #apply (): void {
    const journal = this.#journal
    if (journal === undefined || this.#transaction !== undefined || this.#failed) return
    const next = this.#mayApply() ? journal.unapplied() : undefined
    if (next === undefined) return
    const mark: JournalMark = { id: journal.id, bytes: journal.bytes, applied: next.last, isClosed: false }
    this.#transaction = this.#tables.write(put => { for (const row of next.overlay.rows()) put(...row) }, mark).then(() => {
      this.#mark = mark
      journal.applied()
    }, error => { this.#fail(error as SkeinError) }).finally(() => {
      this.#transaction = undefined
      this.#schedule()
    })
  }

  #schedule (): void {
    if (this.#timer !== undefined || this.#failed || this.#closing !== undefined || this.#layers().length === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#apply()
      this.#schedule()
    }, APPLY_MS).unref()
  }

  /** One transaction for these and for all that the tables do not have yet. */
  async #transact (groups: ReadonlyArray<readonly StoreOp[]>, closing = false): Promise<void> {
    while (this.#transaction !== undefined) await this.#transaction
    const journal = this.#journal ?? (closing ? undefined : this.#made)
    journal?.pass()
    const mark = markAfter(journal, this.#recovered, this.#mark, closing)
    const layers = [...this.#layers()].reverse()
    this.#transaction = this.#tables.write(put => {
      for (const layer of layers) for (const row of layer.rows()) put(...row)
      for (const ops of groups) for (const op of ops) put(op.table, op.key, op.type === 'put' ? sealRow(op.table, op.key, op.value) : undefined)
    }, mark).then(() => {
      this.#mark = mark
      this.#recovered = undefined
      if (journal === undefined) return
      this.#journal = journal
      // One may have been made meanwhile.
      if (this.#made === journal) this.#made = undefined
      journal.allApplied()
    }, error => { throw this.#failure(error as SkeinError) }).finally(() => { this.#transaction = undefined })
    await this.#transaction
  }

  /** The store goes on without one where it cannot be made. */
  async #make (bytes: number): Promise<void> {
    const path = journalPathOf(this.#path)
    try {
      if (!this.#room.admits(bytes, false, true)) return
      this.#made = await makeJournal(path, bytes, () => this.#closing === undefined)
    } catch {
      rmSync(path, { force: true })
    }
  }

  #mayApply (): boolean {
    try {
      return this.#room.admitsPending(PAGES_PER_TRANSACTION * STORE_PAGE_BYTES)
    } catch {
      return false
    }
  }

  #layers (): readonly Overlay[] {
    return this.#journal?.layers ?? (this.#recovered === undefined ? NONE : [this.#recovered.overlay])
  }

  #layersOver (table: Table): readonly Overlay[] {
    const layers = this.#layers()
    return layers.length === 0 ? layers : layers.filter(layer => layer.has(table))
  }

  #fail (error: SkeinError): void { this.#queue.fail(this.#failure(error)) }

  #failure (error: SkeinError): SkeinError {
    this.#failed = true
    return error
  }

  /** Reads go on while `close` waits, because the `done` of a commit under way may well read. */
  #checkOpen (table: string): void {
    if (this.#closed) throw closedError()
    checkTable(table)
  }
}

const NONE: readonly Overlay[] = []

/** What the tables are to know after a transaction that takes along all there is. */
function markAfter (journal: Journal | undefined, recovered: Unapplied | undefined, mark: JournalMark | undefined, isClosed: boolean): JournalMark | undefined {
  if (journal !== undefined) return { id: journal.id, bytes: journal.bytes, applied: journal.last, isClosed }
  if (mark === undefined) return undefined
  return { ...mark, applied: recovered?.last ?? mark.applied, isClosed: true }
}

/** A copy: the row is part of a buffer that is used again. */
function valueOf (row: Uint8Array): Uint8Array { return new Uint8Array(row.subarray(0, row.length - ROW_CHECK_BYTES)) }

function journalBytesFor (diskBytes: number): number {
  const bytes = Math.min(JOURNAL_BYTES_DEFAULT, Math.floor(diskBytes / JOURNAL_SHARE_OF_DISK))
  return bytes < JOURNAL_BYTES_MIN ? 0 : bytes
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
