import { expect, it } from 'vitest'
import { Lived } from '../../../src/store/lived.js'
import { createMemoryDisk, createMemoryStore } from '../../../src/store/memory-store.js'

const HOUR = 3_600_000

function rig () {
  const disk = createMemoryDisk()
  const it = { wall: 1_700_000_000_000, commits: 0, lived: undefined as unknown as Lived, start: () => {} }
  it.start = () => {
    const store = createMemoryStore({ disk, soon: (fn) => { queueMicrotask(fn) } })
    const commit = store.commit.bind(store)
    store.commit = (ops, done) => { it.commits++; commit(ops, done) }
    it.lived = new Lived(store, () => it.wall, HOUR)
  }
  it.start()
  return it
}

it('counts what has passed, and no jump of the clock for more than an hour', () => {
  const r = rig()
  for (let i = 0; i < 120; i++) {
    r.wall += 60_000
    r.lived.tick()
  }
  expect(r.lived.ms).toBe(2 * HOUR)
  r.wall += 365 * 24 * HOUR
  r.lived.tick()
  expect(r.lived.ms).toBe(3 * HOUR)
  r.wall -= 365 * 24 * HOUR
  r.lived.tick()
  expect(r.lived.ms).toBe(3 * HOUR)
  r.wall += 1000
  r.lived.tick()
  expect(r.lived.ms).toBe(3 * HOUR + 1000)
})

it('goes on after a restart, where the time away counts for an hour at most, and is written once an hour', async () => {
  const r = rig()
  for (let i = 0; i < 600; i++) {
    r.wall += 60_000
    r.lived.tick()
  }
  expect(r.commits).toBeLessThanOrEqual(11)
  await Promise.resolve()
  r.start()
  expect(r.lived.ms).toBeGreaterThanOrEqual(9 * HOUR)
  const before = r.lived.ms
  r.wall += 100 * 24 * HOUR
  r.lived.tick()
  expect(r.lived.ms).toBe(before + HOUR)
})
