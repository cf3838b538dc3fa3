import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseLine } from '../../src/check/parse.js'
import { MeshBench, until, type MeshPeer } from '../support/mesh-bench.js'

const BIN = fileURLToPath(new URL('../../dist/check/main.js', import.meta.url))

interface Answer { verdict: string, reasons?: string[], problems?: Array<{ rule: string, message: string, witness: Array<{ history: string, line: number }> }>, counts: Record<string, number> }

/** Runs the command itself. */
function check (...args: string[]): { status: number | null, answer: Answer } {
  const { status, stdout, stderr } = spawnSync(BIN, ['--json', ...args], { encoding: 'utf8' })
  if (stdout === '') throw new Error(stderr)
  return { status, answer: JSON.parse(stdout) as Answer }
}

describe('real nodes record what they do', () => {
  let bench: MeshBench
  beforeEach(() => { bench = new MeshBench() })
  afterEach(async () => { await bench.close() })

  const historyOf = (name: string): string => join(bench.dir, `${name}.jsonl`)
  const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').filter(line => line !== '')

  async function untilAll (publisher: MeshPeer, subscriber: MeshPeer, sub: string): Promise<void> {
    await until('everything published to be delivered', () => {
      const got = new Set(subscriber.lines('delivered', sub).map(({ id }) => id))
      return publisher.lines('published').filter(({ id }) => !got.has(id)).length
    }, missing => missing === 0)
    await subscriber.untilSettled(sub)
  }

  test('two nodes, both killed under load and started again, leave histories that are valid, and invalid with one line less', async () => {
    const publisher = await bench.peer('publisher', { history: historyOf('publisher') }).start()
    const subscriber = await bench.peer('subscriber', { bootstrap: [publisher.address], history: historyOf('subscriber') }).start()
    await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' })
    await publisher.load({ topics: ['orders/new'], count: 100_000, bytes: 200, outstanding: 20, label: 'one', perTurn: 4 })
    await subscriber.untilAcked(300)
    await subscriber.kill()
    await subscriber.start()
    await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' })
    await subscriber.untilAcked(300)
    await publisher.kill()
    await publisher.start()
    await publisher.load({ topics: ['orders/new'], count: 200, label: 'two' })
    await publisher.untilLoaded()
    await untilAll(publisher, subscriber, 'billing')
    const last = publisher.lines('published').at(-1)?.id ?? ''
    await publisher.stored(last, { by: subscriber.peerId })
    await publisher.processed(last, { by: 'billing' })
    // One that its handler rejects, delivered again by an operator.
    await subscriber.subscribe('stock/#', { name: 'letters', from: 'earliest' }, { settle: ['reject', 'ack'] })
    await publisher.publish('stock/new', 'bad')
    const [letter] = await until('a dead letter', () => subscriber.deadLetters(), letters => letters.length === 1)
    await subscriber.closeSubscription('letters')
    await subscriber.redrive(letter?.deadId ?? '')
    await subscriber.subscribe('stock/#', { name: 'letters', from: 'earliest' }, { as: 'again' })
    await until('the letter to be settled', () => subscriber.deadLetters(), letters => letters.length === 0)
    await subscriber.untilSettled('letters')
    await publisher.close()
    await subscriber.close()

    const files = [historyOf('publisher'), historyOf('subscriber')]
    for (const line of files.flatMap(linesOf)) expect(parseLine(line)).toHaveProperty('event')
    const { status, answer } = check('--at-rest', ...files)
    expect(answer).toMatchObject({ verdict: 'valid', counts: { histories: 2, lives: 4, deadLetters: 1 } })
    expect(answer.counts['deliveries']).toBeGreaterThan(500)
    expect(status).toBe(0)
    expect(check(...files)).toMatchObject({ status: 3, answer: { verdict: 'unknown' } })

    const [, path = ''] = files
    const whole = linesOf(path)
    const at = whole.findIndex((line, i) => i > whole.length / 2 && line.includes('"type":"ack"'))
    const message = (JSON.parse(whole[at] as string) as { message: string }).message
    writeFileSync(path, whole.filter(line => !line.includes(message) || !line.includes('"type":"deliver"')).join('\n') + '\n')
    const damaged = check('--at-rest', ...files)
    expect(damaged).toMatchObject({ status: 1, answer: { verdict: 'invalid' } })
    expect(damaged.answer.problems?.map(({ rule }) => rule)).toEqual(['settled-unseen'])
  })
})
