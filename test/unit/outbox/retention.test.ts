import { describe, expect, it, vi } from 'vitest'
import { isSkeinError } from '../../../src/base/errors.js'
import { openTrim, signTrim } from '../../../src/message/signed.js'
import { retentionOf, type ChannelRetention } from '../../../src/outbox/retention-rules.js'
import { Retention } from '../../../src/outbox/retention.js'
import { LogBook } from '../../../src/store/log-book.js'
import type { LogState } from '../../../src/store/log-state.js'
import { createMemoryStore } from '../../../src/store/memory-store.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock } from '../../support/manual-clock.js'
import { hold, WrittenLog } from '../../support/written-log.js'

const self = peerOf(9)
const HOUR = 3_600_000

class Rig {
  readonly clock = new ManualClock()
  readonly store = createMemoryStore({ soon: (fn) => { this.clock.soon(fn) } })
  readonly book = new LogBook({ store: this.store, crypto: fakeCrypto(self), mesh: testMesh, self, wallMs: () => this.clock.wallMs() })
  rules: ChannelRetention = { ageMs: 24 * HOUR, bytes: 10_000_000, records: Number.POSITIVE_INFINITY, until: 'age', onFull: 'refuse' }
  floor = Number.POSITIVE_INFINITY
  localFloor = Number.POSITIVE_INFINITY
  current = 1
  over = new Map<string, number>()
  readonly latestCreationMs = new Map<string, number>()
  readonly retention = new Retention({
    clock: this.clock, crypto: fakeCrypto(self), mesh: testMesh, book: this.book, retention: () => this.rules, floor: () => this.floor, localFloor: () => this.localFloor, isCurrent: (log) => log.incarnation.number === this.current,
    isSubscribed: () => this.localFloor !== Number.POSITIVE_INFINITY, latestCreationMs: (channel) => this.latestCreationMs.get(channel) ?? 0, overCustody: () => new Map(this.over)
  })

  /** A log with one batch of ten records for each of these ages. */
  log (publisher: number, number: number, agesMs: readonly number[], body = 'x'): LogState {
    const log = new WrittenLog(publisher, number)
    for (const age of agesMs) log.write(10, this.clock.wallMs() - age, body)
    return hold(this.clock, this.store, this.book, log.batches) as LogState
  }

  pass (what: 'trimOwn' | 'dropOthers'): { more: boolean, ops: number } {
    const { ops, more } = this.retention[what]()
    this.store.commit(ops, (error) => { if (error !== undefined) throw error })
    this.clock.turn()
    return { more, ops: ops.length }
  }
}

describe('retention of own logs', () => {
  it('trims what is too old, settled or not, and signs that', () => {
    const rig = new Rig()
    rig.floor = 1
    const log = rig.log(9, 1, [25 * HOUR, 24.5 * HOUR, 2 * HOUR, 0])
    rig.pass('trimOwn')
    expect([log.held.toString(), log.trimmed, log.trimReason]).toEqual(['21-40', 20, 'expired'])
    const trim = openTrim(log.trimBytes, testMesh)
    expect([trim?.value.through, trim?.value.reason, trim?.verify(fakeCrypto(self))]).toEqual([20, 'expired', true])
    expect(rig.pass('trimOwn').ops).toBe(0)
    expect(rig.store.keys('batch').length).toBe(2)
  })

  it('says of what it trims that this was after each subscription to it here was made, also when the clock has gone back since', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, [25 * HOUR, 0])
    const made = rig.clock.wallMs() + HOUR
    rig.latestCreationMs.set(log.channel, made).set('other', made + HOUR)
    rig.pass('trimOwn')
    expect([log.trimmed, log.trimTime]).toEqual([10, made + 1])
  })

  it('keeps of an earlier life what a subscription here still needs, also where that life had trimmed it and lost the trim', () => {
    const rig = new Rig()
    rig.current = 2
    rig.localFloor = 11
    const log = rig.log(9, 1, [HOUR, HOUR, HOUR])
    const trim = { log: log.id, through: 20, reason: 'evicted' as const, time: rig.clock.wallMs() }
    rig.book.noteTrim(log, trim, signTrim(fakeCrypto(self), testMesh, trim))
    rig.pass('trimOwn')
    expect(log.held.toString()).toBe('11-30')
    rig.localFloor = 31
    rig.pass('trimOwn')
    expect(log.held.toString()).toBe('21-30')
  })

  it('leaves each log to the lane that writes it, and the oldest go first whoever’s turn it is', () => {
    const rig = new Rig()
    rig.current = 2
    const [earlier, current] = [rig.log(9, 1, [3 * HOUR, 2 * HOUR], 'x'.repeat(4000)), rig.log(9, 2, [HOUR, 0], 'x'.repeat(4000))]
    rig.rules = { ...rig.rules, bytes: earlier.bytes / 2 + current.bytes }
    const trim = (which: 'current' | 'earlier'): void => {
      rig.store.commit(rig.retention.trimOwn(which).ops, (error) => { if (error !== undefined) throw error })
      rig.clock.turn()
    }
    trim('current')
    expect([earlier.trimmed, current.trimmed], 'what the other lane can free is not freed twice').toEqual([0, 0])
    trim('earlier')
    expect(earlier.trimmed).toBeGreaterThan(0)
    expect(current.trimmed).toBe(0)
    rig.rules = { ...rig.rules, bytes: 64 * 1024, ageMs: 30 * 60_000 }
    trim('current')
    expect(current.trimmed).toBeGreaterThan(0)
  })

  it('expires no more than an hour’s worth in one pass, whatever the clock says', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, Array.from({ length: 48 }, (_, i) => (24 - i / 2) * HOUR))
    rig.clock.wallOffset += 1000 * 24 * HOUR
    rig.pass('trimOwn')
    expect([20, 30]).toContain(log.trimmed)
    const before = log.trimmed
    rig.pass('trimOwn')
    expect(log.trimmed - before).toBeLessThanOrEqual(30)
    expect(log.trimmed).toBeGreaterThan(before)
  })

  it('trims nothing of what is young when there is room', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, [23 * HOUR, HOUR])
    expect([rig.pass('trimOwn').ops, log.trimmed]).toEqual([0, 0])
  })

  it('makes room only of what all have settled, and no more than is needed', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, Array(100).fill(0))
    rig.rules = { ...rig.rules, bytes: rig.book.bytes('press', true) }
    const batch = log.bytes / 100
    expect(rig.retention.hasRoom('press', 1)).toBe(false)
    rig.floor = 1
    expect([rig.retention.canMakeRoom('press'), rig.pass('trimOwn').ops]).toEqual([false, 0])
    rig.floor = 10
    expect(rig.retention.canMakeRoom('press')).toBe(false)
    rig.floor = 16
    expect(rig.retention.canMakeRoom('press')).toBe(true)
    rig.pass('trimOwn')
    expect([log.trimmed, log.trimReason]).toEqual([10, 'evicted'])
    rig.floor = 501
    expect(rig.retention.hasRoom('press', 3 * batch)).toBe(false)
    rig.pass('trimOwn')
    expect(log.trimmed).toBeLessThanOrEqual(50)
    expect(rig.retention.hasRoom('press', 3 * batch)).toBe(true)
  })

  it('says in time that a channel fills, so that room is made before anybody has to wait for it', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, Array(200).fill(0), 'x'.repeat(5000))
    let filling = 0
    const asks = (share: number): boolean => {
      rig.rules = { ...rig.rules, bytes: log.bytes / share }
      return rig.retention.hasRoom('press', 1, 1, () => { filling++ })
    }
    expect([asks(0.5), filling]).toEqual([true, 0])
    expect([asks(0.98), filling]).toEqual([true, 0])
    expect([asks(0.996), filling]).toEqual([true, 1])
    expect(rig.pass('trimOwn').ops, 'and then there is something to trim').toBeGreaterThan(0)
    expect([rig.retention.hasRoom('press', 1, 1, () => { filling++ }), filling]).toEqual([true, 1])
    rig.rules = { ...rig.rules, bytes: 100_000_000, records: log.held.count + 2 }
    expect([rig.retention.hasRoom('press', 1, 1, () => { filling++ }), filling], 'few are kept until their room is asked for').toEqual([true, 1])
  })

  it.each(['trimOwn', 'dropOthers'] as const)('drops some megabytes in one turn and goes on in the next, whatever is the reason (%s)', (what) => {
    const body = 'x'.repeat(100_000)
    for (const [rules, ageMs] of [[{ bytes: 1_000_000 }, 0], [{ until: 'processed' }, 0], [{ ageMs: 30 * 60_000 }, HOUR]] as const) {
      const rig = new Rig()
      const log = rig.log(what === 'trimOwn' ? 9 : 1, 1, Array(12).fill(ageMs), body)
      const whole = log.bytes
      rig.rules = { ...rig.rules, bytes: 100_000_000, ...rules }
      rig.floor = log.head + 1
      const first = rig.pass(what)
      expect([first.more, log.bytes > whole - 6_000_000, log.bytes < whole]).toEqual([true, true, true])
      for (let n = 0; rig.pass(what).more; n++) expect(n).toBeLessThan(20)
      expect(log.bytes).toBeLessThanOrEqual(1_000_000)
    }
  })

  it('drops what its publisher has trimmed some megabytes at a time too', () => {
    const rig = new Rig()
    const log = rig.log(1, 1, Array(12).fill(0), 'x'.repeat(100_000))
    const whole = log.bytes
    const trim = { log: log.id, through: log.head, reason: 'expired' as const, time: rig.clock.wallMs() }
    rig.book.noteTrim(log, trim, signTrim(fakeCrypto(self), testMesh, trim))
    expect([rig.pass('dropOthers').more, log.bytes > whole - 10_000_000]).toEqual([true, true])
    for (let n = 0; rig.pass('dropOthers').more; n++) expect(n).toBeLessThan(20)
    expect(log.bytes).toBe(0)
  })

  it('keeps the last record of a channel that keeps one, until another asks for its place', () => {
    const rig = new Rig()
    rig.rules = { ...rig.rules, records: 10 }
    const log = rig.log(9, 1, [0])
    let filling = 0
    expect([rig.retention.hasRoom('press', 0, 0, () => { filling++ }), filling, rig.pass('trimOwn').ops, log.held.count]).toEqual([true, 0, 0, 10])
    expect(rig.retention.hasRoom('press', 1)).toBe(false)
    rig.pass('trimOwn')
    expect(log.held.count).toBe(0)
  })

  it('looks at what is kept for others only when it is asked to', () => {
    const rig = new Rig()
    const log = rig.log(1, 1, [HOUR, 0])
    rig.over.set(log.publisher, 1)
    expect(rig.retention.dropOthers(['another'], false).ops).toEqual([])
    expect(rig.retention.dropOthers(['another']).ops.length).toBeGreaterThan(0)
  })

  it('does not go on where nothing may be dropped, however much there is', () => {
    const rig = new Rig()
    rig.floor = rig.localFloor = 1
    rig.log(1, 1, Array(12).fill(25 * HOUR), 'x'.repeat(100_000))
    expect(rig.pass('dropOthers')).toEqual({ more: false, ops: 0 })
  })

  it('reads the oldest batch of a log once, and not at each pass', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, [HOUR, 0])
    rig.pass('trimOwn')
    const gets = vi.spyOn(rig.store, 'get')
    const entries = vi.spyOn(rig.store, 'entries')
    for (let n = 0; n < 10; n++) rig.pass('trimOwn')
    expect([gets.mock.calls.length, entries.mock.calls.length]).toEqual([0, 0])
    rig.clock.wallOffset += 24 * HOUR
    rig.pass('trimOwn')
    expect(log.trimmed).toBe(10)
    rig.pass('trimOwn')
    expect(log.held.first, 'the next one is looked at then').toBe(11)
    rig.clock.wallOffset += HOUR
    rig.pass('trimOwn')
    expect(log.trimmed).toBe(20)
  })

  it('makes room for one message that is larger than what it keeps free', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, Array(1000).fill(0))
    rig.rules = { ...rig.rules, bytes: rig.book.bytes('press', true) * 1.005 }
    const large = log.bytes / 4
    expect(rig.retention.hasRoom('press', large)).toBe(false)
    expect(rig.retention.canMakeRoom('press')).toBe(true)
    rig.pass('trimOwn')
    expect(rig.retention.hasRoom('press', large)).toBe(true)
  })

  it('evicts what nobody has settled only where it may', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, Array(10).fill(0))
    rig.floor = 1
    rig.rules = { ...rig.rules, bytes: log.bytes / 2, onFull: 'evict' }
    expect(rig.retention.hasRoom('press', 10)).toBe(false)
    expect(rig.retention.canMakeRoom('press')).toBe(true)
    rig.pass('trimOwn')
    expect(log.trimmed).toBeGreaterThanOrEqual(50)
    expect(rig.retention.hasRoom('press', 10)).toBe(true)
    expect(log.trimReason).toBe('evicted')
  })

  it('keeps to a number of records as it keeps to bytes', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, Array(100).fill(0))
    rig.rules = { ...rig.rules, records: 1000 }
    expect(rig.retention.hasRoom('press', 10, 0)).toBe(true)
    expect(rig.retention.hasRoom('press', 10, 25)).toBe(false)
    rig.floor = 10
    expect([rig.retention.canMakeRoom('press'), rig.pass('trimOwn').ops]).toEqual([false, 0])
    rig.floor = 501
    rig.pass('trimOwn')
    expect([log.trimmed, log.trimReason]).toEqual([30, 'evicted'])
    expect(rig.retention.hasRoom('press', 10, 25)).toBe(true)
    rig.floor = 1
    rig.rules = { ...rig.rules, records: 100, onFull: 'evict' }
    rig.pass('trimOwn')
    expect(rig.book.records('press', true)).toBeLessThanOrEqual(100)
    expect(rig.book.records('press', true)).toBeGreaterThan(80)
  })

  it('trims at once what all known subscriptions have settled, where it keeps until it is processed, and nothing while none is known', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, Array(300).fill(0))
    rig.floor = 25
    expect(rig.pass('trimOwn').ops, 'by age it stays').toBe(0)
    rig.rules = { ...rig.rules, until: 'processed' }
    rig.floor = Number.POSITIVE_INFINITY
    expect(rig.pass('trimOwn').ops).toBe(0)
    rig.floor = 1
    expect(rig.pass('trimOwn').ops).toBe(0)
    rig.floor = 25
    rig.pass('trimOwn')
    expect([log.held.first, log.trimmed, log.trimReason]).toEqual([21, 20, 'expired'])
    const trim = openTrim(log.trimBytes, testMesh)
    expect([trim?.value.through, trim?.verify(fakeCrypto(self))]).toEqual([20, true])
    rig.floor = 3001
    for (let n = 0; n < 3 && rig.pass('trimOwn').more; n++) {}
    expect([log.held.count, log.trimmed]).toEqual([0, 3000])
  })

  it('counts as free what has just expired before it evicts anything', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, [...Array<number>(5).fill(25 * HOUR), ...Array<number>(5).fill(0)])
    rig.rules = { ...rig.rules, bytes: log.bytes * 0.75, onFull: 'evict' }
    rig.pass('trimOwn')
    expect([log.trimmed, log.trimReason]).toEqual([50, 'expired'])
  })

  it('takes the oldest life first', () => {
    const rig = new Rig()
    const late = rig.log(9, 2, Array(10).fill(0))
    const early = rig.log(9, 1, Array(10).fill(0))
    rig.rules = { ...rig.rules, bytes: rig.book.bytes('press', true) * 0.6 }
    rig.pass('trimOwn')
    expect([early.trimmed, late.trimmed]).toEqual([expect.any(Number), 0])
    expect(early.trimmed).toBeGreaterThan(0)
  })

  it('knows what a full disk did not let it drop, and drops it when there is room, without another word', () => {
    const rig = new Rig()
    const log = rig.log(9, 1, [25 * HOUR, 0])
    const before = [log.held.toString(), log.bytes, rig.book.bytes('press', true), rig.book.records('press', true)]
    const refused = rig.retention.trimOwn()
    rig.store.disk.full = true
    let isRefused = false
    rig.store.commit(refused.ops, (error) => { isRefused = isSkeinError(error, 'ERR_STORE_FULL') })
    rig.clock.turn()
    expect([isRefused, log.held.toString()]).toEqual([true, '11-20'])
    refused.undo()
    expect([log.held.toString(), log.bytes, rig.book.bytes('press', true), rig.book.records('press', true)]).toEqual(before)
    expect(rig.book.read(log, 1)?.records.length).toBe(10)
    rig.store.disk.full = false
    const said = log.trimBytes
    rig.pass('trimOwn')
    expect([log.held.toString(), rig.store.keys('batch').length, log.trimBytes === said]).toEqual(['11-20', 1, true])
  })

  it('leaves the logs of others alone', () => {
    const rig = new Rig()
    const log = rig.log(1, 1, [25 * HOUR])
    expect([rig.pass('trimOwn').ops, log.held.count]).toEqual([0, 10])
  })
})

describe('dropping what came from others', () => {
  it('drops what is too old or trimmed by its publisher, but not what a subscription here still needs', () => {
    const rig = new Rig()
    const log = rig.log(1, 1, [25 * HOUR, 24.5 * HOUR, 0, 0])
    rig.localFloor = 15
    rig.pass('dropOthers')
    expect([log.held.toString(), log.dropped, log.trimmed]).toEqual(['11-40', 10, 0])
    rig.localFloor = Number.POSITIVE_INFINITY
    rig.pass('dropOthers')
    expect(log.held.toString()).toBe('21-40')
    const { trim, bytes } = new WrittenLog(1, 1).trim(30)
    rig.book.noteTrim(log, trim, bytes)
    rig.pass('dropOthers')
    expect(log.held.toString()).toBe('31-40')
  })

  it('makes room within the quota, of what is settled', () => {
    const rig = new Rig()
    const log = rig.log(1, 1, Array(10).fill(0))
    rig.rules = { ...rig.rules, bytes: log.bytes / 2 }
    rig.localFloor = 21
    rig.pass('dropOthers')
    expect(log.held.toString()).toBe('21-100')
    rig.localFloor = Number.POSITIVE_INFINITY
    rig.pass('dropOthers')
    expect(rig.book.bytes('press', false)).toBeLessThanOrEqual(rig.rules.bytes)
    expect(log.held.last).toBe(100)
  })
})

describe('keeping what others publish within quotas', () => {
  it('drops the oldest of the publisher that is over its quota, in whichever channel, and nothing of others', () => {
    const rig = new Rig()
    const [old, young, other] = [rig.log(1, 1, [3 * HOUR, 2 * HOUR]), rig.log(1, 2, [HOUR, 0]), rig.log(2, 1, [5 * HOUR])]
    rig.over.set(old.publisher, 1.4 * old.bytes)
    rig.pass('dropOthers')
    expect([old.held.count, young.held.toString(), other.held.count]).toEqual([0, '11-20', 10])
  })

  it('keeps what subscriptions elsewhere have not settled, unless the channel evicts or its quota is in the way of a subscription here', () => {
    const rig = new Rig()
    const log = rig.log(1, 1, Array(10).fill(0))
    rig.floor = 35
    rig.over.set(log.publisher, log.bytes)
    rig.pass('dropOthers')
    expect(log.held.first).toBe(31)
    rig.rules = { ...rig.rules, records: 50 }
    rig.pass('dropOthers')
    expect(log.held.first).toBe(31)
    rig.localFloor = 61
    rig.pass('dropOthers')
    expect(log.held.first, 'the records above the channel’s quota').toBe(51)
    rig.pass('dropOthers')
    expect(log.held.first, 'what is above the custodian’s quota alone is in nobody’s way').toBe(51)
    rig.localFloor = Number.POSITIVE_INFINITY
    rig.rules = { ...rig.rules, onFull: 'evict' }
    rig.pass('dropOthers')
    expect(log.held.count).toBe(0)
  })

  it('remembers what it let go though somebody needs it, or for its age: only the rest may be fetched again', () => {
    const rig = new Rig()
    const log = rig.log(1, 1, [25 * HOUR, 24.5 * HOUR, 3, 2, 1, 0])
    rig.pass('dropOthers')
    expect([log.dropped, log.letGo], 'too old').toEqual([20, 20])
    rig.over.set(log.publisher, log.bytes / 4)
    rig.pass('dropOthers')
    expect([log.dropped, log.letGo], 'settled by all').toEqual([30, 20])
    rig.floor = 35
    rig.localFloor = 41
    rig.rules = { ...rig.rules, records: 20 }
    rig.pass('dropOthers')
    expect([log.dropped, log.letGo], 'in the way of a subscription here').toEqual([40, 40])
    expect(new LogBook({ store: rig.store, crypto: fakeCrypto(self), mesh: testMesh, self, wallMs: () => 0 }).get(log.key)?.letGo).toBe(40)
  })

  it('knows how much is held of each publisher, whatever comes and goes', () => {
    const rig = new Rig()
    const [one, two, own] = [rig.log(1, 1, [25 * HOUR, 0]), rig.log(2, 1, [0]), rig.log(9, 1, [0])]
    const sums = (): unknown => [rig.book.othersBytes, [...rig.book.publishers()], rig.book.records('press', false), rig.book.records('press', true)]
    expect(sums()).toEqual([one.bytes + two.bytes, [[one.publisher, one.bytes], [two.publisher, two.bytes]], 30, 10])
    const before = one.bytes
    rig.pass('dropOthers')
    expect(one.bytes).toBeLessThan(before)
    expect(sums()).toEqual([one.bytes + two.bytes, [[one.publisher, one.bytes], [two.publisher, two.bytes]], 20, 10])
    const again = new LogBook({ store: rig.store, crypto: fakeCrypto(self), mesh: testMesh, self, wallMs: () => 0 })
    expect([again.othersBytes, again.publisherBytes(two.publisher), again.records('press', true)]).toEqual([rig.book.othersBytes, two.bytes, own.held.count])
  })
})

it('a channel’s own rules come before the general ones, which come before the defaults', () => {
  const options = { bytes: 5, channels: { press: { bytes: 7, onFull: 'evict' as const } } }
  expect(retentionOf(options, 'press')).toMatchObject({ bytes: 7, onFull: 'evict', ageMs: 7 * 24 * HOUR })
  expect(retentionOf(options, 'other')).toMatchObject({ bytes: 5, onFull: 'refuse' })
  expect(retentionOf(options, 'constructor')).toMatchObject({ bytes: 5 })
  expect(retentionOf({}, '__proto__')).toMatchObject({ bytes: 1024 ** 3 })
})
