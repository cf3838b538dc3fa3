import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.js'
import type { SealedBatch } from '../../../src/message/batch.js'
import { peerIdToBytes } from '../../../src/message/peer-id.js'
import { CREDIT_BYTES } from '../../../src/repair/asking.js'
import { batchKey } from '../../../src/store/batch-row.js'
import { WrittenLog } from '../../support/written-log.js'
import { Holder, PullRig } from './mesh-rig.js'

const MINUTE = 60_000
const logOf = (...counts: number[]): WrittenLog => {
  const log = new WrittenLog()
  for (const [i, count] of counts.entries()) log.write(count, 1_700_000_000_000 + i * 1000)
  return log
}
const ranges = (batches: Iterable<SealedBatch>): RangeSet => RangeSet.of(...[...batches].map(({ base, last }) => [base, last] as const))

/** Logs of one publisher, with a record each. */
const logsOfOne = (count: number): WrittenLog[] => Array.from({ length: count }, (_, i) => {
  const log = new WrittenLog(2, i + 1)
  log.write(1)
  return log
})

describe('pulling', () => {
  it('gets everything that somebody has, and calls the rest unavailable exactly, with its reason', () => {
    const scenario = fc.record({
      counts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 25 }),
      own: fc.infiniteStream(fc.nat(9)), theirs: fc.array(fc.infiniteStream(fc.nat(9)), { minLength: 1, maxLength: 4 }), share: fc.integer({ min: 1, max: 9 }), trimmed: fc.nat(30), withPublisher: fc.boolean()
    })
    fc.assert(fc.property(scenario, ({ counts, own, theirs, share, trimmed, withPublisher }) => {
      const rig = new PullRig()
      const log = logOf(...counts)
      rig.me.hold(log, () => (own.next().value as number) < 3)
      const state = rig.hears(log)
      const there = new Set(log.batches.filter(batch => state.held.has(batch.base)))
      for (const [i, stream] of theirs.entries()) {
        const holder = new Holder(rig.clock, withPublisher && i === 0 ? 1 : 60 + i).hold(log, () => (stream.next().value as number) < share)
        for (const known of holder.book.all()) for (const batch of log.batches) if (known.held.has(batch.base)) there.add(batch)
        rig.serves(holder)
      }
      const through = Math.min(trimmed, log.last)
      if (through > 0) rig.trimmed(log, through, 'evicted')
      rig.puller.notice(state)
      rig.clock.advance(15 * MINUTE)
      const obtainable = ranges(there)
      expect(state.held.toString()).toBe(obtainable.toString())
      const never = RangeSet.of([1, log.last]).without(obtainable)
      const said = { evicted: new RangeSet(), unrecoverable: new RangeSet(), expired: new RangeSet() }
      for (const line of rig.unavailable) {
        const [, from, to, reason] = /^(\d+)-(\d+) (\w+)$/.exec(line) ?? []
        expect(said[reason as 'evicted'].add(Number(from), Number(to))).toBe(Number(to) - Number(from) + 1)
      }
      expect(said.evicted.toString()).toBe(never.intersection(RangeSet.of([1, through])).toString())
      expect(said.unrecoverable.toString()).toBe(never.without(RangeSet.of([1, through])).toString())
      expect(said.expired.isEmpty).toBe(true)
      expect(rig.strikes).toEqual([])
      expect(rig.puller.needs).toBe(0)
    }), { numRuns: 60 })
  })

  it('asks one neighbour for all holes in one want, and is sent nothing that it has', () => {
    const rig = new PullRig()
    const log = logOf(...Array<number>(40).fill(2))
    rig.me.hold(log, (_batch, i) => i % 2 === 0)
    const state = rig.hears(log)
    const holder = new Holder(rig.clock, 60).hold(log)
    rig.serves(holder)
    rig.puller.hopes(holder.peerId)
    rig.clock.advance(1000)
    expect(state.held.toString()).toBe('1-80')
    expect(rig.wants()).toBe(1)
    expect(rig.held.length).toBe(20)
  })

  it('gets at once what it can, though a hole before it is denied by all', () => {
    const rig = new PullRig()
    const log = logOf(2, 2, 2)
    rig.serves(new Holder(rig.clock, 60).hold(log, (_batch, i) => i === 1))
    rig.serves(new Holder(rig.clock, 61).hold(log, (_batch, i) => i === 2))
    const state = rig.hears(log)
    rig.clock.advance(500)
    expect(state.held.toString()).toBe('3-6')
    expect(rig.unavailable).toEqual([])
  })

  it('is patient with what may yet be found, and short with what is trimmed', () => {
    const outcome = (withPublisher: boolean, trimmed: boolean): number => {
      const rig = new PullRig()
      const log = logOf(2, 2)
      rig.serves(new Holder(rig.clock, withPublisher ? 1 : 60).hold(log, (_batch, i) => i === 1))
      if (trimmed) rig.trimmed(log, 2)
      rig.hears(log)
      rig.clock.until(() => rig.unavailable.length > 0, 20 * MINUTE, 100)
      expect(rig.unavailable).toEqual([`1-2 ${trimmed ? 'expired' : 'unrecoverable'}`])
      return rig.clock.now - 1000
    }
    expect(outcome(true, false)).toBeGreaterThanOrEqual(MINUTE)
    expect(outcome(true, false)).toBeLessThan(2 * MINUTE)
    expect(outcome(false, false)).toBeGreaterThanOrEqual(10 * MINUTE)
    expect(outcome(false, false)).toBeLessThan(12 * MINUTE)
    expect(outcome(false, true)).toBeGreaterThanOrEqual(3000)
    expect(outcome(false, true)).toBeLessThan(10_000)
  })

  it('judges many holes together, not one after the other', () => {
    const rig = new PullRig()
    const log = logOf(...Array<number>(100).fill(1))
    rig.serves(new Holder(rig.clock, 60).hold(log, (_batch, i) => i % 2 === 1))
    rig.hears(log)
    rig.clock.advance(12 * MINUTE)
    expect(rig.unavailable.length).toBe(50)
  })

  it('gives nothing up while nobody is there, or while the only one is busy', () => {
    const rig = new PullRig()
    const log = logOf(2, 2)
    const state = rig.hears(log)
    rig.clock.advance(30 * MINUTE)
    rig.neighbours.set('busy', { peerId: 'busy', frame: (frame) => { if (frame.type === 'want') rig.says('busy', { type: 'end', value: { id: frame.value.id, through: 0, missing: new Uint8Array(0), busy: true } }) } })
    rig.puller.hopes('busy')
    rig.clock.advance(30 * MINUTE)
    expect(rig.unavailable).toEqual([])
    expect(rig.wants()).toBeLessThan(30 * 60 * 2)
    rig.serves(new Holder(rig.clock, 60).hold(log))
    rig.clock.advance(MINUTE)
    expect(state.held.toString()).toBe('1-4')
  })

  it('gives up what none of its neighbours takes part in, when it has waited as long as for those that deny', () => {
    const rig = new PullRig()
    rig.hears(logOf(2, 2))
    rig.clock.advance(30 * MINUTE)
    rig.isConnected = true
    rig.clock.advance(9 * MINUTE)
    expect(rig.unavailable).toEqual([])
    rig.clock.until(() => rig.unavailable.length > 0, 5 * MINUTE, 100)
    expect(rig.unavailable).toEqual(['1-4 unrecoverable'])
  })

  it('waits for what a neighbour has no room for yet, for an hour and no longer', () => {
    const rig = new PullRig()
    const log = logOf(2, 2)
    const holder = new Holder(rig.clock, 60).hold(log, (_batch, i) => i === 0)
    rig.serves(holder, undefined, (_log, missing) => missing)
    const state = rig.hears(log)
    rig.clock.advance(50 * MINUTE)
    expect(rig.unavailable).toEqual([])
    expect(rig.wants()).toBeLessThan(300)
    holder.hold(log)
    rig.clock.advance(MINUTE)
    expect(state.held.toString()).toBe('1-4')

    const never = new PullRig()
    never.serves(new Holder(never.clock, 60).hold(log, (_batch, i) => i === 0), undefined, (_log, missing) => missing)
    never.hears(log)
    never.clock.advance(70 * MINUTE)
    expect(never.unavailable).toEqual(['3-4 unrecoverable'])
  })

  it('asks again whoever did not have it, less and less often, and at once when it says that it has it now', () => {
    const rig = new PullRig()
    const log = logOf(2)
    const holder = new Holder(rig.clock, 60)
    rig.serves(holder)
    const state = rig.hears(log)
    rig.clock.advance(5 * MINUTE)
    expect(rig.wants()).toBeGreaterThan(5)
    expect(rig.wants()).toBeLessThan(30)
    holder.hold(log)
    rig.puller.hopes(holder.peerId, state)
    rig.clock.advance(100)
    expect(state.held.toString()).toBe('1-2')
  })

  it('asks less often the more of one publisher is missing, gives that up as soon as else, and spares the logs of others', () => {
    const rig = new PullRig()
    rig.serves(new Holder(rig.clock, 60))
    const other = rig.hears(logOf(2))
    const count = 500
    for (let n = 1; n <= count; n++) {
      const log = new WrittenLog(2, n)
      log.write(1)
      rig.hears(log)
    }
    rig.clock.advance(MINUTE)
    const before = rig.wants()
    rig.clock.advance(4 * MINUTE)
    // Half a minute would be eight times for each.
    expect(rig.wants() - before).toBeLessThan(3 * count)
    const wantsOther = rig.sent.filter(({ frame }) => frame.type === 'want' && Buffer.from(frame.value.log?.publisher ?? []).equals(Buffer.from(peerIdToBytes(other.publisher) ?? [])))
    expect(wantsOther.length).toBeGreaterThan(10)
    rig.clock.advance(6 * MINUTE)
    expect(rig.unavailable.length).toBe(count + 1)
  })

  it.each([60, 1_100])('gets what comes to a neighbour a little later as soon with %i logs of one publisher as with few', (count) => {
    const rig = new PullRig()
    const holder = new Holder(rig.clock, 60)
    rig.serves(holder)
    const logs = logsOfOne(count)
    for (const log of logs) rig.hears(log)
    rig.clock.advance(21_000)
    for (const log of logs) holder.hold(log)
    rig.clock.advance(24_000)
    expect(rig.held.length).toBe(count)
  })

  it('spares a publisher with many logs of which it holds something: each is asked for as often as one alone', () => {
    const wantsPerLog = (count: number): number => {
      const rig = new PullRig()
      const logs = logsOfOne(count)
      for (const log of logs) rig.me.hold(log)
      rig.serves(new Holder(rig.clock, 60))
      for (const log of logs) {
        log.write(1)
        rig.hears(log)
      }
      rig.clock.advance(5 * MINUTE)
      return rig.wants() / count
    }
    expect(wantsPerLog(300)).toBeGreaterThan(wantsPerLog(1) - 2)
  })

  it('asks a publisher twice at least for each of its positions before it calls them gone, however many of its logs are missing', () => {
    const rig = new PullRig()
    rig.serves(new Holder(rig.clock, 2))
    const logs = logsOfOne(1_100)
    for (const log of logs) rig.hears(log)
    rig.clock.advance(50_000)
    const late = logs.slice(0, 20).map((log) => {
      log.write(1)
      return rig.hears(log)
    })
    rig.clock.until(() => late.every(({ key }) => rig.gone.get(key)?.has(2) === true), 20 * MINUTE, 100)
    const asked = late.map(({ id }) => rig.sent.filter(({ frame }) => frame.type === 'want' && frame.value.to === 2 && frame.value.log?.incarnation === id.incarnation.number).length)
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(2)
  })

  it('goes on with another when one goes down midway', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 60 }), fc.boolean(), (afterMs, comesBack) => {
      const rig = new PullRig()
      const log = new WrittenLog()
      for (let i = 0; i < 30; i++) log.write(1, 1_700_000_000_000, new Uint8Array(100_000))
      const first = new Holder(rig.clock, 60).hold(log)
      rig.serves(first)
      rig.serves(new Holder(rig.clock, 61).hold(log, (_batch, i) => i >= 15))
      const state = rig.hears(log)
      rig.clock.advance(afterMs)
      rig.goesDown(first.peerId)
      rig.clock.advance(2000)
      expect(state.held.covers(16, 30)).toBe(true)
      expect(rig.unavailable).toEqual([])
      if (!comesBack) return
      rig.serves(first)
      rig.puller.hopes(first.peerId)
      rig.clock.advance(2000)
      expect(state.held.toString()).toBe('1-30')
    }), { numRuns: 25 })
  })

  it('passes over a neighbour that does not answer, and does not blame it for our own slow disk', () => {
    const rig = new PullRig()
    const log = logOf(2, 2)
    rig.neighbours.set('silent', { peerId: 'silent', frame: () => {} })
    rig.serves(new Holder(rig.clock, 61).hold(log))
    const state = rig.hears(log)
    rig.clock.advance(4_500)
    expect(state.held.isEmpty).toBe(true)
    rig.clock.advance(1000)
    expect(state.held.toString()).toBe('1-4')
    expect(rig.strikes).toEqual([])
  })

  it('never has more under way than credit and one batch, and gets it all', () => {
    const rig = new PullRig()
    const log = new WrittenLog()
    for (let i = 0; i < 120; i++) log.write(1, 1_700_000_000_000, new Uint8Array(50_000 + (i * 7919) % 70_000))
    let ahead = 0
    let most = 0
    const holder = new Holder(rig.clock, 60).hold(log)
    rig.serves(holder, (frame) => {
      if (frame.type === 'data') {
        ahead += frame.value.batch.length
        most = Math.max(most, ahead)
      }
      return frame
    })
    const neighbour = rig.neighbours.get(holder.peerId)
    rig.neighbours.set(holder.peerId, {
      peerId: holder.peerId,
      frame: (frame) => {
        if (frame.type === 'credit') ahead -= frame.value.bytes
        neighbour?.frame(frame)
      }
    })
    const state = rig.hears(log)
    rig.clock.advance(10_000)
    expect(state.held.toString()).toBe('1-120')
    expect(most).toBeGreaterThan(CREDIT_BYTES)
    expect(most).toBeLessThan(CREDIT_BYTES + 125_000)
    expect(rig.strikes).toEqual([])
  })

  it('finds damage in what a neighbour stored: nothing of it is sent, nobody is struck, and others have it', () => {
    for (const at of [20, 200, -1]) {
      const rig = new PullRig()
      const log = logOf(5, 5, 5)
      const bad = new Holder(rig.clock, 60).hold(log)
      const [known] = bad.book.all()
      const table = bad.store.disk.tables.get('batch')
      const key = Buffer.from(batchKey(known?.number as number, 6)).toString('latin1')
      const value = table?.get(key)?.slice() as Uint8Array
      const index = at < 0 ? value.length + at : at
      value[index] = (value[index] as number) ^ 4
      table?.put(key, value)
      rig.serves(bad)
      rig.serves(new Holder(rig.clock, 61).hold(log))
      const state = rig.hears(log)
      rig.clock.advance(1000)
      expect(state.held.toString()).toBe('1-15')
      expect([rig.strikes, known?.held.toString()]).toEqual([[], '1-5,11-15'])
    }
  })

  it('starts at the first batch that is not older than it wants, and lets the rest be proven', () => {
    fc.assert(fc.property(fc.nat(30), fc.infiniteStream(fc.nat(9)), fc.boolean(), (sinceBatch, stream, holes) => {
      const rig = new PullRig()
      const log = logOf(...Array.from({ length: 25 }, (_, i) => 1 + i % 3))
      const holder = new Holder(rig.clock, 60).hold(log, (_batch, i) => i === 24 || !holes || (stream.next().value as number) < 7)
      rig.serves(holder)
      rig.since = 1_700_000_000_000 + sinceBatch * 1000
      const state = rig.hears(log)
      rig.clock.advance(2000)
      const has = [...holder.book.all()][0]?.held as RangeSet
      const recent = log.batches.filter(batch => batch.time >= rig.since && has.has(batch.base))
      for (const batch of recent) expect(state.held.has(batch.base)).toBe(true)
      // Nothing older was sent but by way of proof, except where the bisection met a hole.
      const old = log.batches.filter(batch => batch.time < rig.since && state.held.has(batch.base))
      expect(old).toEqual([])
      const lastOld = log.batches.filter(batch => batch.time < rig.since && has.has(batch.base)).at(-1)
      expect(rig.wanted(state).from).toBe(1 + (lastOld?.last ?? 0))
      expect(rig.strikes).toEqual([])
    }), { numRuns: 60 })
  })
})
