import type { Crypto } from './crypto.js'
import { utf8 } from './bytes.js'

/** Items of a channel are spread over so many buckets; two nodes that differ in one item exchange one bucket. */
export const BUCKETS = 64
const BYTES = 8

/**
 * A digest of a set of items for each channel, kept up to date in O(1): in each bucket the XOR of the items' hashes.
 * Nodes that know the same have the same digest, whatever the order in which they learned it. It is no defence against
 * a neighbour that lies: that one only keeps itself from being served.
 */
export class Digests {
  readonly #channels = new Map<string, { buckets: Uint8Array, items: Map<string, { bucket: number, hash: Uint8Array }> }>()

  constructor (private readonly crypto: Pick<Crypto, 'hash'>) {}

  /** Item `key` of the channel now has this value; undefined takes it out. */
  set (channel: string, key: string, value: string | undefined): void {
    let entry = this.#channels.get(channel)
    if (entry === undefined) {
      if (value === undefined) return
      this.#channels.set(channel, entry = { buckets: new Uint8Array(BUCKETS * BYTES), items: new Map() })
    }
    const before = entry.items.get(key)
    if (before !== undefined) xor(entry.buckets, before.bucket, before.hash)
    if (value === undefined) {
      entry.items.delete(key)
      return
    }
    const hash = this.crypto.hash(utf8(`${key}\n${value}`)).slice(0, BYTES)
    const bucket = before?.bucket ?? this.bucketOf(key)
    entry.items.set(key, { bucket, hash })
    xor(entry.buckets, bucket, hash)
  }

  bucketOf (key: string): number {
    return (this.crypto.hash(utf8(key))[0] as number) % BUCKETS
  }

  /** 8 bytes that stand for all items of the channel; zeros when there are none. */
  total (channel: string): Uint8Array {
    const entry = this.#channels.get(channel)
    if (entry === undefined || entry.items.size === 0) return new Uint8Array(BYTES)
    return this.crypto.hash(entry.buckets).slice(0, BYTES)
  }

  buckets (channel: string): Uint8Array {
    return this.#channels.get(channel)?.buckets.slice() ?? new Uint8Array(BUCKETS * BYTES)
  }

  /** Buckets in which `theirs` differs from ours. Empty when `theirs` is malformed. */
  differing (channel: string, theirs: Uint8Array): Set<number> {
    const out = new Set<number>()
    if (theirs.length !== BUCKETS * BYTES) return out
    const ours = this.#channels.get(channel)?.buckets ?? new Uint8Array(BUCKETS * BYTES)
    for (let i = 0; i < ours.length; i++) if (ours[i] !== theirs[i]) out.add(Math.floor(i / BYTES))
    return out
  }

  /** Keys of the channel’s items, of these buckets or all. Nothing is looked at before it is asked for. */
  * keys (channel: string, buckets: Set<number> | undefined): Generator<string> {
    for (const [key, { bucket }] of this.#channels.get(channel)?.items ?? []) if (buckets === undefined || buckets.has(bucket)) yield key
  }

  size (channel: string): number { return this.#channels.get(channel)?.items.size ?? 0 }
}

function xor (buckets: Uint8Array, bucket: number, hash: Uint8Array): void {
  for (let i = 0; i < BYTES; i++) {
    const at = bucket * BYTES + i
    buckets[at] = (buckets[at] as number) ^ (hash[i] as number)
  }
}
