import { describe, expect, test } from 'vitest'
import { Forgotten, FORGOTTEN_LIVES_MAX, FORGOTTEN_MAX } from '../../../src/store/forgotten.js'
import { concat, u32, u64 } from '../../../src/store/keys.js'
import { createMemoryDisk, createMemoryStore } from '../../../src/store/memory-store.js'
import { peerIdToBytes } from '../../../src/message/peer-id.js'
import type { LogId } from '../../../src/message/ids.js'
import { peerOf } from '../../support/fake-crypto.js'
import { ManualClock } from '../../support/manual-clock.js'

const id = (number: number, random = number, channel = 'press'): LogId => ({ publisher: peerOf(1), channel, incarnation: { number, random: random.toString(16).padStart(16, '0') } })
const trim = (n: number): { kind: 'trim', bytes: Uint8Array } => ({ kind: 'trim', bytes: Uint8Array.of(n, n) })

class Rig {
  readonly clock = new ManualClock()
  readonly disk = createMemoryDisk()
  store = createMemoryStore({ disk: this.disk, soon: (fn) => { this.clock.soon(fn) } })
  forgotten = new Forgotten(this.store)

  add (log: LogId, n: number): void {
    this.store.commit([this.forgotten.add(log, n, trim(n))], (error) => { if (error !== undefined) throw error })
    this.clock.turn()
  }

  restart (): void { this.forgotten = new Forgotten(this.store) }
}

describe('logs that were forgotten', () => {
  test('are told from one of the same publisher that never was known, though its number be lower', () => {
    const rig = new Rig()
    for (const n of [10, 20, 30]) rig.add(id(n), n)
    for (let life = 0; life < 2; life++) {
      expect([10, 20, 30].map(n => rig.forgotten.has(id(n)))).toEqual([true, true, true])
      expect([id(15), id(20, 99), id(40), id(10, 10, 'other')].map(log => rig.forgotten.has(log))).toEqual([false, false, false, false])
      expect(rig.forgotten.lastNumber).toBe(30)
      rig.restart()
    }
  })

  test('beyond the limit count by their number', () => {
    const rig = new Rig()
    for (let n = 1; n <= FORGOTTEN_LIVES_MAX + 5; n++) rig.add(id(n * 10), n)
    rig.restart()
    for (let n = 1; n <= FORGOTTEN_LIVES_MAX + 5; n++) expect(rig.forgotten.has(id(n * 10))).toBe(true)
    expect([rig.forgotten.has(id(45)), rig.forgotten.has(id(55)), rig.forgotten.has(id(5))]).toEqual([true, false, true])
  })

  test('leave what was signed about the latest of each channel, in whatever order they go', () => {
    const rig = new Rig()
    rig.add(id(30), 3)
    rig.add(id(10), 1)
    rig.add(id(20, 20, 'other'), 2)
    rig.restart()
    expect(rig.forgotten.evidence(peerOf(1), 9)).toEqual([trim(2), trim(3)])
    expect(rig.forgotten.evidence(peerOf(1), 1)).toHaveLength(1)
    expect(rig.forgotten.evidence(peerOf(2), 9)).toEqual([])
  })

  test('of rows of earlier versions count by their number, and rubbish counts as nothing', () => {
    const rig = new Rig()
    const key = (channel: string): Uint8Array => concat(peerIdToBytes(peerOf(1)) as Uint8Array, Buffer.from(channel))
    rig.store.commit([
      { type: 'put', table: 'forgotten', key: key('press'), value: concat(u64(50), u32(4)) },
      { type: 'put', table: 'forgotten', key: key('rubbish'), value: Uint8Array.of(1, 2, 3) },
      { type: 'put', table: 'forgotten', key: key('short'), value: concat(u64(50), u32(9), Uint8Array.of(3), u64(60)) }
    ], () => {})
    rig.clock.turn()
    rig.restart()
    expect([rig.forgotten.has(id(50)), rig.forgotten.has(id(7)), rig.forgotten.has(id(51)), rig.forgotten.has(id(1, 1, 'rubbish')), rig.forgotten.has(id(1, 1, 'short'))]).toEqual([true, true, false, false, false])
    expect(rig.forgotten.lastNumber).toBe(4)
    rig.add(id(60), 5)
    rig.restart()
    expect([rig.forgotten.has(id(7)), rig.forgotten.has(id(60)), rig.forgotten.has(id(55))]).toEqual([true, true, false])
  })

  test('take no more publishers and channels than they may, and go on with those that they have', () => {
    const { forgotten } = new Rig()
    const idOf = (channel: string, n = 1): LogId => id(n, n, channel)
    for (let i = 0; i < FORGOTTEN_MAX; i++) {
      if (!forgotten.takes(idOf(`c${i}`))) throw new Error(`${i} of them are too many`)
      forgotten.add(idOf(`c${i}`), i, trim(1))
    }
    expect([forgotten.takes(idOf('another')), forgotten.takes(idOf('c5', 2)), forgotten.has(idOf('c5'))]).toEqual([false, true, true])
    // So many are named one by one: now the latest of each only.
    forgotten.add(idOf('c5', 4), 1, trim(1))
    expect([1, 2, 4, 5].map(n => forgotten.has(idOf('c5', n)))).toEqual([true, false, true, false])
    forgotten.add(idOf('c5', 7), 1, trim(1))
    expect([1, 2, 4, 5, 7].map(n => forgotten.has(idOf('c5', n)))).toEqual([true, true, true, false, true])
  })
})
