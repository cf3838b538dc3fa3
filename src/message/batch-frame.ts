/**
 * A batch as gossip carries it: one byte that says what it is, then the batch. Written with its body copied once, and taken
 * apart without decoding, so that the hash of the body serves both gossip's message id and the check of the batch.
 */
import { rawBytes } from '../base/bytes.js'
import { readVarint, varintLength, writeVarint } from '../base/varint.js'
import { GOSSIP } from './gossip-kinds.js'

const HEADER = 0x0a
const SIGNATURE = 0x12
const BODY = 0x1a

/** Enough before a body for all that stands there, but for one with a long channel name. */
export const HEAD_ROOM_BYTES = 384

/**
 * A `Batch` as `wire.proto` has it, with a byte left free before it. Where the body has `room` bytes before it in its buffer
 * that nobody needs, and they are enough, it is not copied.
 */
export function writeBatch (header: Uint8Array, signature: Uint8Array, body: Uint8Array, room = 0): Uint8Array<ArrayBuffer> {
  let head = 1
  for (const { length: bytes } of [header, signature]) if (bytes > 0) head += 1 + varintLength(bytes) + bytes
  if (body.length > 0) head += 1 + varintLength(body.length)
  const inPlace = head <= room
  const out = inPlace ? new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset - head, head + body.length) : rawBytes(head + body.length)
  out[0] = 0
  let at = 1
  for (const [tag, bytes] of [[HEADER, header], [SIGNATURE, signature], [BODY, body]] as const) {
    if (bytes.length === 0) continue
    out[at++] = tag
    at = writeVarint(out, at, bytes.length)
    if (!inPlace || bytes !== body) out.set(bytes, at)
    at += bytes.length
  }
  return out
}

/**
 * Where the body of a gossiped batch begins: it goes to the end. Undefined for whatever is not the fields of a batch with
 * a body, in order and with nothing between or behind them; that has no part that stands for its own.
 */
export function bodyStart (frame: Uint8Array): number | undefined {
  if (frame[0] !== GOSSIP.batch && frame[0] !== GOSSIP.ephemeral) return undefined
  let at = 1
  try {
    for (const tag of [HEADER, SIGNATURE, BODY]) {
      if (frame[at] !== tag) return undefined
      const { value, offset } = readVarint(frame, at + 1)
      if (tag === BODY) return value > 0 && offset + value === frame.length ? offset : undefined
      at = offset + value
    }
  } catch {
    // A length that is none.
  }
  return undefined
}
