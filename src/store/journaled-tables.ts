/**
 * The tables with the journal ahead of them: where a group of commits goes, and when what is in the journal goes to the tables.
 *
 *     group ─┬─ small ─► a record in the journal ─── 200 ms, or a segment is full ───► tables, one transaction
 *            └─ large, or no journal ─► tables, one transaction, with all that the journal holds
 *
 * One record and one transaction are under way at most. A failed write is the end: nothing is written after it.
 */
import { rmSync } from 'node:fs'
import type { SkeinError } from '../base/errors.js'
import { STORE_PAGE_BYTES } from './format.js'
import { JOURNAL_BYTES_DEFAULT, journalPathOf, makeJournal, openJournal, recoverJournal, type Journal, type JournalMark, type Unapplied } from './journal.js'
import type { LmdbTables } from './lmdb-tables.js'
import type { Overlay } from './overlay.js'
import { bytesNeeded, PAGES_PER_TRANSACTION, type Room } from './room.js'
import { RowArena } from './row-arena.js'
import { ROW_CHECK_BYTES, sealRowInto } from './row-check.js'
import type { StoreOp, Table } from './store.js'

/** How old what is only in the journal may become. The longer, the fewer transactions. A choice. */
const APPLY_MS = 200
/** A journal is made some time after the start, which has more urgent things to write. A choice. */
const MAKE_JOURNAL_MS = 500
const JOURNAL_SHARE_OF_DISK = 128
const JOURNAL_BYTES_MIN = 2 * 1024 * 1024
const NONE: readonly Overlay[] = []

type Groups = ReadonlyArray<readonly StoreOp[]>

export class JournaledTables {
  readonly #path: string
  readonly #tables: LmdbTables
  readonly #room: Room
  #failedElsewhere: (error: SkeinError) => void = () => {}
  /** What the tables know of the journal. */
  #mark: JournalMark | undefined
  /** Of a life that was broken off, and not yet in the tables. */
  #recovered: Unapplied | undefined
  /** Made, and in use from the next transaction on. */
  #made: Journal | undefined
  readonly #rows = new RowArena()
  #journal: Journal | undefined
  #making: Promise<void> | undefined
  /** The transaction under way. */
  #transaction: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #failed = false
  #closed = false

  /** Throws `ERR_STORE_CORRUPT`. */
  constructor (path: string, tables: LmdbTables, room: Room) {
    this.#path = path
    this.#tables = tables
    this.#room = room
    const mark = this.#mark = tables.mark()
    if (mark?.isClosed === false) this.#recovered = recoverJournal(journalPathOf(path), mark)
  }

  /** Tells of a transaction that has failed and that nobody waited for. */
  onFailure (failed: (error: SkeinError) => void): void { this.#failedElsewhere = failed }

  /** Puts what the journal held into the tables, and sees that there is a journal. */
  async start (journalBytes: number | undefined, diskBytes: () => number): Promise<void> {
    if (this.#recovered !== undefined && this.#mayApply()) await this.transact([])
    const bytes = journalBytes ?? journalBytesFor(diskBytes())
    if (bytes === 0 || this.#recovered !== undefined) return
    this.#made = openJournal(journalPathOf(this.#path), bytes)
    if (this.#made !== undefined) return
    if (journalBytes !== undefined) await this.#make(bytes)
    else this.#timer = setTimeout(() => { this.#timer = undefined; this.#making = this.#make(bytes) }, MAKE_JOURNAL_MS).unref()
  }

  /** What reads must see over the tables, newest first. */
  get layers (): readonly Overlay[] { return this.#journal?.layers ?? (this.#recovered === undefined ? NONE : [this.#recovered.overlay]) }
  /** Of the journal's file, and of what is in it and not in the tables. */
  get journalBytes (): number { return this.#journal?.bytes ?? 0 }
  get overlayBytes (): number { return this.#journal?.overlayBytes ?? 0 }
  /** What the tables will need for what they do not have yet, bytes. */
  get pendingBytes (): number { return (this.#journal?.needBytes ?? 0) + (this.#recovered?.overlay.bytes ?? 0) }

  /** Puts all there is into the tables, where that may make room. */
  relieve (): Promise<void> | undefined { return this.pendingBytes > 0 && this.#mayApply() ? this.transact([]) : undefined }

  /** The store has failed otherwise: nothing is written any more. */
  stop (): void { this.#failed = true }

  /** What cannot be put into the tables now stays in the journal. */
  async close (): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#making
    await this.#transaction?.catch(() => {})
    if (this.#mark?.isClosed === false && !this.#failed && this.#mayApply()) await this.transact([], true).catch(() => {})
    for (const journal of [this.#journal, this.#made]) journal?.close()
  }

  /** Durable when it resolves. Rejects with `ERR_STORE`. One at a time. */
  async write (groups: Groups): Promise<void> {
    while (!this.#failed) {
      const room = this.#journal?.room(groups) ?? 'never'
      if (this.#journal === undefined || room === 'never') return await this.transact(groups)
      if (room === 'now') return await this.#append(this.#journal, groups)
      this.#apply()
      if (this.#transaction === undefined) return await this.transact(groups)
      await this.#transaction
    }
  }

  async #append (journal: Journal, groups: Groups): Promise<void> {
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
    }, error => { this.#failedElsewhere(this.#failure(error as SkeinError)) }).finally(() => {
      this.#transaction = undefined
      this.#schedule()
    })
  }

  #schedule (): void {
    if (this.#timer !== undefined || this.#failed || this.#closed || this.layers.length === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#apply()
      this.#schedule()
    }, APPLY_MS).unref()
  }

  /** One transaction for these and for all that the tables do not have yet. */
  async transact (groups: Groups, closing = false): Promise<void> {
    while (this.#transaction !== undefined) await this.#transaction
    const journal = this.#journal ?? (closing ? undefined : this.#made)
    journal?.pass()
    const mark = markAfter(journal, this.#recovered, this.#mark, closing)
    const layers = [...this.layers].reverse()
    this.#transaction = this.#tables.write(put => {
      for (const layer of layers) for (const row of layer.rows()) put(...row)
      for (const ops of groups) for (const op of ops) put(op.table, op.key, op.type === 'put' ? this.#seal(op.table, op.key, op.value) : undefined)
    }, mark).then(() => {
      this.#mark = mark
      this.#recovered = undefined
      if (journal === undefined) return
      this.#journal = journal
      // One may have been made meanwhile.
      if (this.#made === journal) this.#made = undefined
      journal.allApplied()
    }, error => { throw this.#failure(error as SkeinError) }).finally(() => {
      this.#transaction = undefined
      this.#rows.reset()
    })
    await this.#transaction
  }

  #seal (table: Table, key: Uint8Array, value: Uint8Array): Uint8Array {
    const row = this.#rows.take(value.length + ROW_CHECK_BYTES)
    sealRowInto(row, 0, table, key, value)
    return row
  }

  /** The store goes on without one where it cannot be made. */
  async #make (bytes: number): Promise<void> {
    const path = journalPathOf(this.#path)
    try {
      if (!this.#room.admits(bytes, false, true)) return
      this.#made = await makeJournal(path, bytes, () => !this.#closed)
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

  #failure (error: SkeinError): SkeinError {
    this.#failed = true
    return error
  }
}

/** What the tables are to know after a transaction that takes along all there is. */
function markAfter (journal: Journal | undefined, recovered: Unapplied | undefined, mark: JournalMark | undefined, isClosed: boolean): JournalMark | undefined {
  if (journal !== undefined) return { id: journal.id, bytes: journal.bytes, applied: journal.last, isClosed }
  if (mark === undefined) return undefined
  return { ...mark, applied: recovered?.last ?? mark.applied, isClosed: true }
}

function journalBytesFor (diskBytes: number): number {
  const bytes = Math.min(JOURNAL_BYTES_DEFAULT, Math.floor(diskBytes / JOURNAL_SHARE_OF_DISK))
  return bytes < JOURNAL_BYTES_MIN ? 0 : bytes
}
