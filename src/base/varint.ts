/** Unsigned LEB128 varints of whole numbers up to 2^53 − 1. */

export function varintLength (value: number): number {
  let n = 1
  while (value >= 128) {
    value = Math.floor(value / 128)
    n++
  }
  return n
}

/** Writes at `offset` and returns the offset behind it. */
export function writeVarint (out: Uint8Array, offset: number, value: number): number {
  while (value >= 128) {
    out[offset++] = (value % 128) | 0x80
    value = Math.floor(value / 128)
  }
  out[offset++] = value
  return offset
}

/** Throws `RangeError` on a truncated, overlong or too large number. */
export function readVarint (bytes: Uint8Array, offset: number): { value: number, offset: number } {
  let value = 0
  let factor = 1
  for (let i = 0; i < 8; i++) {
    const byte = bytes[offset++]
    if (byte === undefined) throw new RangeError('truncated varint')
    value += (byte & 0x7f) * factor
    if (byte < 128) {
      if (byte === 0 && i > 0) throw new RangeError('overlong varint')
      if (!Number.isSafeInteger(value)) throw new RangeError('varint too large')
      return { value, offset }
    }
    factor *= 128
  }
  throw new RangeError('varint too long')
}

/** Bytes of a field of protocol buffers that says its length: a tag of one byte, the length, and so many bytes. */
export const fieldLength = (bytes: number): number => 1 + varintLength(bytes) + bytes
