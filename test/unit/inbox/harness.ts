import { createHash } from 'node:crypto'
import type { Clock, Timer } from '../../../src/base/clock.js'
import type { Crypto } from '../../../src/base/crypto.js'
import { Inbox, type ConsumerHandle, type InboxOptions, type RawDelivery, type SubscriptionSpec } from '../../../src/inbox/inbox.js'
import { sealBatch, type LogLink, type SealedBatch } from '../../../src/message/batch.js'
import type { LogId } from '../../../src/message/ids.js'
import { peerIdOfPublicKey } from '../../../src/message/peer-id.js'
import { encodeRecords, makeRecord, type RecordFields } from '../../../src/message/record.js'
import { signTrim } from '../../../src/message/signed.js'
import type { DeadLetter, Gap } from '../../../src/message/reports.js'
import { LogBook } from '../../../src/store/log-book.js'
import type { LogState } from '../../../src/store/log-state.js'
import { createMemoryDisk, createMemoryStore, type MemoryDisk, type MemoryStore } from '../../../src/store/memory-store.js'
import type { SkeinError } from '../../../src/base/errors.js'

export const mesh = new Uint8Array(16).fill(7)

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  now = 1000
  wall = 1_700_000_000_000
  #soon: Array<() => void> = []
  #timers = new Set<{ at: number, fn: () => void }>()

  wallMs (): number { return this.wall }
  nowMs (): number { return this.now }
  soon (fn: () => void): void { this.#soon.push(fn) }

  after (delayMs: number, fn: () => void): Timer {
    const timer = { at: this.now + delayMs, fn }
    this.#timers.add(timer)
    return { cancel: () => { this.#timers.delete(timer) } }
  }

  get timers (): number { return this.#timers.size }

  /** Runs what is to run as soon as possible, one thing. */
  step (): boolean {
    const fn = this.#soon.shift()
    fn?.()
    return fn !== undefined
  }

  turn (): void {
    for (let i = 0; i < 100_000; i++) if (!this.step()) return
    throw new Error('the turn does not end')
  }

  advance (ms: number): void {
    const end = this.now + ms
    this.turn()
    for (;;) {
      let next: { at: number, fn: () => void } | undefined
      for (const timer of this.#timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer
      if (next === undefined) break
      this.#timers.delete(next)
      this.wall += Math.max(0, next.at - this.now)
      this.now = Math.max(this.now, next.at)
      next.fn()
      this.turn()
    }
    this.wall += end - this.now
    this.now = end
  }

  forgetAll (): void {
    this.#soon = []
    this.#timers.clear()
  }
}

export const fakeCrypto: Crypto = {
  hash: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  sign: () => new Uint8Array(64),
  verify: () => true
}

export const peer = (n: number): string => peerIdOfPublicKey(new Uint8Array(32).fill(n))
export const random = (n: number): string => n.toString(16).padStart(16, '0')

export interface Message { topic?: string, key?: string, expiresInMs?: number, time?: number, body?: string }

/** A publisher's log as it writes it, batch after batch. */
export class FakeLog {
  readonly id: LogId
  readonly batches: SealedBatch[] = []
  last = 0
  #previous = new Uint8Array(0) as Uint8Array

  constructor (readonly clock: ManualClock, publisher = 1, number = 1, readonly link?: LogLink, channel = 'press', life = number) {
    this.id = { publisher: peer(publisher), incarnation: { number, random: random(life) }, channel }
  }

  write (...messages: Message[]): SealedBatch {
    const records: RecordFields[] = messages.map((m, i) => makeRecord({
      topic: m.topic ?? `${this.id.channel}/a`, body: m.body ?? `${this.last + 1 + i}`, time: m.time ?? this.clock.wall, key: m.key, expiresInMs: m.expiresInMs
    }, 1_000_000))
    const base = this.last + 1
    const time = Math.max(...records.map(record => record.time))
    const batch = sealBatch(fakeCrypto, mesh, { log: this.id, base, count: records.length, time, previous: this.#previous, link: base === 1 ? this.link : undefined, body: encodeRecords(records) })
    this.#previous = fakeCrypto.hash(batch.header)
    this.last = batch.last
    this.batches.push(batch)
    return batch
  }

  /** So many batches of so many records. */
  fill (batches: number, each: number, message: (position: number) => Message = () => ({})): this {
    for (let b = 0; b < batches; b++) this.write(...Array.from({ length: each }, (_, i) => message(this.last + 1 + i)))
    return this
  }

  linkTo (position = this.last): LogLink {
    const batch = this.batches.find(b => b.last === position)
    return { incarnation: this.id.incarnation, position, hash: batch === undefined ? new Uint8Array(32) : fakeCrypto.hash(batch.header) }
  }
}

export const spec = (over: Partial<SubscriptionSpec> = {}): SubscriptionSpec => ({
  name: 'orders', filters: ['press/#'], from: 'earliest', maxInFlight: 64, ackTimeoutMs: 60_000, maxAttempts: 10, backoffMs: 200, backoffMaxMs: 60_000, change: false, ...over
})

/** An inbox over a memory store, which can crash and come back. */
export class Rig {
  readonly clock = new ManualClock()
  readonly disk: MemoryDisk = createMemoryDisk()
  store!: MemoryStore
  book!: LogBook
  inbox!: Inbox
  gaps: Gap[] = []
  buried: DeadLetter[] = []
  processed: Array<{ log: LogState, name: string }> = []
  failures: Error[] = []
  needsChanged = 0
  commits = 0
  readonly over: { -readonly [K in keyof InboxOptions]?: InboxOptions[K] }

  constructor (over: Partial<InboxOptions> = {}) {
    this.over = over
    this.start()
  }

  start (): void {
    this.store = createMemoryStore({ soon: fn => { this.clock.soon(fn) }, disk: this.disk })
    const commit = this.store.commit.bind(this.store)
    this.store.commit = (ops, done) => { this.commits++; commit(ops, done) }
    this.book = new LogBook({ store: this.store, crypto: fakeCrypto, mesh, self: peer(99), wallMs: () => this.clock.wall })
    this.inbox = new Inbox({
      clock: this.clock,
      store: this.store,
      book: this.book,
      self: peer(99),
      listener: {
        gap: gap => { this.gaps.push(gap) },
        buried: letter => { this.buried.push(letter) },
        processed: (log, name) => { this.processed.push({ log, name }) },
        begun: () => {},
        needsChanged: () => { this.needsChanged++ },
        failed: error => { this.failures.push(error) }
      },
      ...this.over
    })
  }

  /** The process dies and comes back. */
  crash (): void {
    this.store.crash()
    this.clock.forgetAll()
    this.start()
    this.clock.turn()
  }

  /** Batches arrive and are committed. */
  hold (...batches: SealedBatch[]): LogState {
    const first = batches[0] as SealedBatch
    const log = this.book.ensure(first.log)
    this.store.commit(this.book.stage(log, batches), () => { this.book.applied(log, batches) })
    this.clock.turn()
    return log
  }

  trim (log: LogState, through: number, time = this.clock.wall): void {
    const trim = { log: log.id, through, reason: 'expired' as const, time }
    this.book.noteTrim(log, trim, signTrim(fakeCrypto, mesh, trim))
  }

  open (over: Partial<SubscriptionSpec> = {}): SkeinError | undefined {
    let result: SkeinError | undefined | 'none' = 'none'
    this.inbox.open(spec(over), error => { result = error })
    this.clock.turn()
    if (result === 'none') throw new Error('open was not answered')
    return result
  }

  attach (name = 'orders', over: { mode?: 'ordered' | 'keyed', maxInFlight?: number } = {}): TestConsumer {
    return new TestConsumer(this, name, over)
  }
}

export class TestConsumer {
  readonly handle: ConsumerHandle
  readyCalls = 0
  closedWith: Error | 'no' | undefined = 'no'
  readonly #rig: Rig

  constructor (rig: Rig, name: string, over: { mode?: 'ordered' | 'keyed', maxInFlight?: number }) {
    this.#rig = rig
    this.handle = rig.inbox.attach(name, { mode: over.mode ?? 'ordered', maxInFlight: over.maxInFlight ?? 64, ready: () => { this.readyCalls++ }, closed: error => { this.closedWith = error } })
  }

  take (): RawDelivery {
    const delivery = this.handle.next()
    if (delivery === undefined) throw new Error('nothing to deliver')
    return delivery
  }

  /** All that can be had without time passing. What lies behind a gap, or behind what has expired, comes when that is on disk. */
  takeAll (): RawDelivery[] {
    const out: RawDelivery[] = []
    for (let turns = 0; turns < 2; turns++) {
      for (let d = this.handle.next(); d !== undefined; d = this.handle.next()) {
        out.push(d)
        turns = 0
      }
      this.#rig.clock.turn()
    }
    return out
  }

  ack (delivery: RawDelivery): void {
    this.handle.ack(delivery.token, error => { if (error !== undefined) throw error })
    this.#rig.clock.turn()
  }

  nack (delivery: RawDelivery, options: { delayMs?: number, reason?: string } = {}): void {
    this.handle.nack(delivery.token, options, error => { if (error !== undefined) throw error })
    this.#rig.clock.turn()
  }

  reject (delivery: RawDelivery, reason = 'bad'): void {
    this.handle.reject(delivery.token, reason, error => { if (error !== undefined) throw error })
    this.#rig.clock.turn()
  }

  /** Takes and acks until there is nothing, and returns the positions. */
  drain (): RawDelivery[] {
    const out: RawDelivery[] = []
    for (;;) {
      const some = this.takeAll()
      if (some.length === 0) return out
      for (const delivery of some) this.ack(delivery)
      out.push(...some)
    }
  }
}

export const positions = (deliveries: readonly RawDelivery[]): number[] => deliveries.map(d => d.position)
