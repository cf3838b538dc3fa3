/**
 * Reads just enough of an encoded gossipsub RPC to tell what may be left out for a peer that does not keep up.
 *
 * ```
 * RPC      1 subscriptions*   2 messages*   3 control
 * control  1 ihave*  2 iwant*  3 graft*  4 prune*  5 idontwant*
 * ```
 *
 * Messages, and the talk about messages, may be left out: repair brings them. Subscriptions, grafts and prunes change
 * what both sides believe of each other, and must arrive.
 */

const CONTROL_KEPT = new Set([3, 4])

/** The parts of `rpc` that must arrive: all of it, a shorter copy, or undefined when nothing is left. */
export function essential (rpc: Uint8Array): Uint8Array | undefined {
  const kept: Uint8Array[] = []
  for (const field of fields(rpc)) {
    if (field.number === 2) continue
    if (field.number !== 3) {
      kept.push(rpc.subarray(field.start, field.end))
      continue
    }
    const control = rpc.subarray(field.bodyStart, field.end)
    const parts = fields(control).filter(({ number }) => CONTROL_KEPT.has(number)).map(({ start, end }) => control.subarray(start, end))
    if (parts.length === 0) continue
    const body = join(parts)
    kept.push(new Uint8Array([0x1a, ...varint(body.length)]), body)
  }
  if (kept.length === 0) return undefined
  const bytes = join(kept)
  return bytes.length === rpc.length ? rpc : bytes
}

/** The RPC has at least one message. */
export function carriesMessages (rpc: Uint8Array): boolean {
  return fields(rpc).some(({ number }) => number === 2)
}

interface Field { readonly number: number, readonly start: number, readonly bodyStart: number, readonly end: number }

/** Top-level fields. All fields of an RPC and of its control part are length-delimited; the bytes are this node's own. */
function fields (bytes: Uint8Array): Field[] {
  const found: Field[] = []
  let at = 0
  while (at < bytes.length) {
    const start = at
    const tag = readVarint(bytes, at)
    if ((tag.value & 7) !== 2) throw new Error(`gossipsub RPC: wire type ${tag.value & 7}`)
    const length = readVarint(bytes, tag.end)
    at = length.end + length.value
    if (at > bytes.length) throw new Error('gossipsub RPC: truncated')
    found.push({ number: tag.value >>> 3, start, bodyStart: length.end, end: at })
  }
  return found
}

function readVarint (bytes: Uint8Array, at: number): { value: number, end: number } {
  let value = 0
  for (let shift = 0; shift < 32; shift += 7) {
    const byte = bytes[at++]
    if (byte === undefined) break
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return { value, end: at }
  }
  throw new Error('gossipsub RPC: bad varint')
}

function varint (value: number): number[] {
  const out: number[] = []
  while (value > 0x7f) {
    out.push((value & 0x7f) | 0x80)
    value >>>= 7
  }
  out.push(value)
  return out
}

function join (parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
