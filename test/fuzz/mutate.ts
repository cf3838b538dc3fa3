import type { Draw } from './draw.js'
import { join, replaced, type Bytes } from './splice.js'
import { mutateFields } from './mutate-fields.js'
import { mutateText } from './mutate-text.js'

/** What kind of bytes a target takes: says which mutations are worth while. */
export type Shape = 'bytes' | 'fields' | 'text'

const EDGES = [0, 1, 2, 0x0b, 0x0c, 0x12, 0x1a, 0x22, 0x7e, 0x7f, 0x80, 0x81, 0xc0, 0xed, 0xf8, 0xfe, 0xff]

/** Varints that are huge, overlong or never end. */
const VARINTS: readonly Bytes[] = [
  [0xff, 0xff, 0xff, 0xff, 0x07], [0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x80, 0x80, 0x10],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x80, 0x00], [0x81, 0x80, 0x00], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]
].map(list => Uint8Array.from(list))

/** Up to eight changes, mostly one or two. `other` is another valid input, to splice with. */
export function mutate (draw: Draw, valid: Uint8Array, other: Uint8Array, shape: Shape, words: readonly Uint8Array[], bytesMax: number): Bytes {
  let bytes: Bytes = join(valid)
  let changes = 1
  while (changes < 8 && draw.chance(0.4)) changes++
  for (; changes > 0; changes--) bytes = once(draw, bytes, other, shape, words)
  return bytes.length > bytesMax ? bytes.slice(0, bytesMax) : bytes
}

function once (draw: Draw, bytes: Bytes, other: Uint8Array, shape: Shape, words: readonly Uint8Array[]): Bytes {
  if (shape === 'fields' && draw.chance(0.5)) return mutateFields(draw, bytes, other)
  if (shape === 'text' && draw.chance(0.5)) return mutateText(draw, bytes)
  if (words.length > 0 && draw.chance(0.15)) return put(draw, bytes, draw.pick(words))
  const at = draw.int(bytes.length)
  const length = 1 + draw.int(draw.chance(0.8) ? 8 : Math.max(1, bytes.length - at))
  switch (draw.int(12)) {
    case 0: case 1: return flip(draw, bytes, at)
    case 2: return replaced(bytes, at, at + 1, Uint8Array.of(draw.pick(EDGES)))
    case 3: return replaced(bytes, at, at, draw.bytes(length))
    case 4: return replaced(bytes, at, at + length, new Uint8Array(0))
    case 5: return replaced(bytes, at, at, bytes.subarray(at, at + length))
    case 6: return bytes.slice(0, at)
    case 7: {
      const from = draw.int(other.length + 1)
      return join(bytes.subarray(0, at), other.subarray(from))
    }
    case 8: return replaced(bytes, at, at + (draw.chance(0.5) ? 1 : 0), draw.pick(VARINTS))
    case 9: {
      const from = draw.int(other.length)
      return replaced(bytes, at, at + length, other.subarray(from, from + length))
    }
    // The same over and over: deep nesting, and many of what there should be few of.
    case 10: {
      const part = bytes.subarray(at, at + 1 + draw.int(4))
      return replaced(bytes, at, at, join(...Array.from({ length: 1 << draw.int(draw.chance(0.02) ? 14 : 8) }, () => part)))
    }
    default: return replaced(bytes, at, at + length, draw.bytes(length))
  }
}

function flip (draw: Draw, bytes: Bytes, at: number): Bytes {
  if (bytes.length === 0) return Uint8Array.of(draw.int(256))
  bytes[at] = (bytes[at] as number) ^ (1 << draw.int(8))
  return bytes
}

function put (draw: Draw, bytes: Bytes, word: Uint8Array): Bytes {
  const at = draw.int(bytes.length + 1)
  return replaced(bytes, at, at + (draw.chance(0.5) ? word.length : 0), word)
}
