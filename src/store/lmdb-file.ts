/**
 * Looks at an LMDB file before LMDB does. LMDB maps the file into memory and trusts it: a file that was cut short kills the
 * process with SIGBUS at the first page that is not there, with no error that could be reported.
 *
 *     meta page (pages 0 and 1), little-endian
 *     ┌ page header, 24 bytes ────────────┬ 24 ──────┬ 28 ────────┬ 48 ────────────┬ 96 ───────┬ 144 ────────┬ 152 ──────┐
 *     │ … flags u16 at 18: 8 = meta page  │ magic u32 │ version u32 │ free tree, 48 B │ main tree  │ last page u64 │ commit u64 │
 *     └───────────────────────────────────┴──────────┴────────────┴────────────────┴───────────┴─────────────┴───────────┘
 *     tree: page size u32 (free tree only), flags u16, depth u16, branch, leaf, overflow pages u64, entries u64, root page u64
 *
 * A sound file may be shorter than its last page number says, when its last pages were taken and freed within one commit.
 * So a short file is not refused at once: it is whole if nothing that is in use lies beyond its end, and that is looked up by
 * walking its trees. Such files are rare, and the walk is what makes the verdict certain both ways.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { SkeinError } from '../base/errors.js'

const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
const META_BYTES = 168
const META_PAGE = 8
const BRANCH_PAGE = 1
const LEAF_PAGE = 2
const OVERFLOW_PAGE = 4
const PAGE_HEADER = 24
const NODE_HEADER = 8
const NODE_ON_OVERFLOW = 1
const NODE_IS_TREE = 2
const NO_PAGE = 2n ** 64n - 1n
const DEPTH_MAX = 64

interface Meta {
  readonly pageSize: number
  readonly roots: readonly bigint[]
  readonly lastPage: bigint
  readonly commit: bigint
}

/** Throws `ERR_STORE_CORRUPT` or `ERR_STORE_FOREIGN` unless LMDB can open the file without dying of it. */
export function checkLmdbFile (path: string): void {
  const fd = openSync(path, 'r')
  try {
    const bytes = fstatSync(fd).size
    const first = readMeta(fd, 0, path)
    const second = readMeta(fd, first.pageSize, path)
    if (second.pageSize !== first.pageSize) throw corrupt(path, 'its two head pages disagree')
    const meta = second.commit > first.commit ? second : first
    if (BigInt(bytes) >= (meta.lastPage + 1n) * BigInt(meta.pageSize)) return
    new TreeWalk(fd, path, meta, Math.floor(bytes / meta.pageSize)).run()
  } finally {
    closeSync(fd)
  }
}

function readMeta (fd: number, offset: number, path: string): Meta {
  const page = Buffer.alloc(META_BYTES)
  if (readSync(fd, page, 0, META_BYTES, offset) < META_BYTES) throw corrupt(path, 'it ends within its first pages')
  if (page.readUInt32LE(24) !== MAGIC || (page.readUInt16LE(18) & META_PAGE) === 0) throw corrupt(path, 'its head is not a database’s')
  const version = page.readUInt32LE(28) & 0xffff
  if (version !== DATA_VERSION) throw new SkeinError('ERR_STORE_FOREIGN', `${path} is an LMDB file of format ${version}, which Skein does not write`)
  const pageSize = page.readUInt32LE(48)
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) throw corrupt(path, `it claims pages of ${pageSize} bytes`)
  return {
    pageSize,
    roots: [page.readBigUInt64LE(48 + 40), page.readBigUInt64LE(96 + 40)],
    lastPage: page.readBigUInt64LE(144),
    commit: page.readBigUInt64LE(152)
  }
}

/** Visits each page in use and throws if one is beyond the end of the file, or is not what its parent says. */
class TreeWalk {
  readonly #fd: number
  readonly #path: string
  readonly #meta: Meta
  readonly #pages: number

  constructor (fd: number, path: string, meta: Meta, pages: number) {
    this.#fd = fd
    this.#path = path
    this.#meta = meta
    this.#pages = pages
  }

  run (): void {
    for (const root of this.#meta.roots) this.#tree(root)
  }

  #tree (root: bigint): void {
    if (root !== NO_PAGE) this.#page(root, 0)
  }

  #page (number: bigint, depth: number): void {
    if (depth > DEPTH_MAX) throw corrupt(this.#path, 'its pages form a circle')
    const page = this.#read(number)
    const flags = page.readUInt16LE(18)
    if ((flags & (BRANCH_PAGE | LEAF_PAGE)) === 0) throw corrupt(this.#path, `page ${number} is not what it should be`)
    const nodes = page.readUInt16LE(20) >> 1
    if (PAGE_HEADER + nodes * 2 > page.length) throw corrupt(this.#path, `page ${number} is damaged`)
    for (let i = 0; i < nodes; i++) {
      const node = page.readUInt16LE(PAGE_HEADER + i * 2) + PAGE_HEADER
      if (node + NODE_HEADER > page.length) throw corrupt(this.#path, `page ${number} is damaged`)
      if ((flags & BRANCH_PAGE) !== 0) this.#page(BigInt(page.readUIntLE(node, 6)), depth + 1)
      else this.#leafNode(page, node, depth)
    }
  }

  #leafNode (page: Buffer, node: number, depth: number): void {
    const flags = page.readUInt16LE(node + 4)
    if ((flags & (NODE_ON_OVERFLOW | NODE_IS_TREE)) === 0) return
    const data = node + NODE_HEADER + page.readUInt16LE(node + 6)
    const size = (flags & NODE_IS_TREE) === 0 ? 8 : 48
    if (data + size > page.length) throw corrupt(this.#path, 'a page is damaged')
    if ((flags & NODE_IS_TREE) !== 0) {
      const root = page.readBigUInt64LE(data + 40)
      if (root !== NO_PAGE) this.#page(root, depth + 1)
      return
    }
    const first = page.readBigUInt64LE(data)
    const head = this.#read(first)
    if ((head.readUInt16LE(18) & OVERFLOW_PAGE) === 0) throw corrupt(this.#path, `page ${first} is not what it should be`)
    this.#checkInFile(first + BigInt(Math.max(1, head.readUInt32LE(20))) - 1n)
  }

  #read (number: bigint): Buffer {
    this.#checkInFile(number)
    const page = Buffer.allocUnsafe(this.#meta.pageSize)
    if (readSync(this.#fd, page, 0, page.length, Number(number) * page.length) < page.length) throw corrupt(this.#path, 'it is cut short')
    return page
  }

  #checkInFile (number: bigint): void {
    if (number >= BigInt(this.#pages)) throw corrupt(this.#path, `it is cut short: page ${number} of ${this.#meta.lastPage + 1n} is gone`)
  }
}

function corrupt (path: string, what: string): SkeinError {
  return new SkeinError('ERR_STORE_CORRUPT', `the store ${path} is damaged: ${what}`, {
    hint: 'Move it away and restore a backup, or start anew with a new identity; what peers hold can be fetched again.'
  })
}
