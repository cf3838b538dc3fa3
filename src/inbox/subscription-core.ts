/**
 * One durable subscription: its cursors, who consumes it, and what is under way.
 *
 * Cursors that may have something stand in a ring and take turns; a cursor leaves it when `Scan` finds nothing to hand out
 * and says why (`stall`), and is put back by whatever ends that: an arrival, a settle, a time.
 */
import type { Clock } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import { RangeSet } from '../base/range-set.js'
import { FilterSet } from '../message/filter.js'
import type { LogId } from '../message/ids.js'
import type { RecordFields } from '../message/record.js'
import type { Gap, GapReason } from '../message/reports.js'
import type { LogBook } from '../store/log-book.js'
import { LogState } from '../store/log-state.js'
import { backoffAfter } from './backoff.js'
import { Consumer, type ConsumerOptions, type ConsumerPort, type LiveMeta, type RawDelivery } from './consumer.js'
import { Cursor, type SettleDone } from './cursor.js'
import { toLetter } from './dead-letters.js'
import { DueHeap } from './due-heap.js'
import { Entry } from './entry.js'
import { KeyLanes } from './key-lanes.js'
import { CONSUMERS_MAX, CURSOR_WINDOW_POSITIONS, DEAD_LETTERS_MAX, DELAY_MS_MAX, EPHEMERAL_BUFFER_MAX, REASON_LENGTH_MAX, TURN_RECORDS } from './limits.js'
import type { OpenBatches } from './open-batches.js'
import { encodeDead, type DeadRow, type SubscriptionRow } from './rows.js'
import { Scan, type ScanParts } from './scan.js'
import { begin, trimmedUnclaimed } from './start.js'

/** How soon a changed cursor is to be on disk: somebody waits for it; a crash would forget a delivery; nothing hangs on it. */
export type Urgency = 'now' | 'soon' | 'lazy'

/** What the subscription asks of the shell. */
export interface CoreEnv {
  readonly clock: Clock
  readonly book: LogBook
  readonly batches: OpenBatches
  readonly orderWaitMs: number
  offsetOf (publisher: string): number
  readDead (subscription: number, sequence: number): Uint8Array | undefined
  nextToken (): number
  dirty (cursor: Cursor, urgency: Urgency): void
  wakeAt (atMs: number): void
  /** Call `notify` at the end of the turn. */
  notifySoon (core: SubscriptionCore): void
  gap (gap: Gap): void
  needsChanged (log: LogState): void
}

export class SubscriptionCore implements ScanParts, ConsumerPort {
  row: SubscriptionRow
  readonly number: number
  readonly cursors = new Map<number, Cursor>()
  /** Over the dead letters that are delivered again. */
  readonly redriven: Cursor
  readonly consumers: Consumer[] = []
  readonly lanes = new KeyLanes()
  readonly batches: OpenBatches
  readonly book: LogBook
  readonly orderWaitMs: number
  /** Its row is on disk: only then may rows of its cursors be. */
  created = false
  /** On disk or under way there. */
  deadCount = 0
  keyed = false
  entryCount = 0
  readonly #env: CoreEnv
  readonly #scan: Scan
  readonly #ring: Cursor[] = []
  #ready: Entry[] = []
  readonly #due = new DueHeap<Entry | Cursor>()
  readonly #inFlight = new Map<number, Entry>()
  readonly #ephemeral: Array<{ record: RecordFields, meta: LiveMeta }> = []
  #filter: FilterSet
  #crowded = false
  #firstTold = 0

  constructor (readonly name: string, row: SubscriptionRow, env: CoreEnv) {
    this.row = row
    this.number = row.number
    this.#env = env
    this.batches = env.batches
    this.book = env.book
    this.orderWaitMs = env.orderWaitMs
    this.#filter = new FilterSet(row.filters)
    this.#scan = new Scan(this)
    const nowhere = new LogState({ publisher: '', incarnation: { number: 0, random: '' }, channel: '' }, 0, false)
    this.redriven = new Cursor(nowhere, this, new RangeSet())
  }

  get filter (): FilterSet { return this.#filter }
  get inFlightCount (): number { return this.#inFlight.size }
  get nextDueAt (): number { return this.#due.nextAt }

  change (row: SubscriptionRow): void {
    this.row = row
    this.#filter = new FilterSet(row.filters)
  }

  // What the logs do.

  /** A cursor in a log that is new to the subscription. */
  learn (log: LogState, known: boolean): Cursor {
    const cursor = new Cursor(log, this)
    begin(cursor, this.row, known)
    this.cursors.set(log.number, cursor)
    this.activate(cursor)
    return cursor
  }

  /** A cursor as it was on disk. */
  restore (cursor: Cursor): void {
    if (cursor !== this.redriven) this.cursors.set(cursor.log.number, cursor)
    this.entryCount += cursor.entries.size
    const { lost, log } = cursor
    for (const range of lost.ranges()) {
      for (let p = log.held.firstPresent(range.from); p !== 0 && p <= range.to; p = log.held.firstPresent(p + 1)) cursor.turnedUp.add(p, p)
    }
    this.activate(cursor)
  }

  forget (cursor: Cursor): void {
    cursor.gone = true
    this.cursors.delete(cursor.log.number)
    const i = this.#ring.indexOf(cursor)
    if (i !== -1) this.#ring.splice(i, 1)
    this.#due.remove(cursor)
    for (const entry of [...cursor.entries.values()]) {
      if (entry.state === 'in-flight') this.#take(entry)
      if (entry.state === 'blocked') this.lanes.withdraw(entry)
      this.#drop(entry)
    }
    this.#ready = this.#ready.filter(entry => entry.cursor !== cursor)
    for (const done of cursor.acks.splice(0)) done(new SkeinError('ERR_CLOSED', 'the subscription no longer covers this log'))
  }

  arrived (cursor: Cursor, from: number, to: number): void {
    const late = cursor.noteArrived(from, to)
    if (late || cursor.stall === 'peek' || (from <= cursor.wanted && cursor.wanted <= to) || cursor.stall === 'hole') this.activate(cursor)
  }

  logChanged (cursor: Cursor): void {
    const { log } = cursor
    if (log.trimmed > cursor.mark && cursor.mark === cursor.start - 1 && cursor.entries.size === 0 && trimmedUnclaimed(cursor, this.row, log.trimmed, this.offsetOf(log.publisher))) {
      cursor.skipThrough(log.trimmed)
      this.#moved(cursor)
      this.#env.dirty(cursor, 'lazy')
      this.#env.needsChanged(log)
    }
    if (cursor.stall === 'gate') this.activate(cursor)
  }

  unavailable (cursor: Cursor, from: number, to: number, reason: GapReason): void {
    if (!cursor.doom(from, to, reason)) return
    this.#env.dirty(cursor, 'lazy')
    this.activate(cursor)
  }

  passed (cursor: Cursor, through: number, since: number): void {
    if (cursor.since === 0 || cursor.since + this.offsetOf(cursor.log.publisher) < since || through < cursor.start) return
    cursor.skipThrough(through)
    this.#moved(cursor)
    this.#env.dirty(cursor, 'lazy')
    this.activate(cursor)
  }

  activate (cursor: Cursor): void {
    if (cursor.active || cursor.gone) return
    cursor.active = true
    cursor.turn = TURN_RECORDS
    this.#ring.push(cursor)
    this.#tell()
  }

  #tell (): void {
    for (const consumer of this.consumers) {
      if (consumer.waiting) {
        this.#env.notifySoon(this)
        return
      }
    }
  }

  /** Tells the consumers that wait that there may be something, each in turn first. */
  notify (): void {
    const count = this.consumers.length
    const told = this.consumers.slice()
    for (let i = 0; i < count; i++) {
      const consumer = told[(this.#firstTold + i) % count] as Consumer
      if (this.#ring.length === 0 && this.#ready.length === 0 && this.#ephemeral.length === 0) break
      if (!consumer.waiting || !consumer.open || consumer.inFlight >= consumer.options.maxInFlight) continue
      consumer.waiting = false
      consumer.options.ready()
    }
    this.#firstTold = count === 0 ? 0 : (this.#firstTold + 1) % count
  }

  /** What is due: time-outs, redeliveries, waits for earlier logs. */
  wake (nowMs: number): void {
    for (;;) {
      const due = this.#due.takeDue(nowMs)
      if (due === undefined) return
      if (due instanceof Cursor) this.activate(due)
      else if (due.state === 'in-flight') this.#timedOut(due, nowMs)
      else this.#again(due)
    }
  }

  /** A waiting entry may be handed out again. */
  #again (entry: Entry): void {
    if (this.keyed) {
      entry.state = 'ready'
      this.#ready.push(entry)
      this.#tell()
    } else {
      this.activate(entry.cursor)
    }
  }

  #timedOut (entry: Entry, nowMs: number): void {
    this.#take(entry)
    const { cursor } = entry
    const limit = entry.attempts >= this.row.maxAttempts
    if (limit && this.#buryAgain(entry, `not settled within ${this.row.ackTimeoutMs} ms`)) return
    if (entry.state === 'free') return
    this.hold(entry, limit ? nowMs + this.row.backoffMaxMs : nowMs)
    this.#env.dirty(cursor, 'soon')
  }

  // What consumers do.

  attach (options: ConsumerOptions): Consumer {
    if (this.consumers.length >= CONSUMERS_MAX) throw new SkeinError('ERR_LIMIT', `at most ${CONSUMERS_MAX} consumers on one name`)
    const consumer = new Consumer(this, options)
    this.consumers.push(consumer)
    this.#setMode()
    this.#env.notifySoon(this)
    return consumer
  }

  next (consumer: Consumer): RawDelivery | undefined {
    if (consumer.inFlight >= consumer.options.maxInFlight) {
      consumer.waiting = true
      return undefined
    }
    if (this.#ephemeral.length > 0) return this.#deliverEphemeral(consumer)
    const nowMs = this.#env.clock.nowMs()
    const scan = this.#scan
    scan.begin()
    while (this.#ready.length > 0) {
      const entry = this.#ready.shift() as Entry
      if (scan.again(entry, nowMs)) return this.#deliver(entry, consumer, nowMs)
    }
    while (this.#ring.length > 0) {
      const cursor = this.#ring[0] as Cursor
      const entry = scan.take(cursor, nowMs)
      if (entry !== undefined) {
        if (--cursor.turn <= 0) this.#rotate(cursor)
        return this.#deliver(entry, consumer, nowMs)
      }
      if (cursor.gone) continue
      if (scan.exhausted && cursor.stall === 'none') {
        this.#rotate(cursor)
        this.#env.notifySoon(this)
        break
      }
      if (cursor.stall === 'crowded') this.#crowded = true
      cursor.active = false
      this.#ring.shift()
    }
    consumer.waiting = true
    return undefined
  }

  #rotate (cursor: Cursor): void {
    cursor.turn = TURN_RECORDS
    if (this.#ring.length === 1) return
    this.#ring.shift()
    this.#ring.push(cursor)
  }

  #deliver (entry: Entry, consumer: Consumer, nowMs: number): RawDelivery {
    const { cursor } = entry
    const record = this.#scan.record as RecordFields
    entry.state = 'in-flight'
    entry.owner = consumer
    entry.record = record
    entry.token = this.#env.nextToken()
    entry.attempts++
    if (entry.attempts > 1) cursor.redelivered++
    this.keep(entry)
    this.#inFlight.set(entry.token, entry)
    consumer.inFlight++
    this.wait(entry, nowMs + this.row.ackTimeoutMs)
    this.#env.dirty(cursor, 'soon')
    const { token, position, attempts: attempt } = entry
    if (cursor.pending !== undefined) return redelivery(token, attempt, this.#scan.dead as DeadRow)
    const { log } = cursor
    return { token, log, position, record, attempt, late: entry.late || position > cursor.closedAt, ephemeral: false, publisher: log.publisher, incarnation: cursor.incarnation, channel: log.channel }
  }

  offerEphemeral (record: RecordFields, meta: LiveMeta): boolean {
    if (this.consumers.length === 0 || this.#ephemeral.length >= EPHEMERAL_BUFFER_MAX || !this.#filter.matches(record.topic)) return false
    this.#ephemeral.push({ record, meta })
    this.#tell()
    return true
  }

  #deliverEphemeral (consumer: Consumer): RawDelivery {
    const { record, meta } = this.#ephemeral.shift() as { record: RecordFields, meta: LiveMeta }
    const token = this.#env.nextToken()
    consumer.ephemeral.add(token)
    consumer.inFlight++
    return { token, log: undefined, position: meta.position, record, attempt: 1, late: false, ephemeral: true, publisher: meta.publisher, incarnation: meta.incarnation, channel: meta.channel }
  }

  /** The consumer's delivery, no longer in flight. When it is not its own, or ephemeral, `done` has been called. */
  #settling (consumer: Consumer, token: number, done: SettleDone): Entry | undefined {
    const entry = this.#inFlight.get(token)
    if (entry === undefined || entry.owner !== consumer) {
      if (consumer.ephemeral.delete(token)) {
        this.#freed(consumer)
        done()
      } else {
        done(new SkeinError('ERR_DELIVERY_SETTLED'))
      }
      return undefined
    }
    this.#take(entry)
    return entry
  }

  ack (consumer: Consumer, token: number, done: SettleDone): void {
    const entry = this.#settling(consumer, token, done)
    if (entry === undefined) return
    const { cursor } = entry
    cursor.acked++
    cursor.acks.push(done)
    if (cursor.pending !== undefined) this.deadCount--
    this.#settle(entry)
    this.#env.dirty(cursor, 'now')
  }

  nack (consumer: Consumer, token: number, options: { readonly delayMs?: number, readonly reason?: string }, done: SettleDone): void {
    const entry = this.#settling(consumer, token, done)
    if (entry === undefined) return
    entry.cursor.acks.push(done)
    this.#env.dirty(entry.cursor, 'now')
    const limit = entry.attempts >= this.row.maxAttempts
    if (limit && this.#buryAgain(entry, options.reason ?? 'nacked')) return
    if (entry.state === 'free') return
    const delayMs = limit ? this.row.backoffMaxMs : options.delayMs ?? backoffAfter(entry.attempts, this.row.backoffMs, this.row.backoffMaxMs)
    this.hold(entry, this.#env.clock.nowMs() + Math.min(DELAY_MS_MAX, Math.max(0, delayMs)))
  }

  reject (consumer: Consumer, token: number, reason: string, done: SettleDone): void {
    const entry = this.#settling(consumer, token, done)
    if (entry === undefined) return
    this.#env.dirty(entry.cursor, 'now')
    if (this.#buryAgain(entry, reason) || (entry.state as string) === 'free') {
      entry.cursor.acks.push(done)
      return
    }
    this.hold(entry, this.#env.clock.nowMs() + this.row.backoffMaxMs)
    done(new SkeinError('ERR_LIMIT', `subscription ${this.name} has ${DEAD_LETTERS_MAX} dead letters`, { hint: 'Redrive or remove some; the message is delivered again meanwhile.' }))
  }

  extend (consumer: Consumer, token: number, ms: number): void {
    const entry = this.#inFlight.get(token)
    if (entry === undefined || entry.owner !== consumer || !(ms > 0)) return
    this.wait(entry, Math.min(entry.dueAt + ms, this.#env.clock.nowMs() + DELAY_MS_MAX))
  }

  release (consumer: Consumer, uncounted: readonly number[]): void {
    const i = this.consumers.indexOf(consumer)
    if (i !== -1) this.consumers.splice(i, 1)
    const back = new Set(uncounted)
    const nowMs = this.#env.clock.nowMs()
    for (const entry of [...this.#inFlight.values()]) {
      if (entry.owner !== consumer) continue
      this.#take(entry)
      if (back.has(entry.token)) {
        if (entry.attempts > 1) entry.cursor.redelivered--
        entry.attempts--
      }
      this.#free(entry, nowMs)
      this.#env.dirty(entry.cursor, 'soon')
    }
    consumer.ephemeral.clear()
    if (this.consumers.length === 0) this.#ephemeral.length = 0
    this.#setMode()
    this.#tell()
  }

  /** Closes all consumers. */
  closeConsumers (error?: Error): void {
    for (const consumer of this.consumers.slice()) {
      consumer.close()
      consumer.options.closed(error)
    }
  }

  // Where an entry goes.

  /** No longer in flight. */
  #take (entry: Entry): void {
    this.#inFlight.delete(entry.token)
    this.#due.remove(entry)
    const owner = entry.owner as Consumer
    entry.owner = undefined
    entry.state = 'waiting'
    this.#freed(owner)
  }

  #freed (consumer: Consumer): void {
    consumer.inFlight--
    if (consumer.waiting && consumer.inFlight === consumer.options.maxInFlight - 1) this.#env.notifySoon(this)
  }

  /** Back for anyone, at once. */
  #free (entry: Entry, nowMs: number): void {
    entry.record = undefined
    if (entry.held) {
      this.hold(entry, nowMs)
    } else if (this.keyed) {
      entry.state = 'ready'
      this.#ready.push(entry)
    } else {
      this.#rewind(entry)
    }
  }

  /** To be found again by looking from its position. */
  #rewind (entry: Entry): void {
    const { cursor, position } = entry
    entry.state = 'free'
    if (entry.late) cursor.turnedUp.add(position, position)
    else cursor.next = Math.min(cursor.next, position)
    this.activate(cursor)
  }

  /** Nacked or timed out: it holds its log or its key until it is settled, and comes again at `dueAt`. */
  hold (entry: Entry, dueAt: number): void {
    entry.held = true
    entry.record = undefined
    if (!this.keyed) entry.cursor.holdBack(entry)
    this.wait(entry, dueAt)
    if (entry.state !== 'in-flight') entry.state = 'waiting'
  }

  #settle (entry: Entry): void {
    const { cursor, position } = entry
    this.#drop(entry)
    if (cursor.pending !== undefined) {
      cursor.pending.remove(position, position)
      cursor.deletes.push(position)
      return
    }
    if (entry.late) {
      cursor.lost.remove(position, position)
      return
    }
    if (cursor.doomed.size > 0) cursor.undoom(position, position)
    if (cursor.settle(position, position)) this.#moved(cursor)
  }

  /** Forgets an entry; whoever waited behind it goes on. */
  #drop (entry: Entry): void {
    const { cursor } = entry
    if (cursor.entries.get(entry.position) === entry) {
      cursor.entries.delete(entry.position)
      this.entryCount--
      if (this.#crowded) this.#uncrowd()
    }
    this.#due.remove(entry)
    if (entry.held) {
      cursor.letGo(entry)
      this.activate(cursor)
    }
    if (!entry.holdsKey) return
    const next = this.lanes.leave(entry)
    if (next === undefined) return
    next.state = 'ready'
    this.#ready.push(next)
    this.#tell()
  }

  #uncrowd (): void {
    this.#crowded = false
    for (const cursor of this.cursors.values()) if (cursor.stall === 'crowded') this.activate(cursor)
  }

  /** The watermark moved. */
  #moved (cursor: Cursor): void {
    if (cursor.stall === 'window' && cursor.next <= cursor.mark + CURSOR_WINDOW_POSITIONS) this.activate(cursor)
    if (cursor.successors.size === 0) return
    for (const later of cursor.successors) if (!later.gateOpen) this.activate(later)
  }

  #setMode (): void {
    const keyed = this.consumers.some(consumer => consumer.options.mode === 'keyed')
    if (keyed === this.keyed) return
    this.keyed = keyed
    this.lanes.clear()
    this.#ready = []
    for (const cursor of [this.redriven, ...this.cursors.values()]) {
      cursor.heldBack = []
      if (cursor.entries.size === 0) continue
      for (const entry of [...cursor.entries.values()].sort((a, b) => a.position - b.position)) this.#remode(entry)
      this.activate(cursor)
    }
  }

  #remode (entry: Entry): void {
    entry.holdsKey = false
    if (entry.state === 'in-flight' || (entry.held && entry.state !== 'free')) {
      if (this.keyed && entry.key !== undefined) this.lanes.share(entry, entry.key)
      if (entry.state === 'in-flight') {
        if (!this.keyed && entry.held) entry.cursor.holdBack(entry)
        return
      }
      // One that was due comes up again at the next wake.
      this.hold(entry, entry.dueAt)
      return
    }
    if (entry.state !== 'free') this.#rewind(entry)
  }

  #buryAgain (entry: Entry, reason: string): boolean {
    // A redriven letter is read again for where it came from.
    const record = entry.cursor.pending === undefined ? entry.record : this.#scan.recordOf(entry)
    if (record !== undefined) return this.bury(entry, reason, record)
    this.unread(entry)
    return false
  }

  // What the scan asks for.

  matches (topic: string): boolean { return this.#filter.matches(topic) }
  offsetOf (publisher: string): number { return this.#env.offsetOf(publisher) }
  wallMs (): number { return this.#env.clock.wallMs() }
  readDead (sequence: number): Uint8Array | undefined { return this.#env.readDead(this.number, sequence) }
  cursorOf (log: LogState): Cursor | undefined { return this.cursors.get(log.number) }

  claims (id: LogId): boolean {
    if (this.row.from !== 'latest') return true
    // An incarnation's number is the wall clock at its birth: one that was born later belongs to the subscription wholly.
    return id.incarnation.number - this.offsetOf(id.publisher) >= this.row.since
  }

  waitUntil (cursor: Cursor, atMs: number): void {
    this.#due.set(cursor, atMs)
    this.#env.wakeAt(atMs)
  }

  opened (cursor: Cursor): void {
    this.#due.remove(cursor)
    this.#env.dirty(cursor, 'lazy')
  }

  giveUp (earlier: Cursor, through: number): void {
    if (!earlier.doom(earlier.mark + 1, through, 'unrecoverable')) return
    this.#env.dirty(earlier, 'lazy')
    this.#env.needsChanged(earlier.log)
    this.activate(earlier)
  }

  started (cursor: Cursor): void { this.#env.needsChanged(cursor.log) }

  pass (cursor: Cursor, from: number, to: number): void {
    if (cursor.lost.overlaps(from, to)) cursor.lost.remove(from, to)
    if (cursor.settle(from, to)) this.#moved(cursor)
    this.#env.dirty(cursor, 'lazy')
  }

  expire (cursor: Cursor, position: number, entry: Entry | undefined): void {
    cursor.expired++
    if (entry !== undefined) this.#settle(entry)
    else this.pass(cursor, position, position)
    this.#env.dirty(cursor, 'lazy')
  }

  reportGap (cursor: Cursor, from: number, to: number, reason: GapReason): number {
    for (const entry of [...cursor.entries.values()]) {
      if (entry.position < from || entry.position > to) continue
      // Somebody works on it: it may still be acked.
      if (entry.state !== 'free') to = entry.position - 1
    }
    for (const entry of [...cursor.entries.values()]) {
      if (entry.position >= from && entry.position <= to) this.#drop(entry)
    }
    cursor.gaps += to - from + 1
    cursor.undoom(from, to)
    if (reason === 'unrecoverable') cursor.lose(from, to)
    const { log } = cursor
    this.#env.gap({ subscription: this.name, publisher: log.publisher, incarnation: cursor.incarnation, channel: log.channel, from, to, reason })
    if (cursor.settle(from, to)) this.#moved(cursor)
    this.#env.dirty(cursor, 'now')
    return to
  }

  bury (entry: Entry, reason: string, record: RecordFields): boolean {
    const { cursor, position } = entry
    const again = cursor.pending !== undefined
    if (!again && this.deadCount >= DEAD_LETTERS_MAX) return false
    const sequence = again ? position : ++this.redriven.top
    const source = again ? this.#scan.dead as DeadRow : { log: cursor.log.id, position }
    const dead: DeadRow = { log: source.log, position: source.position, reason: reason.slice(0, REASON_LENGTH_MAX).toWellFormed(), attempts: entry.attempts, buriedAt: this.wallMs(), record }
    cursor.letters.push({ sequence, row: encodeDead(dead), letter: toLetter(this.name, sequence, dead) })
    if (!again) {
      this.deadCount++
      this.#env.dirty(this.redriven, 'now')
    }
    this.#settle(entry)
    this.#env.dirty(cursor, 'now')
    return true
  }

  keep (entry: Entry): void {
    const { cursor, position } = entry
    if (cursor.entries.get(position) === entry) return
    cursor.entries.set(position, entry)
    if (position > cursor.top && cursor.pending === undefined) cursor.top = position
    this.entryCount++
  }

  wait (entry: Entry, dueAt: number): void {
    if (entry.state === 'free') entry.state = 'waiting'
    this.#due.set(entry, dueAt)
    this.#env.wakeAt(dueAt)
  }

  unread (entry: Entry): void {
    const { cursor, position } = entry
    this.#due.remove(entry)
    cursor.letGo(entry)
    if (cursor.pending !== undefined) {
      this.#drop(entry)
      this.unpend(cursor, position)
      return
    }
    entry.state = 'free'
    cursor.next = Math.min(cursor.next, position)
    this.activate(cursor)
  }

  unpend (cursor: Cursor, sequence: number): void {
    cursor.pending?.remove(sequence, sequence)
    this.#env.dirty(cursor, 'lazy')
  }

  // Dead letters.

  /** Delivers a dead letter again, as attempt 1. */
  redrive (sequence: number, done: SettleDone): void {
    const cursor = this.redriven
    cursor.pending?.add(sequence, sequence)
    cursor.next = Math.min(cursor.next, sequence)
    cursor.acks.push(done)
    this.#env.dirty(cursor, 'now')
    this.activate(cursor)
  }
}

function redelivery (token: number, attempt: number, dead: DeadRow): RawDelivery {
  const log = new LogState(dead.log, 0, false)
  const { number, random } = dead.log.incarnation
  return { token, log, position: dead.position, record: dead.record, attempt, late: false, ephemeral: false, publisher: log.publisher, incarnation: `${number}-${random}`, channel: log.channel }
}
