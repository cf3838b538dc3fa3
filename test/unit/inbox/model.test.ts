import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RawDelivery } from '../../../src/inbox/inbox.js'
import type { LogState } from '../../../src/store/log-state.js'
import { FakeLog, Rig, type TestConsumer } from './harness.js'

const MAX_ATTEMPTS = 3

type Op =
  | { do: 'arrive', n: number }
  | { do: 'take', n: number, by: number }
  | { do: 'ack' | 'nack' | 'reject' | 'extend', n: number, by: number }
  | { do: 'advance', ms: number }
  | { do: 'step', n: number }
  | { do: 'crash' }
  | { do: 'attach', keyed: boolean, max: number }
  | { do: 'close', by: number, uncounted: boolean }
  | { do: 'full', is: boolean }
  | { do: 'lose', n: number }
  | { do: 'damage', n: number }
  | { do: 'redrive', n: number }

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('arrive' as const), n: fc.nat(30) }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('take' as const), n: fc.integer({ min: 1, max: 6 }), by: fc.nat(3) }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('ack' as const), n: fc.nat(20), by: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('nack' as const, 'reject' as const, 'extend' as const), n: fc.nat(20), by: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 60, 300, 1500, 61_000) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('step' as const), n: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('attach' as const), keyed: fc.boolean(), max: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), by: fc.nat(3), uncounted: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('full' as const), is: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), n: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('damage' as const), n: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('redrive' as const), n: fc.nat(5) }) }
)

interface Known {
  /** Deliveries counted in this life of the process, and before it. */
  attempts: number
  /** Attempts that a crash may have forgotten: deliveries not known to be on disk. */
  atLeast: number
  settled: boolean
  acks: number
  /** Highest attempt seen: one that was taken back may come back with a crash. */
  peak: number
  /** Delivered in this life of the process. */
  fresh: boolean
}

interface Held { delivery: RawDelivery, id: string, redriven: boolean, extended: number }

/** What the world knows, against which the inbox is held. */
class World {
  readonly rig = new Rig()
  readonly logs: FakeLog[]
  readonly batches: Array<{ log: FakeLog, i: number }> = []
  readonly arrived = new Set<number>()
  readonly lost = new Set<number>()
  readonly known = new Map<string, Known>()
  readonly keys = new Map<string, string | undefined>()
  readonly matching = new Set<string>()
  readonly gone = new Set<string>()
  readonly damaged = new Set<string>()
  consumers: Array<{ consumer: TestConsumer, keyed: boolean, held: Held[] }> = []
  /** A commit that was refused may still wait to be tried again. */
  wasFull = false

  constructor (shape: ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>>, readonly mode: 'ordered' | 'keyed' | 'mixed') {
    const { clock } = this.rig
    const [first = [], second = [], third = []] = shape
    const earlier = this.#write(new FakeLog(clock, 1, 1), first)
    const later = this.#write(new FakeLog(clock, 1, 2, earlier.last > 0 ? earlier.linkTo() : undefined), second)
    const other = this.#write(new FakeLog(clock, 2, 1), third)
    this.logs = [earlier, later, other]
    for (const log of this.logs) log.batches.forEach((_, i) => this.batches.push({ log, i }))
    this.rig.open({ maxAttempts: MAX_ATTEMPTS, filters: ['press/a'] })
  }

  #write (log: FakeLog, batches: ReadonlyArray<ReadonlyArray<number>>): FakeLog {
    for (const batch of batches) {
      if (batch.length === 0) continue
      batch.forEach((kind, i) => {
        const id = this.id(log, log.last + 1 + i)
        const key = kind === 0 ? undefined : kind < 3 ? `k${kind}` : undefined
        this.keys.set(id, key)
        if (kind < 4) this.matching.add(id)
      })
      log.write(...batch.map(kind => ({ topic: kind < 4 ? 'press/a' : 'press/b', ...(kind > 0 && kind < 3 ? { key: `k${kind}` } : {}) })))
    }
    return log
  }

  id (log: { id: FakeLog['id'] }, position: number): string { return `${log.id.publisher.slice(-3)}.${log.id.incarnation.number}.${position}` }

  stateOf (log: FakeLog): LogState { return this.rig.book.ensure(log.id) }

  delivered (to: { held: Held[] }, delivery: RawDelivery): void {
    const { log, position, attempt } = delivery
    const id = this.id(log!, position)
    const isRedriven = log!.number === 0
    if (isRedriven) {
      to.held.push({ delivery, id, redriven: true, extended: 0 })
      return
    }
    expect(this.matching.has(id), `${id} does not match`).toBe(true)
    const known = this.known.get(id) ?? { attempts: 0, atLeast: 0, settled: false, acks: 0, fresh: true, peak: 0 }
    this.known.set(id, known)
    expect(known.settled, `${id} was settled durably and is delivered again`).toBe(false)
    expect(attempt).toBeLessThanOrEqual(known.attempts + 1)
    expect(attempt).toBeGreaterThan(known.atLeast)
    expect(attempt).toBeLessThanOrEqual(MAX_ATTEMPTS)
    known.attempts = attempt
    known.fresh = true
    known.peak = Math.max(known.peak, attempt)
    const inFlight = this.consumers.flatMap(c => c.held).filter(h => !h.redriven).map(h => h.id)
    expect(inFlight).not.toContain(id)
    const key = this.keys.get(id)
    for (let p = 1; p < position; p++) {
      const below = this.id(log!, p)
      if (!this.matching.has(below) || this.done(below)) continue
      if (this.mode === 'ordered') expect(inFlight, `${id} before ${below}`).toContain(below)
      else if (this.mode === 'keyed' && key !== undefined) expect(this.keys.get(below), `${id} before ${below} of the same key`).not.toBe(key)
    }
    const [earlier, later] = this.logs
    if (log!.key === later!.batches[0]?.logKey && earlier!.last > 0 && !this.lost.has(earlier!.batches.length)) {
      for (let p = 1; p <= earlier!.last; p++) {
        const before = this.id(earlier!, p)
        if (this.matching.has(before)) expect(this.done(before), `${id} before ${before} of the earlier incarnation`).toBe(true)
      }
    }
    if (this.mode === 'keyed' && key !== undefined) for (const other of inFlight) expect(this.keys.get(other), `two of ${key} in flight`).not.toBe(key)
    to.held.push({ delivery, id, redriven: false, extended: 0 })
  }

  /** Asked to be settled in this life, or settled for good. */
  readonly asked = new Set<string>()
  done (id: string): boolean { return this.asked.has(id) || this.gone.has(id) || this.buriedIds.has(id) || this.known.get(id)?.settled === true || this.worn(id) }
  /** Its attempts are used up and nobody has it: it is on its way to the dead letters. */
  worn (id: string): boolean { return (this.known.get(id)?.attempts ?? 0) >= MAX_ATTEMPTS && !this.consumers.some(c => c.held.some(h => h.id === id && !h.redriven)) }
  get buriedIds (): Set<string> { return new Set([...this.buriedNow, ...this.rig.inbox.deadLetters({ limit: 1000 }).map(l => `${l.publisher.slice(-3)}.${l.incarnation.split('-')[0]}.${l.position}`)]) }
  readonly buriedNow = new Set<string>()

  note (): void {
    for (const letter of this.rig.buried.splice(0)) {
      const id = `${letter.publisher.slice(-3)}.${letter.incarnation.split('-')[0]}.${letter.position}`
      this.buriedNow.add(id)
      const known = this.known.get(id)
      if (known !== undefined) known.settled = true
    }
    for (const gap of this.rig.gaps.splice(0)) {
      for (let p = gap.from; p <= gap.to; p++) this.gone.add(`${gap.publisher.slice(-3)}.${gap.incarnation.split('-')[0]}.${p}`)
    }
    // What has timed out is nobody's any more.
    for (const consumer of this.consumers) consumer.held = consumer.held.filter(h => this.alive(consumer.consumer, h))
  }

  alive (_consumer: TestConsumer, held: Held): boolean { return !this.expiredTokens.has(held.delivery.token) }
  readonly expiredTokens = new Set<number>()

  run (o: Op): void {
    const { rig } = this
    if (o.do === 'arrive') this.arrive(o.n % Math.max(1, this.batches.length))
    else if (o.do === 'attach') {
      if (this.consumers.length >= 3) return
      const keyed = this.mode === 'keyed' || (this.mode === 'mixed' && o.keyed)
      this.consumers.push({ consumer: rig.attach('orders', { mode: keyed ? 'keyed' : 'ordered', maxInFlight: o.max }), keyed, held: [] })
    } else if (o.do === 'close') {
      const [c] = this.consumers.splice(o.by % Math.max(1, this.consumers.length), 1)
      if (c === undefined) return
      for (const h of c.held) if (o.uncounted && !h.redriven) { const k = this.known.get(h.id)!; k.attempts--; k.atLeast = Math.max(0, Math.min(k.atLeast, k.attempts)) }
      c.consumer.handle.close(o.uncounted ? c.held.map(h => h.delivery.token) : [])
    } else if (o.do === 'take') {
      const c = this.consumers[o.by % Math.max(1, this.consumers.length)]
      for (let i = 0; c !== undefined && i < o.n; i++) {
        const delivery = c.consumer.handle.next()
        this.note()
        if (delivery === undefined) break
        this.delivered(c, delivery)
      }
    } else if (o.do === 'ack' || o.do === 'nack' || o.do === 'reject' || o.do === 'extend') this.settle(o)
    else if (o.do === 'advance') {
      const life = new Map(this.consumers.flatMap(c => c.held.map(h => [h.delivery.token, rig.clock.now] as const)))
      rig.clock.advance(o.ms)
      if (o.ms > 60_000) for (const token of life.keys()) this.expiredTokens.add(token)
      if (!rig.disk.full && o.ms >= 6000) this.wasFull = false
      if (o.ms >= 60 && !this.wasFull) for (const known of this.known.values()) if (known.fresh) known.atLeast = known.attempts
    } else if (o.do === 'step') {
      for (let i = 0; i < o.n; i++) rig.clock.step()
    } else if (o.do === 'crash') {
      this.consumers = []
      this.asked.clear()
      this.expiredTokens.clear()
      rig.crash()
      for (const [i, { log }] of this.batches.entries()) if (!this.stateOf(log).held.has(log.batches[this.batches[i]!.i]!.base)) this.arrived.delete(i)
      for (const known of this.known.values()) {
        known.acks = 0
        known.fresh = false
        known.attempts = known.peak
      }
    } else if (o.do === 'full') {
      rig.disk.full = o.is
      this.wasFull ||= o.is
    }
    else if (o.do === 'lose') {
      const at = o.n % Math.max(1, this.batches.length)
      const batch = this.batches[at]
      if (batch === undefined || this.arrived.has(at)) return
      this.lost.add(at)
      this.lose(at)
    } else if (o.do === 'damage') {
      const at = o.n % Math.max(1, this.batches.length)
      const batch = this.batches[at]
      if (batch === undefined || !this.arrived.has(at)) return
      const { base, last } = batch.log.batches[batch.i]!
      const state = this.stateOf(batch.log)
      state.held.remove(base, last)
      for (let p = base; p <= last; p++) this.damaged.add(this.id(batch.log, p))
      this.arrived.delete(at)
    } else if (o.do === 'redrive') {
      const letters = rig.inbox.deadLetters({ limit: 1000 })
      const letter = letters[o.n % Math.max(1, letters.length)]
      if (letter !== undefined) rig.inbox.redrive(letter.deadId, () => {})
    }
    this.note()
  }

  lose (at: number): void {
    const { log, i } = this.batches[at]!
    const { base, last } = log.batches[i]!
    const state = this.stateOf(log)
    this.rig.book.noteHead(state, last, new Uint8Array(32))
    this.rig.inbox.unavailable(state, base, last, 'expired')
  }

  arrive (at: number): void {
    const batch = this.batches[at]
    if (batch === undefined || this.lost.has(at) || this.arrived.has(at) || this.rig.disk.full) return
    this.arrived.add(at)
    const sealed = batch.log.batches[batch.i]!
    const state = this.stateOf(batch.log)
    const { book } = this.rig
    this.rig.store.commit(book.stage(state, [sealed]), error => { if (error === undefined) book.applied(state, [sealed]); else this.arrived.delete(at) })
    // Commits of one log go one after another.
    this.rig.clock.turn()
  }

  settle (o: { do: 'ack' | 'nack' | 'reject' | 'extend', n: number, by: number }): void {
    const c = this.consumers[o.by % Math.max(1, this.consumers.length)]
    if (c === undefined || c.held.length === 0) return
    const i = o.n % c.held.length
    const held = c.held[i]!
    if (o.do === 'extend') {
      if (held.extended++ < 5) c.consumer.handle.extend(held.delivery.token, 100)
      return
    }
    c.held.splice(i, 1)
    const known = this.known.get(held.id)
    const done = (error?: Error): void => {
      if (error !== undefined || held.redriven || known === undefined) return
      if (o.do !== 'nack') {
        known.acks++
        known.settled = true
        expect(known.acks).toBe(1)
      }
    }
    const last = held.delivery.attempt >= MAX_ATTEMPTS
    if (!held.redriven && (o.do !== 'nack' || last) && !this.expiredTokens.has(held.delivery.token)) {
      this.asked.add(held.id)
    }
    if (o.do === 'ack') c.consumer.handle.ack(held.delivery.token, done)
    else if (o.do === 'nack') c.consumer.handle.nack(held.delivery.token, {}, done)
    else c.consumer.handle.reject(held.delivery.token, 'bad', done)
  }

  /** Everything arrives and everything is acked: then all of it is accounted for. */
  finish (): void {
    const { rig } = this
    rig.disk.full = false
    rig.clock.advance(6000)
    this.note()
    for (const c of this.consumers) c.consumer.handle.close()
    this.consumers = []
    for (let at = 0; at < this.batches.length; at++) this.arrive(at)
    // Repair finds out again what a crash has forgotten.
    for (const at of this.lost) this.lose(at)
    const c = { consumer: rig.attach('orders', { maxInFlight: 3, mode: this.mode === 'keyed' ? 'keyed' : 'ordered' }), keyed: this.mode === 'keyed', held: [] as Held[] }
    this.consumers.push(c)
    for (let round = 0; round < 2000; round++) {
      const delivery = c.consumer.handle.next()
      this.note()
      if (delivery !== undefined) {
        this.delivered(c, delivery)
        this.settle({ do: 'ack', n: 0, by: 0 })
        continue
      }
      rig.clock.advance(500)
      this.note()
      const { lag, inFlight } = rig.inbox.info()[0]!
      if (lag === 0 && inFlight === 0 && round > 150) break
    }
    rig.clock.advance(2000)
    for (const log of this.logs) {
      if (log.last === 0) continue
      expect(rig.inbox.processed(this.stateOf(log))[0]?.ranges.toString() ?? '', log.batches[0]!.logKey).toBe(log.last === 1 ? '1' : `1-${log.last}`)
    }
    for (const id of this.matching) expect(this.known.get(id)?.settled === true || this.gone.has(id) || this.buriedNow.has(id), `${id} is accounted for`).toBe(true)
    for (const id of this.gone) if (!this.damaged.has(id)) expect(this.known.get(id)?.acks ?? 0, `${id} was a gap and acked`).toBe(0)
    expect(rig.failures).toEqual([])
  }
}

test('whatever happens, each matching record is settled once, in order, and none is lost', () => {
  const shape = fc.array(fc.array(fc.array(fc.nat(4), { minLength: 1, maxLength: 5 }), { maxLength: 4 }), { minLength: 3, maxLength: 3 })
  fc.assert(fc.property(shape, fc.constantFrom('ordered' as const, 'keyed' as const, 'mixed' as const), fc.array(op, { maxLength: 150, size: 'max' }), (batches, mode, ops) => {
    const world = new World(batches, mode)
    for (const o of ops) world.run(o)
    world.finish()
  }), { numRuns: Number(process.env['RUNS'] ?? 100) })
})
