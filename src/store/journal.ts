/**
 * The journal: what makes a commit durable with one small write in place, ahead of the tables.
 *
 *     commits ─► record ─► segment A ── full, or old enough ──► tables (LMDB), one transaction for many records
 *                          segment B ◄─ meanwhile the next ones
 *
 * LMDB flushes twice a transaction and grows its file, which takes three times as long as to write over a part of a file that is
 * there already, and two processes on one disk wait for one another in it. So commits go to a file of two segments,
 * each with a copy in memory, and to the tables some tenths of a second later, many at once. What is in a segment and
 * not yet in the tables lies over them as an overlay. A segment is used again when the tables have all that is in it.
 *
 * The records of one opening are numbered from 1, and the tables know, in the same transaction as the rows, up to which number
 * they have them (`JournalMark`). After a crash the records behind that are put in. Since one record at a time is written, only the last one may
 * be broken off; any other that cannot be read is damage, and told.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, constants, existsSync, fchmodSync, fdatasync, fstatSync, fsync, fsyncSync, ftruncate, open, openSync, readSync, write } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { SkeinError } from '../base/errors.js'
import { findRecord, JOURNAL_BLOCK_BYTES, JOURNAL_ID_BYTES, readRecord, recordBytes, writeRecord, type RecordFound } from './journal-record.js'
import { Overlay } from './overlay.js'
import { DAMAGED_HINT } from './row-check.js'
import type { StoreOp } from './store.js'

/** Of the whole file. A guess: the tables take what is in a half in less time than it takes to fill the other. */
export const JOURNAL_BYTES_DEFAULT = 4 * 1024 * 1024
const SEGMENTS = 2
/** What is larger goes to the tables at once: to write it twice would cost more than it takes the tables longer. */
const RECORD_BYTES_MAX = 64 * 1024
/** The file is made in steps, so that its making keeps no commit waiting. */
const MAKE_BYTES = 1024 * 1024

/** What the tables know of the journal. */
export interface JournalMark {
  readonly id: Uint8Array
  /** Of its file. */
  readonly bytes: number
  /** The tables have all records up to this. */
  readonly applied: number
  /** All there was is in the tables, and nothing was written to the journal since. */
  readonly isClosed: boolean
}

interface Segment {
  readonly offset: number
  buffer: Buffer | undefined
  used: number
  last: number
  needBytes: number
  readonly overlay: Overlay
}

/** What is to go to the tables next. */
export interface Unapplied {
  readonly overlay: Overlay
  /** The number of the last record in it. */
  readonly last: number
}

export class Journal {
  readonly id = randomBytes(JOURNAL_ID_BYTES)
  /** Of the file. */
  readonly bytes: number
  readonly #fd: number
  readonly #segmentBytes: number
  #active: Segment
  #other: Segment
  #number = 0
  #layers: readonly Overlay[] = []

  constructor (fd: number, bytes: number) {
    this.#fd = fd
    this.bytes = bytes
    this.#segmentBytes = Math.floor(bytes / SEGMENTS / JOURNAL_BLOCK_BYTES) * JOURNAL_BLOCK_BYTES
    this.#active = newSegment(0)
    this.#other = newSegment(this.#segmentBytes)
  }

  /** A segment is full that the tables do not have yet. */
  get isFull (): boolean { return this.#other.used > 0 }
  /** The number of the last record, or of the transaction that went past the journal after it. */
  get last (): number { return this.#number }
  /** What reads must see over the tables, newest first. */
  get layers (): readonly Overlay[] { return this.#layers }
  /** What the tables will need for it, as the caller of `append` has told. */
  get needBytes (): number { return this.#active.needBytes + this.#other.needBytes }
  get overlayBytes (): number { return this.#active.overlay.bytes + this.#other.overlay.bytes }

  /** Whether these belong in it, and whether there is room for them now. */
  room (groups: ReadonlyArray<readonly StoreOp[]>): 'never' | 'later' | 'now' {
    const bytes = recordBytes(groups)
    if (bytes > RECORD_BYTES_MAX || bytes > this.#segmentBytes) return 'never'
    return this.#active.used + bytes <= this.#segmentBytes || this.#other.used === 0 ? 'now' : 'later'
  }

  /** Writes these as one record. Resolves when it is durable. Ask `room` first; one at a time. */
  async append (groups: ReadonlyArray<readonly StoreOp[]>, needBytes: number): Promise<void> {
    const bytes = recordBytes(groups)
    if (this.#active.used + bytes > this.#segmentBytes) this.#turn()
    const segment = this.#active
    const buffer = segment.buffer ??= Buffer.allocUnsafeSlow(this.#segmentBytes)
    const at = segment.used
    segment.last = ++this.#number
    segment.used += bytes
    segment.needBytes += needBytes
    writeRecord(buffer, at, this.id, this.#number, groups, (table, key, row) => { segment.overlay.put(table, key, row) })
    this.#relayer()
    await writeDurably(this.#fd, buffer.subarray(at, at + bytes), segment.offset + at)
  }

  /** A number for a transaction that goes past the journal: were it lost, what is recorded behind it would not be taken to follow what is before it. */
  pass (): void { this.#number++ }

  /** The oldest that is not in the tables. What is appended from now on is not in it. */
  unapplied (): Unapplied | undefined {
    if (this.#other.used === 0) {
      if (this.#active.used === 0) return undefined
      this.#turn()
    }
    return this.#other
  }

  /** What `unapplied` has given is in the tables. */
  applied (): void {
    clear(this.#other)
    this.#relayer()
  }

  /** All there is is in the tables. */
  allApplied (): void {
    clear(this.#active)
    this.applied()
  }

  close (): void { closeSync(this.#fd) }

  #turn (): void {
    [this.#active, this.#other] = [this.#other, this.#active]
    this.#relayer()
  }

  #relayer (): void {
    this.#layers = [this.#active, this.#other].filter(({ overlay }) => !overlay.isEmpty).map(({ overlay }) => overlay)
  }
}

const newSegment = (offset: number): Segment => ({ offset, buffer: undefined, used: 0, last: 0, needBytes: 0, overlay: new Overlay() })

function clear (segment: Segment): void {
  segment.used = 0
  segment.needBytes = 0
  segment.overlay.clear()
}

export function journalPathOf (storePath: string): string { return `${storePath}-journal` }

/** A journal in the file of so many bytes that is there, or undefined. */
export function openJournal (path: string, bytes: number): Journal | undefined {
  if (!existsSync(path)) return undefined
  const fd = openSync(path, constants.O_RDWR | DURABLE)
  if (fstatSync(fd).size !== bytes) {
    closeSync(fd)
    return undefined
  }
  fchmodSync(fd, 0o600)
  return new Journal(fd, bytes)
}

/** Makes the file, all of it on disk, so that what is written later is written in place. Nothing in it is kept. Rejects when it is no longer wanted. */
export async function makeJournal (path: string, bytes: number, isWanted: () => boolean): Promise<Journal> {
  const fd = await promisify(open)(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  try {
    fchmodSync(fd, 0o600)
    const zeros = Buffer.alloc(MAKE_BYTES)
    await promisify(ftruncate)(fd, 0)
    for (let at = 0; at < bytes; at += MAKE_BYTES) {
      if (!isWanted()) throw new SkeinError('ERR_CLOSED', 'the store is being closed')
      await writeAll(fd, zeros.subarray(0, Math.min(MAKE_BYTES, bytes - at)), at)
      await promisify(fsync)(fd)
    }
    syncDirectory(dirname(path))
  } finally {
    closeSync(fd)
  }
  const journal = openJournal(path, bytes)
  if (journal === undefined) throw new SkeinError('ERR_STORE', `the journal ${path} is not what was made`)
  return journal
}

/**
 * What the journal has that the tables have not. Throws `ERR_STORE_CORRUPT` where the file is gone, or where something in the
 * middle of it cannot be read.
 */
export function recoverJournal (path: string, mark: JournalMark): Unapplied {
  if (!existsSync(path)) throw corrupt(path, 'it is gone, and the store was not closed')
  const fd = openSync(path, constants.O_RDONLY)
  const file = Buffer.allocUnsafeSlow(mark.bytes)
  try {
    if (fstatSync(fd).size !== mark.bytes) throw corrupt(path, `it should be ${mark.bytes} bytes long`)
    for (let at = 0; at < file.length;) {
      const read = readSync(fd, file, at, file.length - at, at)
      if (read === 0) throw corrupt(path, 'it ends before its end')
      at += read
    }
  } finally {
    closeSync(fd)
  }
  const records = new Map<number, RecordFound>()
  let highest = mark.applied
  for (let at = 0; at < file.length;) {
    const found = findRecord(file, at, mark.id)
    if (found === undefined) {
      at += JOURNAL_BLOCK_BYTES
      continue
    }
    highest = Math.max(highest, found.number)
    if (found.whole) records.set(found.number, found)
    at += found.whole ? Math.ceil((found.payloadAt - at + found.payloadBytes) / JOURNAL_BLOCK_BYTES) * JOURNAL_BLOCK_BYTES : JOURNAL_BLOCK_BYTES
  }
  const overlay = new Overlay()
  let last = mark.applied
  for (let found = records.get(last + 1); found !== undefined; found = records.get(last + 1)) {
    readRecord(file, found, (table, key, row) => { overlay.put(table, key, row) })
    last++
  }
  if (highest > last + 1) throw corrupt(path, `record ${last + 1} cannot be read, and ${highest} is there`)
  return { overlay, last }
}

/** Where it is not known, each write is followed by a flush. */
const DURABLE: number = (process.platform === 'linux' ? constants.O_DSYNC : undefined) ?? 0

async function writeDurably (fd: number, bytes: Uint8Array, at: number): Promise<void> {
  await writeAll(fd, bytes, at)
  if (DURABLE === 0) await promisify(fdatasync)(fd)
}

function writeAll (fd: number, bytes: Uint8Array, at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const step = (from: number): void => {
      write(fd, bytes, from, bytes.length - from, at + from, (error, written) => {
        if (error != null) reject(error)
        else if (from + written < bytes.length) step(from + written)
        else resolve()
      })
    }
    step(0)
  })
}

/** A new name is durable only when the directory is. Windows cannot do this, and does not need it. */
export function syncDirectory (path: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function corrupt (path: string, what: string): SkeinError {
  return new SkeinError('ERR_STORE_CORRUPT', `the journal ${path} is damaged: ${what}`, { hint: DAMAGED_HINT })
}
