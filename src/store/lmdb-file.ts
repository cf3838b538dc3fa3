/**
 * Looks at an LMDB file before LMDB does. LMDB maps the file into memory and trusts it: a page that is not there, or a length
 * or page number that is not what was written, kills the process with no error that could be reported, or loses rows in silence.
 *
 * So the trees are walked: every page must be the one its parent means, written by no later commit than its parent, with nodes
 * that fill it exactly and keys in order, and all the counts that LMDB keeps must come out. No page may be in use twice, or
 * in use and free. The values are not read: each carries a check sum (`row-check.ts`).
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { SkeinError } from '../base/errors.js'
import { checkPages } from './lmdb-walk.js'
import { decodeMeta, META_BYTES, META_PAGE, NO_PAGE, type MetaPage } from './lmdb-pages.js'
import { DAMAGED_HINT } from './row-check.js'

const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
/** LMDB's flag for keys that are numbers, and the one that says that the store is no directory. */
const FREE_TREE_FLAGS: ReadonlySet<number> = new Set([0x08, 0x4008])

export interface FileCheck {
  /** The head pages only: somebody else is writing the file. */
  readonly shallow?: boolean
  /** Who had the file last closed it, so that no commit was broken off. */
  readonly closed?: boolean
  /** Time for the pages of batches, of which there may be many; all others are checked however long it takes. */
  readonly budgetMs?: number
  readonly nowMs?: () => number
}

/** Throws `ERR_STORE_CORRUPT` or `ERR_STORE_FOREIGN` unless LMDB can open the file and read all of it. */
export function checkLmdbFile (path: string, check: FileCheck = {}): void {
  if (!statSync(path).isFile()) throw new SkeinError('ERR_STORE_FOREIGN', `${path} is not a file`, { hint: 'The store is a file. Choose another data directory, or move away what is there.' })
  const fd = openSync(path, 'r')
  try {
    const bytes = fstatSync(fd).size
    const meta = latest(fd, path, check)
    if (check.shallow === true) return
    const wrong = checkPages({
      fd, bytes, meta,
      deadlineMs: check.budgetMs === undefined ? Number.POSITIVE_INFINITY : (check.nowMs ?? (() => performance.now()))() + check.budgetMs,
      nowMs: check.nowMs ?? (() => performance.now())
    })
    if (wrong !== undefined) throw corrupt(path, wrong)
  } finally {
    closeSync(fd)
  }
}

/** The head page of the last commit. */
function latest (fd: number, path: string, { shallow = false, closed = false }: FileCheck): MetaPage {
  const first = readMeta(fd, 0, 0, path)
  const second = readMeta(fd, first.pageSize, 1, path)
  if (second.pageSize !== first.pageSize) throw corrupt(path, 'its two head pages disagree')
  const [older, newer] = second.commit > first.commit ? [first, second] : [second, first]
  if (newer.commit - older.commit > 1n) throw corrupt(path, `its two head pages are of commits ${older.commit} and ${newer.commit}`)
  if (newer.commit === 0n || shallow) return newer
  if (rootCommit(fd, newer) !== newer.commit) throw corrupt(path, 'its head page is not that of its last commit')
  // Pages of the commit before may be written anew only by the next one, which has not come to its end.
  if (closed && rootCommit(fd, older) > older.commit) throw corrupt(path, 'one of its head pages is not what was written')
  return newer
}

/** The commit that wrote the roots of the trees, at least one of which each commit writes. */
function rootCommit (fd: number, meta: MetaPage): bigint {
  let commit = 0n
  const header = Buffer.alloc(16)
  for (const { root } of [meta.free, meta.main]) {
    if (root === NO_PAGE || root > meta.lastPage || readSync(fd, header, 0, 16, Number(root) * meta.pageSize) < 16) continue
    const written = header.readBigUInt64LE(8)
    if (written > commit) commit = written
  }
  return commit
}

function readMeta (fd: number, offset: number, number: number, path: string): MetaPage {
  const bytes = Buffer.alloc(META_BYTES)
  if (readSync(fd, bytes, 0, META_BYTES, offset) < META_BYTES) throw corrupt(path, 'it ends within its first pages')
  const meta = decodeMeta(bytes)
  if (meta.magic !== MAGIC || (meta.flags & META_PAGE) === 0) throw corrupt(path, 'its head is not a database’s')
  if (meta.version !== DATA_VERSION) throw new SkeinError('ERR_STORE_FOREIGN', `${path} is an LMDB file of format ${meta.version}, which Skein does not write`)
  const { pageSize } = meta
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) throw corrupt(path, `it claims pages of ${pageSize} bytes`)
  if (meta.page !== BigInt(number) || meta.flags !== META_PAGE || (meta.commit > 0n && Number(meta.commit & 1n) !== number)) throw corrupt(path, 'a head page is not in its place')
  if (!FREE_TREE_FLAGS.has(meta.free.flags)) {
    throw new SkeinError('ERR_STORE_FOREIGN', `${path} is an LMDB file of other settings than Skein’s, or is damaged`, { hint: 'Choose another data directory, or restore a copy.' })
  }
  if (meta.main.flags !== 0 || meta.lastPage > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt(path, 'a head page is damaged')
  return meta
}

function corrupt (path: string, what: string): SkeinError {
  return new SkeinError('ERR_STORE_CORRUPT', `the store ${path} is damaged: ${what}`, {
    hint: DAMAGED_HINT
  })
}
