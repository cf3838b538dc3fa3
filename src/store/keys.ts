/**
 * Helpers for keys whose bytewise order is the order of the numbers in them.
 *
 *     batch:  [log number u32][base position u64]     concat(u32(log), u64(position))
 *
 * Numbers are big-endian, because only then does comparing bytes compare numbers.
 */
import { concatBytes } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'

const U32_SIZE = 2 ** 32

export function u32 (value: number): Uint8Array {
  const out = new Uint8Array(4)
  putU32(out, 0, value)
  return out
}

/** Eight bytes; only numbers up to 2^53 - 1, which is all that a position or a sequence needs. */
export function u64 (value: number): Uint8Array {
  const out = new Uint8Array(8)
  putU64(out, 0, value)
  return out
}

function putU32 (out: Uint8Array, offset: number, value: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value < U32_SIZE)) throw outOfRange(value, 'u32')
  writeU32(out, offset, value)
}

function putU64 (out: Uint8Array, offset: number, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0)) throw outOfRange(value, 'u64')
  writeU32(out, offset, Math.floor(value / U32_SIZE))
  writeU32(out, offset + 4, value % U32_SIZE)
}

export function readU32 (bytes: Uint8Array, offset = 0): number {
  const a = bytes[offset]
  const b = bytes[offset + 1]
  const c = bytes[offset + 2]
  const d = bytes[offset + 3]
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw tooShort()
  return a * 0x1000000 + (b << 16 | c << 8 | d)
}

export function readU64 (bytes: Uint8Array, offset = 0): number {
  const value = readU32(bytes, offset) * U32_SIZE + readU32(bytes, offset + 4)
  if (!Number.isSafeInteger(value)) throw outOfRange(value, 'number up to 2^53 - 1')
  return value
}

/** `concat(u32(7), u64(1))`: the key of what belongs to 7, at 1. */
export const concat = (...parts: readonly Uint8Array[]): Uint8Array => concatBytes(parts)

/**
 * The first key after all that begin with `prefix`: the `lt` of a range over them. Undefined when there is no such
 * key (the prefix is all 0xff), which as an `lt` means "to the end" and so is right as it stands.
 */
export function after (prefix: Uint8Array): Uint8Array | undefined {
  let end = prefix.length
  while (end > 0 && prefix[end - 1] === 0xff) end--
  if (end === 0) return undefined
  const out = prefix.slice(0, end)
  out[end - 1] = (prefix[end - 1] ?? 0) + 1
  return out
}

/** Bytewise order, a prefix before what it is a prefix of: less than 0, 0, or more than 0. */
export function compareKeys (a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function writeU32 (out: Uint8Array, offset: number, value: number): void {
  if (offset + 4 > out.length) throw tooShort()
  out[offset] = value >>> 24
  out[offset + 1] = value >>> 16
  out[offset + 2] = value >>> 8
  out[offset + 3] = value
}

function outOfRange (value: number, type: string): SkeinError {
  return new SkeinError('ERR_BAD_ARGUMENT', `${value} is not a ${type}`)
}

function tooShort (): SkeinError {
  return new SkeinError('ERR_BAD_ARGUMENT', 'the bytes end before the number does')
}

/** Works on any array of bytes, and saves making a Buffer of each key. */
const { latin1Slice } = Buffer.prototype as unknown as { latin1Slice: (this: Uint8Array) => string }

/** One character a byte, so that texts compare as the keys do. */
export const toText = (key: Uint8Array): string => latin1Slice.call(key)

export function fromText (key: string): Uint8Array {
  const out = new Uint8Array(key.length)
  for (let i = 0; i < key.length; i++) out[i] = key.charCodeAt(i)
  return out
}
