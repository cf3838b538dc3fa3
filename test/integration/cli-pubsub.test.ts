import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { createNode } from '../../src/index.js'
import { until } from '../support/cli-control.js'
import { Lab, type Finished, type Run } from '../support/cli-process.js'

const lab = new Lab()
afterEach(async () => { await lab.clean() })

const json = ({ out }: Finished): Array<Record<string, any>> => out.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, any>)

async function subscribed (args: readonly string[]): Promise<Run> {
  const run = lab.start(['sub', ...args])
  await run.until('it is subscribed', () => run.err.includes('subscribed'))
  return run
}

const numbers = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join('')

describe('through a daemon', () => {
  test('what pub says of a message and what sub writes of it fit together', async () => {
    const { dir, peerId } = await lab.daemon(lab.dir())
    const published = json(await lab.skein(['pub', 'press/4/temperature', '81.2', '-H', 'unit:C', '-H', 'by: hand', '--key', 'press-4', '--json', '--data', dir]))
    expect(published).toEqual([{
      id: expect.stringMatching(new RegExp(`^${peerId}\\.\\d+-[0-9a-f]+\\.press\\.1$`)),
      topic: 'press/4/temperature',
      channel: 'press',
      incarnation: expect.stringMatching(/^\d+-[0-9a-f]+$/),
      position: 1,
      receipt: 'local'
    }])
    const got = await lab.skein(['sub', 'press/+/temperature', '--durable', 'historian', '--from', 'earliest', '-C', '1', '-W', '10s', '--json', '--data', dir])
    expect(got.status).toBe(0)
    expect(json(got)).toEqual([{
      topic: 'press/4/temperature',
      body: '81.2',
      headers: { unit: 'C', by: 'hand' },
      key: 'press-4',
      publisher: peerId,
      position: 1,
      id: published[0]?.['id'],
      time: expect.closeTo(Date.now(), -5),
      attempt: 1,
      channel: 'press',
      incarnation: published[0]?.['incarnation'],
      contentType: 'text/plain'
    }])
  })

  test('bytes come out as they went in', async () => {
    const { dir } = await lab.daemon(lab.dir())
    const bytes = Buffer.from([0, 255, 254, 10, 128])
    await lab.skein(['pub', 'raw', '-f', '-', '--data', dir], { input: bytes })
    const got = await lab.skein(['sub', 'raw', '--durable', 'n', '--from', 'earliest', '-C', '1', '--json', '--data', dir])
    expect(json(got)[0]).toMatchObject({ bodyBase64: bytes.toString('base64'), contentType: 'application/octet-stream' })
    expect(json(got)[0]).not.toHaveProperty('body')
  })

  test('a durable name goes on where it was, and what was fetched beyond -C counts no attempt', async () => {
    const { dir } = await lab.daemon(lab.dir())
    await lab.skein(['pub', 'n', '-l', '--data', dir], { input: numbers(1, 300) })
    const take = async (count: number): Promise<Array<Record<string, any>>> => json(await lab.skein(['sub', 'n', '--durable', 'd', '--from', 'earliest', '-C', String(count), '--json', '--data', dir]))
    const all = [...await take(5), ...await take(100), ...await take(195)]
    expect(all.map(({ body }) => Number(body))).toEqual(Array.from({ length: 300 }, (_, i) => i + 1))
    expect(new Set(all.map(({ attempt }) => attempt))).toEqual(new Set([1]))
    const { out } = await lab.skein(['subscription', 'ls', '--json', '--data', dir])
    expect(JSON.parse(out)).toMatchObject({ name: 'd', lag: 0, acked: 300, redelivered: 0 })
  })

  test('a consumer killed with -9 loses nothing: what it had comes to the next one', async () => {
    const { dir } = await lab.daemon(lab.dir())
    await lab.skein(['pub', 'n', '-l', '--data', dir], { input: numbers(1, 2_000) })
    const first = await subscribed(['n', '--durable', 'd', '--from', 'earliest', '--data', dir])
    await first.until('some have come', () => first.out.length > 1_000)
    first.kill('SIGKILL')
    await first.finished
    const { out } = await lab.skein(['sub', 'n', '--durable', 'd', '-W', '1500ms', '--data', dir])
    const seen = new Set((first.out.slice(0, first.out.lastIndexOf('\n') + 1) + out).split('\n').filter((line) => line !== ''))
    expect(seen.size).toBe(2_000)
  })

  test('an id of the caller’s counts once', async () => {
    const { dir } = await lab.daemon(lab.dir())
    const publish = async (): Promise<Finished> => lab.skein(['pub', 'a', 'x', '--id', 'order-17', '--json', '--data', dir])
    expect((await publish()).out).toBe((await publish()).out)
    expect(await lab.skein(['pub', 'a', 'y', '--id', 'order-17', '--data', dir])).toMatchObject({ status: 1, err: expect.stringContaining('ERR_PUBLISH_ID_DIFFERS') })
  })

  test('a body comes from an argument, -m, a file or stdin, and verbose writes the topic', async () => {
    const { dir } = await lab.daemon(lab.dir())
    const sub = await subscribed(['-t', 'b/#', '-v', '-C', '5', '--data', dir])
    await lab.skein(['pub', 'b/1', 'argument', '--data', dir])
    await lab.skein(['pub', '-t', 'b/2', '-m', 'flag', '--data', dir])
    await lab.skein(['pub', 'b/3', '-f', 'package.json', '--data', dir])
    await lab.skein(['pub', 'b/4', '--data', dir], { input: 'stdin' })
    await lab.skein(['pub', 'b/5', '--ephemeral', 'now', '--data', dir])
    const { out } = await sub.finished
    expect(out).toMatch(/^b\/1 argument\nb\/2 flag\nb\/3 \{\n[^]*\}\n\nb\/4 stdin\nb\/5 now\n$/)
  })

  test('tens of thousands of lines pass in order', async () => {
    const { dir } = await lab.daemon(lab.dir())
    const input = numbers(1, 30_000)
    const published = await lab.skein(['pub', 'n', '-l', '--json', '--data', dir], { input })
    expect(published.status).toBe(0)
    expect(json(published).map(({ position }) => position)).toEqual(Array.from({ length: 30_000 }, (_, i) => i + 1))
    const got = await lab.skein(['sub', 'n', '--durable', 'd', '--from', 'earliest', '-C', '30000', '--data', dir])
    expect(got.out === input).toBe(true)
  })
})

test('a daemon killed with -9 under pub -l: what was answered is there, the rest is said to be unknown', async () => {
  const dir = lab.dir()
  const first = await lab.daemon(dir)
  const pub = lab.start(['pub', 'n', '-l', '--json', '--data', dir])
  let next = 1
  const feed = setInterval(() => { pub.child.stdin?.write(numbers(next, (next += 500) - 1)) }, 5)
  await pub.until('some are answered', () => pub.out.length > 100_000)
  first.run.kill('SIGKILL')
  const { status, err } = await pub.finished
  clearInterval(feed)
  expect(err).toMatch(/the connection to the node was lost: [\d,]+ messages? may or may not be in the outbox \[ERR_UNREACHABLE\]/)
  expect(status).toBe(69)
  await lab.daemon(dir)
  const answered = pub.lines.length
  const got = await lab.skein(['sub', 'n', '--durable', 'd', '--from', 'earliest', '-C', String(answered), '-W', '20s', '--data', dir])
  expect(got.out === numbers(1, answered)).toBe(true)
})

test('a message with an id of its own is sent again when the daemon comes back, and counts once', async () => {
  const dir = lab.dir()
  const first = await lab.daemon(dir)
  const pub = lab.start(['pub', 'n', 'x', '--id', 'mine', '--until', 'processed:d', '--timeout', '20s', '--data', dir], { input: '' })
  await until('it is in the outbox', async () => JSON.parse((await lab.skein(['status', '--json', '--data', dir])).out).outbox.records === 1)
  first.run.kill('SIGKILL')
  await pub.until('it waits', () => pub.err.includes('waiting 10s'))
  await lab.daemon(dir)
  const got = await lab.skein(['sub', 'n', '--durable', 'd', '--from', 'earliest', '-C', '1', '-W', '20s', '--data', dir])
  expect(got).toMatchObject({ status: 0, out: 'x\n' })
  expect(await pub.finished).toMatchObject({ status: 0 })
  const { out } = await lab.skein(['status', '--json', '--data', dir])
  expect(JSON.parse(out)).toMatchObject({ outbox: { records: 1 } })
})

describe('without a daemon', () => {
  test('pub is a node itself and waits until another has stored the message', async () => {
    const daemon = await lab.daemon(lab.dir())
    const published = await lab.skein(['pub', 'a/b', 'hello', '--data', lab.dir(), '--bootstrap', daemon.address, '--json'])
    expect(published.status).toBe(0)
    expect(json(published)).toMatchObject([{ topic: 'a/b', receipt: 'stored' }])
    const got = await lab.skein(['sub', 'a/#', '--durable', 'd', '--from', 'earliest', '-C', '1', '--json', '--data', daemon.dir])
    expect(json(got)[0]?.['id']).toBe(json(published)[0]?.['id'])
  })

  test('with nobody there it ends with 75, and the message goes out with the next node on the directory', async () => {
    const dir = lab.dir()
    const { status, err } = await lab.skein(['pub', 'a', 'patient', '--timeout', '300ms', '--data', dir])
    expect(err).toContain(`it stays in the outbox [ERR_TIMEOUT]\n  hint: It goes out when a node runs on ${dir}: skein daemon --data ${dir}`)
    expect(status).toBe(75)
    const other = await lab.daemon(lab.dir())
    await lab.daemon(dir, ['--bootstrap', other.address])
    expect(await lab.skein(['sub', 'a', '--durable', 'd', '--from', 'earliest', '-C', '1', '-W', '20s', '--data', other.dir])).toMatchObject({ status: 0, out: 'patient\n' })
  })

  test('processed waits for the named subscription, wherever it is', async () => {
    const daemon = await lab.daemon(lab.dir())
    const sub = await subscribed(['jobs/#', '--durable', 'worker', '--data', daemon.dir])
    const published = await lab.skein(['pub', 'jobs/1', 'work', '--until', 'processed:worker', '--data', lab.dir(), '--bootstrap', daemon.address, '--json'])
    expect(published.status).toBe(0)
    expect(json(published)[0]).toMatchObject({ receipt: 'processed' })
    expect(sub.out).toBe('work\n')
  })

  test('a second command on the directory goes through the first', async () => {
    const dir = lab.dir()
    const sub = await subscribed(['a/#', '-C', '1', '--data', dir])
    expect(await lab.skein(['pub', 'a/b', 'neighbour', '--until', 'local', '--data', dir])).toMatchObject({ status: 0 })
    expect(await sub.finished).toMatchObject({ status: 0, out: 'neighbour\n' })
  })
})

test('dead letters are listed, shown and delivered again, with no daemon too', async () => {
  const dir = lab.dir()
  const node = await createNode({ dataDir: dir, listen: [] })
  const buried = once(node as unknown as NodeJS.EventEmitter, 'message:buried')
  await node.consume('orders/#', { name: 'billing', from: 'earliest' }, async (delivery) => delivery.reject('no such customer'))
  await node.publish('orders/new', { customer: 7 }, { headers: { source: 'web' } })
  await buried
  await node.close()
  const [letter] = json(await lab.skein(['dead', 'ls', '--json', '--data', dir]))
  expect(letter).toMatchObject({ subscription: 'billing', topic: 'orders/new', reason: 'no such customer', attempts: 1, bodyBytes: 14 })
  const deadId = letter?.['deadId'] as string
  expect(json(await lab.skein(['dead', 'show', deadId, '--json', '--data', dir]))).toMatchObject([{ deadId, body: '{"customer":7}', headers: { source: 'web' } }])
  expect(await lab.skein(['dead', 'show', deadId, '--data', dir])).toMatchObject({ status: 0, out: expect.stringMatching(/^reason +no such customer$/m) })
  expect(await lab.skein(['dead', 'show', deadId, '--body', '--data', dir])).toMatchObject({ out: '{"customer":7}' })
  const daemon = await lab.daemon(dir)
  expect((await lab.skein(['dead', 'ls', '--data', dir])).out).toMatch(/^DEAD ID .*\nbilling\/1 .* no such customer\n$/)
  expect(await lab.skein(['dead', 'redrive', '--all', 'billing', '--data', dir])).toMatchObject({ status: 0, err: 'skein: 1 dead letter delivered again\n' })
  const again = await lab.skein(['sub', 'orders/#', '--durable', 'billing', '-C', '1', '-W', '10s', '--json', '--data', dir])
  expect(json(again)).toMatchObject([{ body: '{"customer":7}', attempt: 1, contentType: 'application/json' }])
  expect(await lab.skein(['dead', 'ls', '--data', dir])).toMatchObject({ status: 0, out: '', err: 'skein: no dead letters\n' })
  expect(await lab.skein(['subscription', 'rm', 'billing', '--data', dir])).toMatchObject({ status: 0 })
  expect((await lab.skein(['subscription', 'ls', '--json', '--data', dir])).out).toBe('')
  expect(daemon.run.ended).toBe(false)
})

describe('one directory, one process', () => {
  test('commands make room for a daemon and go on through it, and nothing is lost or doubled', async () => {
    const dir = lab.dir()
    const sub = await subscribed(['n', '--durable', 'd', '--from', 'earliest', '-C', '40000', '--data', dir])
    const pub = lab.start(['pub', 'n', '-l', '--until', 'local', '--data', dir])
    pub.child.stdin?.write(numbers(1, 20_000))
    await sub.until('they come', () => sub.out.length > 1_000)
    const daemon = await lab.daemon(dir)
    pub.child.stdin?.end(numbers(20_001, 40_000))
    expect(await pub.finished).toMatchObject({ status: 0 })
    expect(await sub.finished).toMatchObject({ status: 0 })
    expect(sub.out === numbers(1, 40_000)).toBe(true)
    expect(sub.err).toContain('making room for a daemon')
    expect(daemon.run.ended).toBe(false)
  })

  test('whoever goes through a command goes on without it', async () => {
    const dir = lab.dir()
    const first = await subscribed(['n', '-C', '1', '--data', dir])
    const second = await subscribed(['n', '--durable', 'd', '-C', '2', '--data', dir])
    await lab.skein(['pub', 'n', 'one', '--until', 'local', '--data', dir])
    expect(await first.finished).toMatchObject({ status: 0, out: 'one\n' })
    await second.until('it has moved', () => second.err.includes('going on'))
    await lab.skein(['pub', 'n', 'two', '--until', 'local', '--data', dir])
    expect(await second.finished).toMatchObject({ status: 0, out: 'one\ntwo\n' })
  })

  test('a durable sub outlives a restart of its daemon', async () => {
    const dir = lab.dir()
    const first = await lab.daemon(dir)
    const sub = await subscribed(['n', '--durable', 'd', '-C', '2', '--data', dir])
    await lab.skein(['pub', 'n', 'one', '--data', dir])
    await sub.until('one is there', () => sub.out === 'one\n')
    first.run.kill('SIGTERM')
    await first.run.finished
    await lab.daemon(dir)
    await lab.skein(['pub', 'n', 'two', '--data', dir])
    expect(await sub.finished).toMatchObject({ status: 0, out: 'one\ntwo\n' })
  })

  test('a lock whose holder does not listen is waited for, then it is 75', async () => {
    const dir = lab.dir()
    await lab.skein(['pub', 'a', 'x', '--until', 'local', '--data', dir])
    const holder = lab.start([dir], { program: new URL('../support/cli-lock-holder.mjs', import.meta.url).pathname })
    await once(holder.child.stdout ?? holder.child, 'data')
    const startedAt = performance.now()
    const pub = lab.skein(['pub', 'a', 'x', '--data', dir])
    const status = lab.skein(['status', '--data', dir])
    expect(await pub).toMatchObject({ status: 75, err: expect.stringContaining('ERR_DATA_DIR_IN_USE') })
    expect(await status).toMatchObject({ status: 75, err: expect.stringContaining('ERR_DATA_DIR_IN_USE') })
    expect(performance.now() - startedAt).toBeGreaterThan(9_000)
    expect((await pub).err).toContain('waiting up to 10s')
    holder.kill('SIGTERM')
  })

  test('one that lets go in time is not in the way', async () => {
    const dir = lab.dir()
    const holder = lab.start([dir], { program: new URL('../support/cli-lock-holder.mjs', import.meta.url).pathname })
    await once(holder.child.stdout ?? holder.child, 'data')
    const pub = lab.start(['pub', 'a', 'x', '--until', 'local', '--data', dir], { input: '' })
    await until('it waits', () => pub.err.includes('waiting up to 10s'))
    holder.kill('SIGTERM')
    expect(await pub.finished).toMatchObject({ status: 0 })
  })
})
