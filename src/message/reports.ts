/** What rooms report about messages, logs and subscriptions, in the shape in which applications see it. Values only. */

export interface RetentionOptions {
  /** Records older than this are trimmed, settled or not. Default 7 days. */
  readonly ageMs?: number
  /** Bytes of batches kept per channel. The outbox trims by bytes only what every known durable subscription has settled. Default 1 GiB. */
  readonly bytes?: number
  /** Records kept per channel. Treated like `bytes`. Default: no limit of their number. */
  readonly records?: number
  /**
   * 'age': what is settled is kept until it is too old or in the way, for whoever comes later. 'processed': records that every known durable
   * subscription, here and elsewhere, has settled are trimmed at the next pass; while none is known they are kept as with 'age'. Default 'age'.
   */
  readonly until?: 'age' | 'processed'
  /** What `publish` does at the quota with nothing to trim: 'refuse' waits and then rejects with `ERR_OUTBOX_FULL`; 'evict' drops the oldest, and gaps say so. Default 'refuse'. */
  readonly onFull?: 'refuse' | 'evict'
}

/** How much a node keeps of what others publish, all channels together. */
export interface CustodyOptions {
  /** Bytes altogether. At it only what this node's own durable subscriptions need is taken in. Default 4 GiB. */
  readonly bytes?: number
  /** Bytes of each publisher. Default 1 GiB. */
  readonly bytesPerPublisher?: number
}

/** How far a message is known to have got. */
export interface ReceiptState {
  /** Peer ids of nodes other than the publisher that have it on disk. */
  readonly stored: readonly string[]
  /** Durable subscriptions that have acked it (or passed it over: expired, rejected, not matching). */
  readonly processed: ReadonlyArray<{ readonly name: string, readonly peerId: string }>
}

export interface SubscriptionInfo {
  readonly name: string
  readonly filters: readonly string[]
  readonly from: string
  readonly createdAt: number
  readonly consumers: number
  /** Nobody has consumed it for so long that nothing is kept for it. It goes on when somebody does, with gaps for what went. */
  readonly lapsed: boolean
  /** Records known to exist in its channels and not settled (an upper bound: it includes those that will not match). */
  readonly lag: number
  readonly inFlight: number
  readonly acked: number
  readonly redelivered: number
  readonly expired: number
  readonly deadLetters: number
  readonly gaps: number
}

export interface LogInfo {
  readonly publisher: string
  readonly incarnation: string
  readonly channel: string
  /** Highest position known to exist. */
  readonly head: number
  /** Positions up to here were trimmed by the publisher. */
  readonly trimmed: number
  /** Records and bytes held here. */
  readonly records: number
  readonly bytes: number
  /** Positions known to exist, wanted and not held. */
  readonly missing: number
}

export interface DeadLetter {
  /** Handle for `dead show` and `dead redrive`: `NAME/SEQUENCE`. */
  readonly deadId: string
  readonly subscription: string
  readonly id: string
  readonly topic: string
  readonly reason: string
  readonly attempts: number
  /** ms since 1970 when it was buried. */
  readonly buriedAt: number
  readonly publisher: string
  readonly incarnation: string
  readonly channel: string
  readonly position: number
  readonly time: number
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  readonly key: string | undefined
  readonly body: Uint8Array
}

/** What a durable subscription of another node has still to settle of what this node has published in a channel. */
export interface ClaimInfo {
  readonly peerId: string
  readonly name: string
  readonly channel: string
  /** Records kept that it has not settled, as far as this node has heard. */
  readonly unsettled: number
  /** 'lapsed': its node was not heard of for so long that nothing is kept for it any more; 'warned': it soon will be. */
  readonly state: 'heard' | 'warned' | 'lapsed'
  /** For how long this node has not heard of that node, ms. Time in which this node did not run counts for an hour at most. */
  readonly unheardMs: number
}

export type GapReason = 'expired' | 'evicted' | 'unrecoverable' | 'restored' | 'forked'

/** A gap, with when it was reported, ms since 1970. */
export type GapReport = Gap & { readonly time: number }

export interface Gap {
  readonly subscription: string
  readonly publisher: string
  readonly incarnation: string
  readonly channel: string
  readonly from: number
  readonly to: number
  readonly reason: GapReason
}
