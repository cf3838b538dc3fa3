/**
 * Records what a node does and what befalls it, for `skein-check`: `docs/histories.md` is the format. It stands between the public classes and the engine,
 * and writes a line before what it tells of can have an effect, or when it is durable, as the format says for each.
 */
import { createHash } from 'node:crypto'
import type { SkeinError } from '../base/errors.js'
import type { ConsumerHandle, RawDelivery } from '../inbox/inbox.js'
import { formatMessageId } from '../message/ids.js'
import type { RecordFields } from '../message/record.js'
import type { ReceiptState } from '../message/reports.js'
import type { PublishDone } from '../outbox/outbox.js'
import type { LogState } from '../store/log-state.js'
import type { Store } from '../store/store.js'
import type { Engine, EngineListener } from './engine.js'
import type { HistoryWriter } from './history-file.js'

/** Errors after which a publish may have been kept all the same. */
const UNKNOWN = ['ERR_STORE', 'ERR_INTERNAL']

/** Deliveries of one consumer that it may still settle: it has 1,024 in hand at most. */
const DELIVERIES_REMEMBERED = 4096

/** What stands for a body: the first 16 hex digits of its SHA-256. */
export const bodyDigest = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex').slice(0, 16)

export interface RecordedSubscription {
  readonly name: string
  readonly filters: readonly string[]
  readonly mode: 'ordered' | 'keyed'
  readonly maxAttempts: number
}

export class History {
  readonly #writer: HistoryWriter
  /** Makes operations of several lives differ. */
  readonly #life: string
  #ops = 0
  /** By subscription: consumers with parallel handlers, while there are any. */
  readonly #keyed = new Map<string, number>()
  /** What was written of own logs. A log that is forgotten takes its number with it. */
  readonly #trims = new WeakMap<LogState, number>()

  constructor (writer: HistoryWriter, life: string) {
    this.#writer = writer
    this.#life = life
  }

  /** The first line of this life. `continued`: the life before is in this history too. */
  begin (engine: Engine, continued: boolean, storeLost: boolean): void {
    // What it did before the first line was written nobody can know.
    const earlier = !continued && (engine.book.size > 0 || engine.inbox.info().length > 0)
    this.#writer.write({ type: 'start', version: 1, node: engine.self, settles: true, ...(earlier ? { earlier } : {}) })
    if (storeLost) this.#writer.write({ type: 'fault', fault: 'disk-lost', detail: 'the store was gone' })
    for (const log of engine.book.all()) if (log.own) this.#trimmed(log)
    engine.book.listen({ logChanged: (log) => { if (log.own) this.#trimmed(log) } })
  }

  #trimmed (log: LogState): void {
    if (log.trimmed <= (this.#trims.get(log) ?? 0)) return
    this.#trims.set(log, log.trimmed)
    const { number, random } = log.incarnation
    this.#writer.write({ type: 'trim', incarnation: `${number}-${random}`, channel: log.channel, through: log.trimmed, reason: log.trimReason })
    // Others may be told of it before a commit.
    this.#writer.flush()
  }

  /** Writes a publish and, when `done` is called, what became of it. */
  publishing ({ topic, body, key, id, expiresAt }: RecordFields, done: PublishDone): PublishDone {
    const op = `${this.#life}-${++this.#ops}`
    this.#writer.write({ type: 'publish', op, topic, body: bodyDigest(body), key, ...(id === '' ? {} : { id }), ...(expiresAt === 0 ? {} : { expiresAt }) })
    return (error, placed) => {
      if (placed !== undefined) this.#writer.write({ type: 'published', op, outcome: 'ok', message: formatMessageId(placed.log.id, placed.position), ...(placed.duplicate ? { duplicate: true } : {}) })
      else this.#writer.write({ type: 'published', op, outcome: error === undefined || UNKNOWN.includes(error.code) ? 'unknown' : 'refused', code: error?.code })
      done(error, placed)
    }
  }

  receipt (message: string, level: 'stored' | 'processed', { stored, processed }: ReceiptState): void {
    if (level === 'stored') {
      this.#writer.write({ type: 'receipt', message, level, by: stored })
      return
    }
    for (const { name, peerId } of processed) this.#writer.write({ type: 'receipt', message, level, by: [peerId], subscription: name })
  }

  /** The durable subscription is there. `from` is what it was made with. */
  subscribed ({ name, filters, mode, maxAttempts }: RecordedSubscription, from: string): void {
    const keyed = mode === 'keyed' || (this.#keyed.get(name) ?? 0) > 0
    this.#writer.write({ type: 'subscribe', subscription: name, filters, from: from === 'earliest' || from === 'latest' ? from : Date.parse(from), ordered: !keyed, maxAttempts })
  }

  /** Its removal is about to be asked for. */
  unsubscribing (subscription: string): void { this.#writer.write({ type: 'unsubscribe', subscription }) }

  /** What cannot be told in the words of a history. */
  lost (detail: string): void { this.#writer.write({ type: 'fault', fault: 'history-lost', detail }) }

  /** Writes what a consumer of a durable subscription is handed and what it does with it. */
  consuming ({ name: subscription, mode }: RecordedSubscription, handle: ConsumerHandle): ConsumerHandle {
    const writer = this.#writer
    const messages = new Map<number, string>()
    const count = (by: number): void => {
      if (mode !== 'keyed') return
      const left = (this.#keyed.get(subscription) ?? 0) + by
      if (left > 0) this.#keyed.set(subscription, left)
      else this.#keyed.delete(subscription)
    }
    const settling = (token: number, type: 'ack' | 'nack' | undefined, done: (error?: SkeinError) => void): ((error?: SkeinError) => void) => {
      const message = messages.get(token)
      if (message === undefined) return done
      messages.delete(token)
      writer.write({ type: 'settle', subscription, message })
      return (error) => {
        if (error === undefined && type !== undefined) writer.write({ type, subscription, message })
        done(error)
      }
    }
    count(1)
    return {
      next: () => {
        const raw = handle.next()
        if (raw !== undefined && !raw.ephemeral) this.#delivered(subscription, raw, messages)
        return raw
      },
      ack: (token, done) => { handle.ack(token, settling(token, 'ack', done)) },
      acked: (token) => new Promise((resolve, reject) => {
        handle.ack(token, settling(token, 'ack', (error) => { if (error === undefined) resolve(); else reject(error) }))
      }),
      nack: (token, options, done) => { handle.nack(token, options, settling(token, 'nack', done)) },
      reject: (token, reason, done) => { handle.reject(token, reason, settling(token, undefined, done)) },
      extend: (token, ms) => { handle.extend(token, ms) },
      close: (uncounted) => {
        count(-1)
        handle.close(uncounted)
      }
    }
  }

  #delivered (subscription: string, { token, publisher, incarnation, channel, position, record, attempt, late, redriven }: RawDelivery, messages: Map<number, string>): void {
    const message = `${publisher}.${incarnation}.${channel}.${position}`
    messages.set(token, message)
    // What timed out was not settled by this consumer and never will be.
    if (messages.size > DELIVERIES_REMEMBERED) messages.delete(messages.keys().next().value as number)
    this.#writer.write({
      type: 'deliver', subscription, message, topic: record.topic, body: bodyDigest(record.body), key: record.key, attempt,
      ...(late ? { late } : {}), ...(redriven === true ? { redriven } : {})
    })
  }

  /** Writes what the engine reports, then passes it on. */
  listening (listener: EngineListener): EngineListener {
    const writer = this.#writer
    return {
      ...listener,
      gap: (gap) => {
        writer.write({ type: 'gap', ...gap })
        listener.gap(gap)
      },
      buried: (letter) => {
        writer.write({ type: 'dead', subscription: letter.subscription, message: letter.id, reason: letter.reason })
        listener.buried(letter)
      },
      forked: (fork) => {
        writer.write({ type: 'fault', fault: 'forked', node: fork.publisher })
        listener.forked(fork)
      },
      damaged: (log, position) => {
        writer.write({ type: 'fault', fault: 'damaged', detail: `${log.key}.${position}` })
        listener.damaged(log, position)
      },
      failed: (error) => {
        writer.write({ type: 'fault', fault: 'failed', detail: error.message })
        listener.failed(error)
      }
    }
  }

  /** A store of which no commit begins before what led to it is written. */
  before (store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'commit') {
          return (...args: Parameters<Store['commit']>): void => {
            this.#writer.flush()
            target.commit(...args)
          }
        }
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) as unknown : value
      }
    })
  }

  close (): void { this.#writer.close() }
}
