import { expect, it } from 'vitest'
import { Forgotten, FORGOTTEN_MAX } from '../../../src/store/forgotten.js'
import { createMemoryStore } from '../../../src/store/memory-store.js'
import { peerOf } from '../../support/fake-crypto.js'

it('takes no more publishers and channels than it may, and goes on with those that it has', () => {
  const forgotten = new Forgotten(createMemoryStore())
  const idOf = (channel: string, number = 1) => ({ publisher: peerOf(1), incarnation: { number, random: '0011223344556677' }, channel })
  for (let i = 0; i < FORGOTTEN_MAX; i++) {
    expect(forgotten.takes(idOf(`c${i}`)) || i).toBe(true)
    forgotten.add(idOf(`c${i}`), i)
  }
  expect([forgotten.takes(idOf('another')), forgotten.takes(idOf('c5', 2)), forgotten.has(idOf('c5'))]).toEqual([false, true, true])
})
