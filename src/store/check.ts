/**
 * What both stores refuse to be handed. A wrong argument is a fault of the caller's, so it throws at once and nothing is
 * queued: once operations are on their way to the disk there is no taking back half of them.
 */
import { SkeinError } from '../base/errors.js'
import { TABLES, type StoreOp, type StoreRange } from './store.js'

/** The longest is that of a log: 54 bytes and a channel, which is as long as a topic may be. */
export const STORE_KEY_BYTES_MAX = 384
export const STORE_VALUE_BYTES_MAX = 2 * 1024 * 1024
/** Entries of one read. */
export const STORE_ENTRIES_MAX = 1000

const known: ReadonlySet<string> = new Set(TABLES)

export function checkTable (table: string): void {
  if (!known.has(table)) throw new SkeinError('ERR_BAD_ARGUMENT', `there is no table ${JSON.stringify(table)}`)
}

export function checkKey (key: Uint8Array): void {
  if (!(key instanceof Uint8Array) || key.length === 0 || key.length > STORE_KEY_BYTES_MAX) {
    throw new SkeinError('ERR_BAD_ARGUMENT', `a key is 1 to ${STORE_KEY_BYTES_MAX} bytes`)
  }
}

export function checkOps (ops: readonly StoreOp[]): void {
  for (const op of ops) {
    checkTable(op.table)
    checkKey(op.key)
    if (op.type === 'put') {
      if (!(op.value instanceof Uint8Array) || op.value.length > STORE_VALUE_BYTES_MAX) {
        throw new SkeinError('ERR_BAD_ARGUMENT', `a value is up to ${STORE_VALUE_BYTES_MAX} bytes`)
      }
    } else if (op.type !== 'del') {
      throw new SkeinError('ERR_BAD_ARGUMENT', 'an operation is a put or a del')
    }
  }
}

export function limitOf (range: StoreRange): number {
  const limit = range.limit ?? STORE_ENTRIES_MAX
  if (!Number.isInteger(limit) || limit < 0) throw new SkeinError('ERR_BAD_ARGUMENT', 'limit is a count')
  return Math.min(limit, STORE_ENTRIES_MAX)
}

export function closedError (): SkeinError {
  return new SkeinError('ERR_CLOSED', 'the store is closed')
}

/** Calls `done` so that a fault in it surfaces as uncaught, and neither stops the callbacks behind it nor passes for a fault of the store. */
export function callDone (done: (error?: Error) => void, error?: Error): void {
  try {
    if (error === undefined) done()
    else done(error)
  } catch (thrown) {
    queueMicrotask(() => { throw thrown })
  }
}
