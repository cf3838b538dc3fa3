/**
 * How LMDB lays out a file, as far as it must be known to check one. Little-endian, as LMDB writes it on the machines we run on.
 *
 *     each page    page number u64 · commit that wrote it u64 · pad u16 · flags u16 · lower u16 · upper u16 · …
 *     meta page    (pages 0 and 1) at 24: magic u32 · version u32 · address u64 · map size u64 · free tree 48 B · main tree 48 B ·
 *                  last page u64 · commit u64 · boot id i64
 *     tree         page size u32 (free tree only) · flags u16 · depth u16 · branch, leaf, overflow pages u64 · entries u64 · root page u64
 *     node         data size or page number u32 · flags u16 (of a page number: its upper bits) · key size u16 · key · data
 *
 * `lower` and the offsets of nodes count from the end of the header. Nodes are packed against the end of the page.
 */

export const META_BYTES = 168
export const META_PAGE = 8
export const BRANCH_PAGE = 1
export const LEAF_PAGE = 2
export const OVERFLOW_PAGE = 4
export const PAGE_HEADER = 24
export const NODE_HEADER = 8
export const NODE_ON_OVERFLOW = 1
export const NODE_IS_TREE = 2
export const TREE_BYTES = 48
/** Page, commit and count of pages: what a leaf says of a value on overflow pages. */
export const OVERFLOW_REF_BYTES = 24
export const NO_PAGE = 2n ** 64n - 1n

export interface TreeRecord {
  readonly flags: number
  readonly depth: number
  readonly branchPages: bigint
  readonly leafPages: bigint
  readonly overflowPages: bigint
  readonly entries: bigint
  readonly root: bigint
}

export interface MetaPage {
  readonly page: bigint
  readonly flags: number
  readonly magic: number
  readonly version: number
  readonly pageSize: number
  readonly free: TreeRecord
  readonly main: TreeRecord
  readonly lastPage: bigint
  readonly commit: bigint
}

export function decodeMeta (bytes: Buffer): MetaPage {
  return {
    page: bytes.readBigUInt64LE(0),
    flags: bytes.readUInt16LE(18),
    magic: bytes.readUInt32LE(24),
    version: bytes.readUInt32LE(28) & 0xffff,
    pageSize: bytes.readUInt32LE(48),
    free: decodeTree(bytes, 48),
    main: decodeTree(bytes, 96),
    lastPage: bytes.readBigUInt64LE(144),
    commit: bytes.readBigUInt64LE(152)
  }
}

export function decodeTree (bytes: Buffer, at: number): TreeRecord {
  return {
    flags: bytes.readUInt16LE(at + 4),
    depth: bytes.readUInt16LE(at + 6),
    branchPages: bytes.readBigUInt64LE(at + 8),
    leafPages: bytes.readBigUInt64LE(at + 16),
    overflowPages: bytes.readBigUInt64LE(at + 24),
    entries: bytes.readBigUInt64LE(at + 32),
    root: bytes.readBigUInt64LE(at + 40)
  }
}

/** Page numbers that a row of the free tree lists: [count][number …], where -n before a number means n pages from there on. */
export function * freeRuns (row: Buffer): Generator<readonly [first: number, count: number]> {
  const count = Number(row.readBigUInt64LE(0))
  let run = 1
  for (let i = 1; i <= count; i++) {
    const value = Number(row.readBigInt64LE(i * 8))
    if (value < 0) run = -value
    else {
      if (value > 0) yield [value, run]
      run = 1
    }
  }
}
