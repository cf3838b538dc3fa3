import { readVarint } from '../base/varint.js'

const LENGTH_DELIMITED = 2

/**
 * The fields 1 to `count` of a protobuf message that has nothing but bytes fields. Stricter than protobuf: the fields in
 * order, each at most once, none of another number or type, and lengths in their shortest form. So there is one form only of
 * what was signed, and nothing that nobody signed can ride along. Throws `RangeError`.
 */
export function byteFields (bytes: Uint8Array, count: number): Array<Uint8Array<ArrayBuffer>> {
  const out: Array<Uint8Array<ArrayBuffer>> = []
  let offset = 0
  for (let field = 1; field <= count; field++) {
    if (bytes[offset] !== (field << 3 | LENGTH_DELIMITED)) {
      out.push(new Uint8Array(0))
      continue
    }
    const length = readVarint(bytes, offset + 1)
    const end = length.offset + length.value
    if (length.value === 0 || end > bytes.length) throw new RangeError('a field is not as long as it says')
    out.push(bytes.subarray(length.offset, end) as Uint8Array<ArrayBuffer>)
    offset = end
  }
  if (offset !== bytes.length) throw new RangeError('there is more in it than there should be')
  return out
}
