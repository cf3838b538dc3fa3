import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lineFault } from '../../../src/check/parse.js'
import { SkeinError } from '../../../src/base/errors.js'
import { HistoryFile, type HistoryLine } from '../../../src/node/history-file.js'
import { bodyDigest, History } from '../../../src/node/history.js'
import type { ConsumerHandle } from '../../../src/inbox/inbox.js'
import type { Engine } from '../../../src/node/engine.js'
import type { BookListener } from '../../../src/store/log-book.js'
import type { LogState } from '../../../src/store/log-state.js'
import type { Store } from '../../../src/store/store.js'
import { ManualClock } from '../../support/manual-clock.js'

let dir = ''
let path = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skein-history-'))
  path = join(dir, 'history.jsonl')
})
afterEach(() => { rmSync(dir, { recursive: true, force: true }) })

const clock = new ManualClock()
const never = (error: Error): void => { throw error }
const written = (): Array<Record<string, unknown>> => readFileSync(path, 'utf8').split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Record<string, unknown>)

test('each life goes on in the file, behind whatever the one before left of its last line', () => {
  for (const expected of [false, true]) {
    const file = new HistoryFile({ path, clock, lost: never })
    expect(file.isContinued).toBe(expected)
    file.write({ type: 'rest' })
    file.close()
    writeFileSync(path, '{"type":"del', { flag: 'a' })
  }
  expect(readFileSync(path, 'utf8')).toMatch(/^\{"type":"rest","t":\d+\}\n\{"type":"del\n\{"type":"rest","t":\d+\}\n\{"type":"del$/)
})

test('what cannot be written is said once, and the history says that lines are missing as soon as there is room', () => {
  let room = true
  const told: string[] = []
  const put = (fd: number, bytes: Uint8Array, at: number): number => {
    if (room) return writeSync(fd, bytes, at)
    throw new Error('no space left')
  }
  const file = new HistoryFile({ path, clock, lost: ({ message }) => { told.push(message) }, put })
  const say = (detail: string): void => {
    file.write({ type: 'fault', fault: 'x', detail })
    file.flush()
  }
  say('1')
  room = false
  say('2')
  say('3')
  room = true
  say('4')
  say('5')
  room = false
  say('6')
  room = true
  say('7')
  file.close()
  expect(told).toEqual(['no space left'])
  expect(written().map(({ fault, detail }) => detail ?? fault)).toEqual(['1', 'history-lost', '4', '5', 'history-lost', '7'])
})

test('a file that cannot be opened is told before anything starts', () => {
  expect(() => new HistoryFile({ path: join(dir, 'no', 'file'), clock, lost: never })).toThrow(expect.objectContaining({ code: 'ERR_BAD_ARGUMENT' }) as Error)
})

test('lines are with the file before a commit that they led to begins', () => {
  const file = new HistoryFile({ path, clock, lost: never })
  const history = new History(file, 'life')
  const seen: unknown[] = []
  const store = history.before({ commit: () => { seen.push(written().map(({ type }) => type)) }, stats: () => ({ fileBytes: 7, usedBytes: 7 }) } as unknown as Store)
  history.unsubscribing('s')
  store.commit([], () => {})
  expect(seen).toEqual([['unsubscribe']])
  expect(store.stats().fileBytes).toBe(7)
  history.close()
})

test.each<[string, string]>([['ERR_STORE', 'unknown'], ['ERR_STORE_FULL', 'refused'], ['ERR_OUTBOX_FULL', 'refused'], ['ERR_PUBLISH_ID_DIFFERS', 'refused'], ['ERR_CLOSED', 'refused'], ['ERR_INTERNAL', 'unknown']])('a publish that ends with %s is %s', (code, outcome) => {
  const lines: HistoryLine[] = []
  const history = new History({ write: line => { lines.push(line) }, flush: () => {}, close: () => {} }, 'life')
  const record = { topic: 'a/b', body: Buffer.from('body'), contentType: '', headers: [], time: 1, expiresAt: 0, id: '' }
  let answered: unknown
  history.publishing(record, (error) => { answered = error?.code })(new SkeinError(code as 'ERR_STORE'))
  expect(answered).toBe(code)
  expect(lines).toEqual([{ type: 'publish', op: 'life-1', topic: 'a/b', body: bodyDigest(record.body), key: undefined }, { type: 'published', op: 'life-1', outcome, code }])
  for (const line of lines) expect(lineFault(JSON.parse(JSON.stringify(line)))).toBeUndefined()
})

test('neither subscriptions that nobody consumes any more nor logs that are forgotten leave anything behind in memory', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const usedBytes = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const history = new History({ write: () => {}, flush: () => {}, close: () => {} }, 'life')
  let changed: (log: LogState) => void = () => {}
  const book = { size: 0, all: () => [], listen: (listener: BookListener) => { changed = (log) => { listener.logChanged?.(log) } } }
  history.begin({ self: 'me', book, inbox: { info: () => [] } } as unknown as Engine, false, false)
  const handle: ConsumerHandle = { next: () => undefined, ack: () => {}, acked: () => Promise.resolve(), nack: () => {}, reject: () => {}, extend: () => {}, close: () => {} }
  const come = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const name = Buffer.from(`${i}`.padStart(400)).toString('latin1')
      history.consuming({ name, filters: [], mode: 'keyed', maxAttempts: 1 }, handle).close()
      changed({ own: true, key: `log${name}`, channel: name, trimmed: 7, incarnation: { number: 1, random: '00' } } as unknown as LogState)
    }
  }
  come(100)
  const before = usedBytes()
  come(20_000)
  expect(usedBytes() - before).toBeLessThan(4_000_000)
  history.close()
})
