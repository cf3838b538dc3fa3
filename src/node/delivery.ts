import { fromUtf8 } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'
import type { ConsumerHandle, RawDelivery } from '../inbox/inbox.js'
import { headersOf } from '../message/record.js'
import type { Delivery } from './api.js'

type Outcome = 'ack' | 'nack' | 'reject'

/** One hand-over to the application. What costs something, such as headers, is worked out when asked for. */
export class NodeDelivery implements Delivery {
  readonly #raw: RawDelivery
  readonly #handle: ConsumerHandle
  #settled: Outcome | undefined
  #headers: Record<string, string> | undefined

  constructor (raw: RawDelivery, handle: ConsumerHandle) {
    this.#raw = raw
    this.#handle = handle
  }

  get id (): string { return this.ephemeral ? '' : `${this.publisher}.${this.incarnation}.${this.channel}.${this.position}` }
  get topic (): string { return this.#raw.record.topic }
  get channel (): string { return this.#raw.channel }
  get body (): Uint8Array { return this.#raw.record.body }
  get contentType (): string { return this.#raw.record.contentType }
  get headers (): Readonly<Record<string, string>> { return this.#headers ??= headersOf(this.#raw.record) }
  get key (): string | undefined { return this.#raw.record.key }
  get publisher (): string { return this.#raw.publisher }
  get incarnation (): string { return this.#raw.incarnation }
  get position (): number { return this.#raw.position }
  get time (): number { return this.#raw.record.time }
  get expiresAt (): number | undefined { return this.#raw.record.expiresAt === 0 ? undefined : this.#raw.record.expiresAt }
  get attempt (): number { return this.#raw.attempt }
  get late (): boolean { return this.#raw.late }
  get ephemeral (): boolean { return this.#raw.ephemeral }

  /** Whether the application has settled it. */
  get isSettled (): boolean { return this.#settled !== undefined }
  get token (): number { return this.#raw.token }

  text (): string { return fromUtf8(this.body) }

  json<T = unknown> (): T { return JSON.parse(this.text()) as T }

  ack (): Promise<void> {
    if (this.#settled !== undefined) return this.#again('ack')
    this.#settled = 'ack'
    return this.#handle.acked(this.#raw.token)
  }

  async nack (options: { readonly delayMs?: number, readonly reason?: string } = {}): Promise<void> {
    const { delayMs, reason } = options
    if (delayMs !== undefined && !(typeof delayMs === 'number' && delayMs >= 0 && delayMs <= 30 * 86_400_000)) throw new SkeinError('ERR_BAD_ARGUMENT', 'delayMs must be a number of milliseconds, at most 30 days')
    await this.#settle('nack', (done) => { this.#handle.nack(this.#raw.token, { ...(delayMs === undefined ? {} : { delayMs }), ...(reason === undefined ? {} : { reason }) }, done) })
  }

  async reject (reason: string): Promise<void> {
    await this.#settle('reject', (done) => { this.#handle.reject(this.#raw.token, String(reason), done) })
  }

  extend (ms: number): void {
    if (!(typeof ms === 'number' && ms > 0 && ms <= 86_400_000)) throw new SkeinError('ERR_BAD_ARGUMENT', 'extend takes a number of milliseconds, at most a day')
    this.#handle.extend(this.#raw.token, ms)
  }

  #settle (outcome: Outcome, act: (done: (error?: SkeinError) => void) => void): Promise<void> {
    if (this.#settled !== undefined) return this.#again(outcome)
    this.#settled = outcome
    return new Promise((resolve, reject) => {
      act((error) => { if (error === undefined) resolve(); else reject(error) })
    })
  }

  /** Saying the same again is harmless; saying something else is a mistake in the program. */
  #again (outcome: Outcome): Promise<void> {
    if (this.#settled === outcome) return Promise.resolve()
    return Promise.reject(new SkeinError('ERR_DELIVERY_SETTLED', `the delivery has already been settled by ${this.#settled}`))
  }
}
