/**
 * The control protocol: how commands talk to the node that holds the data directory, over its Unix socket.
 *
 * Both ways a line is one JSON object. The server speaks first, with `hello`. A request carries an `id` that its answer
 * repeats; requests are under way at the same time and answered in any order.
 *
 *     → {"id":1,"op":"publish","topic":"a/b","body":"aGk=","until":"stored:1","timeoutMs":10000}
 *     ← {"id":1,"published":{"id":"…","position":1,…}}      fsynced; only when the level asks for more
 *     ← {"id":1,"ok":{"id":"…","position":1,…}}             the level is reached
 *     ← {"id":1,"error":{"code":"ERR_TIMEOUT","message":"…","hint":"…"}}
 *     → {"id":2,"op":"subscribe","feed":1,"filters":["a/#"],"credit":64}
 *     ← {"event":"delivery","feed":1,"token":1,"body":"aGk=",…}
 *     → {"id":3,"op":"ack","feed":1,"token":1,"credit":1}   answered when it is on disk
 *     ← {"event":"ended","feed":1,"error":{…}}              the feed is over
 *     ← {"event":"bye","reason":"yield"}                    the last line
 *
 * `bye` promises that what was asked and neither answered nor `published` has not been done and never will be by this
 * server: it can be asked again elsewhere. A connection that ends without `bye` promises nothing.
 */
import { ERRORS, SkeinError, type ErrorCode } from '../base/errors.js'

export const CONTROL_VERSION = 1

/** A request line: a body of 1 MiB in base64, its headers and key with every character escaped, and room. */
export const REQUEST_LINE_BYTES_MAX = 2 * 1024 * 1024
/** An answer line: what `status` says of thousands of logs and subscriptions. */
export const ANSWER_LINE_BYTES_MAX = 16 * 1024 * 1024
/** Publishes of one connection that are not on disk yet; above it the server reads no further. */
export const PUBLISHING_MAX = 1_024
/** Bytes of the bodies of these. */
export const PUBLISHING_BYTES_MAX = 8 * 1024 * 1024
/** Requests of one connection that wait for anything, receipts included; above it the server reads no further. */
export const WAITING_MAX = 16_384
/** Deliveries of one feed that the client has asked for and not had. */
export const CREDIT_MAX = 1_024
/** Subscriptions of one connection. */
export const FEEDS_MAX = 64
export const CONNECTIONS_MAX = 256
/** Above so many unsent bytes nothing more is read or pushed until they are gone. */
export const UNSENT_BYTES_HIGH_WATER = 1024 * 1024

export type Role = 'daemon' | 'command'

export interface Hello {
  readonly event: 'hello'
  readonly protocol: number
  readonly role: Role
  readonly peerId: string
  readonly mesh: string
  readonly version: string
  readonly pid: number
}

/** Why a server says `bye`: its command is done, it makes room for a daemon, it was told to stop, or its node failed. */
export type ByeReason = 'finished' | 'yield' | 'stopped' | 'failed'

export interface WireError {
  readonly code: string
  readonly message: string
  readonly hint?: string
}

export interface PublishArgs {
  readonly topic: string
  /** base64 */
  readonly body: string
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly key?: string
  readonly expiresInMs?: number
  /** The caller's own id of the message. */
  readonly messageId?: string
  readonly durability?: 'disk' | 'none'
  /** Default `local`. */
  readonly until?: string
  readonly timeoutMs?: number
}

export interface PublishAnswer {
  readonly id: string
  readonly topic: string
  readonly channel: string
  readonly incarnation: string
  readonly position: number
  readonly time: number
  readonly duplicate: boolean
}

export interface SubscribeArgs {
  /** The client's number for it, unique in its connection. */
  readonly feed: number
  readonly filters: readonly string[]
  readonly credit: number
  readonly name?: string
  /** `earliest`, `latest` or ms since 1970. */
  readonly from?: 'earliest' | 'latest' | number
  readonly maxInFlight?: number
  readonly ackTimeoutMs?: number
  readonly maxAttempts?: number
  readonly change?: boolean
}

export interface WireDelivery {
  readonly event: 'delivery'
  readonly feed: number
  readonly token: number
  readonly id: string
  readonly topic: string
  readonly channel: string
  /** base64 */
  readonly body: string
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  readonly key?: string
  readonly publisher: string
  readonly incarnation: string
  readonly position: number
  readonly time: number
  readonly expiresAt?: number
  readonly attempt: number
  readonly late: boolean
  readonly ephemeral: boolean
}

export function toWireError (error: unknown): WireError {
  if (error instanceof SkeinError) return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }
  return { code: 'ERR_INTERNAL', message: error instanceof Error ? error.message : String(error) }
}

/** A server of a newer version may know more codes than this table. */
export function fromWireError (error: unknown): SkeinError {
  const { code, message, hint } = typeof error === 'object' && error !== null ? error as Partial<Record<keyof WireError, unknown>> : {}
  const known = typeof code === 'string' && Object.hasOwn(ERRORS, code) ? code as ErrorCode : 'ERR_INTERNAL'
  return new SkeinError(known, typeof message === 'string' ? message : 'the node answered with an error that this command cannot read', typeof hint === 'string' ? { hint } : {})
}
