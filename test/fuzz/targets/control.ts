/** The control socket: lines, a whole connection of the daemon, and the client of it. */
import { SkeinError } from '../../../src/base/errors.js'
import { ControlClient } from '../../../src/daemon/control-client.js'
import { ControlServer } from '../../../src/daemon/control-server.js'
import { LineSplitter } from '../../../src/daemon/line-splitter.js'
import { peerOf } from '../../support/fake-crypto.js'
import type { Draw } from '../draw.js'
import { holds, type Target } from '../target.js'
import { feed, Pipe, turn } from './pipe.js'
import { someNode } from './node-of.js'

export const lines: Target = {
  name: 'line-splitter', what: 'lines of any bytes in any pieces: the same as cutting them at once, and nothing kept over the limit', shape: 'text', share: 50, bytesMax: 4096,
  make: draw => new Uint8Array(Buffer.from(draw.list(6, () => draw.text(30)).join('\n'))),
  words: ['\n', '\n\n', '\r\n'],
  run (bytes) {
    const splitter = new LineSplitter(64)
    const got: Array<Buffer | number> = []
    const take = (line: { readonly bytes: Buffer } | { readonly tooLong: number }): void => { got.push('bytes' in line ? Buffer.from(line.bytes) : line.tooLong) }
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const length = 1 + ((bytes[at] as number) + i) % 40
      splitter.push(bytes.subarray(at, at + length)).forEach(take)
      at += length
    }
    const last = splitter.end()
    if (last !== undefined) take(last)
    const parts = Buffer.from(bytes).toString('latin1').split('\n')
    if (parts.at(-1) === '') parts.pop()
    holds(parts.length === got.length, 'there are more lines, or fewer')
    parts.forEach((part, i) => {
      const line = got[i]
      holds(part.length > 64 ? line === part.length : line instanceof Buffer && line.toString('latin1') === part, 'a line is another')
    })
    return true
  }
}

const REQUESTS: ReadonlyArray<(draw: Draw, id: number) => object> = [
  (draw, id) => ({ id, op: 'publish', topic: draw.pick(['press/a', 'b']), body: Buffer.from(draw.bytes(draw.int(30))).toString('base64'), ...(draw.chance(0.3) ? { until: draw.pick(['stored:1', 'local', 'processed:x']), timeoutMs: 1 } : {}), ...(draw.chance(0.3) ? { headers: { a: 'b' }, key: 'k', messageId: draw.text(5, 1), expiresInMs: 1000, durability: draw.pick(['disk', 'none']) } : {}) }),
  (draw, id) => ({ id, op: 'subscribe', feed: draw.int(4), filters: [draw.pick(['press/#', '#', '+/a'])], credit: draw.int(20), ...(draw.chance(0.6) ? { name: draw.pick(['x', 'y']), from: draw.pick(['earliest', 'latest', 1] as const), maxInFlight: 4, ackTimeoutMs: 1000, maxAttempts: 3, change: true } : {}) }),
  (draw, id) => ({ id, op: draw.pick(['ack', 'nack', 'reject', 'extend']), feed: draw.int(4), token: draw.int(5), credit: draw.int(5), reason: 'no', delayMs: 1, ms: 1 }),
  (draw, id) => ({ id, op: 'unsubscribe', feed: draw.int(4) }),
  (draw, id) => ({ id, op: 'receipt', messageId: `${peerOf(1)}.1-${'0'.repeat(16)}.press.${1 + draw.int(3)}`, until: 'stored:1', timeoutMs: 1 }),
  (draw, id) => ({ id, op: draw.pick(['status', 'id', 'peers', 'outbox', 'inbox', 'subscriptions', 'yield']) }),
  (draw, id) => ({ id, op: 'subscription.rm', name: draw.pick(['x', 'y']) }),
  (draw, id) => ({ id, op: 'dead.ls', limit: draw.int(9), after: draw.pick(['x/1', 'x', '/']), subscription: 'x' }),
  (draw, id) => ({ id, op: draw.pick(['dead.show', 'dead.redrive']), deadId: `x/${draw.int(3)}` })
]

const WORDS = ['"id":', '"op":"publish"', '"op":', '"feed":', '"credit":1e308', '"token":', '"filters":[]', '"headers":{"__proto__":"x"}', '"__proto__":{"id":1}', '\n', '{}', '[]', 'null', '-1', '1e999', '"until":"stored:', '"from":', '"timeoutMs":', '"op":"toString"', '"op":"__proto__"', '"limit":']

const jsonLines = (list: readonly object[]): Uint8Array => new Uint8Array(Buffer.from(list.map(each => `${JSON.stringify(each)}\n`).join('')))

function checkAnswers (pipe: Pipe): void {
  const answered = new Set<number>()
  for (const [i, line] of pipe.lines().entries()) {
    const { event, id, ok, error } = line as { event?: string, id?: number, ok?: object, error?: { code: string } }
    if (i === 0) holds(event === 'hello', 'the first line is no hello')
    if (typeof id !== 'number' || (ok === undefined && error === undefined)) continue
    holds(error === undefined || error.code !== 'ERR_INTERNAL', `a request met a fault of the node’s own: ${JSON.stringify(error)}`)
    answered.add(id)
  }
}

export const server: Target = {
  name: 'control-server', what: 'a connection of the daemon’s control socket, over a whole node in memory: answers with codes, never a fault, and the next connection is served', shape: 'text', share: 4, bytesMax: 32_768,
  limits: { ms: 300, msPerKib: 100, bytes: 64 * 1024 * 1024, bytesPerByte: 8192 },
  make: draw => jsonLines(Array.from({ length: 1 + draw.int(8) }, (_, i) => draw.pick(REQUESTS)(draw, i + 1))),
  words: WORDS,
  async run (bytes) {
    const { node, close } = await someNode()
    const control = new ControlServer({ node, role: 'daemon', version: '0', onYield: () => {}, onShutdown: () => {} })
    const pipe = new Pipe()
    control.attach(pipe)
    feed(pipe, bytes)
    for (let i = 0; i < 6; i++) await turn()
    checkAnswers(pipe)
    const broken = pipe.destroyed || pipe.writableEnded
    const other = new Pipe()
    control.attach(other)
    other.push('{"id":7,"op":"id"}\n')
    for (let i = 0; i < 50 && !other.text.includes('"id":7'); i++) await turn()
    holds(other.text.includes('"id":7,"ok"'), 'the next connection is not served')
    other.destroy()
    pipe.destroy()
    await turn()
    await close()
    return !broken
  }
}

const ANSWERS: ReadonlyArray<(draw: Draw) => object> = [
  draw => ({ id: 1 + draw.int(4), ok: { id: 'x', position: 1 } }),
  draw => ({ id: 1 + draw.int(4), published: { id: 'x', position: 1 } }),
  draw => ({ id: 1 + draw.int(4), error: { code: draw.pick(['ERR_TIMEOUT', 'ERR_FROM_LATER', 'toString']), message: 'no', hint: 'none' } }),
  draw => ({ event: 'delivery', feed: 1, token: draw.int(9), id: 'x', topic: 'a', channel: 'a', body: 'aGk=', contentType: '', headers: {}, publisher: 'p', incarnation: '1-0', position: 1, time: 1, attempt: 1, late: false, ephemeral: false }),
  () => ({ event: 'ended', feed: 1, error: { code: 'ERR_CLOSED', message: 'gone' } }),
  draw => ({ event: 'bye', reason: draw.pick(['finished', 'yield', 'stopped']) }),
  () => ({ event: 'refused', error: { code: 'ERR_LIMIT', message: 'full' } })
]

const HELLO = { event: 'hello', protocol: 1, role: 'daemon', peerId: peerOf(1), mesh: 'default', version: '0', pid: 1 }

export const client: Target = {
  name: 'control-client', what: 'what a server says to a command: calls end with an answer or a code, never a stray error', shape: 'text', share: 10, bytesMax: 32_768,
  limits: { ms: 200, msPerKib: 50, bytes: 32 * 1024 * 1024, bytesPerByte: 4096 },
  make: draw => jsonLines([HELLO, ...Array.from({ length: 1 + draw.int(6) }, () => draw.pick(ANSWERS)(draw))]),
  words: ['"error":null', '"error":1', '"event":', '"published":null', '"ok":', '"id":1', '"feed":1', '"event":"delivery"', '"event":"hello"', 'null', '\n', '"__proto__":', '"code":null', '"protocol":2', '"protocol":null'],
  fussy: true,
  async run (bytes) {
    const pipe = new Pipe()
    const connecting = ControlClient.over(pipe)
    const settled = async (promise: Promise<unknown>): Promise<boolean> => promise.then(() => true, (error: unknown) => {
      if (!(error instanceof SkeinError)) throw error
      return false
    })
    let over = false
    void connecting.then(() => { over = true }, () => { over = true })
    // The hello first, so that there are calls under way when the rest comes.
    const first = bytes.indexOf(10) + 1
    feed(pipe, bytes.subarray(0, first))
    await turn()
    await turn()
    if (!over) {
      feed(pipe, bytes.subarray(first))
      pipe.push(null)
    }
    let client: ControlClient | undefined
    try {
      client = await connecting
    } catch (error) {
      if (!(error instanceof SkeinError)) throw error
    }
    if (client === undefined || pipe.readableEnded) {
      client?.close()
      pipe.destroy()
      return false
    }
    holds(client.hello.protocol === 1, 'another version is spoken')
    const calls = [client.call('status'), client.publish({ topic: 'a', body: '' }, () => {}), client.subscribe({ filters: ['a'], credit: 1 }, { delivery: () => {}, ended: () => {} }), client.call('id')].map(settled)
    feed(pipe, bytes.subarray(first))
    pipe.push(null)
    const outcomes = await Promise.all(calls)
    client.close()
    pipe.destroy()
    return outcomes.some(Boolean)
  }
}

