import type { Clock } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import type { RecordFields } from '../message/record.js'
import { channelOf } from '../message/topic.js'
import type { PublishDone } from './outbox.js'

/** Publishes that wait for admission; more are refused at once. */
export const WAITING_MAX = 100_000
/** They are looked at so often too: what makes room may have been missed. */
const LOOK_MS = 250

interface Waiting {
  readonly channel: string
  readonly record: RecordFields
  readonly done: PublishDone
  readonly deadlineMs: number
}

export interface AdmissionOptions {
  readonly clock: Clock
  /** How long a publish waits, ms. */
  readonly waitMs: number
  /** It is one that was published before, and has its answer. */
  readonly answers: (record: RecordFields, done: PublishDone) => boolean
  readonly admits: (channel: string, record: RecordFields) => boolean
  readonly accept: (channel: string, record: RecordFields, done: PublishDone) => void
}

/** Publishes for which there is no room. A channel that has none holds back its own, in order, and nobody else's. */
export class Admission {
  readonly #o: AdmissionOptions
  #waiting: Waiting[] = []
  /** How many of them each channel has. */
  readonly #in = new Map<string, number>()
  #timer = false
  #closed: SkeinError | undefined

  constructor (options: AdmissionOptions) { this.#o = options }

  get waiting (): number { return this.#waiting.length }
  /** Some wait in this channel: others come behind them. */
  isWaitedFor (channel: string): boolean { return this.#in.has(channel) }

  wait (channel: string, record: RecordFields, done: PublishDone): void {
    if (this.#waiting.length >= WAITING_MAX || this.#o.waitMs <= 0) { done(outboxFull(record)); return }
    this.#waiting.push({ channel, record, done, deadlineMs: this.#o.clock.nowMs() + this.#o.waitMs })
    this.#in.set(channel, (this.#in.get(channel) ?? 0) + 1)
    this.#watch()
  }

  /** There may be room: some go on, and those that have waited long enough are refused. */
  admit (): void {
    if (this.#waiting.length === 0) return
    const now = this.#o.clock.nowMs()
    const still: Waiting[] = []
    const refused: Waiting[] = []
    const waiting = this.#waiting
    // What is published from within a callback meanwhile waits behind these.
    this.#waiting = []
    const full = new Set<string>()
    for (const item of waiting) {
      const { channel, record, done } = item
      if (this.#closed !== undefined) still.push(item)
      else if (this.#o.answers(record, done)) this.#leaves(channel)
      else if (!full.has(channel) && this.#o.admits(channel, record)) {
        this.#leaves(channel)
        this.#o.accept(channel, record, done)
      } else {
        full.add(channel)
        if (now < item.deadlineMs) still.push(item)
        else {
          this.#leaves(channel)
          refused.push(item)
        }
      }
    }
    if (this.#closed === undefined) this.#waiting = [...still, ...this.#waiting]
    else for (const { done } of still) done(this.#closed)
    for (const { record, done } of refused) done(outboxFull(record))
  }

  #leaves (channel: string): void {
    const left = (this.#in.get(channel) ?? 1) - 1
    if (left > 0) this.#in.set(channel, left)
    else this.#in.delete(channel)
  }

  #watch (): void {
    if (this.#timer) return
    this.#timer = true
    this.#o.clock.after(Math.min(LOOK_MS, this.#o.waitMs), () => {
      this.#timer = false
      if (this.#closed !== undefined) return
      this.admit()
      if (this.#waiting.length > 0) this.#watch()
    })
  }

  close (reason: SkeinError): void {
    this.#closed = reason
    this.#in.clear()
    for (const { done } of this.#waiting.splice(0)) done(reason)
  }
}

function outboxFull (record: RecordFields): SkeinError {
  return new SkeinError('ERR_OUTBOX_FULL', `the outbox of channel ${JSON.stringify(channelOf(record.topic))} is full`, {
    hint: 'Subscribers have not settled what is in it yet. Wait for them, remove subscriptions nobody uses, raise retention.bytes, or set onFull to evict.'
  })
}
