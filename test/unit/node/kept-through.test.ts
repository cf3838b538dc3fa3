import { describe, expect, it } from 'vitest'
import { KeptThrough } from '../../../src/node/kept-through.js'
import { LogState } from '../../../src/store/log-state.js'
import { peerOf } from '../../support/fake-crypto.js'

const random = '00112233aabbccdd'

function life (number: number, from?: { life: number, position: number } | 'nothing', publisher = peerOf(2)): LogState {
  const log = new LogState({ publisher, incarnation: { number, random }, channel: 'press' }, number, false)
  if (from === undefined) return log
  return Object.assign(log, { linkKnown: true, link: from === 'nothing' ? undefined : { incarnation: { number: from.life, random }, position: from.position, hash: new Uint8Array(32) } })
}

const through = (logs: LogState[]): number[] => {
  const kept = new KeptThrough(() => logs)
  return logs.map(log => kept.of(log))
}

describe('what a publisher still had of its logs', () => {
  it('is all of it as long as no later log says otherwise', () => {
    expect(through([life(1), life(2), life(3, 'nothing', peerOf(3))])).toEqual([Infinity, Infinity, Infinity])
  })

  it('ends where a later log goes on from, and is nothing of what a later log passes over', () => {
    expect(through([life(1), life(2), life(3, { life: 1, position: 7 })])).toEqual([7, 0, Infinity])
    expect(through([life(1), life(2, 'nothing')])).toEqual([0, Infinity])
  })

  it('is what the one of several later logs says that goes back furthest', () => {
    expect(through([life(1), life(2, { life: 1, position: 9 }), life(3, { life: 1, position: 4 }), life(4, { life: 3, position: 2 })])).toEqual([4, 0, 2, Infinity])
  })

  it('is looked up anew when a log says where it goes on from', () => {
    const [first, second] = [life(1), life(2)]
    const kept = new KeptThrough(() => [first, second])
    expect(kept.of(first)).toBe(Infinity)
    Object.assign(second, { linkKnown: true })
    kept.changed(second)
    expect(kept.of(first)).toBe(0)
  })
})
