import { describe, expect, it } from 'vitest'
import { simulate } from './simulate.js'

/** `npm run simulate` runs as many as one likes; these few are part of the usual tests. */
const SEEDS = Number(process.env.SKEIN_SEEDS ?? 60)
const FROM = Number(process.env.SKEIN_SEED ?? 1)

describe('meshes on simulated time', () => {
  it(`come to rest with everything delivered or explained, whatever fails (seeds ${FROM} to ${FROM + SEEDS - 1})`, async () => {
    let published = 0
    for (let seed = FROM; seed < FROM + SEEDS; seed++) {
      const { wrong, faults, published: count } = await simulate(seed)
      expect(wrong, `seed ${seed} with ${faults.join(', ')}: npm run simulate -- --seed ${seed}`).toEqual([])
      published += count
    }
    expect(published).toBeGreaterThan(20 * SEEDS)
  }, 60_000 + SEEDS * 5_000)
})
