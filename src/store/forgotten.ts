import { fromUtf8, utf8 } from '../base/bytes.js'
import type { LogId } from '../message/ids.js'
import { peerIdFromBytes, peerIdToBytes, PEER_ID_BYTES } from '../message/peer-id.js'
import { putU64, readU64 } from './keys.js'
import type { Store, StoreOp } from './store.js'

/**
 * What is left of logs that are closed, trimmed and settled: one number for each publisher and channel. Logs up to it are
 * past, and nobody who still has them brings them back. Rows of the table `forgotten`: publisher (38 bytes), channel (UTF-8) → u64.
 */
export class Forgotten {
  readonly #numbers = new Map<string, number>()

  constructor (store: Store) {
    let after: Uint8Array | undefined
    for (;;) {
      const rows = store.entries('forgotten', after === undefined ? {} : { gte: after })
      for (const [key, value] of rows) {
        const publisher = peerIdFromBytes(key.subarray(0, PEER_ID_BYTES))
        if (publisher !== undefined && value.length === 8) this.#numbers.set(`${publisher} ${fromUtf8(key.subarray(PEER_ID_BYTES))}`, readU64(value))
      }
      const last = rows.at(-1)?.[0]
      if (last === undefined || rows.length < 1000) break
      after = Buffer.concat([last, Buffer.of(0)])
    }
  }

  has (id: LogId): boolean { return id.incarnation.number <= (this.#numbers.get(`${id.publisher} ${id.channel}`) ?? 0) }

  add (id: LogId): StoreOp {
    this.#numbers.set(`${id.publisher} ${id.channel}`, id.incarnation.number)
    const value = new Uint8Array(8)
    putU64(value, 0, id.incarnation.number)
    return { type: 'put', table: 'forgotten', key: Buffer.concat([peerIdToBytes(id.publisher) as Uint8Array, utf8(id.channel)]), value }
  }
}
