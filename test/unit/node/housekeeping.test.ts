import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../src/node/engine.js'
import { Housekeeping } from '../../../src/node/housekeeping.js'
import { ManualClock } from '../../support/manual-clock.js'

describe('housekeeping', () => {
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
      book: { forgettable: () => [] }
    } as unknown as Engine)
    // As a publish does that waits for room.
    const ask = (): void => { if (!housekeeping.isTrimDue) housekeeping.trim() }
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
