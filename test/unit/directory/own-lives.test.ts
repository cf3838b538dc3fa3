import { describe, expect, test } from 'vitest'
import { OwnLives } from '../../../src/directory/own-lives.js'
import { seededRandom } from '../../support/manual-clock.js'

type Spoken = Parameters<OwnLives['heard']>[0]
const NONE = new Uint8Array(0)
const lives = (seed: number, startedAt: number): OwnLives => new OwnLives(seededRandom(seed), startedAt)
const says = (from: OwnLives, sequence: number): Spoken => ({ life: from.life, startedAt: from.startedAt, rival: from.rival, sequence })

describe('two lives of one key', () => {
  test('an echo of an earlier life is named and is no rival, however often and in whatever order it is heard', () => {
    const now = lives(1, 100)
    const past = lives(2, 900)
    const even = lives(3, 50)
    for (const [life, sequence] of [[past, 5], [even, 7], [past, 9], [past, 10], [past, 4]] as const) {
      const spoken = says(life, sequence)
      if (now.mayMatter(spoken, 8)) expect(now.heard(spoken, 0).rival).toBeUndefined()
    }
    expect(now.rival).toEqual(past.life)
  })

  test('one that names this life is there now: the one that started later is told from the other by both', () => {
    const first = lives(1, 100)
    const second = lives(2, 200)
    expect(first.heard(says(second, 1), 0)).toEqual({ renamed: true, rival: undefined })
    expect(second.heard(says(first, 2), 0).rival).toMatchObject({ isLater: false, isCopy: false })
    expect(first.heard(says(second, 3), 0).rival).toMatchObject({ isLater: true, isCopy: false })
  })

  test('two that started in the same millisecond agree which one goes', () => {
    const a = lives(1, 100)
    const b = lives(2, 100)
    a.heard(says(b, 1), 0)
    const byB = b.heard(says(a, 2), 0).rival?.isLater
    const byA = a.heard(says(b, 3), 0).rival?.isLater
    expect(byA).toBe(byB === false)
  })

  test('what this life did not announce was announced by a copy of it, and it takes another name', () => {
    const one = lives(1, 100)
    const before = one.life
    expect(one.mayMatter(says(one, 7), 7), 'its own').toBe(false)
    expect(one.mayMatter(says(one, 8), 7)).toBe(true)
    expect(one.heard(says(one, 8), 500).rival).toMatchObject({ isCopy: true })
    expect(one.life).not.toEqual(before)
    expect(one.startedAt).toBe(500)
  })

  test('announcements of versions that name no life say nothing', () => {
    expect(lives(1, 100).mayMatter({ life: NONE, startedAt: 0, rival: NONE, sequence: 99 }, 1)).toBe(false)
  })
})
