import { expect, test } from 'vitest'
import { formatBytes, formatDuration, parseBytes, parseDuration, parseWait } from '../../../src/daemon/duration.js'

test.each([['500ms', 500], ['10s', 10_000], ['1.5s', 1_500], ['2m', 120_000], ['1h', 3_600_000], ['7d', 604_800_000], ['0s', 0]])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text, 'x')).toBe(ms)
})

test.each(['', '10', 's', '-1s', '1 s', '1e3s', '10seconds', '1s2', '9999999999999999d'])('%j is no duration', (text) => {
  expect(() => parseDuration(text, '--wait')).toThrow(expect.objectContaining({ code: 'ERR_BAD_ARGUMENT', message: expect.stringContaining('--wait') }))
})

test('a wait that a timer cannot keep is refused instead of firing at once', () => {
  expect(parseWait('24d', 'x')).toBe(24 * 86_400_000)
  expect(() => parseWait('25d', 'x')).toThrow(/too long/)
})

test.each([['1', 1], ['64KiB', 65_536], ['1 MiB', 1_048_576], ['1.5GiB', 1_610_612_736]])('%s is %d bytes', (text, bytes) => {
  expect(parseBytes(text, 'x')).toBe(bytes)
})

test.each(['', '1KB', '-1', '1.5.2', 'KiB'])('%j is no size', (text) => {
  expect(() => parseBytes(text, 'x')).toThrow(expect.objectContaining({ code: 'ERR_BAD_ARGUMENT' }))
})

test('durations and sizes are shown short', () => {
  expect([0, 999, 1_000, 1_500, 61_000, 3_600_000, 90_061_000].map(formatDuration)).toEqual(['0ms', '999ms', '1s', '1.5s', '1m 1s', '1h', '1d 1h'])
  expect([0, 1023, 1024, 1536, 1_048_576, 5e12].map(formatBytes)).toEqual(['0 B', '1023 B', '1 KiB', '1.5 KiB', '1 MiB', '4.5 TiB'])
})
