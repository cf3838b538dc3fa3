export type Bytes = Uint8Array<ArrayBuffer>

export const join = (...parts: readonly Uint8Array[]): Bytes => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** `bytes` with `part` in the place of `from..to`. */
export const replaced = (bytes: Uint8Array, from: number, to: number, part: Uint8Array): Bytes => join(bytes.subarray(0, from), part, bytes.subarray(to))
