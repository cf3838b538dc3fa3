import { connect, createServer, type Socket } from 'node:net'
import { lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ControlClient, ServerGone } from '../../../src/daemon/control-client.js'
import { PUBLISHING_MAX, type PublishAnswer, type WireDelivery } from '../../../src/daemon/control-protocol.js'
import { base64, fixture, textOf, until, type Fixture } from '../../support/cli-control.js'

let open: Fixture | undefined
afterEach(async () => {
  await open?.end()
  open = undefined
})

const start = async (...args: Parameters<typeof fixture>): Promise<Fixture> => { open = await fixture(...args); return open }

/** Both ends of a connection. */
async function pair (): Promise<{ client: Socket, server: Socket }> {
  const listener = createServer()
  await new Promise<void>((resolve) => { listener.listen(0, '127.0.0.1', resolve) })
  const accepted = new Promise<Socket>((resolve) => { listener.once('connection', resolve) })
  const client = connect({ port: (listener.address() as { port: number }).port, host: '127.0.0.1' })
  const server = await accepted
  listener.close()
  return { client, server }
}

/** A peer that speaks the protocol by hand. */
async function raw (path: string): Promise<{ socket: Socket, lines: Array<Record<string, unknown>>, closed: Promise<void> }> {
  const socket = connect({ path })
  const lines: Array<Record<string, unknown>> = []
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    const parts = text.split('\n')
    text = parts.pop() ?? ''
    lines.push(...parts.map((part) => JSON.parse(part) as Record<string, unknown>))
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => { socket.on('close', () => resolve()) })
  await until('hello', () => lines.length > 0)
  return { socket, lines, closed }
}

test.each(['null', '1', '{}', '{"code":null,"message":7}', '{"code":"toString"}'])('a command that is answered with the error %s fails with a code, and nothing is thrown where nobody catches it', async (error) => {
  const { client: near, server: far } = await pair()
  far.write(`${JSON.stringify({ event: 'hello', protocol: 1 })}\n`)
  const client = await ControlClient.over(near) as ControlClient
  const asked = client.call('status')
  far.write(`{"id":1,"error":${error}}\n`)
  await expect(asked).rejects.toMatchObject({ code: 'ERR_INTERNAL' })
  client.close()
  far.end()
})

test('the socket is its owner’s alone', async () => {
  const { dir } = await start()
  const socket = lstatSync(join(dir, 'control.sock'))
  expect(socket.isSocket()).toBe(true)
  expect(socket.mode & 0o777).toBe(0o600)
})

test('a publish is answered when it is done, and a refusal comes with code and hint', async () => {
  const { node, connect } = await start()
  const client = await connect()
  const answer = await client.publish({ topic: 'a/b', body: base64('x'), contentType: 'text/plain', headers: { h: '1' }, key: 'k', messageId: 'mine' })
  expect(answer).toMatchObject({ topic: 'a/b', channel: 'a', incarnation: '1-aa', position: 1, duplicate: false })
  expect(node.messages[0]?.options).toMatchObject({ contentType: 'text/plain', headers: { h: '1' }, key: 'k', id: 'mine' })
  await expect(client.publish({ topic: 'a/b', body: base64('x'.repeat(1025)) })).rejects.toMatchObject({ code: 'ERR_MESSAGE_TOO_LARGE', hint: 'Split it.' })
  await expect(client.publish({ topic: 'a/+', body: '' })).rejects.toMatchObject({ code: 'ERR_BAD_TOPIC' })
  await expect(client.publish({ topic: 'a', body: '?!' })).rejects.toMatchObject({ code: 'ERR_BAD_ARGUMENT' })
  await expect(client.publish({ topic: 'a', body: '', until: 'stored:x' })).rejects.toMatchObject({ code: 'ERR_USAGE' })
  await expect(client.call('nonsense')).rejects.toMatchObject({ code: 'ERR_BAD_ARGUMENT' })
  expect(node.messages).toHaveLength(1)
})

test('the wait for a level runs at the server, which first says that the message is on disk', async () => {
  const { node, connect } = await start()
  const client = await connect()
  const published: PublishAnswer[] = []
  await expect(client.publish({ topic: 'a', body: '', until: 'stored:1', timeoutMs: 20 }, (answer) => published.push(answer))).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
  expect(published).toHaveLength(1)
  node.storedBy = ['p']
  await expect(client.publish({ topic: 'a', body: '', until: 'stored:1' })).resolves.toMatchObject({ position: 2 })
  await client.call('receipt', { messageId: published[0]?.id, until: 'stored:1' })
})

test('many publishes are under way at a time, and no more than the bound', async () => {
  const { node, connect } = await start()
  const client = await connect()
  let release = (): void => {}
  node.hold = new Promise((resolve) => { release = resolve })
  let calls = 0
  const { publish } = node
  node.publish = async (...args) => { calls++; return await publish.apply(node, args) }
  const answers = Array.from({ length: 5_000 }, async (_, i) => client.publish({ topic: 'a', body: base64(String(i)) }))
  await until('the bound is reached', () => calls >= PUBLISHING_MAX)
  // Requests are answered in any order: were this one read, it would be answered.
  let answered = false
  const last = client.call('id').then(() => { answered = true })
  const other = await connect()
  await other.call('id')
  expect([calls, answered]).toEqual([PUBLISHING_MAX, false])
  release()
  await last
  await Promise.all(answers)
  expect(node.messages.map(({ body }) => Buffer.from(body).toString())).toEqual(Array.from({ length: 5_000 }, (_, i) => String(i)))
})

test('a feed delivers what it has credit for and takes no more from the node', async () => {
  const { node, connect } = await start()
  const client = await connect()
  for (let i = 0; i < 10; i++) await node.publish('a/b', String(i))
  const got: WireDelivery[] = []
  const feed = await client.subscribe({ filters: ['a/#'], name: 'n', from: 'earliest', credit: 3 }, { delivery: (delivery) => got.push(delivery), ended: () => {} })
  await until('three are there', () => got.length === 3)
  await feed.ack(got[0]?.token ?? 0, 2)
  await until('two more are there', () => got.length === 5)
  expect(got.map(textOf)).toEqual(['0', '1', '2', '3', '4'])
  expect(got.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1])
  expect(node.durables.get('n')?.attempts.size).toBe(5)
  await expect(feed.ack(got[0]?.token ?? 0)).rejects.toMatchObject({ code: 'ERR_DELIVERY_SETTLED' })
})

test('a delivery can be given back, rejected or kept longer, once', async () => {
  const { node, connect } = await start()
  const client = await connect()
  for (const text of ['1', '2']) await node.publish('a', text)
  const got: WireDelivery[] = []
  await client.subscribe({ filters: ['a'], name: 'n', from: 'earliest', credit: 2 }, { delivery: (delivery) => got.push(delivery), ended: () => {} })
  await until('both are there', () => got.length === 2)
  await client.call('extend', { feed: 1, token: got[0]?.token, ms: 1_000 })
  await client.call('reject', { feed: 1, token: got[0]?.token, reason: 'why' })
  await client.call('nack', { feed: 1, token: got[1]?.token, delayMs: 1, credit: 1 })
  await until('the second comes again', () => got.length === 3)
  expect(got[2]).toMatchObject({ position: 2, attempt: 2 })
  expect(Array.from(node.durables.get('n')?.settled ?? [])).toEqual([1])
  await expect(client.call('nack', { feed: 1, token: got[1]?.token })).rejects.toMatchObject({ code: 'ERR_DELIVERY_SETTLED' })
  await expect(client.call('reject', { feed: 1, token: got[2]?.token })).rejects.toMatchObject({ code: 'ERR_BAD_ARGUMENT' })
})

test('a client that dies frees what it had', async () => {
  const { node, connect, server } = await start()
  await node.publish('a', '1')
  await node.subscribe('a', { name: 'n', from: 'earliest' })
  const { socket, lines } = await raw(server.path ?? '')
  socket.write('{"id":1,"op":"subscribe","feed":1,"filters":["a"],"name":"n","credit":1}\n')
  await until('it is delivered', () => lines.some(({ event }) => event === 'delivery'))
  expect(node.durables.get('n')?.inFlight.size).toBe(1)
  socket.destroy()
  await until('it is free', () => node.durables.get('n')?.inFlight.size === 0)
  const client = await connect()
  const got: WireDelivery[] = []
  await client.subscribe({ filters: ['a'], name: 'n', credit: 1 }, { delivery: (delivery) => got.push(delivery), ended: () => {} })
  await until('it comes again', () => got.length === 1)
})

test('bye comes after what was under way, and what it leaves unanswered was not done', async () => {
  const { node, connect, closeServer } = await start('command')
  const client = await connect()
  await node.publish('a', 'first')
  const got: WireDelivery[] = []
  const feed = await client.subscribe({ filters: ['a'], name: 'n', from: 'earliest', credit: 5 }, { delivery: (delivery) => got.push(delivery), ended: () => {} })
  await until('it is delivered', () => got.length === 1)
  const done = client.publish({ topic: 'b', body: '' })
  const waiting = client.publish({ topic: 'b', body: '', until: 'stored:1' }).catch((error: unknown) => error)
  await done
  const closing = closeServer('yield')
  const late = client.publish({ topic: 'b', body: base64('late') }).catch((error: unknown) => error)
  await feed.ack(got[0]?.token ?? 0)
  await closing
  expect(await late).toMatchObject({ orderly: true, reason: 'yield' })
  expect(await waiting).toBeInstanceOf(ServerGone)
  expect(node.messages.map(({ body }) => Buffer.from(body).toString())).not.toContain('late')
  expect(node.durables.get('n')?.settled.size).toBe(1)
})

test('a connection that breaks promises nothing', async () => {
  const { connect, node } = await start()
  const client = await connect()
  node.hold = new Promise(() => {})
  const answer = client.publish({ topic: 'a', body: '' }).catch((error: unknown) => error)
  const { wire } = client as unknown as { wire: { destroy (): void } }
  wire.destroy()
  expect(await answer).toMatchObject({ orderly: false, code: 'ERR_UNREACHABLE' })
})

test('a daemon does not yield, a command does', async () => {
  const { connect } = await start('daemon')
  await expect((await connect()).call('yield')).rejects.toMatchObject({ code: 'ERR_DATA_DIR_IN_USE' })
  await open?.end()
  const command = await start('command')
  await (await command.connect()).call('yield')
  await until('it is told', () => command.yields.count === 1)
})

test.each([
  ['no JSON', 'hello\n'],
  ['no object', '[1]\n'],
  ['a line that never ends', 'x'.repeat(3 * 1024 * 1024)]
])('%s ends the connection and no other', async (_, text) => {
  const { server, connect } = await start()
  const client = await connect()
  const bad = await raw(server.path ?? '')
  bad.socket.write(text)
  await bad.closed
  await expect(client.call('id')).resolves.toMatchObject({ mesh: 'default' })
})

test('requests that are wrong in themselves are answered', async () => {
  const { server } = await start()
  const { socket, lines } = await raw(server.path ?? '')
  socket.write('{"op":"id"}\n{"id":1,"op":"ack","feed":7,"token":1}\n{"id":2,"op":"publish","topic":7,"body":""}\n{"id":3,"op":"subscribe","feed":1,"credit":1,"filters":"a"}\n{"id":4,"op":"__proto__"}\n')
  await until('all are answered', () => lines.length === 6)
  expect(lines.slice(1).map(({ error }) => (error as { code: string }).code).sort()).toEqual(['ERR_BAD_ARGUMENT', 'ERR_BAD_ARGUMENT', 'ERR_BAD_ARGUMENT', 'ERR_BAD_ARGUMENT', 'ERR_NOT_FOUND'])
  socket.destroy()
})

test('a directory with a long path has its socket elsewhere, in a private place, and leaves nothing behind', async () => {
  const long = (root: string): string => {
    const dir = join(root, 'x'.repeat(120))
    mkdirSync(dir)
    return dir
  }
  const { dir, connect, closeServer, server } = await start('daemon', long)
  const path = readFileSync(join(dir, 'control.path'), 'utf8')
  expect(server.path).toBe(path)
  expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100)
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
  expect(lstatSync(path).mode & 0o777).toBe(0o600)
  await expect((await connect()).call('id')).resolves.toMatchObject({ mesh: 'default' })
  await closeServer()
  expect(() => statSync(dirname(path))).toThrow(/ENOENT/)
  expect(() => statSync(join(dir, 'control.path'))).toThrow(/ENOENT/)
  expect(await ControlClient.connect(dir)).toBeUndefined()
})

test('a place that is not a private socket is not connected to', async () => {
  const { dir, closeServer } = await start()
  await closeServer()
  writeFileSync(join(dir, 'control.sock'), 'not a socket')
  await expect(ControlClient.connect(dir)).rejects.toMatchObject({ code: 'ERR_DATA_DIR_UNUSABLE' })
})

test('a socket that a dead process left is nobody’s, and is replaced', async () => {
  const { dir } = await start()
  const stale = await fixture()
  expect(await ControlClient.connect(stale.dir)).toBeDefined()
  await stale.end()
  expect(await ControlClient.connect(dir)).toBeDefined()
})

test('a client that reads nothing is not read from, and costs bounded memory', async () => {
  const { server, node } = await start()
  const { socket } = await raw(server.path ?? '')
  socket.pause()
  const request = `${JSON.stringify({ id: 1, op: 'dead.show', deadId: 's/1' })}\n`
  node.dead.push({ deadId: 's/1', subscription: 's', id: 'i', topic: 't', reason: 'r', attempts: 1, buriedAt: 1, publisher: 'p', incarnation: '1-a', channel: 't', position: 1, time: 1, contentType: '', headers: {}, key: undefined, body: Buffer.alloc(100_000) })
  let asked = 0
  const { deadLetter } = node
  node.deadLetter = (id) => { asked++; return deadLetter.call(node, id) }
  socket.write(request.repeat(1_000))
  let before = -1
  await until('it stops', async () => {
    const stopped = asked > 0 && asked === before
    before = asked
    await new Promise((resolve) => { setTimeout(resolve, 50) })
    return stopped
  })
  expect(asked).toBeLessThan(1_000)
  socket.resume()
  await until('all are answered', () => asked === 1_000)
  socket.destroy()
})
