import { expect, test } from 'vitest'
import { didYouMean } from '../../../src/daemon/did-you-mean.js'

const KEYS = ['listen', 'bootstrap', 'relay', 'logLevel', 'mesh']

test.each([['boostrap', 'bootstrap'], ['log-level', 'logLevel'], ['LISTEN', 'listen'], ['realy', 'relay'], ['mehs', 'mesh']])('%s means %s', (word, meant) => {
  expect(didYouMean(word, KEYS)).toBe(meant)
})

test.each(['', 'quota', 'x', 'broker'])('%j means none of them', (word) => {
  expect(didYouMean(word, KEYS)).toBeUndefined()
})
