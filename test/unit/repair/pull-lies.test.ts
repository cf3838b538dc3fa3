import { describe, expect, it } from 'vitest'
import { headBytes, type SealedBatch } from '../../../src/message/batch.js'
import { RangeSet } from '../../../src/base/range-set.js'
import type { Frame } from '../../../src/repair/frames.js'
import type { Want } from '../../../src/message/wire.js'
import { WrittenLog } from '../../support/written-log.js'
import { Holder, PullRig } from './mesh-rig.js'

type Bytes = Uint8Array<ArrayBuffer>
const LIAR = 'liar'
const MINUTE = 60_000

const logOf = (...counts: number[]): WrittenLog => {
  const log = new WrittenLog()
  for (const count of counts) log.write(count)
  return log
}
const data = (want: Want, bytes: Uint8Array): Frame => ({ type: 'data', value: { id: want.id, batch: bytes as Bytes } })
const end = (want: Want, over: { through?: number, missing?: Uint8Array, busy?: boolean } = {}): Frame =>
  ({ type: 'end', value: { id: want.id, through: want.to, busy: false, ...over, missing: (over.missing ?? new Uint8Array(0)) as Bytes } })

/** A liar is asked first, an honest neighbour has everything. */
function scene (log: WrittenLog, lie: (want: Want) => Frame[]): { rig: PullRig, asked: () => number, held: () => string } {
  const rig = new PullRig()
  rig.neighbours.set(LIAR, { peerId: LIAR, frame: (frame) => { if (frame.type === 'want') for (const said of lie(frame.value)) rig.says(LIAR, said) } })
  rig.serves(new Holder(rig.clock, 61).hold(log))
  const state = rig.hears(log)
  rig.clock.advance(20_000)
  return { rig, asked: () => rig.wants(LIAR), held: () => state.held.toString() }
}

const log = logOf(2, 2, 2)
const [first, second, third] = log.batches as [SealedBatch, SealedBatch, SealedBatch]
const other = new WrittenLog(2)
other.write(6)
const spoiled = second.bytes.slice()
spoiled[spoiled.length - 1] = (spoiled[spoiled.length - 1] as number) ^ 1

describe('a neighbour that breaks the protocol', () => {
  it.each<[string, (want: Want) => Frame[]]>([
    ['sends what is no batch', (want) => [data(want, new Uint8Array(50)), end(want)]],
    ['sends a batch of another log', (want) => [data(want, other.batches[0]?.bytes as Uint8Array), end(want)]],
    ['sends a batch that was tampered with', (want) => [data(want, first.bytes), data(want, spoiled), end(want)]],
    ['sends out of order', (want) => [data(want, second.bytes), data(want, first.bytes), end(want)]],
    ['sends the same for ever', (want) => [data(want, first.bytes), data(want, first.bytes), data(want, first.bytes)]],
    ['sends a proof that was not asked for', (want) => [data(want, headBytes(third)), end(want)]],
    ['names what is missing in bytes that are no ranges', (want) => [end(want, { missing: Uint8Array.of(0, 0) })]]
  ])('%s: it is struck and passed over, and others are asked', (_name, lie) => {
    const { rig, asked, held } = scene(log, lie)
    expect(held()).toBe('1-6')
    expect(rig.strikes.length).toBe(1)
    expect(rig.strikes[0]).toMatch(/^liar /)
    expect(asked()).toBe(1)
  })

  it.each<[string, Uint8Array]>([
    ['of a batch that is not older', headBytes(third)],
    ['that its publisher did not sign', headBytes({ header: second.header, signature: second.signature.map(byte => byte ^ 1) })]
  ])('with a proof %s it cannot make a subscription skip anything', (_name, proof) => {
    const rig = new PullRig()
    rig.since = third.time
    rig.neighbours.set(LIAR, { peerId: LIAR, frame: (frame) => { if (frame.type === 'want') rig.says(LIAR, data(frame.value, proof)) } })
    const state = rig.hears(log)
    rig.clock.advance(1000)
    expect(rig.strikes).toEqual([`${LIAR} a proof that proves nothing`])
    expect(rig.wanted(state).from).toBe(1)
  })

  it('that sends more than it was given credit for is struck', () => {
    const big = new WrittenLog()
    for (let i = 0; i < 60; i++) big.write(1, 1_700_000_000_000, new Uint8Array(100_000))
    const rig = new PullRig()
    // All at once, before anything of it can be on disk.
    rig.neighbours.set(LIAR, { peerId: LIAR, frame: (frame) => { if (frame.type === 'want') for (const { bytes } of big.batches) rig.puller.data(LIAR, { id: frame.value.id, batch: bytes as Bytes }) } })
    rig.serves(new Holder(rig.clock, 61).hold(big))
    const state = rig.hears(big)
    rig.clock.advance(5000)
    expect(rig.strikes.length).toBe(1)
    expect(state.held.toString()).toBe('1-60')
  })

  it.each<[string, (want: Want) => Frame[]]>([
    ['says that all is answered and sends nothing', (want) => [end(want)]],
    ['sends a part and says that it was all', (want) => want.from === 1 ? [data(want, first.bytes), end(want)] : [data(want, third.bytes), end(want)]],
    ['ends before it has begun', (want) => [end(want, { through: 0 })]],
    ['ends far behind what was asked', (want) => [end(want, { through: Number.MAX_SAFE_INTEGER - 1 })]],
    ['denies what was not asked', (want) => [end(want, { missing: RangeSet.of([1000, 2000]).encode() })]],
    ['denies everything', (want) => [end(want, { missing: RangeSet.of([want.from, want.to]).encode() })]],
    ['is always busy', (want) => [end(want, { through: 0, busy: true })]]
  ])('or only %s: it is not asked in a circle, and others are asked', (_name, lie) => {
    const { rig, asked, held } = scene(log, lie)
    expect(held()).toBe('1-6')
    expect(rig.strikes).toEqual([])
    expect(asked()).toBeLessThan(5)
  })

  it('alone cannot keep what is lost from being called so', () => {
    for (const lie of [(want: Want) => [end(want)], (want: Want) => [data(want, spoiled)], () => []]) {
      const rig = new PullRig()
      rig.neighbours.set(LIAR, { peerId: LIAR, frame: (frame) => { if (frame.type === 'want') for (const said of lie(frame.value)) rig.says(LIAR, said) } })
      rig.hears(log)
      rig.clock.advance(15 * MINUTE)
      expect(rig.unavailable).toEqual(['1-6 unrecoverable'])
      expect(rig.wants()).toBeLessThan(100)
    }
  })

  it('is not heard about wants that are not its own, or are over', () => {
    const rig = new PullRig()
    const holder = new Holder(rig.clock, 61).hold(log)
    rig.serves(holder)
    rig.neighbours.set(LIAR, { peerId: LIAR, frame: () => {} })
    const state = rig.hears(log)
    rig.clock.turn()
    for (let id = 0; id < 5; id++) {
      rig.puller.data(LIAR, { id, batch: new Uint8Array(4) })
      rig.puller.end(LIAR, { id, through: 6, missing: new Uint8Array(0), busy: false })
    }
    rig.clock.advance(100)
    expect([rig.strikes, state.held.toString()]).toEqual([[], '1-6'])
  })
})

describe('a node that cannot take what it asked for', () => {
  it('stops the neighbour, asks again less and less often, and goes on when there is room', () => {
    const rig = new PullRig()
    const big = new WrittenLog()
    for (let i = 0; i < 60; i++) big.write(1, 1_700_000_000_000, new Uint8Array(100_000))
    rig.hasRoom = false
    rig.serves(new Holder(rig.clock, 61).hold(big))
    const state = rig.hears(big)
    for (let i = 0; i < 60; i++) {
      rig.clock.advance(1000)
      rig.puller.notice(state)
    }
    expect(rig.wants()).toBeLessThan(12)
    expect([rig.strikes, rig.unavailable, state.held.toString()]).toEqual([[], [], ''])
    rig.hasRoom = true
    rig.clock.advance(35_000)
    expect(state.held.toString()).toBe('1-60')
  })

  it('asks everybody for what lies before what it holds, whatever else they have, and tells what nobody has', () => {
    const rig = new PullRig()
    const many = logOf(...Array<number>(12).fill(1))
    rig.me.hold(many, (_batch, i) => i === 3 || i === 5)
    rig.hasRoom = false
    for (const n of [61, 62]) rig.serves(new Holder(rig.clock, n).hold(many, (_batch, i) => i > 5 + n % 2))
    rig.hears(many)
    for (let i = 0; i < 100; i++) rig.clock.advance(10_000)
    expect([rig.unavailable, rig.strikes]).toEqual([['1-3 unrecoverable', '5-5 unrecoverable'], []])
  })

  it('gets what lies behind a hole that everybody denies as soon as there is room, and not when the hole is given up', () => {
    const rig = new PullRig()
    const many = logOf(...Array<number>(12).fill(1))
    rig.me.hold(many, (_batch, i) => i < 6 && i !== 2)
    rig.hasRoom = false
    for (const n of [61, 62]) rig.serves(new Holder(rig.clock, n).hold(many, (_batch, i) => i > 5))
    const state = rig.hears(many)
    rig.clock.advance(2 * MINUTE)
    expect(rig.wants()).toBeLessThan(60)
    rig.hasRoom = true
    rig.clock.advance(MINUTE)
    expect([state.held.toString(), rig.unavailable, rig.strikes]).toEqual(['1-2,4-12', [], []])
    rig.clock.advance(10 * MINUTE)
    expect(rig.unavailable).toEqual(['3-3 unrecoverable'])
  })

  it('asks each in turn for the first that it waits for, when one of them has what fills a later hole and is not let in', () => {
    const rig = new PullRig()
    const many = logOf(...Array<number>(12).fill(1))
    rig.me.hold(many, (_batch, i) => i === 3 || i === 5)
    rig.hasRoom = false
    rig.serves(new Holder(rig.clock, 61).hold(many, (_batch, i) => i > 3))
    rig.serves(new Holder(rig.clock, 62).hold(many, (_batch, i) => i === 9))
    rig.hears(many)
    for (let i = 0; i < 100; i++) rig.clock.advance(10_000)
    expect([rig.unavailable, rig.strikes]).toEqual([['1-3 unrecoverable'], []])
  })

  it('gets everything in the end, though its disk is full now and then', () => {
    const rig = new PullRig()
    const many = logOf(...Array<number>(50).fill(2))
    rig.serves(new Holder(rig.clock, 61).hold(many))
    rig.me.store.disk.full = true
    const state = rig.hears(many)
    rig.clock.advance(5000)
    expect(state.held.isEmpty).toBe(true)
    rig.me.store.disk.full = false
    rig.clock.advance(40_000)
    expect([state.held.toString(), rig.strikes, rig.unavailable]).toEqual(['1-100', [], []])
  })

  it('blames nobody for two histories of one publisher', () => {
    const rig = new PullRig()
    const one = new WrittenLog()
    one.write(3, 1)
    one.write(3, 1)
    const two = new WrittenLog()
    two.write(4, 2)
    two.write(4, 2)
    rig.me.hold(one, (_batch, i) => i === 0)
    rig.serves(new Holder(rig.clock, 61).hold(two))
    rig.hears(two)
    rig.clock.advance(5000)
    expect(rig.strikes).toEqual([])
  })
})
