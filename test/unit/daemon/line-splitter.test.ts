import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineSplitter, type Line } from '../../../src/daemon/line-splitter.js'

const LIMIT = 16

function split (chunks: readonly Buffer[]): Line[] {
  const splitter = new LineSplitter(LIMIT)
  const lines = chunks.flatMap((chunk) => splitter.push(chunk))
  const last = splitter.end()
  return last === undefined ? lines : [...lines, last]
}

const shown = (line: Line): string | number => 'bytes' in line ? line.bytes.toString('latin1') : line.tooLong

test('an empty line is a line, and the final newline ends the last one', () => {
  expect(split([Buffer.from('a\n\nb\n')]).map(shown)).toEqual(['a', '', 'b'])
  expect(split([Buffer.from('a\n\nb')]).map(shown)).toEqual(['a', '', 'b'])
  expect(split([Buffer.from('\n')]).map(shown)).toEqual([''])
  expect(split([])).toEqual([])
})

test('a line at the limit passes and one over it is reported alone', () => {
  const text = `${'x'.repeat(LIMIT)}\n${'y'.repeat(LIMIT + 1)}\nz\n`
  expect(split([Buffer.from(text)]).map(shown)).toEqual(['x'.repeat(LIMIT), LIMIT + 1, 'z'])
})

test('however a stream is cut into chunks, its lines are the same', () => {
  const byte = fc.oneof({ weight: 1, arbitrary: fc.constant(10) }, { weight: 4, arbitrary: fc.integer({ min: 0, max: 255 }) })
  fc.assert(fc.property(fc.array(byte, { maxLength: 200 }), fc.array(fc.nat(200), { maxLength: 20 }), (bytes, cuts) => {
    const whole = Buffer.from(bytes)
    const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length]
    const chunks = at.slice(1).map((end, i) => whole.subarray(at[i], end))
    const expected = whole.toString('latin1').split('\n')
    if (expected.at(-1) === '') expected.pop()
    expect(split(chunks).map(shown)).toEqual(expected.map((line) => line.length > LIMIT ? line.length : line))
  }))
})

test('what is dropped of a long line is not held', () => {
  const splitter = new LineSplitter(LIMIT)
  for (let i = 0; i < 10_000; i++) splitter.push(Buffer.alloc(1_000, 120))
  expect((splitter as unknown as { parts: Buffer[] }).parts).toEqual([])
  expect(splitter.end()).toEqual({ tooLong: 10_000_000 })
})
