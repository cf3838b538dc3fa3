/** What the asking side of repair is given of the node around it. */
import type { Clock, Random } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import type { RangeSet } from '../base/range-set.js'
import type { SealedBatch } from '../message/batch.js'
import type { GapReason } from '../message/reports.js'
import type { LogState } from '../store/log-state.js'
import type { Offered } from './offered.js'

export interface Wanted {
  readonly from: number
  readonly to: number
  /** Not what the publisher wrote before, wall clock ms; 0: everything. */
  readonly since: number
}

export interface PullerOptions {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  /** What this node wants of a log, held or not. */
  readonly wanted: (log: LogState) => Wanted | undefined
  /** On its way to disk. */
  readonly underWay: (log: LogState) => RangeSet | undefined
  readonly intakeFull: () => boolean
  /** Neighbours that take part in the channel, the ones most likely to have the log first. */
  readonly candidates: (log: LogState) => string[]
  /** Whether the neighbour is one of them. Default: each is. */
  readonly isCandidate?: (peerId: string, log: LogState) => boolean
  /** Some neighbour is up. Where none of them takes part in a channel, all of them deny what is missing of it. */
  readonly isConnected: () => boolean
  readonly send: (peerId: string, frame: Uint8Array) => boolean
  readonly open: (bytes: Uint8Array) => SealedBatch | undefined
  readonly offer: (batch: SealedBatch, from: string, done: (held: boolean) => void) => Offered
  readonly passed: (log: LogState, through: number, since: number) => void
  readonly unavailable: (log: LogState, from: number, to: number, reason: GapReason) => void
  /** The neighbour broke the protocol. */
  readonly strike: (peerId: string, reason: string) => void
  /** Nothing of this log is taken any more, for this reason: what is missing is not asked for. Default: none. */
  readonly closed?: (log: LogState) => GapReason | undefined
  /** The publisher itself has signed, by a later log, that what lies behind this position it no longer had. Default: nothing. */
  readonly keptThrough?: (log: LogState) => number
}
