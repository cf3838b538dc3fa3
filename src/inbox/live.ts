import { SkeinError } from '../base/errors.js'
import { Queue } from '../base/queue.js'
import { FilterSet } from '../message/filter.js'
import { recordBytes, type RecordFields } from '../message/record.js'
import type { ConsumerHandle, ConsumerHooks, LiveMeta, RawDelivery } from './consumer.js'
import type { SettleDone } from './cursor.js'
import { LIVE_BYTES_MAX, LIVE_CONSUMERS_MAX } from './limits.js'

export interface LiveOptions extends ConsumerHooks {
  /** Records that wait for `next`. What comes when so many wait is dropped and counted. */
  readonly maxBuffered: number
}

export interface LiveEnv {
  nextToken (): number
  /** Calls `fn` at the end of the turn. */
  soon (fn: () => void): void
  changed (): void
}

/** A non-durable subscription: what arrives while it is attached, at most once. */
class LiveConsumer implements ConsumerHandle {
  readonly filter: FilterSet
  readonly #buffer = new Queue<{ record: RecordFields, meta: LiveMeta }>()
  #bytes = 0
  #waiting = true
  dropped = 0

  constructor (readonly live: Live, readonly env: LiveEnv, filters: readonly string[], readonly options: LiveOptions) { this.filter = new FilterSet(filters) }

  offer (record: RecordFields, meta: LiveMeta): boolean {
    if (!this.filter.matches(record.topic)) return false
    const bytes = recordBytes(record)
    if (this.#buffer.length >= this.options.maxBuffered || (this.#bytes > 0 && this.#bytes + bytes > LIVE_BYTES_MAX)) {
      this.dropped++
      this.live.dropped++
      return false
    }
    this.#buffer.push({ record, meta })
    this.#bytes += bytes
    if (this.#waiting) {
      this.#waiting = false
      this.env.soon(() => { if (this.live.has(this)) this.options.ready() })
    }
    return true
  }

  next (): RawDelivery | undefined {
    const taken = this.#buffer.shift()
    if (taken === undefined) {
      this.#waiting = true
      return undefined
    }
    this.#bytes -= recordBytes(taken.record)
    return { token: this.env.nextToken(), log: undefined, record: taken.record, attempt: 1, late: false, ...taken.meta }
  }

  /** Nothing is owed to a live consumer: settling does nothing. */
  ack (_token: number, done: SettleDone): void { done() }
  acked (): Promise<void> { return Promise.resolve() }
  nack (_token: number, _options: object, done: SettleDone): void { done() }
  reject (_token: number, _reason: string, done: SettleDone): void { done() }
  extend (): void {}
  close (): void {
    this.#buffer.clear()
    this.#bytes = 0
    this.live.detach(this)
  }
}

/** The live consumers of a node. */
export class Live {
  readonly #consumers = new Set<LiveConsumer>()
  readonly #env: LiveEnv
  /** Records dropped at full buffers, since the start. */
  dropped = 0

  constructor (env: LiveEnv) { this.#env = env }

  attach (filters: readonly string[], options: LiveOptions): ConsumerHandle {
    if (this.#consumers.size >= LIVE_CONSUMERS_MAX) throw new SkeinError('ERR_LIMIT', `at most ${LIVE_CONSUMERS_MAX} live consumers`)
    const consumer = new LiveConsumer(this, this.#env, filters, options)
    this.#consumers.add(consumer)
    this.#env.changed()
    return consumer
  }

  has (consumer: LiveConsumer): boolean { return this.#consumers.has(consumer) }

  detach (consumer: LiveConsumer): void {
    if (this.#consumers.delete(consumer)) this.#env.changed()
  }

  offer (record: RecordFields, meta: LiveMeta): number {
    let took = 0
    for (const consumer of this.#consumers) if (consumer.offer(record, meta)) took++
    return took
  }

  wants (channel: string): boolean {
    for (const consumer of this.#consumers) if (consumer.filter.matchesChannel(channel)) return true
    return false
  }

  filters (): FilterSet[] { return [...this.#consumers].map(consumer => consumer.filter) }

  closeAll (error?: Error): void {
    for (const consumer of [...this.#consumers]) {
      consumer.close()
      consumer.options.closed(error)
    }
  }
}
