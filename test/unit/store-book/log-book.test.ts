import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LogBook } from '../../../src/store/log-book.js'
import { batchKey } from '../../../src/store/batch-row.js'
import { logKey } from '../../../src/message/ids.js'
import type { LogState } from '../../../src/store/log-state.js'
import { createMemoryDisk, createMemoryStore, type MemoryStore } from '../../../src/store/memory-store.js'
import { headBytes, openBatch } from '../../../src/message/batch.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock } from '../../support/manual-clock.js'
import { hold, WrittenLog } from '../../support/written-log.js'

const self = peerOf(9)

class Rig {
  readonly clock = new ManualClock()
  readonly disk = createMemoryDisk()
  store!: MemoryStore
  book!: LogBook
  damaged: string[] = []
  held: string[] = []

  constructor () { this.start() }

  start (): void {
    this.store = createMemoryStore({ soon: (fn) => { this.clock.soon(fn) }, disk: this.disk })
    this.book = new LogBook({ store: this.store, crypto: fakeCrypto(self), mesh: testMesh, self, wallMs: () => this.clock.wallMs() })
    this.book.listen({ batchDamaged: (_log, from, to) => { this.damaged.push(`${from}-${to}`) }, recordsHeld: (_log, from, to) => { this.held.push(`${from}-${to}`) } })
  }

  hold (log: WrittenLog, ...which: number[]): LogState {
    return hold(this.clock, this.store, this.book, which.length === 0 ? log.batches : which.map(i => log.batches[i] as WrittenLog['batches'][number])) as LogState
  }

  /** Changes one byte of a stored batch. */
  spoil (log: LogState, base: number, at: number, by = 1): void {
    const table = this.disk.tables.get('batch')
    const key = Buffer.from(batchKey(log.number, base)).toString('latin1')
    const value = table?.get(key)?.slice()
    if (table === undefined || value === undefined) throw new Error('no such row')
    const index = at < 0 ? value.length + at : at
    value[index] = (value[index] as number) ^ by
    table.put(key, value)
  }
}

const written = (...counts: number[]): WrittenLog => {
  const log = new WrittenLog()
  for (const [i, count] of counts.entries()) log.write(count, 1_700_000_000_000 + i)
  return log
}

const stateOf = (log: LogState): unknown => ({
  key: log.key, number: log.number, own: log.own, held: log.held.toString(), bytes: log.bytes, head: log.head, headHash: log.headHash === undefined ? undefined : [...log.headHash], headBytes: [...log.headBytes], shown: log.shown,
  trimmed: log.trimmed, trimReason: log.trimReason, trimBytes: [...log.trimBytes], dropped: log.dropped, link: log.link === undefined ? undefined : { ...log.link, hash: [...log.link.hash] }, linkKnown: log.linkKnown, firstAt: log.firstAt
})

const states = (book: LogBook): unknown[] => [...book.all()].sort((a, b) => a.key < b.key ? -1 : 1).map(stateOf)

describe('the log book', () => {
  it('shows a batch only when its commit is durable, and finds it by any of its positions', () => {
    const rig = new Rig()
    const log = written(3, 1, 4)
    const state = rig.book.ensure(log.id)
    const ops = rig.book.stage(state, log.batches)
    expect(state.held.isEmpty).toBe(true)
    expect(rig.book.read(state, 1)).toBeUndefined()
    rig.store.commit(ops, () => { rig.book.applied(state, log.batches) })
    expect(rig.held).toEqual([])
    rig.clock.turn()
    expect(rig.held).toEqual(['1-3', '4-4', '5-8'])
    for (const [position, base] of [[1, 1], [2, 1], [3, 1], [4, 4], [5, 5], [8, 5], [6, 5], [1, 1]] as const) {
      expect(rig.book.read(state, position)?.batch.base).toBe(base)
      expect(rig.book.readBytes(state, position)?.base).toBe(base)
    }
    expect(rig.book.read(state, 9)).toBeUndefined()
    expect([state.head, state.shown, state.linkKnown]).toEqual([8, 8, true])
    expect(rig.book.bytes('press', false)).toBe(log.batches.reduce((sum, batch) => sum + batch.bytes.length, 0))
    expect(rig.book.bytes('press', true)).toBe(0)
    expect(rig.damaged).toEqual([])
  })

  it('knows after a restart what it knew, whatever was taken in, dropped or trimmed', () => {
    const action = fc.oneof(
      fc.record({ type: fc.constant('hold' as const), log: fc.nat(2), batch: fc.nat(9) }),
      fc.record({ type: fc.constant('drop' as const), log: fc.nat(2), through: fc.nat(30), limit: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ type: fc.constant('trim' as const), log: fc.nat(2), through: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ type: fc.constant('head' as const), log: fc.nat(2), batch: fc.nat(9) }),
      fc.record({ type: fc.constant('announced' as const), log: fc.nat(2), position: fc.integer({ min: 1, max: 50 }) })
    )
    fc.assert(fc.property(fc.array(action, { maxLength: 25 }), (actions) => {
      const rig = new Rig()
      const link = { incarnation: { number: 1, random: '0000000000000001' }, position: 3, hash: new Uint8Array(32).fill(3) }
      const logs = [new WrittenLog(1, 5), new WrittenLog(1, 6, 'press', link), new WrittenLog(9, 7, 'other')]
      for (const log of logs) for (let i = 0; i < 10; i++) log.write(1 + i % 4)
      const touched = new Set<LogState>()
      for (const act of actions) {
        const log = logs[act.log] as WrittenLog
        const state = rig.book.ensure(log.id)
        touched.add(state)
        if (act.type === 'hold') { if (!state.held.has((log.batches[act.batch] as { base: number }).base)) rig.hold(log, act.batch) }
        else if (act.type === 'trim') {
          const { trim, bytes } = log.trim(act.through, act.through % 2 === 0 ? 'evicted' : 'expired')
          const before = state.trimmed
          expect(rig.book.noteTrim(state, trim, bytes)).toBe(act.through > before)
          expect(state.trimmed).toBe(Math.max(before, act.through))
        } else if (act.type === 'head') rig.book.noteHeader(state, openBatch(headBytes(log.batches[act.batch] as WrittenLog['batches'][number]), testMesh))
        else if (act.type === 'announced') rig.book.noteHead(state, act.position, new Uint8Array(32).fill(act.position))
        else {
          const before = state.held.clone()
          const { ops, dropped } = rig.book.drop(state, act.through, { batches: act.limit })
          rig.store.commit(ops, () => {})
          rig.clock.turn()
          for (const { from, to } of before.without(state.held).ranges()) expect([from >= 1, to <= Math.min(act.through, dropped)]).toEqual([true, true])
        }
        expect(state.head).toBeGreaterThanOrEqual(Math.max(state.shown, state.held.last, state.trimmed))
      }
      // What is only heard is written with the next row.
      rig.store.commit([...touched].map(state => rig.book.row(state)), () => {})
      rig.clock.turn()
      const before = states(rig.book)
      const bytes = ['press', 'other'].flatMap(channel => [rig.book.bytes(channel, true), rig.book.bytes(channel, false)])
      const positions = [...rig.book.all()].map(state => state.held.ranges())
      rig.start()
      const again = [...rig.book.all()]
      expect(states(rig.book)).toEqual(before)
      expect(['press', 'other'].flatMap(channel => [rig.book.bytes(channel, true), rig.book.bytes(channel, false)])).toEqual(bytes)
      expect(again.reduce((sum, state) => sum + state.held.ranges().length, 0)).toBe(positions.flat().length)
      for (const state of again) for (const { from, to } of state.held.ranges()) for (let i = from; i <= to; i++) expect(rig.book.read(state, i)).toBeDefined()
      expect(rig.damaged).toEqual([])
    }), { numRuns: 150 })
  })

  it('writes with a batch the state that holds once it is durable', () => {
    fc.assert(fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 2 }), (order, heads) => {
      const rig = new Rig()
      const log = written(1, 2, 3, 4, 1, 2, 3, 4, 1, 2)
      const state = rig.book.ensure(log.id)
      for (const position of heads) rig.book.noteHead(state, position, new Uint8Array(32).fill(1))
      for (const i of new Set(order)) rig.hold(log, i)
      const before = stateOf(state)
      rig.start()
      expect(stateOf([...rig.book.all()][0] as LogState)).toEqual(before)
    }), { numRuns: 100 })
  })

  it('drops whole batches that end at or before a position, the oldest first, a few at a time', () => {
    const rig = new Rig()
    const state = rig.hold(written(2, 2, 2, 2))
    const first = rig.book.drop(state, 7, { batches: 2 })
    expect([first.dropped, first.more, state.held.toString()]).toEqual([4, true, '5-8'])
    rig.store.commit(first.ops, () => {})
    rig.clock.turn()
    const second = rig.book.drop(state, 7, { batches: 2 })
    rig.store.commit(second.ops, () => {})
    rig.clock.turn()
    expect([second.dropped, state.held.toString(), state.dropped]).toEqual([6, '7-8', 6])
    expect(rig.book.drop(state, 7).ops).toEqual([])
    expect(rig.book.bytes('press', false)).toBe(state.bytes)
    expect(rig.store.keys('batch').length).toBe(1)
  })

  it('finds any damage of a stored batch, holds it no longer, and takes it in again', () => {
    fc.assert(fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 255 }), fc.boolean(), fc.constantFrom('read', 'readBytes', 'drop'), (at, by, middle, how) => {
      const rig = new Rig()
      const log = written(2, 3, 2)
      const before = rig.hold(log).bytes
      rig.start()
      const state = [...rig.book.all()][0] as LogState
      const length = (rig.store.get('batch', batchKey(state.number, 3)) as Uint8Array).length
      rig.spoil(state, 3, at % length, by)
      if (how === 'drop') rig.store.commit(rig.book.drop(state, 3).ops, () => {})
      else expect(rig.book[how as 'read'](state, middle ? 4 : 3)).toBeUndefined()
      rig.clock.turn()
      expect(rig.damaged).toEqual(['3-5'])
      expect(state.held.toString()).toBe(how === 'drop' ? '6-7' : '1-2,6-7')
      expect(rig.book.read(state, 6)?.batch.base).toBe(6)
      rig.hold(log, ...(how === 'drop' ? [0, 1] : [1]))
      expect(state.held.toString()).toBe('1-7')
      expect(state.bytes).toBe(before)
      expect(rig.book.bytes('press', false)).toBe(before)
      expect(rig.book.read(state, 4)?.records.length).toBe(3)
      rig.start()
      expect([...rig.book.all()].map(each => [each.held.toString(), each.bytes])).toEqual([['1-7', before]])
    }), { numRuns: 150 })
  })

  it('holds no longer what has no row, and keeps what is whole before and behind it', () => {
    for (const position of [3, 4, 5]) {
      const rig = new Rig()
      rig.hold(written(2, 3, 2))
      rig.start()
      const state = [...rig.book.all()][0] as LogState
      rig.store.commit([{ type: 'del', table: 'batch', key: batchKey(state.number, 3) }], () => {})
      rig.clock.turn()
      expect(rig.book.read(state, position)).toBeUndefined()
      expect(state.held.has(position)).toBe(false)
      for (let i = 3; i <= 5; i++) if (state.held.has(i)) rig.book.read(state, i)
      expect(state.held.toString()).toBe('1-2,6-7')
      expect([rig.book.read(state, 2)?.batch.base, rig.book.read(state, 7)?.batch.base]).toEqual([1, 6])
    }
  })

  it('holds no longer a row in which another log’s batch stands', () => {
    const rig = new Rig()
    const state = rig.hold(written(2))
    const other = new WrittenLog(2).write(2)
    rig.start()
    const again = [...rig.book.all()][0] as LogState
    const row = rig.store.get('batch', batchKey(state.number, 1)) as Uint8Array
    expect(row.length).toBe(other.bytes.length)
    rig.store.commit([{ type: 'put', table: 'batch', key: batchKey(state.number, 1), value: rowOf(other.bytes) }], () => {})
    rig.clock.turn()
    expect(rig.book.readBytes(again, 1)).toBeUndefined()
    expect(rig.damaged).toEqual(['1-2'])
  })

  it('keeps showing the head it can show, when a higher one is only announced or trimmed', () => {
    const rig = new Rig()
    const log = written(2, 2, 2)
    const state = rig.hold(log, 0)
    rig.book.noteHead(state, 6, new Uint8Array(32).fill(6))
    expect([state.head, state.shown, openBatch(state.headBytes, testMesh).last]).toEqual([6, 2, 2])
    rig.book.noteHeader(state, openBatch(headBytes(log.batches[1] as WrittenLog['batches'][number]), testMesh))
    expect([state.head, state.shown, openBatch(state.headBytes, testMesh).last]).toEqual([6, 4, 4])
    const { trim, bytes } = log.trim(9)
    rig.book.noteTrim(state, trim, bytes)
    expect([state.head, state.shown, state.headHash]).toEqual([9, 4, undefined])
  })

  it('says so when a row of a log is not what was written', () => {
    const rig = new Rig()
    rig.hold(written(2))
    const [[key] = []] = rig.store.entries('log')
    rig.store.commit([{ type: 'put', table: 'log', key: key as Uint8Array, value: Uint8Array.of(0xff, 0xff) }], () => {})
    rig.clock.turn()
    expect(() => { rig.start() }).toThrowError(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
  })

  it('forgets closed logs that are past, the earliest first, and does not take them in again or give their numbers to others', () => {
    const rig = new Rig()
    const link = { incarnation: { number: 5, random: '0000000000000005' }, position: 2, hash: new Uint8Array(32) }
    const [first, second, third] = [5, 6, 7].map(number => new WrittenLog(1, number, 'press', number === 5 ? undefined : link)) as [WrittenLog, WrittenLog, WrittenLog]
    // The earliest is heard of last, and so has the highest number.
    for (const log of [second, third, first]) {
      log.write(2)
      rig.hold(log)
    }
    const settled = (): boolean => true
    expect(rig.book.forgettable(false, 9, settled)).toEqual([])
    for (const log of [first, second, third]) {
      const state = rig.book.ensure(log.id)
      const { trim, bytes } = log.trim(2)
      rig.book.noteTrim(state, trim, bytes)
      rig.store.commit(rig.book.drop(state, 2).ops, () => {})
    }
    rig.clock.turn()
    // Others have a day to hear of the trim.
    expect(rig.book.forgettable(false, 9, settled)).toEqual([])
    rig.clock.advance(25 * 3_600_000)
    expect(rig.book.forgettable(true, 9, settled)).toEqual([])
    expect(rig.book.forgettable(false, 9, () => false)).toEqual([])
    for (const log of [first, second]) {
      const past = rig.book.forgettable(false, 9, settled)
      expect(past.map(({ id }) => id)).toEqual([log.id])
      rig.store.commit(rig.book.forget(past[0] as LogState), () => {})
      rig.clock.turn()
    }
    // The last log of a publisher stays: nothing has closed it.
    expect(rig.book.forgettable(false, 9, settled)).toEqual([])
    rig.start()
    expect([...rig.book.all()].map(({ id }) => id)).toEqual([third.id])
    expect([first, second, third].map(({ id }) => rig.book.isForgotten(id))).toEqual([true, true, false])
    expect(rig.book.isForgotten({ ...first.id, channel: 'other' })).toBe(false)
    expect(rig.book.ensure(new WrittenLog(2).id).number).toBe(4)
  })

  it('forgets a log', () => {
    const rig = new Rig()
    const state = rig.hold(written(2))
    rig.store.commit([...rig.book.drop(state, 2).ops, ...rig.book.forget(state)], () => {})
    rig.clock.turn()
    expect([rig.book.size, rig.book.get(state.key), rig.book.byNumber(state.number), rig.book.channels(), rig.book.bytes('press', false)]).toEqual([0, undefined, undefined, [], 0])
    rig.start()
    expect(rig.book.size).toBe(0)
  })

  it('knows the logs of each publisher, after a start too, without those that were forgotten', () => {
    const rig = new Rig()
    const first = new WrittenLog(1, 1)
    const second = new WrittenLog(1, 2)
    for (const log of [first, new WrittenLog(2), second]) {
      log.write(2)
      rig.hold(log)
    }
    const keysOf = (n: number): string[] => [...rig.book.publishedBy(peerOf(n))].map(({ key }) => key).sort()
    const keys = [first, second].map(({ id }) => logKey(id)).sort()
    expect([keysOf(1), keysOf(2).length, keysOf(3), rig.book.logsOf(peerOf(1))]).toEqual([keys, 1, [], 2])
    rig.start()
    expect([keysOf(1), keysOf(2).length]).toEqual([keys, 1])
    const state = rig.book.get(logKey(first.id)) as LogState
    rig.store.commit([...rig.book.drop(state, 2).ops, ...rig.book.forget(state)], () => {})
    expect([keysOf(1), rig.book.logsOf(peerOf(1))]).toEqual([[logKey(second.id)], 1])
  })
})

/** A row whose check is right. */
function rowOf (bytes: Uint8Array): Uint8Array {
  const rig = new Rig()
  const state = rig.book.ensure(openBatch(bytes, testMesh).log)
  const [op] = rig.book.stage(state, [openBatch(bytes, testMesh)])
  return op?.type === 'put' ? op.value : new Uint8Array(0)
}
