import { utf8Length } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'
import { HEADERS_BYTES_MAX, HEADERS_MAX, NAME_BYTES_MAX } from '../base/limits.js'
import { slabCopy, slabText } from '../base/slab.js'
import { topicFault } from './topic.js'
import { readRecords } from './record-codec.js'
import type { Record as WireRecord } from './wire.js'

export { encodeRecords } from './record-codec.js'

/** A record as it stands in a batch; its position is the batch's base plus its index. */
export type RecordFields = WireRecord

export interface MessageInput {
  readonly topic: string
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly key?: string | undefined
  readonly contentType?: string | undefined
  readonly id?: string | undefined
  readonly time: number
  readonly expiresInMs?: number | undefined
}

/**
 * Turns what the application hands over into a record. The topic must have been checked.
 * Throws `ERR_BAD_BODY`, `ERR_BAD_ARGUMENT`, `ERR_MESSAGE_TOO_LARGE`.
 */
export function makeRecord (input: MessageInput, messageBytesMax: number): RecordFields {
  const bytes = encodeBody(input.body)
  if (bytes.length > messageBytesMax) {
    throw new SkeinError('ERR_MESSAGE_TOO_LARGE', `the body has ${bytes.length} bytes, the limit is ${messageBytesMax}`, { hint: 'Raise messageBytesMax (at most 1 MiB), or publish a reference to the data instead.' })
  }
  checkName('key', input.key)
  checkName('id', input.id)
  checkName('contentType', input.contentType)
  const expiresInMs = input.expiresInMs
  if (expiresInMs !== undefined && !(Number.isFinite(expiresInMs) && expiresInMs > 0 && expiresInMs < 2 ** 50)) {
    throw new SkeinError('ERR_BAD_ARGUMENT', `expiresInMs must be a positive number of milliseconds, not ${String(expiresInMs)}`)
  }
  const record: RecordFields = {
    topic: input.topic,
    body: bytes as RecordFields['body'],
    contentType: input.contentType ?? contentTypeOf(input.body),
    headers: encodeHeaders(input.headers),
    time: input.time,
    expiresAt: expiresInMs === undefined ? 0 : Math.ceil(input.time + expiresInMs),
    id: input.id ?? ''
  }
  if (input.key !== undefined) record.key = input.key
  return record
}

function contentTypeOf (body: unknown): string {
  if (typeof body === 'string') return 'text/plain'
  return body instanceof Uint8Array || body instanceof ArrayBuffer ? 'application/octet-stream' : 'application/json'
}

function encodeBody (body: unknown): Uint8Array {
  if (typeof body === 'string') {
    if (!body.isWellFormed()) throw new SkeinError('ERR_BAD_BODY', 'the body is a string with lone surrogates, which UTF-8 cannot carry', { hint: 'Publish a Uint8Array instead.' })
    return slabText(body)
  }
  // The bytes are copied: the caller may use its buffer again while the batch waits.
  if (body instanceof Uint8Array) return slabCopy(body)
  if (body instanceof ArrayBuffer) return new Uint8Array(body.slice(0))
  let json: string | undefined
  try {
    json = JSON.stringify(body)
  } catch (error) {
    throw new SkeinError('ERR_BAD_BODY', `the body cannot be written as JSON: ${(error as Error).message}`, { cause: error })
  }
  if (json === undefined) throw new SkeinError('ERR_BAD_BODY', `a body of type ${typeof body} cannot be published`, { hint: 'Publish a string, a Uint8Array or a JSON value.' })
  return slabText(json)
}

/** Nobody changes the headers of a record. */
const NO_HEADERS: RecordFields['headers'] = []

function encodeHeaders (headers: Readonly<Record<string, string>> | undefined): RecordFields['headers'] {
  if (headers === undefined) return NO_HEADERS
  const entries = Object.entries(headers)
  if (entries.length > HEADERS_MAX) throw new SkeinError('ERR_BAD_ARGUMENT', `at most ${HEADERS_MAX} headers, not ${entries.length}`)
  let bytes = 0
  for (const [name, value] of entries) {
    if (name === '' || typeof value !== 'string' || !name.isWellFormed() || !value.isWellFormed()) throw new SkeinError('ERR_BAD_ARGUMENT', `header ${JSON.stringify(name)} must have a name and a string as its value`)
    bytes += utf8Length(name) + utf8Length(value)
  }
  if (bytes > HEADERS_BYTES_MAX) throw new SkeinError('ERR_BAD_ARGUMENT', `headers have at most ${HEADERS_BYTES_MAX} bytes together, not ${bytes}`)
  return entries.map(([name, value]) => ({ name, value }))
}

/** Throws `ERR_BAD_ARGUMENT` unless `value` is undefined or a text of 1 to `NAME_BYTES_MAX` bytes. */
export function checkName (what: string, value: string | undefined): void {
  if (value === undefined) return
  if (typeof value !== 'string' || value === '' || !value.isWellFormed() || utf8Length(value) > NAME_BYTES_MAX) {
    throw new SkeinError('ERR_BAD_ARGUMENT', `${what} must be a text of 1 to ${NAME_BYTES_MAX} bytes`)
  }
}

/** What the record takes in a batch body at most, bytes. A UTF-16 unit takes up to three bytes in UTF-8; counting them all would cost more than it is worth. */
export function recordBytes (record: RecordFields): number {
  let bytes = 48 + record.body.length + 3 * (record.topic.length + record.contentType.length + record.id.length + (record.key?.length ?? 0))
  for (const { name, value } of record.headers) bytes += 12 + (name.length + value.length) * 3
  return bytes
}

/** Decodes a batch body of `count` records of `channel`. Throws on anything else. Bodies are views on `bytes`. */
export function decodeRecords (bytes: Uint8Array, count: number, channel: string): RecordFields[] {
  const records = readRecords(bytes, count)
  let checked: string | undefined
  for (const { topic } of records) {
    if (topic === checked) continue
    const inChannel = topic === channel || (topic.startsWith(channel) && topic[channel.length] === '/')
    if (!inChannel) throw new RangeError('a record’s topic is not of its batch’s channel')
    if (topicFault(topic) !== undefined) throw new RangeError('a record’s topic is malformed')
    checked = topic
  }
  return records
}

/** Header pairs as an object without a prototype: `__proto__` is a name like any other. */
export function headersOf (record: RecordFields): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (const { name, value } of record.headers) headers[name] = value
  return headers
}
