import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../src/node/engine.js'
import { Housekeeping } from '../../../src/node/housekeeping.js'
import { ManualClock } from '../../support/manual-clock.js'

describe('housekeeping', () => {
  it('goes through all logs, some of them in each turn', () => {
    const clock = new ManualClock()
    const passes: Array<{ what: string, channels: string[], atMs: number }> = []
    const pass = (what: string, channels: string[]): object => { passes.push({ what, channels, atMs: clock.nowMs() }); return { ops: [], records: 0, more: false, undo: () => {} } }
    const lane = { housekeep: (make: () => unknown): void => { make() }, admitWaiting: () => {} }
    const channels = Array.from({ length: 30 }, (_, i) => `c${i}`)
    let pruned = 0
    new Housekeeping({
      isClosed: false,
      options: { clock, store: { entries: () => [], keys: () => [] } },
      outbox: lane, intake: lane,
      retention: { trimOwn: (_: string, some: string[]) => pass('own', some), dropOthers: (some: string[]) => pass('others', some) },
      custodian: { lookAgain: () => {} }, channels: { prune: () => { pruned++ } }, wants: { reconsider: () => {} },
      book: { forgettable: () => [], channels: () => channels, logsIn: () => 250 }
    } as unknown as Engine).housekeep()
    clock.advance(10_000)
    for (const what of ['own', 'others']) {
      const mine = passes.filter(each => each.what === what && (what === 'others' || each.channels.length > 0))
      const logs = new Map<number, Set<string>>()
      for (const { atMs, channels: some } of mine) logs.set(atMs, new Set([...logs.get(atMs) ?? [], ...some]))
      expect([...new Set(mine.flatMap(each => each.channels))]).toEqual(channels)
      for (const some of logs.values()) expect(some.size).toBeLessThanOrEqual(3)
    }
    expect(pruned).toBe(1)
    clock.advance(30_000)
    expect(pruned).toBe(2)
  })

  it('looks for publish ids that are past as fast as records go', () => {
    const clock = new ManualClock()
    const limits: number[] = []
    const lane = { housekeep: (make: () => unknown): void => { make() }, admitWaiting: () => {} }
    const empty = (records: number): object => ({ ops: [], records, more: false, undo: () => {} })
    const housekeeping = new Housekeeping({
      isClosed: false,
      options: { clock, store: { get: () => undefined, keys: (_: string, { limit }: { limit: number }) => { limits.push(limit); return Array.from({ length: limit }, () => Uint8Array.of(limits.length)) } } },
      outbox: lane, intake: lane,
      retention: { trimOwn: (which: string) => empty(which === 'current' && limits.length === 0 ? 10_000 : 0), dropOthers: () => empty(0) },
      book: { forgettable: () => [] }
    } as unknown as Engine)
    housekeeping.trim(['a'])
    const looked = (): number => limits.reduce((sum, n) => sum + n, 0)
    clock.advance(5_000)
    expect(looked()).toBeGreaterThanOrEqual(40_000)
    expect(Math.max(...limits), 'some of them in each turn').toBeLessThanOrEqual(1_000)
    const enough = looked()
    clock.advance(5_000)
    expect(looked(), 'and then it rests').toBe(enough)
  })

  it('goes on once each turn, however many have asked for it', () => {
    const clock = new ManualClock()
    const startMs = clock.nowMs()
    const passes = new Map<string, number>()
    const pass = (what: string): object => { passes.set(what, (passes.get(what) ?? 0) + 1); return { ops: [], records: 1, more: clock.nowMs() - startMs < 2_000, undo: () => {} } }
    const lane = { housekeep: (make: () => unknown): void => { clock.soon(() => { make() }) }, admitWaiting: () => {} }
    const housekeeping = new Housekeeping({
      isClosed: false,
      options: { clock, store: { keys: () => [] } },
      outbox: lane, intake: lane,
      retention: { trimOwn: (which: string) => pass(which), dropOthers: () => pass('others') },
      custodian: { lookAgain: () => {} },
      book: { forgettable: () => [] }
    } as unknown as Engine)
    for (let i = 0; i < 300; i++) {
      housekeeping.trim(['a'])
      housekeeping.makeRoom('a')
      clock.advance(2)
    }
    passes.clear()
    clock.advance(200)
    for (const [what, times] of passes) expect(times, what).toBeLessThanOrEqual(200 / 20 + 1)
    expect(passes.size).toBe(3)
  })

  it('leaves a disk alone for a while that has no room even for dropping', () => {
    const clock = new ManualClock()
    let passes = 0
    let undone = 0
    let full = true
    const pass = (): object => { passes++; return { ops: [], more: true, undo: () => { undone++ } } }
    const lane = { housekeep: (make: () => unknown, refused: () => void): void => { make(); if (full) refused() }, admitWaiting: () => {} }
    const housekeeping = new Housekeeping({
      isClosed: false,
      options: { clock, store: { entries: () => [], keys: () => [] } },
      outbox: lane, intake: lane,
      retention: { trimOwn: pass, dropOthers: pass },
      custodian: { lookAgain: () => {} },
      book: { forgettable: () => [], channels: () => ['a'], logsIn: () => 1 }
    } as unknown as Engine)
    // As a publish does that waits for room.
    const ask = (): void => { if (!housekeeping.isTrimDue('a')) housekeeping.trim(['a']) }
    for (let i = 0; i < 3000; i++) { ask(); clock.advance(1) }
    expect(passes).toBeLessThanOrEqual(4 * 4)
    expect(undone).toBe(passes)
    full = false
    clock.advance(1_000)
    const before = passes
    clock.advance(100)
    expect(passes, 'with room it goes on at once').toBeGreaterThan(before)
  })
})
