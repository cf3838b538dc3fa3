import { expect, test } from 'vitest'
import { formatLevel, parseLevel } from '../../../src/daemon/level.js'

const PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'

test.each(['local', 'stored:1', 'stored:12', `stored:${PEER}`, 'processed:historian', 'processed:a:b'])('%s is a level', (text) => {
  expect(formatLevel(parseLevel(text))).toBe(text)
})

test('stored alone means one node', () => {
  expect(parseLevel('stored')).toEqual({ kind: 'stored', by: 1 })
})

test.each(['', 'Local', 'local:1', 'stored:', 'stored:0', 'stored:1001', 'stored:nobody', 'processed', 'processed:', `processed:${'x'.repeat(129)}`, 'acked'])('%j is not', (text) => {
  expect(() => parseLevel(text)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
})
