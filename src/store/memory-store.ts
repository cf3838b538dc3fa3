/**
 * The Store port in memory, for tests and for simulations on simulated time.
 *
 * It keeps no clock and no timer: `soon` decides when a commit completes. What it holds is on a `MemoryDisk`, which
 * outlives the store, so that a simulated node can crash and start again on what was durable.
 */
import { SkeinError } from '../base/errors.js'
import { callDone, checkKey, checkOps, checkTable, closedError, limitOf } from './check.js'
import { isYielding } from './room.js'
import { fromText, toText } from './keys.js'
import { openRow, ROW_CHECK_BYTES, sealRow } from './row-check.js'
import { SortedTable } from './sorted-table.js'
import { TABLES, type Store, type StoreOp, type StoreRange, type StoreStats, type Table } from './store.js'

export interface MemoryDisk {
  readonly tables: ReadonlyMap<Table, SortedTable>
  /** While true every commit that puts something is refused with `ERR_STORE_FULL`. */
  full: boolean
  /** While true a commit that yields is refused with `ERR_STORE_FULL`. Default false. */
  tight?: boolean
  /** Once true the next commit fails with `ERR_STORE`, and the store that met it has failed for good. */
  broken: boolean
  /** The commit that fails on a broken disk is on it all the same: its outcome is unknown to whoever asked for it. */
  keepsFailed?: boolean
}

export interface MemoryStoreOptions {
  /** Calls `fn` later, never synchronously. Default `setImmediate`. */
  readonly soon?: (fn: () => void) => void
  /** What an earlier store left. Default: an empty one. */
  readonly disk?: MemoryDisk
  /** Of how many commits one is looked at for bytes that the caller changed meanwhile. Default 1: all. */
  readonly lookEvery?: number
}

export interface MemoryStore extends Store {
  readonly disk: MemoryDisk
  /** Commits that are not done. */
  readonly underWay: number
  /**
   * The process dies: commits under way are lost but for the first `kept` of them, which had reached the disk; no `done` is
   * called, the store is closed. Default 0.
   */
  crash (kept?: number): void
}

interface Change {
  readonly table: SortedTable
  readonly key: string
  /** Absent for a delete. */
  readonly value: Uint8Array | undefined
}

interface Pending {
  readonly ops: readonly StoreOp[]
  /** It is looked at again for bytes that the caller has changed. */
  readonly looked: boolean
  readonly changes: readonly Change[]
  readonly done: (error?: Error) => void
}

export function createMemoryDisk (): MemoryDisk {
  return { tables: new Map(TABLES.map(table => [table, new SortedTable()])), full: false, broken: false }
}

export function createMemoryStore (options: MemoryStoreOptions = {}): MemoryStore {
  return new SortedMemoryStore(options.soon ?? (fn => { setImmediate(fn) }), options.disk ?? createMemoryDisk(), options.lookEvery ?? 1)
}

class SortedMemoryStore implements MemoryStore {
  readonly disk: MemoryDisk
  readonly #soon: (fn: () => void) => void
  readonly #queue: Pending[] = []
  #state: 'open' | 'closing' | 'closed' = 'open'
  #failure: SkeinError | undefined
  readonly #idle: Array<() => void> = []

  #commits = 0

  constructor (soon: (fn: () => void) => void, disk: MemoryDisk, private readonly lookEvery: number) {
    this.#soon = soon
    this.disk = disk
  }

  get underWay (): number { return this.#queue.length }

  get (table: Table, key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen()
    checkKey(key)
    const row = this.#table(table).get(toText(key))
    return row === undefined ? undefined : openRow(table, key, row.slice())
  }

  entries (table: Table, range: StoreRange = {}): Array<readonly [Uint8Array, Uint8Array]> {
    const from = this.#table(table)
    return this.#range(from, range).map(text => {
      const key = fromText(text)
      return [key, openRow(table, key, (from.get(text) as Uint8Array).slice())] as const
    })
  }

  keys (table: Table, range: StoreRange = {}): Uint8Array[] {
    return this.#range(this.#table(table), range).map(fromText)
  }

  commit (ops: readonly StoreOp[], done: (error?: Error) => void): void {
    if (this.#state !== 'open') throw closedError()
    checkOps(ops)
    const looked = this.#commits++ % this.lookEvery === 0
    this.#queue.push({ ops, looked, changes: ops.map(op => this.#change(op)), done })
    // Each turn completes the oldest commit, so that they complete in order even if `soon` shuffles its turns.
    this.#soon(() => { this.#completeOldest() })
  }

  stats (): StoreStats {
    this.#checkOpen()
    let used = 0
    for (const table of this.disk.tables.values()) used += table.bytes
    return { fileBytes: used, usedBytes: used }
  }

  hasSpareRoom (): boolean { return !this.disk.full && this.disk.tight !== true }

  async close (): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing'
    if (this.#queue.length > 0) await new Promise<void>(resolve => { this.#idle.push(resolve) })
    this.#state = 'closed'
  }

  crash (kept = 0): void {
    if (this.#state !== 'closed') for (const { changes } of this.#queue.slice(0, kept)) apply(changes)
    this.#state = 'closed'
    this.#queue.length = 0
    for (const resolve of this.#idle) resolve()
  }

  #completeOldest (): void {
    const pending = this.#queue[0]
    if (pending === undefined) return
    let kept = false
    if (this.disk.broken && this.#failure === undefined) {
      this.#failure = new SkeinError('ERR_STORE', 'the disk is broken')
      kept = this.disk.keepsFailed === true
    }
    let error = this.#failure
    const refused = this.disk.full ? pending.changes.some(change => change.value !== undefined) : this.disk.tight === true && isYielding(pending.ops)
    if (error === undefined && refused) {
      error = new SkeinError('ERR_STORE_FULL', 'the disk is full')
    }
    if (pending.looked && !isUnchanged(pending)) error = new SkeinError('ERR_INTERNAL', 'bytes that were handed to commit were changed before its done')
    if (error === undefined || kept) apply(pending.changes)
    this.#queue.shift()
    callDone(pending.done, error)
    if (this.#queue.length === 0) for (const resolve of this.#idle) resolve()
  }

  /** Copies what the caller may change after the call. */
  #change (op: StoreOp): Change {
    return { table: this.#table(op.table), key: toText(op.key), value: op.type === 'put' ? sealRow(op.table, op.key, op.value) : undefined }
  }

  #range (table: SortedTable, range: StoreRange): string[] {
    this.#checkOpen()
    const gte = range.gte === undefined ? '' : toText(range.gte)
    const lt = range.lt === undefined ? undefined : toText(range.lt)
    return table.keys(gte, lt, range.reverse === true, limitOf(range))
  }

  #table (name: Table): SortedTable {
    const table = this.disk.tables.get(name)
    if (table === undefined) checkTable(name)
    return table as SortedTable
  }

  /** Reads go on while `close` waits, because the `done` of a commit under way may well read. */
  #checkOpen (): void {
    if (this.#state === 'closed') throw closedError()
  }
}

/**
 * A store on disk writes the caller's bytes where they are, some time between `commit` and `done`. A caller that uses them for
 * something else meanwhile would keep rubbish there, with nothing to show for it here; so here it is told.
 */
function isUnchanged ({ ops, changes }: Pending): boolean {
  return ops.length === changes.length && ops.every((op, i) => {
    const { key, value } = changes[i] as Change
    return toText(op.key) === key && (op.type === 'del' || (value !== undefined && Buffer.compare(op.value, value.subarray(0, -ROW_CHECK_BYTES)) === 0))
  })
}

function apply (changes: readonly Change[]): void {
  for (const { table, key, value } of changes) {
    if (value === undefined) table.del(key)
    else table.put(key, value)
  }
}
