import { describe, expect, it } from 'vitest'
import type { SealedBatch } from '../../../src/message/batch.js'
import { RangeSet } from '../../../src/base/range-set.js'
import type { Want } from '../../../src/message/wire.js'
import type { Frame } from '../../../src/repair/frames.js'
import { WrittenLog } from '../../support/written-log.js'
import { Holder, PullRig } from './mesh-rig.js'

type Bytes = Uint8Array<ArrayBuffer>
const LIAR = 'liar'
const MINUTE = 60_000

const logOf = (n: number, batches: number): WrittenLog => {
  const log = new WrittenLog(n)
  for (let i = 0; i < batches; i++) log.write(2)
  return log
}
const end = (want: Want, missing: RangeSet | undefined, busy = false): Frame => ({ type: 'end', value: { id: want.id, through: busy ? 0 : want.to, busy, missing: (missing?.encode() ?? new Uint8Array(0)) as Bytes } })
const denies = (want: Want): Frame => end(want, RangeSet.of([want.from, want.to]))

/** A neighbour that is asked first and answers so. */
function withLiar (rig: PullRig, answer: (want: Want, say: (frame: Frame) => void) => void): void {
  rig.neighbours.set(LIAR, { peerId: LIAR, frame: (frame) => { if (frame.type === 'want') answer(frame.value, (said) => { rig.says(LIAR, said) }) } })
}

describe('a neighbour that withholds', () => {
  it('and never answers delays all logs together once, and not each in turn', () => {
    const rig = new PullRig()
    withLiar(rig, () => {})
    const holder = new Holder(rig.clock, 61)
    const logs = Array.from({ length: 30 }, (_, i) => logOf(i + 1, 3))
    for (const log of logs) rig.serves(holder.hold(log))
    const states = logs.map(log => rig.hears(log))
    rig.clock.advance(8_000)
    expect(states.map(({ held }) => held.toString())).toEqual(states.map(() => '1-6'))
    // Another one, and the silent one is not asked first any more.
    const late = logOf(40, 3)
    rig.serves(holder.hold(late))
    const state = rig.hears(late)
    rig.clock.advance(500)
    expect(state.held.toString()).toBe('1-6')
  })

  it('and drips is left for one that does not', () => {
    const rig = new PullRig()
    const log = logOf(1, 60)
    // A batch every four seconds: never silent, and done in four minutes.
    withLiar(rig, (want, say) => {
      for (const [i, batch] of log.batches.filter(({ base }) => base >= want.from).entries()) rig.clock.after(4_000 * (i + 1), () => { say({ type: 'data', value: { id: want.id, batch: batch.bytes as Bytes } }) })
    })
    rig.serves(new Holder(rig.clock, 61).hold(log))
    const state = rig.hears(log)
    rig.clock.advance(45_000)
    expect(state.held.toString()).toBe('1-120')
    expect(rig.strikes).toEqual([])
  })

  it('and drips is kept when it is the only one', () => {
    const rig = new PullRig()
    const log = logOf(1, 12)
    withLiar(rig, (want, say) => {
      for (const [i, batch] of log.batches.filter(({ base }) => base >= want.from).entries()) rig.clock.after(4_000 * (i + 1), () => { say({ type: 'data', value: { id: want.id, batch: batch.bytes as Bytes } }) })
    })
    const state = rig.hears(log)
    rig.clock.advance(60_000)
    expect([state.held.toString(), rig.wants()]).toEqual(['1-24', 1])
  })

  it('and says all the time that it has what it then denies does not put off that it is gone, nor bring it forward', () => {
    const rig = new PullRig()
    const log = logOf(1, 3)
    withLiar(rig, (want, say) => { say(denies(want)) })
    rig.serves(new Holder(rig.clock, 61))
    const state = rig.hears(log)
    const say = (): void => {
      rig.puller.hopes(LIAR, state)
      rig.clock.after(100, say)
    }
    say()
    rig.clock.advance(9.9 * MINUTE)
    expect(rig.unavailable).toEqual([])
    rig.clock.advance(MINUTE)
    expect(rig.unavailable).toEqual(['1-6 unrecoverable'])
    expect(rig.wants(LIAR)).toBeLessThan(60)
  })

  it('and is always busy does not keep for ever what others deny', () => {
    const rig = new PullRig()
    const log = logOf(1, 3)
    withLiar(rig, (want, say) => { say(end(want, undefined, true)) })
    rig.serves(new Holder(rig.clock, 61))
    rig.hears(log)
    rig.clock.advance(9.9 * MINUTE)
    expect(rig.unavailable).toEqual([])
    rig.clock.advance(2 * MINUTE)
    expect(rig.unavailable).toEqual(['1-6 unrecoverable'])
  })

  it('and holds all its wants open does not keep what is trimmed from being told', () => {
    const rig = new PullRig()
    withLiar(rig, () => {})
    rig.serves(new Holder(rig.clock, 61))
    const logs = Array.from({ length: 12 }, (_, i) => logOf(i + 1, 3))
    for (const log of logs) {
      rig.hears(log)
      rig.trimmed(log, 6)
    }
    rig.clock.advance(3 * MINUTE)
    expect(rig.unavailable).toEqual(logs.map(() => '1-6 expired'))
  })

  it('and answers with batches of another time of the same log is asked no more, and brings nothing in', () => {
    const rig = new PullRig()
    const log = logOf(1, 6)
    const [first] = log.batches as [SealedBatch]
    rig.from = 3
    withLiar(rig, (want, say) => { say({ type: 'data', value: { id: want.id, batch: first.bytes as Bytes } }) })
    rig.serves(new Holder(rig.clock, 61).hold(log))
    const state = rig.hears(log)
    rig.clock.advance(2_000)
    expect([state.held.toString(), rig.wants(LIAR), rig.strikes.length]).toEqual(['3-12', 1, 1])
  })
})
