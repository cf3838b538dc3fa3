import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sealBatch, openBatch, headBytes, type SealedBatch } from '../../../src/message/batch.js'
import { HELD_RANGES_MAX, Intake, INTAKE_BYTES_MAX, type Interest } from '../../../src/inbox/intake.js'
import { encodeRecords } from '../../../src/message/record.js'
import type { StoreOp } from '../../../src/store/store.js'
import type { LogState } from '../../../src/store/log-state.js'
import { LogBook } from '../../../src/store/log-book.js'
import { batchKey } from '../../../src/store/batch-row.js'
import { createMemoryStore } from '../../../src/store/memory-store.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock } from '../../support/manual-clock.js'
import { recordOf, WrittenLog } from '../../support/written-log.js'

const crypto = fakeCrypto(peerOf(50))

class Rig {
  readonly clock = new ManualClock()
  readonly store = createMemoryStore({ soon: (fn) => { this.clock.soon(fn) } })
  readonly book = new LogBook({ store: this.store, crypto, mesh: testMesh, self: peerOf(50), wallMs: () => this.clock.wallMs() })
  interest: Interest = 'keep'
  hasRoom = true
  quarantined = false
  readonly live: number[] = []
  readonly forks: Array<[number, number]> = []
  readonly ahead: number[] = []
  readonly held: string[] = []
  readonly refused: string[] = []
  readonly failures: Error[] = []
  writesRow = true
  readonly intake = new Intake({
    clock: this.clock, crypto, mesh: testMesh, store: this.store, book: this.book, interest: () => this.interest, hasRoom: () => this.hasRoom, quarantined: () => this.quarantined, learns: () => true,
    live: (batch) => { this.live.push(batch.base) }, forked: (batch, other) => { this.forks.push([batch.time, other.time]) }, ahead: (_batch, ms) => { this.ahead.push(ms) },
    held: (log, batches, from) => {
      for (const batch of batches) {
        expect(log.held.covers(batch.base, batch.last)).toBe(true)
        this.held.push(`${batch.base}${from === undefined ? '' : ` from ${from}`}`)
      }
    },
    refused: (log: LogState) => { this.refused.push(log.key) },
    writesRow: () => this.writesRow,
    failed: (error) => { this.failures.push(error) }
  })

  offer (batch: SealedBatch, from?: string, done?: (held: boolean) => void): string {
    const opened = this.intake.open(batch.bytes)
    return opened === undefined ? 'malformed' : this.intake.offer(opened, from, done)
  }
}

const written = (...counts: number[]): WrittenLog => {
  const log = new WrittenLog()
  for (const count of counts) log.write(count)
  return log
}
const at = (log: WrittenLog, i: number): SealedBatch => log.batches[i] as SealedBatch
const spoil = (batch: SealedBatch, index: number): SealedBatch => {
  const bytes = batch.bytes.slice()
  const i = index < 0 ? bytes.length + index : index
  bytes[i] = (bytes[i] as number) ^ 1
  return openBatch(bytes, testMesh)
}

describe('the intake', () => {
  it('holds a new batch when its commit is durable, and tells then', () => {
    const rig = new Rig()
    const log = written(2, 2)
    const done: boolean[] = []
    expect(rig.offer(at(log, 0), undefined, (held) => { done.push(held) })).toBe('new')
    const state = rig.book.get(at(log, 0).logKey)
    expect([state?.held.isEmpty, rig.held, done, state !== undefined && rig.intake.isUnderWay(state, 2)]).toEqual([true, [], [], true])
    rig.clock.turn()
    expect([state?.held.toString(), rig.held, done, state !== undefined && rig.intake.isUnderWay(state, 2)]).toEqual(['1-2', ['1'], [true], false])
    expect(rig.offer(at(log, 1), 'peer')).toBe('new')
    rig.clock.turn()
    expect(rig.held).toEqual(['1', '3 from peer'])
  })

  it('leaves the row of a log that another room writes alone', () => {
    const rig = new Rig()
    rig.writesRow = false
    const log = written(2)
    expect(rig.offer(at(log, 0), 'peer')).toBe('new')
    rig.clock.turn()
    expect([rig.held, rig.store.keys('batch').length, rig.store.keys('log').length]).toEqual([['1 from peer'], 1, 0])
  })

  it('knows a batch again that is held, staged or being committed', () => {
    const rig = new Rig()
    const log = written(1, 1, 1)
    expect(rig.offer(at(log, 0))).toBe('new')
    expect(rig.offer(at(log, 0))).toBe('known')
    expect(rig.offer(at(log, 1))).toBe('new')
    expect(rig.offer(at(log, 1))).toBe('known')
    rig.clock.turn()
    for (const i of [0, 1]) expect(rig.offer(at(log, i))).toBe('known')
    expect(rig.held).toEqual(['1', '2'])
  })

  it('takes every batch once, in whatever order and however often it comes', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(7), fc.boolean(), fc.nat(2)), { maxLength: 40 }), (offers) => {
      const rig = new Rig()
      const log = written(1, 2, 3, 1, 2, 3, 1, 2)
      let verdicts = 0
      for (const [i, pulled, steps] of offers) {
        if (rig.offer(at(log, i), pulled ? 'peer' : undefined) === 'new') verdicts++
        for (let n = 0; n < steps; n++) rig.clock.step()
      }
      rig.clock.turn()
      const distinct = new Set(offers.map(([i]) => i))
      expect([verdicts, rig.held.length]).toEqual([distinct.size, distinct.size])
      const state = rig.book.get(at(log, 0).logKey)
      expect(state?.held.count ?? 0).toBe([...distinct].reduce((sum, i) => sum + at(log, i).count, 0))
      expect(state?.bytes ?? 0).toBe([...distinct].reduce((sum, i) => sum + at(log, i).bytes.length, 0))
    }), { numRuns: 100 })
  })

  it('holds only so many scattered ranges of a log, and takes what closes a hole all the same', () => {
    const rig = new Rig()
    const log = written(...Array.from({ length: 2 * HELD_RANGES_MAX + 4 }, () => 1))
    for (let i = 1; i < 2 * HELD_RANGES_MAX; i += 2) {
      expect(rig.offer(at(log, i))).toBe('new')
      if (i % 100 === 1) rig.clock.turn()
    }
    const state = rig.book.get(at(log, 0).logKey)
    expect(rig.offer(at(log, 2 * HELD_RANGES_MAX + 1))).toBe('unwanted')
    rig.clock.turn()
    expect(rig.offer(at(log, 2 * HELD_RANGES_MAX + 1), 'peer')).toBe('unwanted')
    expect(state?.held.size).toBe(HELD_RANGES_MAX)
    expect([rig.offer(at(log, 0), 'peer'), rig.offer(at(log, 2), 'peer'), rig.offer(at(log, 2 * HELD_RANGES_MAX))]).toEqual(['new', 'new', 'new'])
    rig.clock.turn()
    expect(state?.held.size).toBe(HELD_RANGES_MAX - 1)
    expect(rig.offer(at(log, 2 * HELD_RANGES_MAX + 2))).toBe('new')
  })

  it('refuses as bad what its publisher did not sign, and keeps nothing of it', () => {
    const rig = new Rig()
    const log = written(2)
    const other = sealBatch(fakeCrypto(peerOf(7)), testMesh, { log: log.id, base: 1, count: 1, time: 1, previous: new Uint8Array(0), body: encodeRecords([recordOf('press/a')]) })
    const wrongCount = sealBatch(log.crypto, testMesh, { log: log.id, base: 1, count: 3, time: 1, previous: new Uint8Array(0), body: encodeRecords([recordOf('press/a')]) })
    const wrongChannel = sealBatch(log.crypto, testMesh, { log: log.id, base: 1, count: 1, time: 1, previous: new Uint8Array(0), body: encodeRecords([recordOf('other/a')]) })
    for (const bad of [spoil(at(log, 0), -1), other, wrongCount, wrongChannel, openBatch(headBytes(at(log, 0)), testMesh)]) {
      for (const interest of ['keep', 'live', 'none'] as const) {
        rig.interest = interest
        expect(rig.offer(bad)).toBe('bad')
      }
    }
    rig.clock.turn()
    expect([rig.book.size, rig.live, rig.held, rig.store.keys('batch').length]).toEqual([0, [], [], 0])
    expect(rig.intake.open(new Uint8Array(5))).toBeUndefined()
  })

  it('wants nothing of channels without interest, of a publisher in quarantine, or without room', () => {
    const rig = new Rig()
    const log = written(2)
    rig.interest = 'none'
    expect(rig.offer(at(log, 0))).toBe('unwanted')
    rig.interest = 'keep'
    rig.quarantined = true
    expect(rig.offer(at(log, 0))).toBe('unwanted')
    rig.quarantined = false
    rig.hasRoom = false
    expect(rig.offer(at(log, 0))).toBe('unwanted')
    rig.clock.turn()
    expect([rig.book.size, rig.held]).toEqual([0, []])
  })

  it('takes in what its publisher has trimmed only when it was asked for', () => {
    const rig = new Rig()
    const log = written(2, 2)
    const { trim, bytes } = log.trim(2)
    rig.book.noteTrim(rig.book.ensure(log.id), trim, bytes)
    expect(rig.offer(at(log, 0))).toBe('unwanted')
    expect(rig.offer(at(log, 0), 'custodian')).toBe('new')
    expect(rig.offer(at(log, 1))).toBe('new')
    rig.clock.turn()
    expect(rig.held.length).toBe(2)
  })

  it('does not take in again by gossip what was held and dropped', () => {
    const rig = new Rig()
    const log = written(2, 2)
    for (const i of [0, 1]) rig.offer(at(log, i))
    rig.clock.turn()
    const state = rig.book.must(at(log, 0).logKey)
    rig.intake.housekeep(() => rig.book.drop(state, 2).ops)
    rig.clock.turn()
    expect(state.held.toString()).toBe('3-4')
    expect(rig.offer(at(log, 0))).toBe('unwanted')
    expect(rig.offer(at(log, 0), 'peer')).toBe('new')
  })

  it('proves two histories of one publisher, in the same or in other batches', () => {
    for (const counts of [[2, 2], [3, 1], [1, 3], [4]]) {
      const rig = new Rig()
      const log = written(2, 2)
      for (const i of [0, 1]) rig.offer(at(log, i))
      rig.clock.turn()
      const fork = new WrittenLog()
      for (const count of counts) fork.write(count, 99)
      expect(rig.offer(spoil(at(fork, 0), -1)) === 'forked' ? rig.forks.length : 0).toBe(1)
      const verdicts = fork.batches.map(batch => rig.offer(batch))
      expect(verdicts).toEqual(counts.map(() => 'forked'))
      expect(rig.forks[0]).toEqual([99, 1_700_000_000_000])
      rig.clock.turn()
      expect(rig.book.must(at(log, 0).logKey).held.toString()).toBe('1-4')
    }
    const rig = new Rig()
    const log = written(2)
    rig.offer(at(log, 0))
    rig.clock.turn()
    const forged = sealBatch(fakeCrypto(peerOf(7)), testMesh, { log: log.id, base: 1, count: 2, time: 9, previous: new Uint8Array(0), body: encodeRecords([recordOf('press/a'), recordOf('press/a')]) })
    expect([rig.offer(forged), rig.forks.length]).toEqual(['bad', 0])
  })

  it('takes a batch in again when what it held of it turns out to be damaged', () => {
    const rig = new Rig()
    const log = written(2)
    rig.offer(at(log, 0))
    rig.clock.turn()
    const state = rig.book.must(at(log, 0).logKey)
    const fresh = new LogBook({ store: rig.store, crypto, mesh: testMesh, self: peerOf(50), wallMs: () => 0 })
    expect(fresh.size).toBe(1)
    const value = Buffer.from(rig.store.get('batch', batchKey(state.number, 1)) ?? [])
    value[30] = (value[30] as number) ^ 1
    rig.store.commit([{ type: 'put', table: 'batch', key: batchKey(state.number, 1), value }], () => {})
    rig.clock.turn()
    const again = new Rig()
    const intake = new Intake({
      clock: again.clock, crypto, mesh: testMesh, store: rig.store, book: fresh, interest: () => 'keep', hasRoom: () => true, quarantined: () => false, learns: () => true, live: () => {}, forked: () => {}, ahead: () => {}, held: () => {}, refused: () => {}, failed: () => {}
    })
    expect(intake.offer(at(log, 0), undefined)).toBe('new')
    rig.clock.turn()
    expect(fresh.read(fresh.must(state.key), 2)?.records.length).toBe(2)
    expect(intake.offer(at(log, 0), undefined)).toBe('known')
  })

  it('offers live what is not kept, once', () => {
    const rig = new Rig()
    rig.interest = 'live'
    const log = written(2, 2, 2)
    expect([0, 2, 0, 1, 2].map(i => rig.offer(at(log, i)))).toEqual(['new', 'new', 'known', 'new', 'known'])
    expect(rig.live).toEqual([1, 5, 3])
    rig.clock.turn()
    expect([rig.book.size, rig.held]).toEqual([0, []])
  })

  it('says when a publisher’s clock is far ahead', () => {
    const rig = new Rig()
    const log = new WrittenLog()
    log.write(1, rig.clock.wallMs() + 4 * 60_000)
    log.write(1, rig.clock.wallMs() + 6 * 60_000)
    for (const i of [0, 1]) expect(rig.offer(at(log, i))).toBe('new')
    expect(rig.ahead).toEqual([6 * 60_000])
  })

  it('stages no more than its bound', () => {
    const rig = new Rig()
    const log = new WrittenLog()
    for (let i = 0; i < 20; i++) log.write(1, 1_700_000_000_000, new Uint8Array(1024 * 1024))
    const verdicts = log.batches.map(batch => rig.offer(batch))
    expect(verdicts.filter(verdict => verdict === 'new').length).toBe(INTAKE_BYTES_MAX / 1024 / 1024)
    expect([rig.intake.isFull, verdicts.at(-1)]).toEqual([true, 'unwanted'])
    rig.clock.turn()
    expect(rig.intake.isFull).toBe(false)
    expect(rig.offer(at(log, 19))).toBe('new')
  })
})

describe('a full disk', () => {
  it('makes the intake pause and go on, longer each time, and loses no staged batch', () => {
    const rig = new Rig()
    const log = written(...Array<number>(10).fill(1))
    const done: Array<[number, boolean]> = []
    const offer = (i: number): string => rig.offer(at(log, i), 'peer', (held) => { done.push([i, held]) })
    rig.store.disk.full = true
    expect([offer(0), offer(1)]).toEqual(['new', 'new'])
    rig.clock.turn()
    expect(done).toEqual([[0, false]])
    // The head is known all the same, so that repair asks for what is missing.
    expect(rig.book.must(at(log, 0).logKey).head).toBe(1)
    expect([rig.intake.isFull, offer(2)]).toEqual([true, 'unwanted'])
    rig.clock.advance(249)
    expect([rig.intake.isFull, rig.refused]).toEqual([true, []])
    rig.clock.advance(2)
    expect(done).toEqual([[0, false], [1, false]])
    // Repair is told, for nothing else would make it ask again.
    expect(rig.refused).toEqual([at(log, 0).logKey])
    rig.clock.advance(490)
    expect(rig.intake.isFull).toBe(true)
    rig.store.disk.full = false
    rig.clock.advance(20)
    expect([rig.intake.isFull, offer(0), offer(1)]).toEqual([false, 'new', 'new'])
    rig.clock.turn()
    expect([rig.book.must(at(log, 0).logKey).held.toString(), rig.failures]).toEqual(['1-2', []])
  })

  it('does not keep the intake from dropping, in a commit of its own', () => {
    const rig = new Rig()
    const log = written(1, 1)
    const commits: Array<readonly StoreOp[]> = []
    const commit = rig.store.commit.bind(rig.store)
    rig.store.commit = (ops, done) => {
      commits.push(ops)
      rig.store.disk.full = ops.some(op => op.type === 'put' && op.table === 'batch')
      commit(ops, done)
      if (!rig.store.disk.full) return
      rig.clock.soon(() => { rig.store.disk.full = false })
    }
    expect(rig.offer(at(log, 0))).toBe('new')
    let kept = 0
    rig.intake.housekeep(() => { kept++; return [{ type: 'put', table: 'meta', key: Buffer.from('a'), value: Buffer.from('b') }] })
    rig.offer(at(log, 1))
    rig.clock.turn()
    expect(kept).toBe(1)
    expect(rig.store.get('meta', Buffer.from('a'))).toBeDefined()
    expect(commits.every(ops => new Set(ops.map(op => op.table === 'meta')).size === 1)).toBe(true)
  })

  it('is told to whoever wanted to drop something and could not', () => {
    const rig = new Rig()
    rig.store.disk.full = true
    const refused: string[] = []
    rig.intake.housekeep(() => [{ type: 'put', table: 'meta', key: Buffer.from('a'), value: Buffer.from('b') }], () => { refused.push('a') })
    rig.clock.turn()
    expect([refused, rig.failures]).toEqual([['a'], []])
  })

  it('is another thing than a failed store, which stops everything', () => {
    const rig = new Rig()
    const log = written(1, 1)
    rig.store.disk.broken = true
    const done: boolean[] = []
    rig.offer(at(log, 0), undefined, (held) => { done.push(held) })
    rig.clock.turn()
    expect([rig.failures.length, done, rig.offer(at(log, 1)), rig.held]).toEqual([1, [false], 'unwanted', []])
  })
})
