import { concatBytes } from '../base/bytes.js'
import { STORE_ENTRIES_MAX } from './check.js'
import type { Store, Table } from './store.js'

/** All rows of a table, read a page at a time: no read pins the store's pages for long. */
export function * rowsOf (store: Store, table: Table): Generator<readonly [key: Uint8Array, value: Uint8Array]> {
  let from: Uint8Array | undefined
  for (;;) {
    const rows = store.entries(table, from === undefined ? {} : { gte: from })
    yield * rows
    const last = rows.at(-1)?.[0]
    if (last === undefined || rows.length < STORE_ENTRIES_MAX) return
    from = concatBytes([last, Uint8Array.of(0)])
  }
}
