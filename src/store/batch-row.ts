/**
 * Keys of the table `batch`: [log number u32][base position u64]. The value is the batch as it was signed.
 */
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
