import { copyBytes, fromHex, toHex, utf8Length } from '../base/bytes.js'
import type { Crypto } from '../base/crypto.js'
import { BATCH_BODY_BYTES_MAX, BATCH_BYTES_MAX, BATCH_RECORDS_MAX } from '../base/limits.js'
import { equalBytes } from '../base/bytes.js'
import { writeBatch } from './batch-frame.js'
import { byteFields } from './byte-fields.js'
import { INCARNATION_RANDOM_BYTES, logKey, type Incarnation, type LogId } from './ids.js'
import { peerIdFromBytes, peerIdToBytes } from './peer-id.js'
import { isChannel } from './topic.js'
import { Batch, BatchHeader, type Link } from './wire.js'

/** What the publisher's signature covers begins with one of these, so that no statement passes for another. */
export const BATCH_TAG = 'skein/batch/1\n'
export const EPHEMERAL_TAG = 'skein/ephemeral/1\n'
export type BatchTag = typeof BATCH_TAG | typeof EPHEMERAL_TAG

const SIGNATURE_BYTES = 64
const HASH_BYTES = 32
/** A header has only fixed-size fields and the channel. */
const HEADER_BYTES_MAX = 768

/** The last known position of an earlier log, and the hash of the header of the batch that ends there. */
export interface LogLink {
  readonly incarnation: Incarnation
  readonly position: number
  readonly hash: Uint8Array
}

/**
 * A batch whose header has been decoded and found well-formed: consecutive records of one log, signed once. The bytes stay
 * as they came. Without a body it is a head. Whether signature and body are right is asked with `isSignedBy…` below.
 */
export interface SealedBatch {
  readonly log: LogId
  readonly logKey: string
  readonly base: number
  readonly last: number
  readonly count: number
  /** Publisher's wall clock when sealed; never lower than in the batch before. No record in it is younger. */
  readonly time: number
  /** Hash of the header before it in the log; empty at base 1. */
  readonly previous: Uint8Array
  /** At base 1: the end of the publisher's earlier log of this channel. */
  readonly link: LogLink | undefined
  readonly bodyHash: Uint8Array
  readonly header: Uint8Array
  readonly signature: Uint8Array
  /** Empty in a head. */
  readonly body: Uint8Array
  /** The whole of it as on the wire and in the store. */
  readonly bytes: Uint8Array
  /** The same with one byte before it, to be sent by gossip without a copy. Only where it was sealed. */
  readonly frame?: Uint8Array
  /** What the hash of `body` really is, where somebody has reckoned it already. */
  readonly bodyHashed?: Uint8Array | undefined
}

export interface BatchContent {
  readonly log: LogId
  readonly base: number
  readonly count: number
  readonly time: number
  readonly previous: Uint8Array
  readonly link?: LogLink | undefined
  readonly body: Uint8Array
  /** Bytes before the body in its buffer that the batch may be written into. Default 0. */
  readonly room?: number
}

type Bytes = Uint8Array<ArrayBuffer>

export function sealBatch (crypto: Crypto, mesh: Uint8Array, content: BatchContent, tag: BatchTag = BATCH_TAG): SealedBatch {
  const { log, base, count, time, previous, link, body } = content
  const bodyHash = crypto.hash(body)
  const header = BatchHeader.encode({
    mesh: mesh as Bytes,
    publisher: peerIdToBytes(log.publisher) as Bytes,
    incarnation: log.incarnation.number,
    incarnationRandom: fromHex(log.incarnation.random) as Bytes,
    channel: log.channel,
    base,
    count,
    time,
    bodyLength: body.length,
    bodyHash: bodyHash as Bytes,
    previous: previous as Bytes,
    ...(link === undefined ? {} : { link: toWireLink(link) })
  })
  const signature = crypto.sign(tag, header)
  const frame = writeBatch(header, signature, body, content.room)
  return { log, logKey: logKey(log), base, last: base + count - 1, count, time, previous, link, bodyHash, header, signature, body, bytes: frame.subarray(1), frame, bodyHashed: bodyHash }
}

/** Why bytes are not a batch of this mesh. */
export class MalformedBatch extends Error {}

/**
 * Decodes a batch and makes every check that costs next to nothing. Signature and body hash are left to the caller.
 * `bodyHashed`: the hash of its body, where it is known. Throws `MalformedBatch`.
 */
export function openBatch (bytes: Uint8Array, mesh: Uint8Array, bodyHashed?: Uint8Array): SealedBatch {
  if (bytes.length > BATCH_BYTES_MAX) throw new MalformedBatch('the batch is too large')
  let batch: Batch
  let header: BatchHeader
  try {
    const [signed, signature, body] = byteFields(bytes, 3) as [Bytes, Bytes, Bytes]
    batch = { header: signed, signature, body }
    if (batch.header.length > HEADER_BYTES_MAX) throw new RangeError('the header is too large')
    header = BatchHeader.decode(batch.header)
  } catch (error) {
    throw new MalformedBatch(`not a batch: ${(error as Error).message}`)
  }
  const publisher = peerIdFromBytes(header.publisher)
  const fault = publisher === undefined ? 'the publisher is not an Ed25519 node' : headerFault(header, batch, mesh)
  if (fault !== undefined) throw new MalformedBatch(fault)
  const log: LogId = { publisher: publisher as string, incarnation: { number: header.incarnation, random: toHex(header.incarnationRandom) }, channel: header.channel }
  return {
    log,
    logKey: logKey(log),
    base: header.base,
    last: header.base + header.count - 1,
    count: header.count,
    time: header.time,
    previous: header.previous,
    link: header.link === undefined ? undefined : fromWireLink(header.link),
    bodyHash: header.bodyHash,
    header: batch.header,
    signature: batch.signature,
    body: batch.body,
    bytes,
    bodyHashed
  }
}

function headerFault (header: BatchHeader, batch: Batch, mesh: Uint8Array): string | undefined {
  if (!equalBytes(header.mesh, mesh)) return 'the batch is of another mesh'
  if (batch.signature.length !== SIGNATURE_BYTES) return 'the signature has the wrong size'
  if (header.incarnationRandom.length !== INCARNATION_RANDOM_BYTES || !isPosition(header.incarnation)) return 'the incarnation is malformed'
  if (utf8Length(header.channel) > 256 || !isChannel(header.channel)) return 'the channel is malformed'
  if (header.count < 1 || header.count > BATCH_RECORDS_MAX) return 'the number of records is out of range'
  if (!isPosition(header.base) || !isPosition(header.base + header.count)) return 'the position is out of range'
  if (!Number.isSafeInteger(header.time) || header.time < 0) return 'the time is out of range'
  if (header.bodyHash.length !== HASH_BYTES || header.bodyLength < 1 || header.bodyLength > BATCH_BODY_BYTES_MAX) return 'the body’s hash or length is out of range'
  if (batch.body.length !== 0 && batch.body.length !== header.bodyLength) return 'the body is not as long as the header says'
  if (header.previous.length !== (header.base === 1 ? 0 : HASH_BYTES)) return 'the previous hash has the wrong size'
  if (header.link !== undefined) {
    const { incarnation, incarnationRandom, position, hash } = header.link
    if (header.base !== 1) return 'only the first batch of a log has a link'
    if (!isPosition(incarnation) || incarnationRandom.length !== INCARNATION_RANDOM_BYTES || !isPosition(position) || hash.length !== HASH_BYTES) return 'the link is malformed'
    if (incarnation >= header.incarnation) return 'the link does not lead to an earlier incarnation'
  }
  return undefined
}

const isPosition = (value: number): boolean => Number.isSafeInteger(value) && value >= 1

export const hasBody = (batch: SealedBatch): boolean => batch.body.length > 0

export function signatureHolds (crypto: Crypto, batch: SealedBatch, tag: BatchTag = BATCH_TAG): boolean {
  return crypto.verify(batch.log.publisher, tag, batch.header, batch.signature)
}

export function bodyHolds (crypto: Crypto, batch: SealedBatch): boolean {
  return hasBody(batch) && equalBytes(batch.bodyHashed ?? crypto.hash(batch.body), batch.bodyHash)
}

/** The same batch without its body: the head of its log as of that batch. */
export function headBytes (batch: Pick<SealedBatch, 'header' | 'signature'>): Uint8Array {
  return Batch.encode({ header: batch.header as Bytes, signature: batch.signature as Bytes, body: new Uint8Array(0) })
}

export function toWireLink (link: LogLink): Link {
  return { incarnation: link.incarnation.number, incarnationRandom: fromHex(link.incarnation.random) as Bytes, position: link.position, hash: link.hash as Bytes }
}

export function fromWireLink (link: Link): LogLink {
  return { incarnation: { number: link.incarnation, random: toHex(link.incarnationRandom) }, position: link.position, hash: copyBytes(link.hash) }
}
