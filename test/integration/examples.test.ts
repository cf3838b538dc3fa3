import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Run } from '../support/run.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

let dir: string
let runs: Run[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skein-examples-'))
  runs = []
})

afterEach(async () => {
  await Promise.all(runs.map(async run => { await run.kill() }))
  rmSync(dir, { recursive: true, force: true })
})

function example (file: string, ...args: string[]): Run {
  const run = new Run(process.execPath, [join('examples', file), ...args], { cwd: ROOT, env: { TMPDIR: dir, DATA_DIR: join(dir, 'data'), PORT: '0' } })
  runs.push(run)
  return run
}

test('hello: a message is published, received, stored and processed', async () => {
  const run = example('hello.mjs')
  await run.succeeded()
  // Which of the two nodes prints first is for them to settle.
  expect(run.stdout.trimEnd().split('\n').sort()).toEqual([
    'processed: the historian has handled it',
    'published: it is on the disk of the sensor',
    'received press/4/temperature: 81.2 °C',
    'stored: it is on the disk of the desk'
  ])
})

test('catch-up: who was away gets what it missed, in order and once', async () => {
  const run = example('catch-up/run.mjs')
  await run.succeeded()
  expect(run.stdout).toBe([
    'the office was there and received [ 1, 2, 3 ]',
    'while it was away, the shop published 4 to 8',
    'the office came back and received [ 4, 5, 6, 7, 8, 9 ]',
    ''
  ].join('\n'))
})

describe('two terminals', () => {
  test('a subscriber prints what is typed, also what was typed while it was away', async () => {
    const publisher = example('two-terminals/publisher.mjs')
    const [, file = '', address = ''] = await publisher.until(/node examples\/(\S+) (\S+)$/m)
    const subscriber = example(file, address)
    publisher.write('first\n')
    await subscriber.until(/^first$/m)
    subscriber.signal('SIGINT')
    await subscriber.succeeded()
    await publisher.until(/has left/)
    publisher.write('second\nthird\n')
    const again = example(file, address)
    await again.until(/^second\nthird$/m)
    expect(again.stdout).not.toContain('first')
    publisher.endInput()
    await publisher.succeeded()
  })

  test('a subscriber without an address says how to use it', async () => {
    const run = example('two-terminals/subscriber.mjs')
    expect((await run.ended()).status).toBe(2)
    expect(run.stderr).toContain('Usage: ')
  })
})

describe('HTTP server', () => {
  interface Answer { readonly id: string, readonly duplicate: boolean, readonly processed: ReadonlyArray<{ readonly name: string }>, readonly code: string }

  let server: Run
  let base: string

  beforeEach(async () => {
    server = example('http-server/server.mjs')
    base = (await server.until(/listening on (\S+)/))[1] ?? ''
  })

  const post = (body: string, headers: Record<string, string> = {}): Promise<Response> => fetch(`${base}/orders`, { method: 'POST', body, headers })
  const json = async (response: Response): Promise<Answer> => await response.json() as Answer

  test('answers when the order is durable, tells how far it got, and counts a repeated one once', async () => {
    const response = await post('{"item":"lamp"}', { 'idempotency-key': 'a' })
    expect(response.status).toBe(202)
    const { id, duplicate } = await json(response)
    expect([response.headers.get('location'), duplicate]).toEqual([`/orders/${id}`, false])
    await server.until(/^kitchen: \{"item":"lamp"\}$/m)
    await expect.poll(async () => (await json(await fetch(`${base}/orders/${id}`))).processed.map(({ name }) => name), { timeout: 10_000 }).toEqual(['kitchen'])
    expect(await json(await post('{"item":"lamp"}', { 'idempotency-key': 'a' }))).toEqual({ id, duplicate: true })
    expect((await post('{"item":"desk"}', { 'idempotency-key': 'a' })).status).toBe(409)
    server.signal('SIGTERM')
    await server.succeeded()
    expect(server.stdout.match(/^kitchen: /gm)).toHaveLength(1)
  })

  test('refuses what is no order, and what it does not know', async () => {
    expect((await post('nonsense')).status).toBe(400)
    expect((await post(JSON.stringify('x'.repeat(70_000)))).status).toBe(413)
    expect((await fetch(`${base}/orders/nonsense`)).status).toBe(400)
    expect((await fetch(`${base}/orders/%zz`)).status).toBe(400)
    expect((await fetch(`${base}/orders`, { method: 'DELETE' })).status).toBe(405)
    expect((await fetch(`${base}/elsewhere`)).status).toBe(404)
  })
})
