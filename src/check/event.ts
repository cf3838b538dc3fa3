/**
 * What a history says, line by line: `docs/histories.md` is the specification. A history is one file of JSON lines, written by
 * one observer: a node, a program that uses one, or a test. The order of its lines is the order in which that observer saw
 * things happen; between two histories there is no order. The checker knows nothing else of Skein.
 *
 * `t` is the observer's wall clock, ms since 1970. It is needed only where a time decides: expiry, `from: 'latest'` and `from` a time.
 */

/** `PEER.INCARNATION.CHANNEL.POSITION`; an incarnation reads `NUMBER-RANDOM`, and higher numbers are later. */
export type MessageId = string

export type GapReason = 'expired' | 'evicted' | 'unrecoverable' | 'restored' | 'forked'

export type HistoryEvent =
  /**
   * First line of each life of the observer: `node` is the peer id of the node that is observed. Whatever was open in the life before has an
   * unknown outcome. `settles`: a `settle` line is written before each ack, nack and reject, so that what has none was certainly not settled.
   * `earlier`: the node has lived before, and of that nothing is recorded; in the first `start` of a history only.
   */
  | { readonly type: 'start', readonly version: 1, readonly node: string, readonly settles?: boolean, readonly earlier?: boolean, readonly t?: number }
  /** Written before the message can have left the caller. `op` is unique in this history. `body`: any digest, the same function everywhere. `expiresAt`: ms since 1970. */
  | { readonly type: 'publish', readonly op: string, readonly topic: string, readonly body: string, readonly key?: string, readonly id?: string, readonly expiresAt?: number, readonly t?: number }
  /** `ok`: it is on disk, as `message`. `refused`: it was certainly not kept and must never be seen. `unknown`: perhaps. An operation without outcome is unknown. */
  | { readonly type: 'published', readonly op: string, readonly outcome: 'ok' | 'refused' | 'unknown', readonly message?: MessageId, readonly duplicate?: boolean, readonly code?: string, readonly t?: number }
  /** The publisher was told so of its message. `by`: peer ids; `subscription` for `processed`. */
  | { readonly type: 'receipt', readonly message: MessageId, readonly level: 'stored' | 'processed', readonly by: readonly string[], readonly subscription?: string, readonly t?: number }
  /**
   * The durable subscription exists from here on, or goes on, or has other filters from here on. `from` counts the first time. `ordered: false`: handlers
   * run in parallel, order holds per key only. `maxAttempts`: deliveries of one message before it becomes a dead letter.
   */
  | { readonly type: 'subscribe', readonly subscription: string, readonly filters: readonly string[], readonly from: 'earliest' | 'latest' | number, readonly ordered: boolean, readonly maxAttempts?: number, readonly t?: number }
  /** Written before its removal is asked for. From here on it is owed nothing; a later `subscribe` makes a new one. */
  | { readonly type: 'unsubscribe', readonly subscription: string, readonly t?: number }
  /** Written before the handler sees it. `redriven`: a dead letter that is delivered again. */
  | { readonly type: 'deliver', readonly subscription: string, readonly message: MessageId, readonly topic: string, readonly body: string, readonly attempt: number, readonly key?: string, readonly late?: boolean, readonly redriven?: boolean, readonly t?: number }
  /** Written before an ack, a nack or a reject is asked for. */
  | { readonly type: 'settle', readonly subscription: string, readonly message: MessageId, readonly t?: number }
  /** Written when the ack is durable. */
  | { readonly type: 'ack', readonly subscription: string, readonly message: MessageId, readonly t?: number }
  /** Written when the nack is durable: it comes again, or is a dead letter. */
  | { readonly type: 'nack', readonly subscription: string, readonly message: MessageId, readonly t?: number }
  /** Written when the dead letter is durable. */
  | { readonly type: 'dead', readonly subscription: string, readonly message: MessageId, readonly reason: string, readonly t?: number }
  /** Written when the subscription is told, before anything behind the gap is delivered. `from` and `to` are positions, both included. */
  | { readonly type: 'gap', readonly subscription: string, readonly publisher: string, readonly incarnation: string, readonly channel: string, readonly from: number, readonly to: number, readonly reason: GapReason, readonly t?: number }
  /** This node signed that it dropped its own log up to here. Justifies gaps `expired` and `evicted`. */
  | { readonly type: 'trim', readonly incarnation: string, readonly channel: string, readonly through: number, readonly reason: 'expired' | 'evicted', readonly t?: number }
  /**
   * What was done to a node, or befell it; without `node`, to the one observed. `disk-lost`: its store went, in part or whole. `restored`: an older copy of its
   * store was put back. `rotten`: messages in its store went bad, and nothing else did. `gone`: it will never come back. `forked`: it signed two histories. `history-lost`: lines of this history are missing. Others only explain.
   */
  | { readonly type: 'fault', readonly fault: string, readonly node?: string, readonly detail?: string, readonly t?: number }
  /** From here on nothing is under way any more: all that is owed must have come. */
  | { readonly type: 'rest', readonly t?: number }
