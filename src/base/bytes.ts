const encoder = new TextEncoder()
// A leading U+FEFF is a character of the text like any other.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const utf8 = (text: string): Uint8Array => encoder.encode(text)
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)

/** The text, or undefined when the bytes are not UTF-8. */
export function fromStrictUtf8 (bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Bytes that `text` takes in UTF-8. */
export const utf8Length = (text: string): number => Buffer.byteLength(text)

/** Bytes with whatever was in memory before, for whoever writes each of them: to fill a large array with zeros first costs a tenth of filling it. */
export const rawBytes = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.allocUnsafeSlow(length).buffer as ArrayBuffer, 0, length)

/** Bytes of its own, whatever `bytes` is: `slice` of a Buffer is a view, which changes with its owner and pins all of it. */
export const copyBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes)

export function equalBytes (a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

export function concatBytes (parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = rawBytes(length)
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')

export function fromHex (text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'))
}
