/**
 * The library's face: what `createNode` takes and what it gives. Types only; `src/index.ts` re-exports them.
 */
import type { Logger } from '../base/logger.js'
import type { ClaimInfo, CustodyOptions, DeadLetter, Gap, GapReason, GapReport, LogInfo, ReceiptState, RetentionOptions, SubscriptionInfo } from '../message/reports.js'

export type { ClaimInfo, CustodyOptions, DeadLetter, Gap, GapReason, GapReport, LogInfo, ReceiptState, RetentionOptions, SubscriptionInfo } from '../message/reports.js'

/** A JSON value as `JSON.parse` gives it. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }

/** What can be published: text, bytes, or anything `JSON.stringify` keeps. */
export type Body = string | Uint8Array | JsonValue | object

export interface NodeOptions {
  /** The node's data directory: identity, outbox, inbox. Made if missing (mode 0700). Required unless `inMemory`. */
  readonly dataDir?: string
  /** Keep everything in memory: nothing survives the process. For tests and for purely ephemeral use. Default false. */
  readonly inMemory?: boolean
  /** Mesh id: only nodes with the same one talk to each other. 1 to 128 bytes, with no blanks and nothing that cannot be seen. Default: the directory's, else 'default'. */
  readonly mesh?: string
  /** Multiaddrs to listen on. Default `['/ip4/127.0.0.1/tcp/0']`: this machine only. `[]` listens nowhere. */
  readonly listen?: readonly string[]
  /** Addresses of nodes to join, each ending in `/p2p/<peer id>`. They are remembered in the data directory. */
  readonly bootstrap?: readonly string[]
  /** Join and keep every channel that neighbours use, so that nodes that never meet can exchange messages. Default false. */
  readonly relay?: boolean
  /** Find nodes on the local network by multicast DNS. Default false. */
  readonly mdns?: boolean
  /** Largest body of one message, bytes. Default 256 KiB, at most 1 MiB. */
  readonly messageBytesMax?: number
  /** Default retention of every channel, and of named channels. */
  readonly retention?: RetentionOptions & { readonly channels?: Readonly<Record<string, RetentionOptions>> }
  /** How much is kept of what others publish, whatever the channel. */
  readonly custody?: CustodyOptions
  /**
   * A durable subscription lapses when its node was not heard of for so long, ms, or when it is of this node and had no consumer: nothing is
   * kept for it any more. When it comes back it goes on where it stood, with gaps for what is gone. 0: never. At least 60,000. Default 30 days.
   */
  readonly lapseAfterMs?: number
  /** How long `publish` waits for room at the quota before it rejects, ms. Default 5,000. */
  readonly publishWaitMs?: number
  /** A file to which what the node does is appended, for `skein-check` (docs/histories.md). Default: none. */
  readonly history?: string
  /** Start although the identity key is there and its store is gone. Default false. */
  readonly acceptLoss?: boolean
  /** Where the node tells what an operator should know. Default: nowhere. */
  readonly logger?: Logger
  /** Who holds the directory, for the message others get. Default 'embedded'. */
  readonly role?: 'daemon' | 'command' | 'embedded'
}

export interface PublishOptions {
  /** Name and value pairs that travel with the message; at most 64 pairs and 16 KiB. */
  readonly headers?: Readonly<Record<string, string>>
  /** Records of one key are handled in order also by concurrent consumers. At most 128 bytes. */
  readonly key?: string
  /** After so many ms the message is no longer delivered. Default: never. */
  readonly expiresInMs?: number
  /** The caller's own id. Publishing again with the same id and content gives the first message again. At most 128 bytes. */
  readonly id?: string
  /** 'disk' (default): durable. 'none': ephemeral, at most once, to whoever listens now. */
  readonly durability?: 'disk' | 'none'
  /** MIME type of the body. Default: `text/plain` for strings, `application/octet-stream` for bytes, else `application/json`. */
  readonly contentType?: string
  /** Ends the wait, with `ERR_ABORTED`. A message already admitted is published all the same. */
  readonly signal?: AbortSignal
}

export interface WaitOptions {
  readonly signal?: AbortSignal
  /** Rejects with `ERR_TIMEOUT` after so many ms: the outcome is unknown, not failed. Default: waits for ever. */
  readonly timeoutMs?: number
}

export interface StoredOptions extends WaitOptions {
  /** A number: so many nodes other than the publisher. A peer id: that node. Default 1. */
  readonly by?: number | string
}

export interface ProcessedOptions extends WaitOptions {
  /** Name of the durable subscription. */
  readonly by: string
}

export interface Receipt {
  readonly id: string
  state (): ReceiptState
  /** Resolves when the message is fsynced at `by`. Rejects with `ERR_TIMEOUT`, `ERR_ABORTED` or `ERR_CLOSED`, all of which mean unknown. */
  stored (options?: StoredOptions): Promise<ReceiptState>
  /** Resolves when the named subscription has settled the message, at whichever node. Rejects like `stored`. */
  processed (options: ProcessedOptions): Promise<ReceiptState>
}

/** A message that has been published. Durable ones are on this node's disk. */
export interface Published extends Receipt {
  readonly topic: string
  readonly channel: string
  /** `NUMBER-RANDOM`; empty for an ephemeral message. */
  readonly incarnation: string
  /** Position in its log, from 1; 0 for an ephemeral message. */
  readonly position: number
  /** ms since 1970 by the publisher's clock. */
  readonly time: number
  /** True when a message with the same caller's id had been published before, and this is that one. */
  readonly duplicate: boolean
}

export interface Delivery {
  readonly id: string
  readonly topic: string
  readonly channel: string
  readonly body: Uint8Array
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  readonly key: string | undefined
  /** Peer id of the publisher. */
  readonly publisher: string
  readonly incarnation: string
  readonly position: number
  /** ms since 1970 by the publisher's clock. */
  readonly time: number
  /** ms since 1970 after which it is no longer delivered; undefined: never. */
  readonly expiresAt: number | undefined
  /** 1 at the first delivery. */
  readonly attempt: number
  /** It came from a part of the publisher's earlier incarnation that turned up after the later one had been delivered. */
  readonly late: boolean
  /** True for `durability: 'none'`: nothing is owed, and how it is settled is all the same. A named subscription counts it among its `maxInFlight` until it is. */
  readonly ephemeral: boolean
  /** The body as UTF-8. */
  text (): string
  /** The body parsed as JSON. Throws `SyntaxError`. */
  json<T = unknown> (): T
  /** Done. Resolves when that is on disk. Rejects with `ERR_DELIVERY_SETTLED` when the delivery had timed out or was released. */
  ack (): Promise<void>
  /** Again later: after `delayMs`, default the subscription's backoff. After the last attempt it becomes a dead letter. */
  nack (options?: { readonly delayMs?: number, readonly reason?: string }): Promise<void>
  /** Never again: it becomes a dead letter with this reason. */
  reject (reason: string): Promise<void>
  /** Gives the handler `ms` more before the delivery times out. */
  extend (ms: number): void
}

export interface SubscribeOptions {
  /** Makes the subscription durable: it goes on under this name after restarts. Two consumers on one name compete. */
  readonly name?: string
  /** Where a new durable subscription begins. Counts at creation only. Default 'latest'. */
  readonly from?: 'earliest' | 'latest' | Date
  /** Unacked deliveries at a time. Default 64, at most 1,024. */
  readonly maxInFlight?: number
  /** A delivery not settled after so long is delivered again. Default 60,000. */
  readonly ackTimeoutMs?: number
  /** Deliveries of one record before it becomes a dead letter. Default 10. */
  readonly maxAttempts?: number
  /** Delay of the first redelivery; doubles up to `backoffMaxMs`. Defaults 200 and 60,000. */
  readonly backoffMs?: number
  readonly backoffMaxMs?: number
  /** Change an existing subscription's filters and options to these instead of refusing. Default false. */
  readonly change?: boolean
}

export interface ConsumeOptions extends SubscribeOptions {
  /** Handlers at a time. 1 (default): strictly in order. Above: in order per key. */
  readonly concurrency?: number
}

/** Deliveries as an async iterable. Leaving the loop closes it: unsettled deliveries are free for others at once. */
export interface Subscription extends AsyncIterable<Delivery>, AsyncDisposable {
  readonly name: string | undefined
  readonly filters: readonly string[]
  close (): Promise<void>
}

export interface Consumer extends AsyncDisposable {
  readonly name: string | undefined
  readonly filters: readonly string[]
  /** Takes nothing new, waits for the handlers that run, then closes. */
  drain (): Promise<void>
  close (): Promise<void>
}

export type DeliveryHandler = (delivery: Delivery) => unknown

export interface PeerInfo {
  readonly peerId: string
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  readonly relay: boolean
  readonly agent: string
  /** That node's clock minus ours, ms. */
  readonly clockOffsetMs: number
  /** Channels it takes part in. */
  readonly channels: readonly string[]
}

export interface NodeStatus {
  readonly peerId: string
  readonly mesh: string
  readonly version: string
  readonly dataDir: string | undefined
  /** Empty until the first publish of this start. */
  readonly incarnation: string
  readonly uptimeMs: number
  readonly relay: boolean
  readonly addresses: readonly string[]
  readonly peers: readonly PeerInfo[]
  readonly outbox: { readonly channels: number, readonly records: number, readonly bytes: number, readonly waiting: number }
  readonly inbox: { readonly logs: number, readonly records: number, readonly bytes: number, readonly missing: number }
  /** What is held of others, and its quotas. `refused`: publishers of whom nothing more is kept for others at the moment. */
  readonly custody: { readonly bytes: number, readonly bytesMax: number, readonly bytesPerPublisherMax: number, readonly refused: number }
  readonly subscriptions: readonly SubscriptionInfo[]
  /** Positions of all gaps. */
  readonly gaps: number
  /** The same by reason, since this directory was made. */
  readonly gapsByReason: Readonly<Record<GapReason, number>>
  /** The latest gaps, the newest first: at most 20. `gaps()` has more. */
  readonly recentGaps: readonly GapReport[]
  /** Who claims what this node has published, those who hold most first: at most 100. */
  readonly claims: readonly ClaimInfo[]
  readonly deadLetters: number
  /** Publishers in quarantine. */
  readonly quarantined: number
  /** 'forked': there is proof that this node's key signed two histories of one log. 'shared': another machine works with this key at the same time. */
  readonly identity: 'sound' | 'forked' | 'shared'
  readonly store: { readonly fileBytes: number, readonly usedBytes: number }
  readonly counters: Readonly<Record<string, number>>
}

/** A publisher of which there is proof that it has signed two histories of one log. */
export interface QuarantinedPublisher {
  readonly publisher: string
  /** The log, and the first position of which there are two. */
  readonly incarnation: string
  readonly channel: string
  readonly position: number
  /** ms since 1970 when this node came to know. */
  readonly foundAt: number
  /** It is this node itself. */
  readonly own: boolean
}

export interface NodeEvents {
  'peer:joined': (peer: PeerInfo) => void
  'peer:left': (peer: { readonly peerId: string, readonly reason: string }) => void
  /** A handshake was refused, a bootstrap address does not answer, …: `code` from the error table. */
  'peer:notice': (notice: { readonly code: string, readonly message: string, readonly peerId?: string, readonly address?: string }) => void
  'gap:reported': (gap: Gap) => void
  /** A durable subscription's node (this one too, when it has no consumer) has not been heard of for long: it lapses at about this time, ms since 1970. */
  'subscription:lapsing': (subscription: { readonly peerId: string, readonly name: string, readonly lapsesAt: number }) => void
  /** Nothing is kept for it any more. */
  'subscription:lapsed': (subscription: { readonly peerId: string, readonly name: string }) => void
  'message:buried': (letter: DeadLetter) => void
  /**
   * There is proof that a publisher has signed two histories of one log, which part at this position: nothing more is taken from it. `own`: the proof is
   * against this node's own key, and others take nothing more from it.
   */
  'publisher:forked': (fork: { readonly publisher: string, readonly incarnation: string, readonly channel: string, readonly position: number, readonly own: boolean }) => void
  /**
   * Another process works with this node's key at the same time. `startedAt`: when it started, by its clock. `stays`: it started first; this node
   * stops, with `node:failed` and `ERR_IDENTITY_IN_USE`.
   */
  'identity:duplicate': (rival: { readonly startedAt: number, readonly stays: boolean }) => void
  'clock:ahead': (record: { readonly publisher: string, readonly channel: string, readonly aheadMs: number }) => void
  /** A batch in the store is not what was written; it is fetched again from peers. */
  'store:damaged': (place: { readonly publisher: string, readonly incarnation: string, readonly channel: string, readonly position: number }) => void
  /** The history cannot be written; lines of it are missing from now on, until there is room again. Told once. */
  'history:lost': (error: Error) => void
  /** The store failed or the node met a fault it cannot go on from. It is closed. */
  'node:failed': (error: Error) => void
}

export interface MeshNode extends AsyncDisposable {
  readonly peerId: string
  readonly mesh: string
  readonly dataDir: string | undefined
  addresses (): string[]
  peers (): PeerInfo[]
  /**
   * Publishes a message. Resolves when it is fsynced in this node's outbox.
   * Rejects with `ERR_BAD_TOPIC`, `ERR_BAD_BODY`, `ERR_BAD_ARGUMENT`, `ERR_MESSAGE_TOO_LARGE`, `ERR_OUTBOX_FULL`, `ERR_STORE_FULL`, `ERR_STORE`,
   * `ERR_PUBLISH_ID_DIFFERS`, `ERR_LIMIT`, `ERR_CLOSED`; then it was not sent.
   */
  publish (topic: string, body: Body, options?: PublishOptions): Promise<Published>
  /** The receipt of a message of this node, by its id, also after a restart. Throws `ERR_BAD_MESSAGE_ID`, `ERR_NOT_FOUND`. */
  receipt (id: string): Receipt
  /** Rejects with `ERR_BAD_FILTER`, `ERR_BAD_ARGUMENT`, `ERR_SUBSCRIPTION_DIFFERS`, `ERR_LIMIT`. Resolves when the subscription is durable. */
  subscribe (filters: string | readonly string[], options?: SubscribeOptions): Promise<Subscription>
  /** Like `subscribe`, with a handler: its return acks, its throw nacks with the error's message as reason. */
  consume (filters: string | readonly string[], options: ConsumeOptions, handler: DeliveryHandler): Promise<Consumer>
  subscriptions (): SubscriptionInfo[]
  /** The latest gaps of this node's subscriptions, the newest first: at most 100. They are remembered over restarts. */
  gaps (): GapReport[]
  /** Who claims what this node has published, those who hold most first. */
  claims (): ClaimInfo[]
  /** Forgets a durable subscription, its cursors and dead letters. Rejects with `ERR_NOT_FOUND`. Its consumers are closed. */
  removeSubscription (name: string): Promise<void>
  deadLetters (options?: { readonly subscription?: string, readonly after?: string, readonly limit?: number }): DeadLetter[]
  /** Throws `ERR_NOT_FOUND`. */
  deadLetter (deadId: string): DeadLetter
  /** Delivers a dead letter again, as attempt 1, to its subscription. Resolves when that is durable. Rejects with `ERR_NOT_FOUND`. */
  redrive (deadId: string): Promise<void>
  /** Publishers from which nothing is taken, because there is proof that they signed two histories; this node too if there is proof against its own key. */
  quarantined (): QuarantinedPublisher[]
  /**
   * Takes later incarnations of this publisher in again; what it published up to the forked one stays out. Resolves when that is durable. Of this
   * node's own key it only acknowledges that it is known. Rejects with `ERR_NOT_FOUND`.
   */
  liftQuarantine (peerId: string): Promise<void>
  outboxLogs (): LogInfo[]
  inboxLogs (): LogInfo[]
  status (): NodeStatus
  on<E extends keyof NodeEvents> (event: E, listener: NodeEvents[E]): this
  off<E extends keyof NodeEvents> (event: E, listener: NodeEvents[E]): this
  once<E extends keyof NodeEvents> (event: E, listener: NodeEvents[E]): this
  addBootstrap (address: string): void
  /** Takes no new publishes, lets consumers finish what they hold, waits until neighbours have taken what is sent, at most `timeoutMs` (default 5,000). */
  drain (options?: { readonly timeoutMs?: number }): Promise<void>
  close (): Promise<void>
}
