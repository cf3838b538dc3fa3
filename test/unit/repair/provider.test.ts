import { describe, expect, it } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.js'
import { toLogRef } from '../../../src/message/ids.js'
import { openBatch } from '../../../src/message/batch.js'
import type { Want } from '../../../src/message/wire.js'
import { decodeFrame, encodeFrame, framesOf, type Frame } from '../../../src/repair/frames.js'
import { Provider, WANTS_PER_PEER_MAX } from '../../../src/repair/provider.js'
import { testMesh } from '../../support/fake-crypto.js'
import { ManualClock } from '../../support/manual-clock.js'
import { WrittenLog } from '../../support/written-log.js'
import { Holder } from './mesh-rig.js'

type Bytes = Uint8Array<ArrayBuffer>

class Rig {
  readonly clock = new ManualClock()
  readonly holder = new Holder(this.clock, 60)
  readonly log = new WrittenLog()
  sent: Frame[] = []
  blocked = false
  readonly provider = new Provider({ clock: this.clock, book: this.holder.book, mesh: testMesh, send: (_peer, bytes) => { this.sent.push(decodeFrame(bytes) as Frame); return !this.blocked } })

  want (over: Partial<Want> = {}): void {
    this.provider.want('you', { id: 1, log: toLogRef(this.log.id), from: 1, to: this.log.last, credit: 1_000_000, since: 0, skip: new Uint8Array(0), ...over })
  }

  get bases (): number[] { return this.sent.flatMap(frame => frame.type === 'data' ? [openBatch(frame.value.batch, testMesh).base] : []) }
  get ends (): Array<{ through: number, missing: string, busy: boolean }> {
    return this.sent.flatMap(frame => frame.type === 'end' ? [{ through: frame.value.through, missing: RangeSet.decode(frame.value.missing).toString(), busy: frame.value.busy }] : [])
  }
}

const filled = (batches = 10, bytes = 10): Rig => {
  const rig = new Rig()
  for (let i = 0; i < batches; i++) rig.log.write(2, 1_700_000_000_000, new Uint8Array(bytes))
  rig.holder.hold(rig.log)
  return rig
}

describe('the provider', () => {
  it('answers a want with what it holds of it, in order, and says what it does not', () => {
    const rig = new Rig()
    for (let i = 0; i < 5; i++) rig.log.write(2)
    rig.holder.hold(rig.log, (_batch, i) => i === 1 || i === 3)
    rig.want({ from: 2, to: 9 })
    rig.clock.turn()
    expect([rig.bases, rig.ends]).toEqual([[3, 7], [{ through: 9, missing: '2,5-6,9', busy: false }]])
  })

  it('leaves out what the asker does not need', () => {
    const rig = filled(5)
    rig.want({ skip: RangeSet.of([1, 3], [5, 6], [9, 10]).encode() as Bytes })
    rig.clock.turn()
    expect([rig.bases, rig.ends]).toEqual([[3, 7], [{ through: 10, missing: '', busy: false }]])
  })

  it('leaves that out behind a hole too, and names only what was needed as missing', () => {
    const rig = new Rig()
    for (let i = 0; i < 5; i++) rig.log.write(2)
    rig.holder.hold(rig.log, (_batch, i) => i === 1 || i === 3)
    rig.want({ skip: RangeSet.of([3, 4], [10, 10]).encode() as Bytes })
    rig.clock.turn()
    expect([rig.bases, rig.ends]).toEqual([[7], [{ through: 10, missing: '1-2,5-6,9', busy: false }]])
  })

  it('denies a log it does not know, and makes nothing of a want that is malformed', () => {
    const rig = filled()
    rig.want({ log: toLogRef(new WrittenLog(3).id), from: 5, to: 8 })
    for (const bad of [{ from: 0 }, { from: 5, to: 4 }, { to: Number.MAX_SAFE_INTEGER }, { log: undefined }, { skip: Uint8Array.of(0, 0) as Bytes }]) rig.want(bad as Partial<Want>)
    rig.clock.turn()
    expect(rig.bases).toEqual([])
    expect(rig.ends[0]).toEqual({ through: 8, missing: '5-8', busy: false })
    expect(rig.ends.length).toBe(6)
  })

  it('stops at the credit and one batch, and goes on with more', () => {
    const rig = filled(10, 10_000)
    const size = rig.log.batches[1]?.bytes.length as number
    rig.want({ credit: size * 2 + 1 })
    rig.clock.advance(100)
    expect(rig.bases).toEqual([1, 3, 5])
    rig.provider.credit('you', { id: 1, bytes: size })
    rig.clock.advance(100)
    expect(rig.bases).toEqual([1, 3, 5, 7])
    expect(rig.ends).toEqual([])
    rig.provider.credit('you', { id: 1, bytes: size * 20 })
    rig.clock.advance(100)
    expect([rig.bases.length, rig.ends.length]).toEqual([10, 1])
  })

  it('forgets a want that is given up, and one that nothing comes of', () => {
    const rig = filled(10, 10_000)
    rig.want({ credit: 1 })
    rig.clock.turn()
    rig.provider.credit('you', { id: 1, bytes: 0 })
    rig.provider.credit('you', { id: 1, bytes: 1_000_000 })
    rig.clock.turn()
    expect([rig.bases.length, rig.ends.length]).toEqual([1, 0])
    for (let id = 2; id < 2 + WANTS_PER_PEER_MAX; id++) rig.want({ id, credit: 1 })
    rig.clock.turn()
    rig.want({ id: 99 })
    expect(rig.ends).toEqual([{ through: 0, missing: '', busy: true }])
    rig.clock.advance(61_000)
    rig.want({ id: 100 })
    rig.clock.turn()
    expect(rig.ends.at(-1)).toEqual({ through: 20, missing: '', busy: false })
  })

  it('waits while the link is full, and works in slices', () => {
    const rig = filled(20, 50_000)
    rig.blocked = true
    rig.want({ credit: 10_000_000 })
    rig.clock.turn()
    expect(rig.bases.length).toBe(1)
    rig.blocked = false
    rig.provider.drained('you')
    rig.clock.step()
    expect(rig.bases.length).toBeGreaterThan(1)
    expect(rig.bases.length).toBeLessThan(9)
    rig.clock.turn()
    expect([rig.bases.length, rig.ends.length]).toEqual([20, 1])
    rig.want({ id: 7 })
    rig.provider.peerDown('you')
    rig.clock.turn()
    expect(rig.bases.length).toBe(20)
  })

  it('serves wants of one neighbour in turn', () => {
    const rig = filled(40, 50_000)
    rig.want({ id: 1, credit: 10_000_000 })
    rig.want({ id: 2, credit: 10_000_000 })
    rig.clock.step()
    rig.clock.step()
    expect(new Set(rig.sent.map(frame => (frame.value as { id: number }).id))).toEqual(new Set([1, 2]))
  })
})

describe('frames', () => {
  it('come back as they were, and are nothing when this version does not know their type', () => {
    const frame = encodeFrame('end', { id: 3, through: 9, missing: new Uint8Array([1, 2]), busy: false })
    expect(decodeFrame(frame)).toMatchObject({ type: 'end', value: { id: 3, through: 9 } })
    for (const type of [0, 200, 255]) expect(decodeFrame(Uint8Array.of(type, 1, 2))).toBeUndefined()
    expect(decodeFrame(new Uint8Array(0))).toBeUndefined()
    expect(() => decodeFrame(Uint8Array.of(8, 0xff, 0xff))).toThrow()
  })

  it('take as many items as fit', () => {
    const items = [10, 200_000, 100_000, 300_000, ...Array<number>(300).fill(1)].map(n => new Uint8Array(n))
    const frames = [...framesOf(items)]
    expect(frames.flat()).toEqual(items)
    for (const part of frames) expect(part.length === 1 || (part.length <= 256 && part.reduce((sum, { length }) => sum + length, 0) <= 256 * 1024)).toBe(true)
    expect([...framesOf([])]).toEqual([])
  })
})
