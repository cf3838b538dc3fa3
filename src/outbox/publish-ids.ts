import { createHash } from 'node:crypto'
import { isSkeinError, SkeinError } from '../base/errors.js'
import type { SealedBatch } from '../message/batch.js'
import type { RecordFields } from '../message/record.js'
import { Record as WireRecord } from '../message/wire.js'
import type { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { Store, StoreOp } from '../store/store.js'
import type { Pending } from './batcher.js'
import type { PublishDone } from './outbox.js'

/**
 * Ids that callers chose: publishing twice under one id is publishing once. A row is put in the commit of the record, and
 * lives as long as the record. Key: the first 20 bytes of the id's SHA-256. Value: number of the log (u32),
 * position (u64), time (u64), the first 8 bytes of the hash of what was published.
 */
export class PublishIds {
  readonly #pending = new Map<string, Array<{ content: Buffer, done: PublishDone }>>()

  constructor (private readonly store: Store, private readonly book: LogBook) {}

  /** Whether the id is known, and then the publish has been or will be answered. */
  answer (record: RecordFields, done: PublishDone): boolean {
    const underWay = this.#pending.get(record.id)
    if (underWay !== undefined) {
      underWay.push({ content: contentHash(record), done })
      return true
    }
    const parsed = readIdRow(this.store, idKey(record.id))
    if (parsed === undefined) return false
    if (parsed === 'damaged') {
      done(new SkeinError('ERR_STORE_CORRUPT', `what is known of the id ${JSON.stringify(record.id)} is not what was written`))
      return true
    }
    const { logNumber, position, time, content } = parsed
    const log = this.book.byNumber(logNumber)
    // A record that was trimmed is past: the id is free again.
    if (log === undefined || position <= Math.max(log.trimmed, log.dropped)) return false
    if (!content.equals(contentHash(record))) done(differs(record.id))
    else done(undefined, { log, position, time, duplicate: true })
    return true
  }

  /** From now on publishes with this id wait for this one. Returns the callback that answers them all. */
  begin (record: RecordFields, done: PublishDone): PublishDone {
    const others: Array<{ content: Buffer, done: PublishDone }> = []
    this.#pending.set(record.id, others)
    return (error, placed) => {
      this.#pending.delete(record.id)
      done(error, placed)
      if (others.length === 0) return
      const content = contentHash(record)
      for (const other of others) {
        if (placed === undefined) other.done(error)
        else if (!other.content.equals(content)) other.done(differs(record.id))
        else other.done(undefined, { ...placed, duplicate: true })
      }
    }
  }

  stage (log: LogState, batch: SealedBatch, entries: ReadonlyArray<Pending<PublishDone>>, ops: StoreOp[]): void {
    let position = batch.base - 1
    for (const { record } of entries) {
      position++
      if (record.id === '') continue
      const value = Buffer.alloc(ROW_BYTES)
      value.writeUInt32BE(log.number, 0)
      value.writeBigUInt64BE(BigInt(position), 4)
      value.writeBigUInt64BE(BigInt(Math.floor(record.time)), 12)
      contentHash(record).copy(value, 20)
      ops.push({ type: 'put', table: 'publish-id', key: idKey(record.id), value })
    }
  }
}

interface IdRow { readonly logNumber: number, readonly position: number, readonly time: number, readonly content: Buffer }

/** 'damaged' when it is not what was written. */
function readIdRow (store: Store, key: Uint8Array): IdRow | 'damaged' | undefined {
  try {
    const value = store.get('publish-id', key)
    return value === undefined ? undefined : parseIdRow(value)
  } catch (error) {
    if (isSkeinError(error, 'ERR_STORE_CORRUPT')) return 'damaged'
    throw error
  }
}

function parseIdRow (value: Uint8Array): IdRow | 'damaged' {
  if (value.length !== ROW_BYTES) return 'damaged'
  const row = Buffer.from(value)
  return { logNumber: row.readUInt32BE(0), position: Number(row.readBigUInt64BE(4)), time: Number(row.readBigUInt64BE(12)), content: row.subarray(20) }
}

/** Rows whose record is gone, among the next `limit` after `after`: the operations, and where to go on. */
export function expiredIds (store: Store, book: LogBook, after: Uint8Array | undefined, limit: number): { ops: StoreOp[], next: Uint8Array | undefined, looked: number } {
  const keys = store.keys('publish-id', { ...(after === undefined ? {} : { gte: after }), limit })
  const ops: StoreOp[] = []
  for (const key of keys) {
    const row = readIdRow(store, key)
    // Nobody can tell whether the message of a damaged one is there still: it stays, and the node, which was told of it, stops.
    if (row === undefined || row === 'damaged') continue
    const { logNumber, position } = row
    const log = book.byNumber(logNumber)
    if (log === undefined || position <= Math.max(log.trimmed, log.dropped)) ops.push({ type: 'del', table: 'publish-id', key })
  }
  const last = keys.at(-1)
  return { ops, next: last === undefined || keys.length < limit ? undefined : Buffer.concat([last, Buffer.of(0)]), looked: keys.length }
}

const ROW_BYTES = 28

const idKey = (id: string): Buffer => createHash('sha256').update(id).digest().subarray(0, 20)

/** Of what the caller gave, without the time. */
function contentHash (record: RecordFields): Buffer {
  const content = WireRecord.encode({ ...record, time: 0, expiresAt: 0 })
  return createHash('sha256').update(content).digest().subarray(0, 8)
}

const differs = (id: string): SkeinError => new SkeinError('ERR_PUBLISH_ID_DIFFERS', `the id ${JSON.stringify(id)} was used before for another message`, { hint: 'Use an id once, for one message.' })
