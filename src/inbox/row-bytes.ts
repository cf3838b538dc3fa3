import { utf8 } from '../base/bytes.js'
import { readVarint, varintLength, writeVarint } from '../base/varint.js'

// A leading U+FEFF is a character of the text like any other.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Writes a row: varints, and bytes and texts with their length before them. */
export class RowWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  #room (more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }

  number (value: number): this {
    this.#room(varintLength(value))
    this.#length = writeVarint(this.#bytes, this.#length, value)
    return this
  }

  raw (bytes: Uint8Array): this {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  bytes (bytes: Uint8Array): this { return this.number(bytes.length).raw(bytes) }
  text (text: string): this { return this.bytes(utf8(text)) }
  finish (): Uint8Array { return this.#bytes.slice(0, this.#length) }
}

/** Reads what `RowWriter` wrote; throws `RangeError` on anything else. */
export class RowReader {
  #offset = 0
  constructor (readonly row: Uint8Array) {}

  number (max = Number.MAX_SAFE_INTEGER): number {
    const { value, offset } = readVarint(this.row, this.#offset)
    if (value > max) throw new RangeError(`${value} is out of range`)
    this.#offset = offset
    return value
  }

  raw (length: number): Uint8Array {
    const end = this.#offset + length
    if (end > this.row.length) throw new RangeError('truncated row')
    const bytes = this.row.slice(this.#offset, end)
    this.#offset = end
    return bytes
  }

  bytes (): Uint8Array { return this.raw(this.number(this.row.length)) }
  text (): string { return strict.decode(this.bytes()) }
  /** There is more to read. */
  get more (): boolean { return this.#offset < this.row.length }
  end (): void { if (this.#offset !== this.row.length) throw new RangeError('the row goes on where it should end') }
}
