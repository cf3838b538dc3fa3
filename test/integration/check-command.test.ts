import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkFiles } from '../../src/check/files.js'
import { parseLine } from '../../src/check/parse.js'
import type { HistoryEvent } from '../../src/check/event.js'
import { Trial, type TestHistory } from '../unit/check/trial.js'

const BIN = fileURLToPath(new URL('../../dist/check/main.js', import.meta.url))

let dir = ''
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'skein-check-')) })
afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

const textOf = ({ events }: TestHistory): string => events.map(event => `${JSON.stringify(event)}\n`).join('')

function write (histories: readonly TestHistory[]): string[] {
  return histories.map(history => {
    const path = join(dir, history.name)
    writeFileSync(path, textOf(history))
    return path
  })
}

function run (...args: string[]): { status: number | null, stdout: string, stderr: string } {
  const { status, stdout, stderr } = spawnSync(BIN, args, { encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('valid is 0 and one line', () => {
  const { status, stdout, stderr } = run(...write(new Trial(3).histories))
  expect(stdout).toMatch(/^valid: \d+ publishes, \d+ deliveries, \d+ acks, .*\n$/)
  expect([status, stderr]).toEqual([0, ''])
})

test('invalid is 1, the rule, a sentence, and each line that proves it with its file and number', () => {
  const { histories } = new Trial(3)
  const history = histories[0] as TestHistory
  const at = history.events.findIndex(({ type }) => type === 'ack')
  history.events.splice(at + 1, 0, history.events[at] as TestHistory['events'][number])
  const [path = '', ...others] = write(histories)
  const { status, stdout } = run(path, ...others)
  const line = JSON.stringify(history.events[at])
  expect(stdout.split('\n').slice(1)).toEqual(['', expect.stringMatching(/^settled-again: .* was settled twice$/), `  ${path}:${at + 1}: ${line}`, `  ${path}:${at + 2}: ${line}`, ''])
  expect(status).toBe(1)
  const json = run('--json', path, ...others)
  expect(json.status).toBe(1)
  expect(JSON.parse(json.stdout)).toMatchObject({ verdict: 'invalid', broken: { 'settled-again': 1 }, problems: [{ rule: 'settled-again', witness: [{ history: path, line: at + 1 }, { history: path, line: at + 2 }] }] })
})

test('unknown is 3 and says why; with --at-rest the end is the rest', () => {
  const { histories } = new Trial(3)
  for (const { events } of histories) events.pop()
  const paths = write(histories)
  const { status, stdout } = run(...paths)
  expect(stdout).toContain(`${paths[0]}: no rest line`)
  expect(status).toBe(3)
  expect(stdout).toContain('--at-rest')
  expect(run('--at-rest', ...paths).status).toBe(0)
})

test('of files that are no histories it says what they are', () => {
  const path = join(dir, 'x')
  const said = (bytes: string | Buffer): string[] => {
    writeFileSync(path, bytes)
    const { status, stdout } = run(path)
    expect(status).toBe(3)
    return stdout.trimEnd().split('\n').slice(1)
  }
  const nothing = '  there is nothing to check: no line of a history could be read'
  expect(said('')).toEqual([`  ${path}: the file is empty`, nothing])
  expect(said('\n\n')).toEqual([`  ${path}: the file is empty`, nothing])
  expect(said('hello')).toEqual([`  ${path}: its one line is not JSON`, nothing])
  expect(said(Buffer.from('\0\u00ff\n'.repeat(3000), 'latin1'))).toEqual([`  ${path}: this is no history: none of its 3000 lines can be read (line 1 is damaged: not JSON)`, nothing])
  expect(said('{"mesh":"a"}\n')).toEqual([`  ${path}: this is no history: its one line cannot be read (line 1: no line of type undefined is known)`, nothing])
})

test.each<[string, string | Buffer, RegExp]>([
  ['is empty', '', /: the file is empty$/m], ['has blank lines only', '\n \n', /: the file is empty$/m], ['has one cut line', '{"type":"start","vers', /: its one line is not JSON$/m],
  ['has bytes without a line', Buffer.from('\u00ff\0'.repeat(500), 'latin1'), /: its one line is not JSON$/m]
])('beside good histories a file that %s is a history that is missing: unknown, and what the others prove is still told', (_what, bytes, reason) => {
  const { histories } = new Trial(3)
  const none = join(dir, 'none.jsonl')
  writeFileSync(none, bytes)
  const { status, stdout } = run('--at-rest', ...write(histories), none)
  expect(stdout).toMatch(reason)
  expect(status).toBe(3)
  const { events } = histories[0] as TestHistory
  const at = events.findIndex(({ type }) => type === 'ack')
  events.splice(at + 1, 0, events[at] as TestHistory['events'][number])
  expect(run('--at-rest', none, ...write(histories))).toMatchObject({ status: 1, stdout: expect.stringContaining('settled-again: ') })
})

test('of many lines that cannot be read it tells some, and how many more there are', () => {
  const paths = write(new Trial(3).histories)
  writeFileSync(paths[0] as string, `${textOf(new Trial(3).histories[0] as TestHistory)}${'{"type":"nonsense"}\n'.repeat(1000)}`)
  const { stdout } = run(...paths)
  expect(stdout.match(/no line of type "nonsense" is known/g)).toHaveLength(5)
  expect(stdout).toContain(`${paths[0]}: 995 more lines cannot be read`)
})

test.each([
  ['no file', []], ['an unknown flag', ['--nope', 'x']], ['a clock skew that is no number', ['--clock-skew', 'soon', 'x']], ['a file twice', ['x', './x']], ['a file that is not there', ['nowhere.jsonl']], ['a directory', ['.']]
])('%s is 2, and nothing on stdout', (_what, args) => {
  const { status, stdout, stderr } = run(...args)
  expect(stderr).toMatch(/^skein-check: .+\n/)
  expect([status, stdout]).toEqual([2, ''])
})

test('--help and --version', () => {
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('skein-check FILE') })
  expect(run('--version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/) })
})

test('a reader that has gone is no error', async () => {
  const child = spawn(BIN, write(new Trial(3).histories), { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text })
  const status = await new Promise(resolve => { child.once('close', resolve) })
  expect([status, said]).toEqual([0, ''])
})

test('a line that was cut when its life ended is as good as none; anywhere else it takes the ground from a verdict', () => {
  const { histories } = new Trial(3)
  const paths = write(histories)
  const first = histories[0] as TestHistory
  const cut = '{"type":"deliver","subscr'
  const starts = first.events.flatMap(({ type }, i) => type === 'start' && i > 0 ? [i] : [])
  expect(starts.length).toBeGreaterThan(0)
  const lines = first.events.map(event => JSON.stringify(event))
  const put = (at: number, line: string): void => { writeFileSync(paths[0] as string, [...lines.slice(0, at), line, ...lines.slice(at)].join('\n')) }
  put(starts[0] as number, cut)
  expect(checkFiles(paths).verdict).toBe('valid')
  put(lines.length, cut)
  expect(checkFiles(paths).verdict).toBe('valid')
  put((starts[0] as number) - 1, cut)
  expect(checkFiles(paths)).toMatchObject({ verdict: 'unknown', reasons: [`${paths[0]}: line ${starts[0]} is damaged: not JSON`] })
  put(starts[0] as number, '{"type":"nonsense"}')
  expect(checkFiles(paths)).toMatchObject({ verdict: 'unknown', reasons: [expect.stringContaining('no line of type "nonsense" is known')] })
  put(3, `{"type":"fault","fault":"${'x'.repeat(2_000_000)}"}`)
  expect(checkFiles(paths)).toMatchObject({ verdict: 'unknown', reasons: [expect.stringContaining('line 4 is longer than 1 MiB')] })
})

test('a file says the same as its events, whatever the pieces it is read in', () => {
  const { histories } = new Trial(11, { nodes: 3, steps: 700 })
  const long = (history: TestHistory): TestHistory => ({ ...history, events: history.events.map(event => ({ ...event, note: 'ü'.repeat(300) })) as TestHistory['events'] })
  const verdict = checkFiles(write(histories.map(long)))
  expect(verdict.verdict).toBe('valid')
  expect(verdict.counts.lines).toBe(histories.reduce((sum, { events }) => sum + events.length, 0))
})

test.each<[string, string]>([
  ['not an object', '[1]'], ['without its type', '{"op":"1"}'], ['without a field', '{"type":"publish","op":"1","topic":"a"}'], ['with a field of another type', '{"type":"start","version":1,"node":7}'],
  ['with a position that is none', '{"type":"trim","incarnation":"1","channel":"a","through":0,"reason":"expired"}'], ['with a value that nobody knows', '{"type":"published","op":"1","outcome":"maybe"}'], ['cut', '{"type":"rest"']
])('a line %s is none', (_what, line) => { expect(parseLine(line)).toHaveProperty('fault') })

test('every line of a trial is a line', () => {
  for (const { events } of new Trial(5).histories) for (const event of events) expect(parseLine(JSON.stringify(event))).toEqual({ event: event as HistoryEvent })
})
