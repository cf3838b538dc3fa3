/**
 * Rows that are on disk in the journal and not yet in the tables, held in memory so that reads see them: each layer lies over
 * those below it, and all of them over the tables.
 *
 *     newest layer    b=2          d deleted
 *     older layer     b=1  c=1
 *     tables          a=0  b=0     d=0          reads: a=0  b=2  c=1
 */
import { fromText, toText } from './keys.js'
import { SortedTable } from './sorted-table.js'
import type { StoreRange, Table } from './store.js'

/** Stands for a row that is deleted. None that is there is so short, since each carries a check sum. */
const DELETED = new Uint8Array(0)

/** What a read gives for each key: the row, where rows are asked for. */
export type Row = readonly [key: Uint8Array, row: Uint8Array]

/** Keys taken from a source at a time. */
const PAGE_KEYS = 64

export class Overlay {
  readonly #tables = new Map<Table, SortedTable>()
  #bytes = 0

  get isEmpty (): boolean { return this.#tables.size === 0 }
  /** Bytes of keys and rows. */
  get bytes (): number { return this.#bytes }

  has (table: Table): boolean { return this.#tables.has(table) }

  put (table: Table, key: string, row: Uint8Array | undefined): void {
    let rows = this.#tables.get(table)
    if (rows === undefined) this.#tables.set(table, rows = new SortedTable())
    const before = rows.bytes
    rows.put(key, row ?? DELETED)
    this.#bytes += rows.bytes - before
  }

  /** Undefined: this layer knows nothing of the key. Empty: it is deleted. */
  get (table: Table, key: string): Uint8Array | undefined { return this.#tables.get(table)?.get(key) }

  keys (table: Table, gte: string, lt: string | undefined, reverse: boolean, limit: number): string[] {
    return this.#tables.get(table)?.keys(gte, lt, reverse, limit) ?? []
  }

  /** In the order of the keys, which is the one that a tree takes fastest. `row` is undefined where it is deleted. */
  * rows (): Generator<readonly [table: Table, key: Uint8Array, row: Uint8Array | undefined]> {
    for (const [table, rows] of this.#tables) {
      for (const key of rows.keys('', undefined, false, Infinity)) {
        const row = rows.get(key) as Uint8Array
        yield [table, fromText(key), row.length === 0 ? undefined : row]
      }
    }
  }

  clear (): void {
    this.#tables.clear()
    this.#bytes = 0
  }
}

/** The row that the layers, newest first, have of a key. Undefined: they know nothing of it. Null: it is deleted. */
export function rowIn (layers: readonly Overlay[], table: Table, key: Uint8Array): Uint8Array | undefined | null {
  let text: string | undefined
  for (const layer of layers) {
    if (!layer.has(table)) continue
    const row = layer.get(table, text ??= toText(key))
    if (row !== undefined) return row.length === 0 ? null : row
  }
  return undefined
}

/**
 * A range over the layers, newest first, and the table under them, of which `read` gives rows (or only keys, with anything for a row). What it
 * gives of the layers are views: they are copied by whoever hands them out.
 */
export function mergedRange (layers: readonly Overlay[], table: Table, range: StoreRange, limit: number, read: (range: StoreRange, limit: number) => Row[]): Array<readonly [key: Uint8Array, row: Uint8Array, isView: boolean]> {
  const reverse = range.reverse === true
  const out: Array<readonly [Uint8Array, Uint8Array, boolean]> = []
  let gte = range.gte === undefined ? '' : toText(range.gte)
  let lt = range.lt === undefined ? undefined : toText(range.lt)
  while (out.length < limit && (lt === undefined || gte < lt)) {
    const asked = limit - out.length + PAGE_KEYS
    const rows = new Map<string, readonly [Uint8Array, Uint8Array, boolean] | undefined>()
    /** Beyond this key not every source has told what it has. */
    let known: string | undefined
    const see = (count: number, last: string | undefined): void => {
      if (count < asked || last === undefined) return
      if (known === undefined || (reverse ? last > known : last < known)) known = last
    }
    const below = read({ gte: fromText(gte), ...(lt === undefined ? {} : { lt: fromText(lt) }), reverse }, asked)
    for (const [key, row] of below) rows.set(toText(key), [key, row, false])
    see(below.length, below.length === 0 ? undefined : toText((below.at(-1) as Row)[0]))
    for (let i = layers.length - 1; i >= 0; i--) {
      const layer = layers[i] as Overlay
      const keys = layer.keys(table, gte, lt, reverse, asked)
      for (const key of keys) {
        const row = layer.get(table, key) as Uint8Array
        rows.set(key, row.length === 0 ? undefined : [fromText(key), row, true])
      }
      see(keys.length, keys.at(-1))
    }
    const keys = [...rows.keys()].sort()
    if (reverse) keys.reverse()
    for (const key of keys) {
      if (out.length >= limit || (known !== undefined && (reverse ? key < known : key > known))) break
      const row = rows.get(key)
      if (row !== undefined) out.push(row)
    }
    if (known === undefined) break
    if (reverse) lt = known
    else gte = known + '\0'
  }
  return out
}
