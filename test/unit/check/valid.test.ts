import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkHistories } from '../../../src/check/check.js'
import { Trial } from './trial.js'

test('whatever happens in a trial that went well, its histories are valid', () => {
  fc.assert(fc.property(fc.integer(), (seed) => {
    const verdict = checkHistories(new Trial(seed).histories, { clockSkewMs: 0 })
    expect(verdict, JSON.stringify(verdict, undefined, 2)).toMatchObject({ verdict: 'valid' })
  }), { numRuns: Number(process.env['RUNS'] ?? 200) })
})
