import { sealBatch, type LogLink, type SealedBatch } from '../../src/message/batch.js'
import type { LogId } from '../../src/message/ids.js'
import { encodeRecords, makeRecord, type RecordFields } from '../../src/message/record.js'
import { signTrim } from '../../src/message/signed.js'
import type { LogBook } from '../../src/store/log-book.js'
import type { LogState } from '../../src/store/log-state.js'
import type { MemoryStore } from '../../src/store/memory-store.js'
import { fakeCrypto, peerOf, testMesh } from './fake-crypto.js'
import type { ManualClock } from './manual-clock.js'

export const recordOf = (topic: string, body: unknown = 'x', more: { id?: string, time?: number, key?: string } = {}): RecordFields =>
  makeRecord({ topic, body, time: more.time ?? 1_700_000_000_000, id: more.id, key: more.key }, 1024 * 1024)

/** The log of a publisher as it writes it, batch after batch. */
export class WrittenLog {
  readonly id: LogId
  readonly publisher: string
  readonly batches: SealedBatch[] = []
  readonly crypto
  last = 0
  #previous: Uint8Array = new Uint8Array(0)

  constructor (publisher = 1, number = 1, channel = 'press', readonly link?: LogLink) {
    this.publisher = peerOf(publisher)
    this.crypto = fakeCrypto(this.publisher)
    this.id = { publisher: this.publisher, incarnation: { number, random: number.toString(16).padStart(16, '0') }, channel }
  }

  /** A batch of so many records. */
  write (count: number, time = 1_700_000_000_000, body: string | Uint8Array = 'x'): SealedBatch {
    const base = this.last + 1
    const records = Array.from({ length: count }, (_, i) => recordOf(`${this.id.channel}/a`, typeof body === 'string' ? `${body}${base + i}` : body, { time }))
    const batch = sealBatch(this.crypto, testMesh, { log: this.id, base, count, time, previous: this.#previous, link: base === 1 ? this.link : undefined, body: encodeRecords(records) })
    this.#previous = this.crypto.hash(batch.header)
    this.last = batch.last
    this.batches.push(batch)
    return batch
  }

  trim (through: number, reason: 'expired' | 'evicted' = 'expired'): { trim: Parameters<LogBook['noteTrim']>[1], bytes: Uint8Array } {
    const trim = { log: this.id, through, reason, time: 1_700_000_000_000 }
    return { trim, bytes: signTrim(this.crypto, testMesh, trim) }
  }
}

/** Puts batches on disk and into the book, as the lanes do. */
export function hold (clock: ManualClock, store: MemoryStore, book: LogBook, batches: readonly SealedBatch[]): LogState | undefined {
  let log: LogState | undefined
  for (const batch of batches) {
    log = book.ensure(batch.log)
    const known = log
    let done = false
    store.commit(book.stage(known, [batch]), (error) => {
      if (error !== undefined) throw error
      book.applied(known, [batch])
      done = true
    })
    while (!done && clock.step()) {}
  }
  return log
}
