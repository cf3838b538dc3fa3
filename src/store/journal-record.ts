/**
 * The records of the journal (`journal.ts`): what one group of commits puts and deletes, in a form that tells whether it is whole.
 *
 *     record   magic u32 · journal id 8 B · number u64 · payload bytes u32 · CRC-32 of the payload u32 · CRC-32 of the 28 bytes before u32 · payload
 *     payload  for each operation: table u8, with the upper bit set where it deletes · key bytes u16 · row bytes u32 · key · row
 *
 * Big-endian. A record begins at a multiple of 4 KiB, so that to write one never touches a sector of another, and it is the
 * only one that is being written. The id is drawn anew each time a journal is opened: what an earlier life has left, and whatever
 * an application puts into its messages, can never pass for a record of this one.
 */
import { crc32 } from 'node:zlib'
import { ROW_CHECK_BYTES, sealRowInto } from './row-check.js'
import { TABLES, type StoreOp, type Table } from './store.js'

export const JOURNAL_BLOCK_BYTES = 4096
export const JOURNAL_ID_BYTES = 8
const MAGIC = 0x534b4a31
const HEADER_BYTES = 32
const OP_BYTES = 7
const DELETES = 0x80

/** Takes what a record holds, operation by operation. `key`: one character a byte. `row`: the value and its check sum; undefined where it is deleted. */
export type RowSink = (table: Table, key: string, row: Uint8Array | undefined) => void

export interface RecordFound {
  readonly number: number
  /** Whole, with a payload that is what was written. */
  readonly whole: boolean
  readonly payloadAt: number
  readonly payloadBytes: number
}

const TABLE_NUMBERS: ReadonlyMap<Table, number> = new Map(TABLES.map((table, i) => [table, i]))

/** What these commits take in the journal, whole blocks. */
export function recordBytes (groups: ReadonlyArray<readonly StoreOp[]>): number {
  let bytes = HEADER_BYTES
  for (const ops of groups) for (const op of ops) bytes += OP_BYTES + op.key.length + (op.type === 'put' ? op.value.length + ROW_CHECK_BYTES : 0)
  return toBlocks(bytes)
}

function toBlocks (bytes: number): number { return Math.ceil(bytes / JOURNAL_BLOCK_BYTES) * JOURNAL_BLOCK_BYTES }

/** Writes a record at `at` and hands its rows to `take`, as views of `into`. */
export function writeRecord (into: Buffer, at: number, id: Uint8Array, number: number, groups: ReadonlyArray<readonly StoreOp[]>, take: RowSink): void {
  let end = at + HEADER_BYTES
  for (const ops of groups) {
    for (const op of ops) {
      const keyBytes = op.key.length
      const rowBytes = op.type === 'put' ? op.value.length + ROW_CHECK_BYTES : 0
      const key = end + OP_BYTES
      const row = key + keyBytes
      into[end] = (TABLE_NUMBERS.get(op.table) as number) | (op.type === 'del' ? DELETES : 0)
      into.writeUInt16BE(keyBytes, end + 1)
      into.writeUInt32BE(rowBytes, end + 3)
      into.set(op.key, key)
      end = row + rowBytes
      if (op.type === 'put') sealRowInto(into, row, op.table, op.key, op.value)
      take(op.table, into.toString('latin1', key, row), op.type === 'put' ? into.subarray(row, end) : undefined)
    }
  }
  const payloadAt = at + HEADER_BYTES
  into.writeUInt32BE(MAGIC, at)
  into.set(id, at + 4)
  into.writeUInt32BE(Math.floor(number / 0x100000000), at + 12)
  into.writeUInt32BE(number >>> 0, at + 16)
  into.writeUInt32BE(end - payloadAt, at + 20)
  into.writeUInt32BE(crc32(into.subarray(payloadAt, end)), at + 24)
  into.writeUInt32BE(crc32(into.subarray(at, at + 28)), at + 28)
}

/** The record of this journal that begins at `at`, if one does, be it whole or not. */
export function findRecord (from: Buffer, at: number, id: Uint8Array): RecordFound | undefined {
  const payloadAt = at + HEADER_BYTES
  if (payloadAt > from.length || from.readUInt32BE(at) !== MAGIC || Buffer.compare(from.subarray(at + 4, at + 12), id) !== 0) return undefined
  if (crc32(from.subarray(at, at + 28)) !== from.readUInt32BE(at + 28)) return undefined
  const payloadBytes = from.readUInt32BE(at + 20)
  const whole = payloadAt + payloadBytes <= from.length && crc32(from.subarray(payloadAt, payloadAt + payloadBytes)) === from.readUInt32BE(at + 24)
  return { number: from.readUInt32BE(at + 12) * 0x100000000 + from.readUInt32BE(at + 16), whole, payloadAt, payloadBytes }
}

/** Hands the rows of a whole record to `take`, as views of `from`. */
export function readRecord (from: Buffer, { payloadAt, payloadBytes }: RecordFound, take: RowSink): void {
  const end = payloadAt + payloadBytes
  for (let at = payloadAt; at < end;) {
    const kind = from[at] as number
    const key = at + OP_BYTES
    const row = key + from.readUInt16BE(at + 1)
    at = row + from.readUInt32BE(at + 3)
    take(TABLES[kind & ~DELETES] as Table, from.toString('latin1', key, row), (kind & DELETES) === 0 ? from.subarray(row, at) : undefined)
  }
}
