import { fromHex, toHex } from '../base/bytes.js'
import { RangeSet } from '../base/range-set.js'
import { fromWireLink, toWireLink, type LogLink } from '../message/batch.js'
import { formatIncarnation, logKey, type Incarnation, type LogId } from '../message/ids.js'
import { peerIdFromBytes, peerIdToBytes } from '../message/peer-id.js'
import { LogRow } from '../message/wire.js'

/** What this node knows of one log and holds of it. Only the log book changes it. */
export class LogState {
  readonly key: string
  /** Positions that are committed here and can be read. */
  held = new RangeSet()
  /** Bytes of the held batches. */
  bytes = 0
  /** Highest position known to exist by a header the publisher signed (or by its signed announcement). */
  head = 0
  /** Hash of the header of the batch that ends at `head`, when known. */
  headHash: Uint8Array | undefined
  /** The signed head on its own, for others; empty when the head is only known from an announcement. */
  headBytes: Uint8Array = new Uint8Array(0)
  /** Positions up to here the publisher has dropped, by its signed word. */
  trimmed = 0
  trimReason: 'expired' | 'evicted' = 'expired'
  trimBytes: Uint8Array = new Uint8Array(0)
  /** Positions up to here were held and dropped here, by this node's own retention. */
  dropped = 0
  /** From the log's first batch: the publisher's earlier log of this channel, and where it ends. */
  link: LogLink | undefined
  /** The first batch has been seen, so that a missing link means that there was no earlier log. */
  linkKnown = false
  /** Wall clock when this node first learned of the log, ms. */
  firstAt = 0

  constructor (readonly id: LogId, /** Number in this node's store. */ readonly number: number, /** This node publishes it. */ readonly own: boolean) {
    this.key = logKey(id)
  }

  get publisher (): string { return this.id.publisher }
  get channel (): string { return this.id.channel }
  get incarnation (): Incarnation { return this.id.incarnation }

  toRow (held: RangeSet, bytes: number): Uint8Array {
    return LogRow.encode({
      number: this.number,
      held: held.encode() as Uint8Array<ArrayBuffer>,
      bytes,
      records: held.count,
      head: this.headBytes as Uint8Array<ArrayBuffer>,
      trim: this.trimBytes as Uint8Array<ArrayBuffer>,
      dropped: this.dropped,
      firstAt: this.firstAt,
      linkKnown: this.linkKnown,
      headPosition: this.head,
      trimmed: this.trimmed,
      evicted: this.trimReason === 'evicted',
      headHash: (this.headHash ?? new Uint8Array(0)) as Uint8Array<ArrayBuffer>,
      ...(this.link === undefined ? {} : { link: toWireLink(this.link) })
    })
  }

  static fromRow (key: Uint8Array, bytes: Uint8Array, self: string): LogState {
    const row = LogRow.decode(bytes)
    const id = logIdFromKey(key)
    const state = new LogState(id, row.number, id.publisher === self)
    state.held = RangeSet.decode(row.held)
    state.bytes = row.bytes
    state.head = row.headPosition
    state.headHash = row.headHash.length === 0 ? undefined : row.headHash.slice()
    state.headBytes = row.head.slice()
    state.trimmed = row.trimmed
    state.trimReason = row.evicted ? 'evicted' : 'expired'
    state.trimBytes = row.trim.slice()
    state.dropped = row.dropped
    state.firstAt = row.firstAt
    state.linkKnown = row.linkKnown
    state.link = row.link === undefined ? undefined : fromWireLink(row.link)
    return state
  }

  toString (): string { return `${this.publisher.slice(-6)}.${formatIncarnation(this.incarnation)}.${this.channel}` }
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
  const number = Number(new DataView(key.buffer, key.byteOffset).getBigUint64(38))
  return { publisher, incarnation: { number, random: toHex(key.subarray(46, 54)) }, channel: Buffer.from(key.subarray(54)).toString() }
}
