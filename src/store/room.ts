/**
 * Whether the disk has room for a commit.
 *
 * LMDB cannot be stopped half way through a commit, so this looks before each one. A commit needs new pages even when it only
 * deletes, and so a part of the disk is kept in reserve:
 *
 *     free on the disk   ├── floor ──┼── reserve ──┼── own messages ──┼──── any commit ────►
 *                        0          R/2            R                 4R
 *
 * - Above 4 R everything goes.
 * - Between R and 4 R goes everything but what yields: the batches of others, which can be fetched again, must not
 *   take the disk from what this node publishes. Here free pages within the file count as free disk.
 * - Between R/2 and R goes what must still work on a full disk: what puts no batch (acks, cursors, dead letters, trims),
 *   and any commit for which the file itself has free pages to spare. Trimming does not shrink the file, it frees pages
 *   within it, and that is the room that a full node lives on afterwards. Free pages can be too scattered for
 *   a large value, and then the file grows all the same: this is what the other half is for.
 * - Below R/2 nothing goes, until somebody makes room.
 *
 * R is 64 MiB, or a sixteenth of a small disk, but at least 2 MiB.
 */
import type { StoreOp } from './store.js'

export const STORE_RESERVE_BYTES_DEFAULT = 64 * 1024 * 1024
const RESERVE_BYTES_MIN = 2 * 1024 * 1024
const RESERVE_SHARE_OF_DISK = 16
/** A look at the disk costs 1.5 µs on a local one and a round trip on a remote one; others may fill it meanwhile. */
const LOOK_VALID_MS = 50
/** Pages that a transaction writes whatever is in it: the heads, the free list, the paths to the roots. Generous guess. */
export const PAGES_PER_TRANSACTION = 32
/** So many reserves are left to this node's own messages by what it takes from others. A choice. */
const OWN_SHARE = 3
/** Pages that one operation may copy: its leaf and the branch above it. */
const PAGES_PER_OP = 2

export interface DiskSpace {
  readonly freeBytes: number
  readonly totalBytes: number
}

export interface RoomOptions {
  /** Looks at the disk. */
  readonly look: () => DiskSpace
  /** Bytes of free pages within the file. */
  readonly reusable: () => number
  /** Bytes that are admitted already and not yet on the disk. Default none. */
  readonly pending?: () => number
  /** Monotonic. */
  readonly nowMs: () => number
  readonly reserveBytes?: number | undefined
}

export class Room {
  readonly #options: RoomOptions
  #lookedAtMs = -Infinity
  /** What may still be written before the next look, and by what yields. */
  #budget = 0
  #yieldingBudget = 0

  constructor (options: RoomOptions) { this.#options = options }

  /** True if a commit of `needBytes` may go ahead. `essential`: it is one that must still work on a full disk. `yields`: one that leaves room for all others. */
  admits (needBytes: number, essential: boolean, yields = false): boolean {
    const { reusable, nowMs, reserveBytes } = this.#options
    const now = nowMs()
    if (now - this.#lookedAtMs >= LOOK_VALID_MS || needBytes > (yields ? this.#yieldingBudget : this.#budget)) {
      const disk = this.#look()
      const reserve = reserveBytes ?? defaultReserve(disk.totalBytes)
      const left = disk.freeBytes - needBytes
      this.#yieldingBudget = 0
      if (left < reserve) {
        // Close to full each commit looks for itself: the figures are used up as they are read.
        this.#budget = 0
        return yields ? this.#mayYield(left, needBytes, reserve) : left >= reserve / 2 && (essential || reusable() >= 2 * needBytes)
      }
      this.#lookedAtMs = now
      // Half of what is free, so that another writer on this disk cannot use up the reserve between two looks unseen.
      this.#budget = needBytes + (left - reserve) / 2
      const spare = left - (1 + OWN_SHARE) * reserve
      if (spare >= 0) this.#yieldingBudget = needBytes + spare / 2
      else if (yields && !this.#mayYield(left, needBytes, reserve)) return false
    }
    this.#budget -= needBytes
    this.#yieldingBudget -= needBytes
    return true
  }

  /** Whether what is pending, which was admitted, and so much beside it can go to the disk as it is now. */
  admitsPending (needBytes: number): boolean {
    const { look, reusable, reserveBytes, pending } = this.#options
    const { freeBytes, totalBytes } = look()
    const floor = (reserveBytes ?? defaultReserve(totalBytes)) / 2
    const need = needBytes + (pending?.() ?? 0)
    return freeBytes - need >= floor || (freeBytes >= floor && reusable() >= 2 * need)
  }

  /** Whether what yields would find room for so much. */
  hasSpare (needBytes: number): boolean {
    const { reserveBytes } = this.#options
    const disk = this.#look()
    return this.#mayYield(disk.freeBytes - needBytes, needBytes, reserveBytes ?? defaultReserve(disk.totalBytes))
  }

  #look (): DiskSpace {
    const { freeBytes, totalBytes } = this.#options.look()
    return { freeBytes: freeBytes - (this.#options.pending?.() ?? 0), totalBytes }
  }

  /** With `left` on the disk after it. */
  #mayYield (left: number, needBytes: number, reserve: number): boolean {
    const spare = left - (1 + OWN_SHARE) * reserve
    if (spare >= 0) return true
    const reusable = this.#options.reusable()
    return left >= reserve ? reusable + spare >= 0 : left >= reserve / 2 && reusable >= 2 * needBytes + OWN_SHARE * reserve
  }
}

function defaultReserve (totalBytes: number): number {
  return Math.min(STORE_RESERVE_BYTES_DEFAULT, Math.max(RESERVE_BYTES_MIN, totalBytes / RESERVE_SHARE_OF_DISK))
}

/** An upper bound of the new pages that a commit takes, in bytes, its transaction's own left out. */
export function bytesNeeded (ops: readonly StoreOp[], pageSize: number): number {
  let pages = 0
  for (const op of ops) {
    pages += PAGES_PER_OP
    if (op.type === 'put') pages += Math.ceil((op.value.length + op.key.length) / pageSize)
  }
  return pages * pageSize
}

/** What others sent, which can be had again: it leaves the rest of the disk to what cannot. */
export function isYielding (ops: readonly StoreOp[]): boolean {
  return ops.some(op => op.type === 'put' && op.yields === true)
}

/** What must still work when the disk is nearly full: all that stores no message. */
export function isEssential (ops: readonly StoreOp[]): boolean {
  return !ops.some(op => op.type === 'put' && op.table === 'batch')
}
