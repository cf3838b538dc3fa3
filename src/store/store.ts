/**
 * The Store port: an ordered map of bytes in named tables, with atomic durable commits.
 *
 * What every implementation promises (`test/contract/store.ts` holds them to it):
 *
 * - `commit` is atomic: after a crash at any moment either all of its operations are there or none.
 * - `done()` without an error is called after the data is on stable storage, never before, and never
 *   synchronously from within `commit`. Commits become durable, and `done` is called, in the order of the calls.
 * - `done(error)` with code `ERR_STORE_FULL` means: nothing of this commit was kept, the store goes on working.
 *   With `ERR_STORE` the outcome is unknown and the store has failed: each later commit fails with the same error.
 * - Reads are synchronous and see everything whose `done` was called without an error. They may see a commit a
 *   little earlier than its `done`, never a part of one.
 * - Within one commit a later operation on the same key wins.
 * - Keys order bytewise, a prefix before what it is a prefix of. Keys are 1 to 384 bytes, values up to 2 MiB.
 * - A value that is not what was put under this key is never returned. Where it can be had again (`batch`, `receipt`, `peer`) as many
 *   zeros are, elsewhere the read throws `ERR_STORE_CORRUPT`.
 * - Returned arrays belong to the caller and stay as they are.
 */

/** The tables, in the words of the rooms that own them. */
export const TABLES = [
  'meta',           // node/: mesh, identity check, bootstrap addresses; outbox/: incarnation
  'log',            // store/: one row a log
  'batch',          // store/: [log number u32][base position u64] → sealed batch
  'publish-id',     // outbox/: ids that callers chose
  'receipt',        // outbox/: newest receipts by receiver and log
  'subscription',   // inbox/: durable subscriptions
  'cursor',         // inbox/: [subscription u32][log u32] → cursor
  'dead',           // inbox/: [subscription u32][sequence u64] → dead letter
  'peer',           // directory/: what is remembered of other nodes
  'forgotten',      // store/: the highest incarnation that is past, by publisher and channel
  'quarantine'      // directory/: proofs that publishers forked
] as const

export type Table = typeof TABLES[number]

export type StoreOp =
  | { readonly type: 'put', readonly table: Table, readonly key: Uint8Array, readonly value: Uint8Array, /** It is refused while there is still room for what does not. */ readonly yields?: true }
  | { readonly type: 'del', readonly table: Table, readonly key: Uint8Array }

export interface StoreRange {
  readonly gte?: Uint8Array
  readonly lt?: Uint8Array
  readonly reverse?: boolean
  /** At most so many entries. A reader that wants more asks again, so that no read pins pages for long. Default and maximum 1,000. */
  readonly limit?: number
}

export interface StoreStats {
  /** Bytes on disk (or in memory) that the store occupies. */
  readonly fileBytes: number
  /** Bytes in use within it, pages that are free for reuse left out. */
  readonly usedBytes: number
}

export interface Store {
  get (table: Table, key: Uint8Array): Uint8Array | undefined
  entries (table: Table, range?: StoreRange): Array<readonly [key: Uint8Array, value: Uint8Array]>
  keys (table: Table, range?: StoreRange): Uint8Array[]
  commit (ops: readonly StoreOp[], done: (error?: Error) => void): void
  stats (): StoreStats
  /** Whether a commit with an operation that yields is likely to find room now. Absent: always. */
  hasSpareRoom? (): boolean
  /** Waits for the commits under way, then closes. Later calls throw `ERR_CLOSED`. */
  close (): Promise<void>
}
