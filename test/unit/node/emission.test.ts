import { expect, it } from 'vitest'
import { Emission } from '../../../src/node/emission.js'
import type { Engine } from '../../../src/node/engine.js'
import type { LogState } from '../../../src/store/log-state.js'

it('what an own log owes begins where the slowest durable subscription stands, here or elsewhere', () => {
  const log = { channel: 'press', publisher: 'self' } as LogState
  let here = Number.POSITIVE_INFINITY
  const elsewhere = new Map<string, number>()
  const engine = {
    inbox: { floor: () => here },
    directory: { claims: (channel: string) => channel === 'press' ? [...elsewhere.keys()].map(name => ({ peerId: 'other', name })) : [] },
    receipts: { unsettledFrom: (_log: LogState, _by: string, name: string) => elsewhere.get(name) }
  } as unknown as Engine
  const emission = new Emission(engine)
  expect(emission.floor(log)).toBe(Number.POSITIVE_INFINITY)
  here = 30
  expect(emission.floor(log)).toBe(30)
  elsewhere.set('fast', 40).set('slow', 20)
  expect(emission.floor(log)).toBe(20)
})

it('nothing is kept for what the publisher itself has not settled: it tells nobody of that', () => {
  const engine = {
    inbox: { floor: () => Number.POSITIVE_INFINITY },
    directory: { claims: () => [{ peerId: 'publisher', name: 'own' }, { peerId: 'other', name: 'theirs' }] },
    receipts: { unsettledFrom: (_log: LogState, by: string) => by === 'other' ? 7 : 1 }
  } as unknown as Engine
  expect(new Emission(engine).floor({ channel: 'press', publisher: 'publisher' } as LogState)).toBe(7)
})
