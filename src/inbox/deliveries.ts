/** Who consumes a subscription, and what each has in hand. */
import { SkeinError } from '../base/errors.js'
import { Slots } from '../base/slots.js'
import type { RecordFields } from '../message/record.js'
import { LogState } from '../store/log-state.js'
import { backoffAfter } from './backoff.js'
import { Consumer, type ConsumerOptions, type ConsumerPort, type LiveMeta, type NackOptions, type RawDelivery } from './consumer.js'
import type { SettleDone } from './cursor.js'
import type { Entry } from './entry.js'
import { CONSUMERS_MAX, DEAD_LETTERS_MAX, DELAY_MS_MAX, EPHEMERAL_BUFFER_MAX } from './limits.js'
import type { Ring } from './ring.js'
import type { DeadRow } from './rows.js'
import type { Scan } from './scan.js'
import type { CoreEnv, SubscriptionCore } from './subscription-core.js'
import type { Work } from './work.js'

export interface DeliveriesParts {
  readonly core: SubscriptionCore
  readonly env: CoreEnv
  readonly ring: Ring
  readonly work: Work
  readonly scan: Scan
}

export class Deliveries implements ConsumerPort {
  readonly consumers: Consumer[] = []
  readonly #core: SubscriptionCore
  readonly #env: CoreEnv
  readonly #ring: Ring
  readonly #work: Work
  readonly #scan: Scan
  readonly #inFlight = new Slots<Entry>()
  readonly #ephemeral: Array<{ readonly record: RecordFields, readonly meta: LiveMeta }> = []
  #firstTold = 0

  constructor ({ core, env, ring, work, scan }: DeliveriesParts) {
    this.#core = core
    this.#env = env
    this.#ring = ring
    this.#work = work
    this.#scan = scan
  }

  get inFlightCount (): number { return this.#inFlight.size }

  attach (options: ConsumerOptions): Consumer {
    if (this.consumers.length >= CONSUMERS_MAX) throw new SkeinError('ERR_LIMIT', `at most ${CONSUMERS_MAX} consumers on one name`)
    const consumer = new Consumer(this, options)
    this.consumers.push(consumer)
    this.#setMode()
    this.#env.notifySoon(this.#core)
    return consumer
  }

  #setMode (): void {
    this.#work.setKeyed(this.consumers.some(consumer => consumer.options.mode === 'keyed'))
  }

  /** Asks for `notify` when somebody waits. */
  tell (): void {
    for (const consumer of this.consumers) {
      if (consumer.waiting) {
        this.#env.notifySoon(this.#core)
        return
      }
    }
  }

  /** Tells the consumers that wait that there may be something, each in turn first. */
  notify (): void {
    const told = this.consumers.slice()
    const count = told.length
    for (let i = 0; i < count; i++) {
      if (this.#ring.size === 0 && this.#work.readyCount === 0 && this.#ephemeral.length === 0) break
      const consumer = told[(this.#firstTold + i) % count] as Consumer
      if (!consumer.waiting || !consumer.open || consumer.inFlight >= consumer.options.maxInFlight) continue
      consumer.waiting = false
      consumer.options.ready()
    }
    this.#firstTold = count === 0 ? 0 : (this.#firstTold + 1) % count
  }

  next (consumer: Consumer): RawDelivery | undefined {
    if (consumer.inFlight < consumer.options.maxInFlight) {
      if (this.#ephemeral.length > 0) return this.#deliverEphemeral(consumer)
      const nowMs = this.#env.clock.nowMs()
      const entry = this.#find(nowMs)
      if (entry !== undefined) return this.#deliver(entry, consumer, nowMs)
    }
    consumer.waiting = true
    return undefined
  }

  #find (nowMs: number): Entry | undefined {
    const scan = this.#scan
    scan.begin()
    for (let entry = this.#work.takeReady(); entry !== undefined; entry = this.#work.takeReady()) {
      if (scan.again(entry, nowMs)) return entry
    }
    for (let cursor = this.#ring.first; cursor !== undefined; cursor = this.#ring.first) {
      const entry = scan.take(cursor, nowMs)
      if (entry !== undefined) {
        this.#ring.used()
        return entry
      }
      if (scan.exhausted && cursor.stall === 'none') {
        this.#ring.rotate()
        this.#env.notifySoon(this.#core)
        return undefined
      }
      if (cursor.stall === 'crowded') this.#work.crowded = true
      this.#ring.leave()
    }
    return undefined
  }

  #deliver (entry: Entry, consumer: Consumer, nowMs: number): RawDelivery {
    const { cursor, position } = entry
    const record = this.#scan.record as RecordFields
    const token = this.#env.nextToken()
    const attempt = ++entry.attempts
    if (attempt > 1) cursor.redelivered++
    entry.state = 'in-flight'
    entry.owner = consumer
    entry.record = record
    entry.token = token
    this.#work.keep(entry)
    this.#inFlight.set(token, entry)
    consumer.inFlight++
    this.#work.wait(entry, nowMs + this.#core.row.ackTimeoutMs)
    this.#env.dirty(cursor, 'soon')
    if (cursor.pending !== undefined) return redelivery(token, attempt, this.#scan.dead as DeadRow)
    const { log } = cursor
    return { token, log, position, record, attempt, late: entry.late || position > cursor.closedAt || !cursor.succession.handedOut(log), ephemeral: false, publisher: log.publisher, incarnation: cursor.incarnation, channel: log.channel }
  }

  /** For one consumer, whichever asks first. Returns whether it was taken. */
  offerEphemeral (record: RecordFields, meta: LiveMeta): boolean {
    if (this.consumers.length === 0 || this.#ephemeral.length >= EPHEMERAL_BUFFER_MAX || !this.#core.matches(record.topic)) return false
    this.#ephemeral.push({ record, meta })
    this.tell()
    return true
  }

  #deliverEphemeral (consumer: Consumer): RawDelivery {
    const { record, meta } = this.#ephemeral.shift() as { record: RecordFields, meta: LiveMeta }
    const token = this.#env.nextToken()
    consumer.ephemeral.add(token)
    consumer.inFlight++
    return { token, log: undefined, record, attempt: 1, late: false, ...meta }
  }

  /** The consumer's delivery, no longer in flight. When it is not its own, or ephemeral, `done` has been called. */
  #settling (consumer: Consumer, token: number, done: SettleDone): Entry | undefined {
    const entry = this.#own(consumer, token)
    if (entry === undefined) done(this.#ended(consumer, token))
    return entry
  }

  #own (consumer: Consumer, token: number): Entry | undefined {
    const entry = this.#inFlight.get(token)
    if (entry === undefined || entry.owner !== consumer) return undefined
    this.#take(entry)
    return entry
  }

  /** Settles what no cursor knows. */
  #ended (consumer: Consumer, token: number): SkeinError | undefined {
    if (!consumer.ephemeral.delete(token)) return new SkeinError('ERR_DELIVERY_SETTLED')
    this.#freed(consumer)
    return undefined
  }

  /** No longer in flight. */
  #take (entry: Entry): void {
    const owner = entry.owner as Consumer
    this.#inFlight.delete(entry.token)
    this.#work.unwait(entry)
    entry.owner = undefined
    entry.state = 'waiting'
    this.#freed(owner)
  }

  #freed (consumer: Consumer): void {
    consumer.inFlight--
    if (consumer.waiting && consumer.inFlight === consumer.options.maxInFlight - 1) this.#env.notifySoon(this.#core)
  }

  ack (consumer: Consumer, token: number, done: SettleDone): void {
    const entry = this.#settling(consumer, token, done)
    if (entry === undefined) return
    entry.cursor.acks.push(done)
    this.#ack(entry)
  }

  acked (consumer: Consumer, token: number): Promise<void> {
    const entry = this.#own(consumer, token)
    if (entry === undefined) {
      const error = this.#ended(consumer, token)
      return error === undefined ? Promise.resolve() : Promise.reject(error)
    }
    // Before it is settled: who closes meanwhile tells everybody in `acks`.
    const onDisk = entry.cursor.whenOnDisk()
    this.#ack(entry)
    return onDisk
  }

  #ack (entry: Entry): void {
    const { cursor } = entry
    cursor.acked++
    if (cursor.pending !== undefined) this.#core.deadCount--
    this.#work.settle(entry)
    this.#env.dirty(cursor, 'now')
  }

  nack (consumer: Consumer, token: number, options: NackOptions, done: SettleDone): void {
    const entry = this.#settling(consumer, token, done)
    if (entry === undefined) return
    const { row } = this.#core
    entry.cursor.acks.push(done)
    this.#env.dirty(entry.cursor, 'now')
    const isLast = entry.attempts >= row.maxAttempts
    if (isLast && this.#core.buryInHand(entry, options.reason ?? 'nacked')) return
    const delayMs = isLast ? row.backoffMaxMs : options.delayMs ?? backoffAfter(entry.attempts, row.backoffMs, row.backoffMaxMs)
    this.#work.hold(entry, this.#env.clock.nowMs() + Math.min(DELAY_MS_MAX, Math.max(0, delayMs)))
  }

  reject (consumer: Consumer, token: number, reason: string, done: SettleDone): void {
    const entry = this.#settling(consumer, token, done)
    if (entry === undefined) return
    this.#env.dirty(entry.cursor, 'now')
    if (this.#core.buryInHand(entry, reason)) {
      entry.cursor.acks.push(done)
      return
    }
    this.#work.hold(entry, this.#env.clock.nowMs() + this.#core.row.backoffMaxMs)
    done(new SkeinError('ERR_LIMIT', `subscription ${this.#core.name} has ${DEAD_LETTERS_MAX} dead letters`, { hint: 'Redrive or remove some; the message is delivered again meanwhile.' }))
  }

  extend (consumer: Consumer, token: number, ms: number): void {
    const entry = this.#inFlight.get(token)
    if (entry === undefined || entry.owner !== consumer || !(ms > 0)) return
    this.#work.wait(entry, Math.min(entry.dueAt + ms, this.#env.clock.nowMs() + DELAY_MS_MAX))
  }

  timedOut (entry: Entry, nowMs: number): void {
    const { row } = this.#core
    this.#take(entry)
    this.#env.dirty(entry.cursor, 'soon')
    const isLast = entry.attempts >= row.maxAttempts
    if (isLast && this.#core.buryInHand(entry, `not settled within ${row.ackTimeoutMs} ms`)) return
    this.#work.hold(entry, isLast ? nowMs + row.backoffMaxMs : nowMs)
  }

  /** The consumer goes: what it has in hand is free for others. */
  release (consumer: Consumer, uncounted: readonly number[]): void {
    const i = this.consumers.indexOf(consumer)
    if (i !== -1) this.consumers.splice(i, 1)
    const back = new Set(uncounted)
    const nowMs = this.#env.clock.nowMs()
    for (const entry of this.#inFlight.values().sort((a, b) => a.token - b.token)) {
      if (entry.owner !== consumer) continue
      this.#take(entry)
      if (back.has(entry.token)) {
        if (entry.attempts > 1) entry.cursor.redelivered--
        entry.attempts--
      }
      this.#work.free(entry, nowMs)
      this.#env.dirty(entry.cursor, 'soon')
    }
    consumer.ephemeral.clear()
    if (this.consumers.length === 0) this.#ephemeral.length = 0
    this.#setMode()
    this.tell()
  }

  /** Takes back what is in hand of a cursor that is to be forgotten. */
  revoke (cursor: object): void {
    for (const entry of this.#inFlight.values()) if (entry.cursor === cursor) this.#take(entry)
  }

  closeAll (error?: Error): void {
    for (const consumer of this.consumers.slice()) {
      consumer.close()
      consumer.options.closed(error)
    }
  }
}

function redelivery (token: number, attempt: number, dead: DeadRow): RawDelivery {
  const log = new LogState(dead.log, 0, false)
  const { number, random } = dead.log.incarnation
  return { token, log, position: dead.position, record: dead.record, attempt, late: false, ephemeral: false, redriven: true, publisher: log.publisher, incarnation: `${number}-${random}`, channel: log.channel }
}
