import { expect, it } from 'vitest'
import { commitOrFail } from '../../../src/store/commit.js'
import { createMemoryStore } from '../../../src/store/memory-store.js'
import { ManualClock } from '../../support/manual-clock.js'

it('tells of a commit that the store does not take through its callback, later', async () => {
  const clock = new ManualClock()
  const store = createMemoryStore({ soon: (fn) => { clock.soon(fn) } })
  const told: Array<Error | undefined> = []
  commitOrFail(store, clock, [{ type: 'put', table: 'meta', key: new Uint8Array(0), value: Uint8Array.of(1) }], (error) => { told.push(error) })
  expect(told).toEqual([])
  clock.advance(10)
  expect(told).toMatchObject([{ code: 'ERR_STORE' }])
})
