/**
 * Batch bodies, written and read by hand: the same bytes as the generated codec of `wire.proto` makes (a test holds them
 * together), at a fraction of its cost, which was a tenth of all that a message costs. Stricter when it reads: numbers in
 * their shortest form, texts in well-formed UTF-8. Unknown fields are passed over.
 */
import { fromStrictUtf8, rawBytes } from '../base/bytes.js'
import { HEADERS_MAX } from '../base/limits.js'
import { fieldLength, varintLength, writeVarint } from '../base/varint.js'
import type { Pair, Record } from './wire.js'

const TOPIC = 0x0a
const BODY = 0x12
const CONTENT_TYPE = 0x1a
const HEADER = 0x22
const KEY = 0x2a
const TIME = 0x30
const EXPIRES_AT = 0x38
const ID = 0x42
const RECORD = 0x0a
const NAME = 0x0a
const VALUE = 0x12

/** Nobody changes the headers of a record. */
const NO_HEADERS: Pair[] = []

/** The UTF-8 of a text, kept for as long as the same text comes again, as topics and content types do. */
class Text {
  #text = ''
  #bytes: Uint8Array = new Uint8Array(0)

  of (text: string): Uint8Array {
    if (text === this.#text) return this.#bytes
    this.#text = text
    this.#bytes = Buffer.from(text)
    return this.#bytes
  }
}

/** Encodes records as a batch body, with so many bytes free before it in its buffer. */
export function encodeRecords (records: readonly Record[], room = 0): Uint8Array<ArrayBuffer> {
  const topics = new Text()
  const types = new Text()
  const lengths: number[] = []
  let total = 0
  for (const record of records) {
    const length = lengthOf(record, topics, types)
    lengths.push(length)
    total += fieldLength(length)
  }
  const out = rawBytes(room + total).subarray(room)
  let at = 0
  for (let i = 0; i < records.length; i++) {
    out[at++] = RECORD
    at = writeRecord(out, writeVarint(out, at, lengths[i] as number), records[i] as Record, topics, types)
  }
  // What was not written is some other part of this process's memory.
  if (at !== total) throw new RangeError('a record changed while it was encoded')
  return out
}

function lengthOf (record: Record, topics: Text, types: Text): number {
  const { body, headers, key, time, expiresAt, id } = record
  let length = textLength(topics.of(record.topic).length) + textLength(body.length) + textLength(types.of(record.contentType).length)
  for (const pair of headers) length += fieldLength(pairLength(pair))
  if (key !== undefined) length += fieldLength(Buffer.byteLength(key))
  if (time !== 0) length += 1 + varintLength(time)
  if (expiresAt !== 0) length += 1 + varintLength(expiresAt)
  return length + textLength(Buffer.byteLength(id))
}

/** Of a field that is left out when it is empty. */
const textLength = (bytes: number): number => bytes === 0 ? 0 : fieldLength(bytes)

const pairLength = ({ name, value }: Pair): number => textLength(Buffer.byteLength(name)) + textLength(Buffer.byteLength(value))

function writeRecord (out: Uint8Array, at: number, record: Record, topics: Text, types: Text): number {
  const { body, headers, key, time, expiresAt, id } = record
  const topic = topics.of(record.topic)
  if (topic.length > 0) at = writeBytes(out, at, TOPIC, topic)
  if (body.length > 0) at = writeBytes(out, at, BODY, body)
  const contentType = types.of(record.contentType)
  if (contentType.length > 0) at = writeBytes(out, at, CONTENT_TYPE, contentType)
  for (const pair of headers) {
    out[at++] = HEADER
    at = writeVarint(out, at, pairLength(pair))
    if (pair.name !== '') at = writeBytes(out, at, NAME, Buffer.from(pair.name))
    if (pair.value !== '') at = writeBytes(out, at, VALUE, Buffer.from(pair.value))
  }
  if (key !== undefined) at = writeBytes(out, at, KEY, Buffer.from(key))
  if (time !== 0) {
    out[at++] = TIME
    at = writeVarint(out, at, time)
  }
  if (expiresAt !== 0) {
    out[at++] = EXPIRES_AT
    at = writeVarint(out, at, expiresAt)
  }
  if (id !== '') at = writeBytes(out, at, ID, Buffer.from(id))
  return at
}

function writeBytes (out: Uint8Array, at: number, tag: number, bytes: Uint8Array): number {
  out[at++] = tag
  at = writeVarint(out, at, bytes.length)
  out.set(bytes, at)
  return at + bytes.length
}

/** Decodes a batch body of `count` records. Bodies are views on `bytes`. Throws `RangeError` on anything else. */
export function readRecords (bytes: Uint8Array, count: number): Record[] {
  const reader = new Reader(bytes)
  const records: Record[] = []
  while (reader.at < bytes.length) {
    const tag = reader.number()
    if (tag !== RECORD) {
      reader.skip(tag)
      continue
    }
    if (records.length === count) throw new RangeError(`a batch of ${count} records holds more`)
    records.push(reader.record(reader.end()))
  }
  if (records.length !== count) throw new RangeError(`a batch of ${count} records holds ${records.length}`)
  return records
}

/** Reads texts, and gives the same string for the same bytes as before: topics and content types seldom change within a batch. */
class Texts {
  #from = 0
  #to = 0
  #text = ''

  constructor (private readonly bytes: Buffer) {}

  read (from: number, to: number): string {
    if (to - from !== this.#to - this.#from || !this.#isSame(from, to)) {
      this.#text = readText(this.bytes, from, to)
      this.#from = from
      this.#to = to
    }
    return this.#text
  }

  #isSame (from: number, to: number): boolean {
    const { bytes } = this
    for (let i = from, j = this.#from; i < to; i++, j++) if (bytes[i] !== bytes[j]) return false
    return true
  }
}

function readText (bytes: Buffer, from: number, to: number): string {
  let ascii = true
  for (let i = from; i < to && ascii; i++) ascii = (bytes[i] as number) < 0x80
  // The decoder that refuses what is not UTF-8 costs thirty times as much.
  if (ascii) return bytes.toString('latin1', from, to)
  const text = fromStrictUtf8(bytes.subarray(from, to))
  if (text === undefined) throw new RangeError('a record’s text is not well-formed Unicode')
  return text
}

class Reader {
  at = 0
  readonly #topics: Texts
  readonly #types: Texts

  private readonly bytes: Buffer

  constructor (bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#topics = new Texts(this.bytes)
    this.#types = new Texts(this.bytes)
  }

  /** A varint in its shortest form. */
  number (): number {
    const { bytes } = this
    let value = 0
    let factor = 1
    for (let i = 0; i < 8; i++) {
      const byte = bytes[this.at++]
      if (byte === undefined) throw new RangeError('a number is cut off')
      value += (byte & 0x7f) * factor
      if (byte < 128) {
        if ((byte === 0 && i > 0) || !Number.isSafeInteger(value)) throw new RangeError('a number is out of range or not in its shortest form')
        return value
      }
      factor *= 128
    }
    throw new RangeError('a number is out of range')
  }

  /** Reads a length: where what is that long ends. */
  end (max = this.bytes.length): number {
    const length = this.number()
    if (this.at + length > max) throw new RangeError('a field is longer than what it is in')
    return this.at + length
  }

  /** Passes over a field of this tag, of which nothing is known. */
  skip (tag: number, max = this.bytes.length): void {
    const type = tag & 7
    if (tag < 8) throw new RangeError('a field has no number')
    if (type === 0) this.number()
    else if (type === 1) this.at += 8
    else if (type === 2) this.at = this.end(max)
    else if (type === 5) this.at += 4
    else throw new RangeError('a field is of a type that nobody uses')
    if (this.at > max) throw new RangeError('a field is longer than what it is in')
  }

  record (to: number): Record {
    const { bytes } = this
    let topic = ''
    let body: Uint8Array | undefined
    let contentType = ''
    let headers = NO_HEADERS
    let key: string | undefined
    let time = 0
    let expiresAt = 0
    let id = ''
    while (this.at < to) {
      const tag = this.number()
      switch (tag) {
        case TOPIC: {
          const end = this.end(to)
          topic = this.#topics.read(this.at, end)
          this.at = end
          break
        }
        case BODY: {
          const end = this.end(to)
          body = new Uint8Array(bytes.buffer, bytes.byteOffset + this.at, end - this.at)
          this.at = end
          break
        }
        case CONTENT_TYPE: {
          const end = this.end(to)
          contentType = this.#types.read(this.at, end)
          this.at = end
          break
        }
        case HEADER:
          if (headers.length === HEADERS_MAX) throw new RangeError('a record has too many headers')
          if (headers === NO_HEADERS) headers = []
          headers.push(this.#pair(this.end(to)))
          break
        case KEY: key = this.#text(to); break
        case TIME: time = this.number(); break
        case EXPIRES_AT: expiresAt = this.number(); break
        case ID: id = this.#text(to); break
        default: this.skip(tag, to)
      }
    }
    if (this.at !== to) throw new RangeError('a field is longer than what it is in')
    const record: Record = { topic, body: (body ?? new Uint8Array(0)) as Record['body'], contentType, headers, time, expiresAt, id }
    if (key !== undefined) record.key = key
    return record
  }

  #pair (to: number): Pair {
    let name = ''
    let value = ''
    while (this.at < to) {
      const tag = this.number()
      if (tag === NAME) name = this.#text(to)
      else if (tag === VALUE) value = this.#text(to)
      else this.skip(tag, to)
    }
    if (this.at !== to) throw new RangeError('a field is longer than what it is in')
    return { name, value }
  }

  #text (max: number): string {
    const end = this.end(max)
    const text = readText(this.bytes, this.at, end)
    this.at = end
    return text
  }
}
