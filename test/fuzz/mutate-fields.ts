import type { Draw } from './draw.js'
import { replaced, type Bytes } from './splice.js'

interface Field { readonly start: number, readonly bodyStart: number, readonly end: number, readonly type: number }

const NUMBERS = [0n, 1n, 2n, 0x7fn, 0xffn, 0xffffn, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 52n, 2n ** 53n - 2n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]

export function varint (value: bigint | number): Bytes {
  const out: number[] = []
  let rest = BigInt(value)
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.push(Number(rest))
  return Uint8Array.from(out)
}

/** Changes one field of a protobuf message, at any depth, with the lengths around it made right again most of the time. */
export function mutateFields (draw: Draw, bytes: Bytes, other: Uint8Array): Bytes {
  const fields = fieldsOf(bytes, 0)
  if (fields.length === 0) return replaced(bytes, 0, 0, Uint8Array.of(0x08, ...varint(draw.pick(NUMBERS))))
  const field = draw.pick(fields)
  const whole = bytes.subarray(field.start, field.end)
  if (field.type === 2 && draw.chance(0.5)) {
    const body = bytes.slice(field.bodyStart, field.end)
    const inner = draw.chance(0.7) && fieldsOf(body, 0).length > 0 ? mutateFields(draw, body, other) : changed(draw, body)
    return replaced(bytes, field.start, field.end, delimited(draw, bytes[field.start] as number, inner))
  }
  switch (draw.int(8)) {
    // Left out, said twice, said at another place, with another number or type.
    case 0: return replaced(bytes, field.start, field.end, new Uint8Array(0))
    case 1: return replaced(bytes, field.start, field.start, whole)
    case 2: {
      const target = draw.pick(fields)
      return replaced(bytes, target.start, target.start, whole)
    }
    case 3: return replaced(bytes, field.start, field.start + 1, Uint8Array.of(draw.int(16) << 3 | (draw.chance(0.7) ? field.type : draw.int(8))))
    case 4: return field.type === 2 ? replaced(bytes, field.start + 1, field.bodyStart, varint(draw.pick(NUMBERS))) : replaced(bytes, field.bodyStart, field.end, varint(draw.pick(NUMBERS)))
    case 5: return field.type === 0 ? replaced(bytes, field.bodyStart, field.end, varint(draw.pick(NUMBERS))) : replaced(bytes, field.start, field.end, delimited(draw, bytes[field.start] as number, bytes.subarray(field.start, field.end)))
    case 6: {
      const others = fieldsOf(other, 0)
      const foreign = others.length === 0 ? undefined : draw.pick(others)
      return foreign === undefined ? bytes : replaced(bytes, field.start, field.end, other.subarray(foreign.start, foreign.end))
    }
    default: return replaced(bytes, field.start, field.start, Uint8Array.of(draw.int(16) << 3, ...varint(draw.pick(NUMBERS))))
  }
}

function delimited (draw: Draw, tag: number, body: Uint8Array): Bytes {
  const length = draw.chance(0.95) ? body.length : draw.pick([0, body.length + 1, Math.max(0, body.length - 1), 2 ** 31, 2 ** 32 - 1])
  return Uint8Array.from([tag, ...varint(length), ...body])
}

function changed (draw: Draw, body: Bytes): Bytes {
  const at = draw.int(body.length)
  switch (draw.int(4)) {
    case 0: return new Uint8Array(0)
    case 1: return body.slice(0, at)
    case 2: return replaced(body, at, at, draw.bytes(1 + draw.int(40)))
    default:
      if (body.length > 0) body[at] = draw.int(256)
      return body
  }
}

/** The fields from `at` on, as far as the bytes are a message. */
function fieldsOf (bytes: Uint8Array, at: number): Field[] {
  const found: Field[] = []
  while (at < bytes.length && found.length < 256) {
    const start = at
    const type = (bytes[at] as number) & 7
    if ((bytes[at] as number) >= 0x80) break
    const first = readVarint(bytes, at + 1)
    if (first === undefined || (type !== 0 && type !== 2)) break
    const end = type === 0 ? first.end : first.end + first.value
    if (end > bytes.length) break
    found.push({ start, bodyStart: type === 0 ? start + 1 : first.end, end, type })
    at = end
  }
  return found
}

function readVarint (bytes: Uint8Array, at: number): { value: number, end: number } | undefined {
  let value = 0
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at++]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value, end: at }
  }
  return undefined
}
