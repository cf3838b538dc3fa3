import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkHistories, type Problem, type Verdict } from '../../../src/check/check.js'
import { DAMAGES, View, type Damage, type Damaged } from './damage.js'
import { chance, Trial } from './trial.js'

/** Damages the trial of this seed. */
function damage (kind: Damage, seed: number): Damaged | undefined {
  const random = chance(seed + 1)
  return kind.do(new View(new Trial(seed).histories), list => list[Math.floor(random() * list.length)])
}

function found (kind: Damage, { histories, proof }: Damaged): Problem {
  const verdict: Verdict = checkHistories(histories, { clockSkewMs: 0 })
  const problems = verdict.verdict === 'invalid' ? verdict.problems : []
  const problem = problems.find(({ rule, witness }) => rule === kind.rule && proof.every(event => witness.some(line => JSON.stringify(line.event) === JSON.stringify(event))))
  expect(problem, `${JSON.stringify(proof)} is not proved by ${JSON.stringify(verdict, undefined, 2)}`).toBeDefined()
  return problem as Problem
}

test('there are at least 25 kinds', () => { expect(new Set(DAMAGES.map(({ name }) => name)).size).toBeGreaterThanOrEqual(25) })

describe.each(DAMAGES.map(kind => [kind.name, kind] as const))('%s', (_name, kind) => {
  test('is found, and shown by a few lines as they stand in their files', () => {
    let seed = 1
    let damaged = damage(kind, seed)
    while (damaged === undefined && seed < 500) damaged = damage(kind, ++seed)
    expect(damaged, 'no trial that it can be done to').toBeDefined()
    const { witness } = found(kind, damaged as Damaged)
    expect(witness.length).toBeGreaterThan(0)
    expect(witness.length).toBeLessThanOrEqual(5)
    for (const { history, line, event } of witness) expect(damaged?.histories.find(({ name }) => name === history)?.events[line - 1]).toBe(event)
  })

  test('is found in whatever trial it is done to', () => {
    let done = 0
    fc.assert(fc.property(fc.integer(), (seed) => {
      const damaged = damage(kind, seed)
      if (damaged === undefined) return
      done++
      found(kind, damaged)
    }), { numRuns: Number(process.env['RUNS'] ?? 25) })
    expect(done).toBeGreaterThan(0)
  })
})
