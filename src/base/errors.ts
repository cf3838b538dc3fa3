/**
 * Every error that Skein raises on purpose is a `SkeinError` with a code from this table. The table also gives the
 * exit status of the CLI (`docs/errors.md` lists them; a test holds the two together).
 */

export interface ErrorKind {
  /** One sentence: what has happened. */
  readonly meaning: string
  /** Exit status of a command that fails with it: 1 failed, 2 usage, 69 unreachable, 75 try again, 77 not permitted, 78 bad configuration. */
  readonly exit: number
  /** The same call may succeed later with nothing changed by the caller. */
  readonly retryable: boolean
}

const kind = (exit: number, retryable: boolean, meaning: string): ErrorKind => ({ meaning, exit, retryable })

export const ERRORS = {
  ERR_ABORTED: kind(1, true, 'The wait was ended by its abort signal; the outcome is unknown.'),
  ERR_BAD_ADDRESS: kind(2, false, 'An address is not a multiaddr that this node can use.'),
  ERR_BAD_ARGUMENT: kind(2, false, 'An argument or option is not of the form it must have.'),
  ERR_BAD_BODY: kind(2, false, 'The body is neither a string, nor bytes, nor a JSON value.'),
  ERR_BAD_CONFIG: kind(78, false, 'The configuration has an unknown key or a value that does not fit.'),
  ERR_BAD_FILTER: kind(2, false, 'The topic filter is malformed.'),
  ERR_BAD_MESSAGE_ID: kind(2, false, 'This is not a message id.'),
  ERR_BAD_TOPIC: kind(2, false, 'The topic is malformed.'),
  ERR_CLOSED: kind(1, false, 'The node, subscription or store is closed.'),
  ERR_DATA_DIR_IN_USE: kind(75, true, 'Another process works on this data directory.'),
  ERR_DATA_DIR_UNUSABLE: kind(77, false, 'The data directory cannot be made, read or written.'),
  ERR_DELIVERY_SETTLED: kind(1, false, 'The delivery is no longer this consumer’s: it was settled, timed out or released.'),
  ERR_HANDSHAKE_REFUSED: kind(69, false, 'The other node refused the handshake.'),
  ERR_IDENTITY_IN_USE: kind(78, false, 'Another process works with this node’s identity key.'),
  ERR_INTERNAL: kind(1, false, 'A fault in Skein itself.'),
  ERR_KEY_WITHOUT_STORE: kind(78, false, 'There is an identity key but its store is gone.'),
  ERR_LIMIT: kind(1, true, 'A limit is reached.'),
  ERR_MESH_DIFFERS: kind(78, false, 'The data directory belongs to another mesh.'),
  ERR_MESSAGE_TOO_LARGE: kind(1, false, 'The message is over the size limit.'),
  ERR_NOT_FOUND: kind(1, false, 'There is no such thing here.'),
  ERR_OUTBOX_FULL: kind(75, true, 'The outbox has reached its quota and what is in it is still owed to subscribers.'),
  ERR_PORT_IN_USE: kind(75, true, 'A listen address is taken.'),
  ERR_PUBLISH_ID_DIFFERS: kind(1, false, 'The id was used before for another message.'),
  ERR_STORE: kind(1, false, 'The store failed; what was under way may or may not be on disk.'),
  ERR_STORE_CORRUPT: kind(1, false, 'The store holds data that is not what was written.'),
  ERR_STORE_FOREIGN: kind(78, false, 'The store was not made by Skein or belongs to another node.'),
  ERR_STORE_FULL: kind(75, true, 'The disk is (nearly) full; nothing of this was kept.'),
  ERR_STORE_NEWER: kind(78, false, 'The store was written by a newer version of Skein.'),
  ERR_STORE_OLDER: kind(78, false, 'The store was written by an older version of Skein that this one does not read.'),
  ERR_SUBSCRIPTION_DIFFERS: kind(2, false, 'A subscription of this name exists with other filters or options.'),
  ERR_TIMEOUT: kind(124, true, 'The time ran out; the outcome is unknown.'),
  ERR_UNREACHABLE: kind(69, true, 'Nothing answers there.'),
  ERR_USAGE: kind(2, false, 'The command line is wrong.')
} as const

export type ErrorCode = keyof typeof ERRORS

export interface SkeinErrorOptions {
  /** What the person can do about it, one sentence. */
  readonly hint?: string
  readonly cause?: unknown
}

export class SkeinError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly hint: string | undefined

  constructor (code: ErrorCode, message?: string, options: SkeinErrorOptions = {}) {
    super(message ?? ERRORS[code].meaning, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SkeinError'
    this.code = code
    this.retryable = ERRORS[code].retryable
    this.hint = options.hint
  }

  /** Exit status that a command ends with when this error ends it. */
  get exitStatus (): number { return ERRORS[this.code].exit }
}

export function isSkeinError (error: unknown, code?: ErrorCode): error is SkeinError {
  return error instanceof SkeinError && (code === undefined || error.code === code)
}
