import { rawBytes } from './bytes.js'

/**
 * Copies of short-lived bytes, many to one allocation: an `ArrayBuffer` for each kilobyte costs three times as much as what is
 * in it. A slab lives as long as anything in it, so that only what goes soon belongs here.
 */
const SLAB_BYTES = 64 * 1024
/** What is larger gets bytes of its own. */
const LARGE_BYTES = 8 * 1024

let slab = new ArrayBuffer(0)
let used = 0

function take (length: number): Uint8Array<ArrayBuffer> {
  if (length > LARGE_BYTES) return rawBytes(length)
  if (used + length > slab.byteLength) {
    slab = rawBytes(SLAB_BYTES).buffer
    used = 0
  }
  const out = new Uint8Array(slab, used, length)
  used += length
  return out
}

/** A copy of `bytes`. */
export function slabCopy (bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = take(bytes.length)
  out.set(bytes)
  return out
}

const encoder = new TextEncoder()

/** The UTF-8 of `text`. */
export function slabText (text: string): Uint8Array<ArrayBuffer> {
  const out = take(Buffer.byteLength(text))
  encoder.encodeInto(text, out)
  return out
}
