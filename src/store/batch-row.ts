/**
 * Rows of the table `batch`.
 *
 *     key:    [log number u32][base position u64]
 *     value:  [CRC-32 of what follows u32][the sealed batch]
 *
 * LMDB does not notice when the disk returns something else than was written. The batch's own hash covers its body and its
 * signature the header, but to check that one at each read would cost a hundred times as much.
 */
import { crc32 } from 'node:zlib'

export function batchKey (logNumber: number, base: number): Uint8Array {
  const key = new Uint8Array(12)
  const view = new DataView(key.buffer)
  view.setUint32(0, logNumber)
  view.setUint32(4, Math.floor(base / 0x100000000))
  view.setUint32(8, base >>> 0)
  return key
}

export function baseOfKey (key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  return view.getUint32(4) * 0x100000000 + view.getUint32(8)
}

const CHECK_BYTES = 4

export function rowOfBatch (batch: Uint8Array): Uint8Array {
  const row = new Uint8Array(CHECK_BYTES + batch.length)
  new DataView(row.buffer).setUint32(0, crc32(batch))
  row.set(batch, CHECK_BYTES)
  return row
}

/** Undefined when the row is not what was written. */
export function batchOfRow (row: Uint8Array): Uint8Array | undefined {
  if (row.length <= CHECK_BYTES) return undefined
  const batch = row.subarray(CHECK_BYTES)
  return new DataView(row.buffer, row.byteOffset).getUint32(0) === crc32(batch) ? batch : undefined
}

/** Bytes of the batch in the row. */
export const rowBytes = (row: Uint8Array): number => Math.max(0, row.length - CHECK_BYTES)
