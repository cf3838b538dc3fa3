import { copyBytes, fromHex, fromStrictUtf8, toHex } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'
import { RangeSet } from '../base/range-set.js'
import { fromWireLink, toWireLink, type LogLink } from '../message/batch.js'
import { formatIncarnation, logKey, type Incarnation, type LogId } from '../message/ids.js'
import { peerIdFromBytes, peerIdToBytes } from '../message/peer-id.js'
import { isChannel } from '../message/topic.js'
import { Batch, BatchHeader, LogRow, Signed, Trim } from '../message/wire.js'

type Bytes = Uint8Array<ArrayBuffer>

/** What this node knows of one log and holds of it. Only the log book changes it. */
export class LogState {
  readonly key: string
  #incarnationText: string | undefined
  /** Positions that are committed here and can be read. */
  held = new RangeSet()
  /** Bytes of the held batches. */
  bytes = 0
  /** Highest position known to exist by a header the publisher signed (or by its signed announcement). */
  head = 0
  /** Hash of the header of the batch that ends at `head`, when known. */
  headHash: Uint8Array | undefined
  /** The highest header that the publisher signed, on its own, for others; empty when there is none. */
  headBytes: Uint8Array = new Uint8Array(0)
  /** Where that header ends: lower than `head` when the head is only known from an announcement or a trim. */
  shown = 0
  /** Positions up to here the publisher has dropped, by its signed word. */
  trimmed = 0
  trimReason: 'expired' | 'evicted' = 'expired'
  trimBytes: Uint8Array = new Uint8Array(0)
  /** Positions up to here were held and dropped here, by this node's own retention. */
  dropped = 0
  /** Of those, up to here for want of room or for their age. The others every durable subscription known then had settled: for one heard of later they are fetched again. */
  letGo = 0
  /** From the log's first batch: the publisher's earlier log of this channel, and where it ends. */
  link: LogLink | undefined
  /** The first batch has been seen, so that a missing link means that there was no earlier log. */
  linkKnown = false
  /** Wall clock when this node first learned of the log, ms. */
  firstAt = 0
  /** Of the first batch held, where that was looked at: its first position and its time, ms. */
  readonly oldest = { position: 0, time: 0 }

  constructor (readonly id: LogId, /** Number in this node's store. */ readonly number: number, /** This node publishes it. */ readonly own: boolean) {
    this.key = logKey(id)
  }

  get publisher (): string { return this.id.publisher }
  get channel (): string { return this.id.channel }
  /** There is something that its publisher signed of this log to show to others. Of one that only an announcement told of there is not. */
  get canBeShown (): boolean { return this.shown > 0 || this.trimBytes.length > 0 }
  get incarnation (): Incarnation { return this.id.incarnation }

  /** The row of the table `log` that says what is so, or with `next`, what will be so once a commit is durable. */
  toRow (next: Partial<Pick<LogState, 'held' | 'bytes' | 'head' | 'headHash' | 'headBytes' | 'link' | 'linkKnown'>> = {}): Uint8Array {
    const held = next.held ?? this.held
    const link = next.link ?? this.link
    return LogRow.encode({
      number: this.number,
      held: held.encode() as Bytes,
      bytes: next.bytes ?? this.bytes,
      records: held.count,
      head: (next.headBytes ?? this.headBytes) as Bytes,
      trim: this.trimBytes as Bytes,
      dropped: this.dropped,
      letGo: this.letGo,
      firstAt: this.firstAt,
      linkKnown: next.linkKnown ?? this.linkKnown,
      headPosition: next.head ?? this.head,
      trimmed: this.trimmed,
      evicted: this.trimReason === 'evicted',
      headHash: (next.headHash ?? this.headHash ?? new Uint8Array(0)) as Bytes,
      ...(link === undefined ? {} : { link: toWireLink(link) })
    })
  }

  static fromRow (key: Uint8Array, bytes: Uint8Array, self: string): LogState {
    try {
      return LogState.#decode(key, bytes, self)
    } catch (error) {
      throw new SkeinError('ERR_STORE_CORRUPT', 'a row of the table of logs is not what was written', { cause: error })
    }
  }

  static #decode (key: Uint8Array, bytes: Uint8Array, self: string): LogState {
    const row = LogRow.decode(bytes)
    const id = logIdFromKey(key)
    const state = new LogState(id, row.number, id.publisher === self)
    state.held = RangeSet.decode(row.held)
    state.bytes = row.bytes
    state.head = row.headPosition
    state.headHash = row.headHash.length === 0 ? undefined : copyBytes(row.headHash)
    state.headBytes = copyBytes(row.head)
    state.shown = row.head.length === 0 ? 0 : endOf(row.head)
    state.trimmed = row.trimmed
    state.trimReason = row.evicted ? 'evicted' : 'expired'
    state.trimBytes = copyBytes(row.trim)
    state.dropped = row.dropped
    state.letGo = row.letGo
    state.firstAt = row.firstAt
    state.linkKnown = row.linkKnown
    state.link = row.link === undefined ? undefined : fromWireLink(row.link)
    return state
  }

  /** When the publisher signed its latest trim, ms by its clock. */
  get trimTime (): number | undefined {
    if (this.trimBytes.length === 0) return undefined
    try {
      return Trim.decode(Signed.decode(this.trimBytes).statement).time
    } catch {
      return undefined
    }
  }

  /** The incarnation, as text. */
  get incarnationText (): string { return this.#incarnationText ??= formatIncarnation(this.incarnation) }

  toString (): string { return `${this.publisher.slice(-6)}.${this.incarnationText}.${this.channel}` }
}

function endOf (head: Uint8Array): number {
  const { base, count } = BatchHeader.decode(Batch.decode(head).header)
  return base + count - 1
}

/** Rows of the table `log`: publisher (38 bytes), incarnation number (u64, big-endian), random (8 bytes), channel (UTF-8). */
export function logRowKey (id: LogId): Uint8Array {
  const channel = Buffer.from(id.channel)
  const key = new Uint8Array(54 + channel.length)
  key.set(peerIdToBytes(id.publisher) as Uint8Array)
  new DataView(key.buffer).setBigUint64(38, BigInt(id.incarnation.number))
  key.set(fromHex(id.incarnation.random), 46)
  key.set(channel, 54)
  return key
}

function logIdFromKey (key: Uint8Array): LogId {
  const publisher = peerIdFromBytes(key.subarray(0, 38))
  if (publisher === undefined) throw new RangeError('not a log key')
  const number = Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(38))
  const channel = fromStrictUtf8(key.subarray(54))
  if (!Number.isSafeInteger(number) || number < 1 || channel === undefined || !isChannel(channel)) throw new RangeError('not the key of a log that could be')
  return { publisher, incarnation: { number, random: toHex(key.subarray(46, 54)) }, channel }
}
