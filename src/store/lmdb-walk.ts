/**
 * The walk over all pages in use of an LMDB file (`lmdb-file.ts` says what for).
 *
 * A sound file may be shorter than its last page number says, when its last pages were taken and freed within one commit. So it
 * is not the length that is checked, but that nothing in use lies beyond it.
 */
import { readSync } from 'node:fs'
import {
  BRANCH_PAGE, decodeTree, freeRuns, LEAF_PAGE, NO_PAGE, NODE_HEADER, NODE_IS_TREE, NODE_ON_OVERFLOW, OVERFLOW_PAGE, OVERFLOW_REF_BYTES, PAGE_HEADER, TREE_BYTES, type MetaPage, type TreeRecord
} from './lmdb-pages.js'

const DEPTH_MAX = 32
/** The one whose pages are skipped when the time is up: its rows are looked at again, one by one, when they are read. */
const BATCH_TABLE = 'batch'
export const FORMAT_TABLE = 'skein'
/** Pages between two looks at the clock. */
const LOOK_PAGES = 64

export interface PageCheck {
  readonly fd: number
  readonly bytes: number
  readonly meta: MetaPage
  readonly deadlineMs: number
  readonly nowMs: () => number
}

/** What is wrong with the file, if anything is. */
export function checkPages (check: PageCheck): string | undefined {
  try {
    new TreeWalk(check).run()
    return undefined
  } catch (error) {
    if (error instanceof Damage) return error.message
    throw error
  }
}

class Damage extends Error {}

/** What was counted on the way. */
interface Walked { branchPages: bigint, leafPages: bigint, overflowPages: bigint, entries: bigint }

type Kind = 'main' | 'free' | 'table'

class TreeWalk {
  readonly #c: PageCheck
  readonly #size: number
  readonly #last: number
  /** One bit for each page: in use. */
  readonly #used: Uint8Array
  readonly #buffers: Buffer[] = []
  readonly #overflowHead = Buffer.alloc(PAGE_HEADER)
  readonly #tables: Array<{ readonly name: string, readonly tree: TreeRecord, readonly commit: bigint }> = []
  readonly #freeRows: Buffer[] = []
  #mainRows = 0
  #skippable = false
  #skipped = false
  #untilLook = 1

  constructor (check: PageCheck) {
    this.#c = check
    this.#size = check.meta.pageSize
    this.#last = Number(check.meta.lastPage)
    const pages = Math.max(Math.floor(check.bytes / this.#size), 2)
    this.#used = new Uint8Array(Math.ceil(pages / 8))
    this.#used[0] = 3
  }

  run (): void {
    const { main, free, commit } = this.#c.meta
    this.#tree(main, 'main', commit)
    // Another program's: nothing of it is read but this.
    if (!this.#tables.some(({ name }) => name === FORMAT_TABLE)) return
    if (this.#mainRows > 0) throw new Damage('the record of a table is damaged')
    this.#tree(free, 'free', commit)
    for (const { name, tree, commit } of this.#tables) if (name !== BATCH_TABLE) this.#tree(tree, 'table', commit)
    this.#skippable = true
    for (const { name, tree, commit } of this.#tables) if (name === BATCH_TABLE) this.#tree(tree, 'table', commit)
    const highestFree = this.#checkFree()
    if (this.#skipped || this.#last * this.#size < this.#c.bytes || highestFree === this.#last) return
    throw new Damage(`it is cut short: page ${this.#last} is gone`)
  }

  /** What is free must not be in use, or the next commit overwrites it. Returns the highest. */
  #checkFree (): number {
    let highest = 0
    for (const row of this.#freeRows) {
      if (row.length < 8 || row.readBigUInt64LE(0) > BigInt((row.length >> 3) - 1)) throw new Damage('its list of free pages is damaged')
      for (const [first, count] of freeRuns(row)) {
        if (first < 2 || first + count - 1 > this.#last) throw new Damage('its list of free pages is damaged')
        highest = Math.max(highest, first + count - 1)
        for (let page = first; page < first + count && page >> 3 < this.#used.length; page++) {
          if (((this.#used[page >> 3] as number) >> (page & 7) & 1) === 1) throw new Damage(`page ${page} is both in use and free`)
        }
      }
    }
    return highest
  }

  #tree (tree: TreeRecord, kind: Kind, commit: bigint): void {
    if (kind !== 'free' && tree.flags !== 0) throw new Damage('the record of a table is damaged')
    const walked: Walked = { branchPages: 0n, leafPages: 0n, overflowPages: 0n, entries: 0n }
    if (tree.depth > DEPTH_MAX) throw new Damage('a tree is too deep')
    if (tree.root === NO_PAGE) {
      if (tree.depth !== 0) throw new Damage('a tree has no root')
    } else {
      if (tree.depth === 0) throw new Damage('a tree without depth has a root')
      this.#page(Number(tree.root), tree.depth, kind, commit, undefined, undefined, walked)
    }
    if (this.#skipped && this.#skippable) return
    for (const name of ['branchPages', 'leafPages', 'overflowPages', 'entries'] as const) {
      if (walked[name] !== tree[name]) throw new Damage(`a tree should have ${tree[name]} ${name} and has ${walked[name]}`)
    }
  }

  #page (number: number, depth: number, kind: Kind, commit: bigint, low: Buffer | undefined, high: Buffer | undefined, walked: Walked): void {
    const isLeaf = depth === 1
    if (isLeaf && this.#skippable && this.#isLate()) { this.#skipped = true; return }
    this.#take(number, 1)
    const page = this.#read(number, depth)
    const damage = (): Damage => new Damage(`page ${number} is damaged`)
    const written = page.readBigUInt64LE(8)
    if (page.readBigUInt64LE(0) !== BigInt(number) || page.readUInt16LE(18) !== (isLeaf ? LEAF_PAGE : BRANCH_PAGE)) throw new Damage(`page ${number} is not what it should be`)
    if (written > commit) throw new Damage(`page ${number} is of another commit`)
    const lower = page.readUInt16LE(20)
    const upper = page.readUInt16LE(22)
    const nodes = lower >> 1
    if ((lower & 1) !== 0 || lower > upper || upper > page.length - PAGE_HEADER || nodes < (isLeaf ? 1 : 2)) throw damage()
    let filled = 0
    let before: Buffer | undefined
    const compare = kind === 'free' ? compareNumbers : Buffer.compare
    for (let i = 0; i < nodes; i++) {
      const node = page.readUInt16LE(PAGE_HEADER + i * 2) + PAGE_HEADER
      if (node < PAGE_HEADER + upper || node + NODE_HEADER > page.length) throw damage()
      const keyBytes = page.readUInt16LE(node + 6)
      const data = node + NODE_HEADER + keyBytes
      const dataBytes = isLeaf ? inlineBytes(page, node) : 0
      if (data + dataBytes > page.length) throw damage()
      filled += NODE_HEADER + keyBytes + dataBytes + ((keyBytes + dataBytes) & 1)
      const key = page.subarray(node + NODE_HEADER, data)
      // The first key of a branch stands for everything below the second.
      if (isLeaf || i > 0) {
        if (kind === 'free' && keyBytes !== 8) throw damage()
        const floor = before ?? low
        if (floor !== undefined && (before === undefined ? compare(key, floor) < 0 : compare(key, floor) <= 0)) throw new Damage(`page ${number} is out of order`)
        if (high !== undefined && compare(key, high) >= 0) throw new Damage(`page ${number} is out of order`)
        before = key
      }
      if (isLeaf) this.#leafNode(page, node, key, data, kind, written, walked)
    }
    if (filled !== page.length - PAGE_HEADER - upper) throw damage()
    if (isLeaf) {
      walked.leafPages++
      walked.entries += BigInt(nodes)
      return
    }
    walked.branchPages++
    for (let i = 0; i < nodes; i++) {
      const node = page.readUInt16LE(PAGE_HEADER + i * 2) + PAGE_HEADER
      this.#page(page.readUIntLE(node, 6), depth - 1, kind, written, i === 0 ? low : keyAt(page, i), i + 1 < nodes ? keyAt(page, i + 1) : high, walked)
    }
  }

  #leafNode (page: Buffer, node: number, key: Buffer, data: number, kind: Kind, commit: bigint, walked: Walked): void {
    const flags = page.readUInt16LE(node + 4)
    if (flags === NODE_IS_TREE && kind === 'main') {
      this.#tables.push({ name: key.toString('latin1').replace(/\0$/, ''), tree: decodeTree(page, data), commit })
      return
    }
    if (kind === 'main') this.#mainRows++
    if ((flags & ~NODE_ON_OVERFLOW) !== 0) throw new Damage('a row is damaged')
    const bytes = page.readUInt32LE(node)
    if (flags === 0) {
      if (kind === 'free') this.#freeRows.push(Buffer.from(page.subarray(data, data + bytes)))
      return
    }
    const first = Number(page.readBigUInt64LE(data))
    const written = page.readBigUInt64LE(data + 8)
    const pages = Number(page.readBigUInt64LE(data + 16))
    // A value may stand on the pages of a longer one before it.
    if (pages * this.#size < PAGE_HEADER + bytes || written > commit) throw new Damage('a row is damaged')
    this.#take(first, pages)
    walked.overflowPages += BigInt(pages)
    const head = this.#overflowHead
    if (readSync(this.#c.fd, head, 0, PAGE_HEADER, first * this.#size) < PAGE_HEADER) throw new Damage('it is cut short')
    if (head.readBigUInt64LE(0) !== BigInt(first) || head.readBigUInt64LE(8) !== written || head.readUInt16LE(18) !== OVERFLOW_PAGE || head.readUInt32LE(20) !== pages) {
      throw new Damage(`page ${first} is not what it should be`)
    }
    if (kind !== 'free') return
    const row = Buffer.alloc(bytes)
    if (readSync(this.#c.fd, row, 0, bytes, first * this.#size + PAGE_HEADER) < bytes) throw new Damage('it is cut short')
    this.#freeRows.push(row)
  }

  /** Marks pages as in use. */
  #take (first: number, count: number): void {
    if (first < 2 || first + count - 1 > this.#last) throw new Damage(`page ${first} is not one of its pages`)
    if ((first + count) * this.#size > this.#c.bytes) throw new Damage(`it is cut short: page ${first + count - 1} of ${this.#last + 1} is gone`)
    for (let page = first; page < first + count; page++) {
      const at = page >> 3
      const bit = 1 << (page & 7)
      const byte = this.#used[at] as number
      if ((byte & bit) !== 0) throw new Damage(`page ${page} is in use twice`)
      this.#used[at] = byte | bit
    }
  }

  /** Each depth has a buffer of its own, since a page is used again after those below it were read. */
  #read (number: number, depth: number): Buffer {
    const page = this.#buffers[depth] ??= Buffer.alloc(this.#size)
    if (readSync(this.#c.fd, page, 0, this.#size, number * this.#size) < this.#size) throw new Damage('it is cut short')
    return page
  }

  #isLate (): boolean {
    if (this.#skipped) return true
    if (--this.#untilLook > 0) return false
    this.#untilLook = LOOK_PAGES
    return this.#c.nowMs() > this.#c.deadlineMs
  }
}

/** Bytes of a leaf's node beside its key. */
function inlineBytes (page: Buffer, node: number): number {
  const flags = page.readUInt16LE(node + 4)
  if ((flags & NODE_ON_OVERFLOW) !== 0) return OVERFLOW_REF_BYTES
  const bytes = page.readUInt32LE(node)
  return (flags & NODE_IS_TREE) !== 0 && bytes !== TREE_BYTES ? page.length : bytes
}

function keyAt (page: Buffer, i: number): Buffer {
  const node = page.readUInt16LE(PAGE_HEADER + i * 2) + PAGE_HEADER
  return page.subarray(node + NODE_HEADER, node + NODE_HEADER + page.readUInt16LE(node + 6))
}

function compareNumbers (a: Buffer, b: Buffer): number {
  const left = a.readBigUInt64LE(0)
  const right = b.readBigUInt64LE(0)
  return left < right ? -1 : left > right ? 1 : 0
}
