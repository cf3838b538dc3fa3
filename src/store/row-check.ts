/**
 * The check sum that each row carries on disk. LMDB does not notice when the disk returns something else than was written.
 *
 *     value on disk:  [value][CRC-32 of the table's name, the key and the value, u32]
 *
 * Table and key are in it, so that a row found under another key than it was put under is no row either. Which batch a row
 * holds its hash and signature say too, but to check those at each read would cost a hundred times as much.
 */
import { crc32 } from 'node:zlib'
import { rawBytes, toHex } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'
import { writeU32 } from './keys.js'
import { TABLES, type Table } from './store.js'

/** What is left to do with a store that holds what was not written. */
export const DAMAGED_HINT = 'Look at the disk and the kernel log. Restore a copy of the data directory. Without one move store.mdb away and start once with --accept-loss (acceptLoss: true): ' +
  'what peers hold is fetched again, what only this store held is lost.'

export const ROW_CHECK_BYTES = 4

const SEEDS: ReadonlyMap<string, number> = new Map(TABLES.map(table => [table, crc32(table)]))
/** Rows that can be had again from other nodes: a damaged one reads as zeros, which no whole one of them is. */
const REGAINED: ReadonlySet<Table> = new Set(['batch', 'receipt', 'peer'])

const sumOf = (table: string, key: Uint8Array, value: Uint8Array): number => crc32(value, crc32(key, SEEDS.get(table) ?? crc32(table)))

/** What is written to disk for this value. */
export function sealRow (table: string, key: Uint8Array, value: Uint8Array): Uint8Array {
  const row = rawBytes(value.length + ROW_CHECK_BYTES)
  sealRowInto(row, 0, table, key, value)
  return row
}

/** The same, written at `at`. */
export function sealRowInto (out: Uint8Array, at: number, table: string, key: Uint8Array, value: Uint8Array): void {
  out.set(value, at)
  writeU32(out, at + value.length, sumOf(table, key, value))
}

/** Whether the row is what was written under this key. */
export function rowHolds (table: string, key: Uint8Array, row: Uint8Array): boolean {
  const length = row.length - ROW_CHECK_BYTES
  if (length < 0) return false
  return new DataView(row.buffer, row.byteOffset).getUint32(length) === sumOf(table, key, row.subarray(0, length))
}

/** The value in the row. One that is not what was written is as many zeros where it can be had again, and elsewhere throws `ERR_STORE_CORRUPT`. */
export function openRow (table: Table, key: Uint8Array, row: Uint8Array): Uint8Array {
  if (rowHolds(table, key, row)) return row.subarray(0, row.length - ROW_CHECK_BYTES)
  if (REGAINED.has(table)) return new Uint8Array(Math.max(0, row.length - ROW_CHECK_BYTES))
  throw new SkeinError('ERR_STORE_CORRUPT', `a row of the table ${table} is not what was written (key ${toHex(key.subarray(0, 64))})`, {
    hint: DAMAGED_HINT
  })
}
