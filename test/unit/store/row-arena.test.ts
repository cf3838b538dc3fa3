import { expect, test } from 'vitest'
import { RowArena } from '../../../src/store/row-arena.js'

test('gives bytes that overlap with none it has given since the last reset, of any length', () => {
  const arena = new RowArena()
  for (let round = 0; round < 3; round++) {
    const given = [5, 700_000, 400_000, 0, 3_000_000, 900_000, 200_000, 1024 * 1024, 7].map(bytes => arena.take(bytes))
    given.forEach((bytes, i) => bytes.fill(i))
    given.forEach((bytes, i) => expect(bytes.every(byte => byte === i)).toBe(true))
    arena.reset()
  }
})

test('uses the same memory again', () => {
  const arena = new RowArena()
  const first = arena.take(100_000)
  arena.reset()
  expect(arena.take(50_000).buffer).toBe(first.buffer)
})
