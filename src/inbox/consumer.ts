import type { RecordFields } from '../message/record.js'
import type { LogState } from '../store/log-state.js'
import type { SettleDone } from './cursor.js'

export interface RawDelivery {
  readonly token: number
  /** Undefined for what is in no log here: ephemeral messages, and records taken just for live consumers. */
  readonly log: LogState | undefined
  readonly position: number
  readonly record: RecordFields
  readonly attempt: number
  readonly late: boolean
  readonly ephemeral: boolean
  /** A dead letter that is delivered again. */
  readonly redriven?: true
  readonly publisher: string
  readonly incarnation: string
  readonly channel: string
}

/** What is known of a record that is in no log here. */
export interface LiveMeta {
  readonly publisher: string
  readonly incarnation: string
  readonly channel: string
  readonly position: number
  readonly ephemeral: boolean
}

export interface ConsumerHooks {
  /** `next` may give something again. Called once after each `next` that gave nothing, at the end of a turn. */
  ready (): void
  /** The consumer was closed by something other than its own `close`. */
  closed (error?: Error): void
}

export interface ConsumerOptions extends ConsumerHooks {
  /** 'ordered': each log strictly in order. 'keyed': in order per key. Is one of a name's consumers keyed, all are. */
  readonly mode: 'ordered' | 'keyed'
  readonly maxInFlight: number
}

export interface NackOptions {
  readonly delayMs?: number
  readonly reason?: string
}

export interface ConsumerHandle {
  /** The next delivery for this consumer, counting an attempt; undefined when there is none now or `maxInFlight` is reached. */
  next (): RawDelivery | undefined
  /** Done. `done` is called when that is durable, with `ERR_DELIVERY_SETTLED` when the delivery is no longer this consumer's. */
  ack (token: number, done: SettleDone): void
  /** As `ack`. The promise is one for all that go to the disk together. */
  acked (token: number): Promise<void>
  /** Again later, or a dead letter after the last attempt. */
  nack (token: number, options: NackOptions, done: SettleDone): void
  /** Never again: a dead letter. */
  reject (token: number, reason: string, done: SettleDone): void
  /** Gives the delivery so much longer before it times out. */
  extend (token: number, ms: number): void
  /** Frees unsettled deliveries at once; with `uncounted` the attempts of these tokens are taken back. */
  close (uncounted?: readonly number[]): void
}

/** What a consumer's handle needs of its subscription. */
export interface ConsumerPort {
  next (consumer: Consumer): RawDelivery | undefined
  ack (consumer: Consumer, token: number, done: SettleDone): void
  acked (consumer: Consumer, token: number): Promise<void>
  nack (consumer: Consumer, token: number, options: NackOptions, done: SettleDone): void
  reject (consumer: Consumer, token: number, reason: string, done: SettleDone): void
  extend (consumer: Consumer, token: number, ms: number): void
  release (consumer: Consumer, uncounted: readonly number[]): void
}

export class Consumer implements ConsumerHandle {
  inFlight = 0
  /** It was told that there is nothing, and wants to be told when there is. */
  waiting = true
  open = true
  /** Tokens of ephemeral messages, which no cursor knows. */
  readonly ephemeral = new Set<number>()
  readonly #port: ConsumerPort

  constructor (port: ConsumerPort, readonly options: ConsumerOptions) { this.#port = port }

  next (): RawDelivery | undefined { return this.open ? this.#port.next(this) : undefined }
  ack (token: number, done: SettleDone): void { this.#port.ack(this, token, done) }
  acked (token: number): Promise<void> { return this.#port.acked(this, token) }
  nack (token: number, options: NackOptions, done: SettleDone): void { this.#port.nack(this, token, options, done) }
  reject (token: number, reason: string, done: SettleDone): void { this.#port.reject(this, token, reason, done) }
  extend (token: number, ms: number): void { this.#port.extend(this, token, ms) }

  close (uncounted: readonly number[] = []): void {
    if (!this.open) return
    this.open = false
    this.#port.release(this, uncounted)
  }
}
