import { fromUtf8, utf8 } from '../base/bytes.js'
import type { LogId } from '../message/ids.js'
import { peerIdFromBytes, peerIdToBytes, PEER_ID_BYTES } from '../message/peer-id.js'
import { concat, readU32, readU64, u32, u64 } from './keys.js'
import { rowsOf } from './rows-of.js'
import type { Store, StoreOp } from './store.js'

/** Publishers and channels of which such a number is kept. With more, further logs are not forgotten. */
export const FORGOTTEN_MAX = 262_144

/**
 * What is left of logs that are closed, trimmed and settled: one number for each publisher and channel. Logs up to it are
 * past, and nobody who still has them brings them back. The number that the log had in this store is not given again either,
 * for rows of other rooms may still speak of it.
 *
 *     [publisher 38 bytes][channel UTF-8]  →  [incarnation number u64][highest log number u32]
 */
export class Forgotten {
  readonly #past = new Map<string, { readonly incarnation: number, readonly logNumber: number }>()
  /** Highest number in this store of a log that was forgotten. */
  lastNumber = 0

  constructor (store: Store) {
    for (const [key, value] of rowsOf(store, 'forgotten')) {
      const publisher = peerIdFromBytes(key.subarray(0, PEER_ID_BYTES))
      if (publisher !== undefined && value.length === 12) this.#set(`${publisher} ${fromUtf8(key.subarray(PEER_ID_BYTES))}`, readU64(value), readU32(value, 8))
    }
  }

  has (id: LogId): boolean { return id.incarnation.number <= (this.#past.get(`${id.publisher} ${id.channel}`)?.incarnation ?? 0) }

  /** There is room for this one. */
  takes (id: LogId): boolean { return this.#past.size < FORGOTTEN_MAX || this.#past.has(`${id.publisher} ${id.channel}`) }

  #set (key: string, incarnation: number, logNumber: number): void {
    this.#past.set(key, { incarnation, logNumber })
    this.lastNumber = Math.max(this.lastNumber, logNumber)
  }

  add (id: LogId, logNumber: number): StoreOp {
    const key = `${id.publisher} ${id.channel}`
    const before = this.#past.get(key)
    const highest = Math.max(before?.logNumber ?? 0, logNumber)
    const incarnation = Math.max(before?.incarnation ?? 0, id.incarnation.number)
    this.#set(key, incarnation, highest)
    const value = concat(u64(incarnation), u32(highest))
    return { type: 'put', table: 'forgotten', key: Buffer.concat([peerIdToBytes(id.publisher) as Uint8Array, utf8(id.channel)]), value }
  }
}
