/**
 * What makes a file a Skein store, and how one comes to be.
 *
 * A row in a table of its own, which the Store port does not reach, holds the name and the version of the format. Whoever opens
 * a store reads it before anything else. A store is made under another name and renamed when it is complete and on
 * disk, so that a file of the right name is always a whole store: whatever is wrong with it happened later, and is reported.
 */
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { open, type Database, type RootDatabase } from 'lmdb'
import { isSkeinError, SkeinError } from '../base/errors.js'
import { syncDirectory, type JournalMark } from './journal.js'
import { JOURNAL_ID_BYTES } from './journal-record.js'
import { concat, readU32, readU64, u32, u64 } from './keys.js'
import { checkLmdbFile, type FileCheck } from './lmdb-file.js'
import { FORMAT_TABLE } from './lmdb-walk.js'
import { DAMAGED_HINT, ROW_CHECK_BYTES, rowHolds, sealRow } from './row-check.js'
import { TABLES } from './store.js'

export const STORE_FORMAT = 3
/** Of which the row is checked by nothing but its length, as that of the first version was. */
const UNCHECKED_FORMAT = 1
/** The size that LMDB takes on most machines, written down so that a store can move to one with larger pages. */
export const STORE_PAGE_BYTES = 4096

const FORMAT_KEY = Buffer.from('format')
const JOURNAL_KEY = Buffer.from('journal')
const FORMAT_NAME = Buffer.from('skein-store')
const BINARY = { keyEncoding: 'binary', encoding: 'binary' } as const
/** The tables of this version, the one above, and room for those that later versions add. */
const TABLES_MAX = 32

/** LMDB's codes for a file that contradicts itself: page not found, corrupted, invalid, bad value size. */
const CORRUPT_CODES: ReadonlySet<unknown> = new Set([-30797, -30796, -30793, -30781])

const DENIED_CODES: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS'])

export type Env = RootDatabase<Uint8Array, Uint8Array>
export type LmdbTable = Database<Uint8Array, Uint8Array>

/** Opens the environment of a file that is there, checked from the outside, with its format read and accepted. */
export async function openStoreFile (path: string, readOnly: boolean, check: FileCheck = {}): Promise<Env> {
  let env: Env | undefined
  try {
    checkLmdbFile(path, check)
    env = openEnv(path, readOnly)
    checkFormat(env, path)
    return env
  } catch (error) {
    await env?.close()
    throw storeError(error, `the store ${path} cannot be opened`)
  }
}

/** Makes an empty store. `version` is for tests. */
export async function createStoreFile (path: string, version = STORE_FORMAT): Promise<void> {
  const unfinished = `${path}.new`
  removeUnfinished(unfinished)
  let env: Env | undefined
  try {
    env = openEnv(unfinished, false)
    for (const table of TABLES) openTable(env, table)
    const format = env.openDB(FORMAT_TABLE, BINARY) as LmdbTable
    await format.batch(() => { void format.put(FORMAT_KEY, formatRow(version)) })
    await env.close()
    chmodSync(unfinished, 0o600)
    renameSync(unfinished, path)
    syncDirectory(dirname(path))
  } catch (error) {
    await env?.close()
    throw storeError(error, `the store ${path} cannot be made`)
  } finally {
    removeUnfinished(unfinished)
  }
}

/** Undefined for a table that is not there, which can only be so in a store that is opened read-only. */
export function openTable (env: Env, name: string): LmdbTable | undefined {
  return env.openDB<Uint8Array, Uint8Array>(name, BINARY)
}

export function lockFileOf (path: string): string { return `${path}-lock` }

/** Gives what LMDB throws a code of ours. */
export function storeError (error: unknown, what: string): SkeinError {
  if (isSkeinError(error)) return error
  const { code, message } = error as { code?: unknown, message?: string }
  if (CORRUPT_CODES.has(code)) return new SkeinError('ERR_STORE_CORRUPT', `${what}: ${message}`, { cause: error, hint: DAMAGED_HINT })
  return new SkeinError('ERR_STORE', `${what}: ${message}`, { cause: error, ...(DENIED_CODES.has(code) ? { hint: 'This user must be allowed to read and write it, and the directory it lies in.' } : {}) })
}

function openEnv (path: string, readOnly: boolean): Env {
  return open<Uint8Array, Uint8Array>({
    path,
    ...BINARY,
    noSubdir: true,
    readOnly,
    maxDbs: TABLES_MAX,
    pageSize: STORE_PAGE_BYTES,
    // With the default, what was acknowledged can be lost when the file is reopened under the same boot id.
    overlappingSync: false,
    // With the default, each turn's writes also make a promise that nobody holds, and when a commit fails its rejection kills the process.
    eventTurnBatching: false
  })
}

function checkFormat (env: Env, path: string): void {
  const format = env.openDB<Uint8Array, Uint8Array>(FORMAT_TABLE, { ...BINARY, create: false } as typeof BINARY) as LmdbTable | undefined
  const row = format?.getBinary(FORMAT_KEY)
  if (row === undefined || row.length < 4 + FORMAT_NAME.length) {
    throw new SkeinError('ERR_STORE_FOREIGN', `${path} is a database, but not one that Skein made`, {
      hint: 'Choose another data directory, or move the file away.'
    })
  }
  if (row.length === FORMAT_NAME.length + 4 && readU32(row) === UNCHECKED_FORMAT) {
    throw new SkeinError('ERR_STORE_OLDER', `${path} has format ${UNCHECKED_FORMAT}; this version of Skein reads ${STORE_FORMAT}`, {
      hint: 'Process what is in it with the version that wrote it, then start anew with an empty data directory.'
    })
  }
  if (!rowHolds(FORMAT_TABLE, FORMAT_KEY, row) || !FORMAT_NAME.equals(row.subarray(4, -ROW_CHECK_BYTES))) throw new SkeinError('ERR_STORE_CORRUPT', `the store ${path} is damaged: the row with its format is not what was written`, { hint: DAMAGED_HINT })
  const version = readU32(row)
  if (version > STORE_FORMAT) {
    throw new SkeinError('ERR_STORE_NEWER', `${path} has format ${version}; this version of Skein knows up to ${STORE_FORMAT}`, {
      hint: 'Start it with the newer version of Skein that wrote it.'
    })
  }
}

/** What the tables know of the journal: [1 where it was closed u8][id 8 B][applied u64][bytes u32]. Undefined where there never was one. */
export function readMark (format: LmdbTable, path: string): JournalMark | undefined {
  const row = format.getBinary(JOURNAL_KEY)
  if (row === undefined) return undefined
  if (!rowHolds(FORMAT_TABLE, JOURNAL_KEY, row)) throw new SkeinError('ERR_STORE_CORRUPT', `the store ${path} is damaged: the row of its journal is not what was written`, { hint: DAMAGED_HINT })
  return { isClosed: row[0] === 1, id: Uint8Array.from(row.subarray(1, 1 + JOURNAL_ID_BYTES)), applied: readU64(row, 1 + JOURNAL_ID_BYTES), bytes: readU32(row, 9 + JOURNAL_ID_BYTES) }
}

/** Of the transaction with which a journal comes into use. */
const FIRST_NUMBER = 1

/** Within a transaction. What knows no journal must not open a store that has one: the version says so from the first on. */
export function writeMark (format: LmdbTable, { isClosed, id, applied, bytes }: JournalMark): void {
  if (applied === FIRST_NUMBER) void format.put(FORMAT_KEY, formatRow(STORE_FORMAT))
  void format.put(JOURNAL_KEY, sealRow(FORMAT_TABLE, JOURNAL_KEY, concat(Uint8Array.of(isClosed ? 1 : 0), id, u64(applied), u32(bytes))))
}

/** The same in all versions from the second on. */
function formatRow (version: number): Uint8Array {
  const row = concat(u32(version), FORMAT_NAME)
  return version === UNCHECKED_FORMAT ? row : sealRow(FORMAT_TABLE, FORMAT_KEY, row)
}

function removeUnfinished (path: string): void {
  if (existsSync(path)) rmSync(path)
  rmSync(lockFileOf(path), { force: true })
}
