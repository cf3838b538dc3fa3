/** `skein pub`: publishes a message, or one a line of stdin. */
import { channelOf, checkTopic } from '../../message/topic.js'
import type { MeshNode } from '../../node/api.js'
import type { PublishArgs } from '../../daemon/control-protocol.js'
import { formatDuration, parseDuration, parseWait } from '../../daemon/duration.js'
import { formatLevel, parseLevel, type Level } from '../../daemon/level.js'
import { resolveSettings } from '../../daemon/settings.js'
import { bodyOf, readAll, readFileBody, readLines, type BodyOrBadLine } from '../bodies.js'
import { switchFlag, textFlag, textFlags, type Command, type Context, type Invocation } from '../command.js'
import { HELP_FLAG, JSON_FLAG, NODE_FLAGS, QUIET_FLAG } from '../flags.js'
import { usage } from '../parse.js'
import { PubReporter } from '../pub-reporter.js'
import { Publisher } from '../publisher.js'
import { Session } from '../session.js'

const TIMEOUT_MS = 10_000
const INTERRUPT_WAIT_MS = 2_000
/** How long a message may wait for a neighbour before the command says what it waits for. */
const LONELY_MS = 2_000

export const command: Command = {
  name: 'pub',
  summary: 'Publish a message, or one a line of stdin.',
  text: `Through the daemon on the data directory if one runs; else this command is a node for as long as it takes.
Without BODY, -l or -f the body is read from stdin, when that is not a terminal.`,
  args: [{ name: 'TOPIC', optional: true }, { name: 'BODY', optional: true }],
  flags: [
    { name: 'topic', short: 't', value: 'TOPIC', summary: 'The topic, instead of the argument.' },
    { name: 'message', short: 'm', value: 'BODY', summary: 'The body, instead of the argument.' },
    { name: 'file', short: 'f', value: 'FILE', summary: 'Read the body from a file; - is stdin.' },
    { name: 'lines', short: 'l', summary: 'A message a line of stdin. An empty line is an empty message.' },
    { name: 'header', short: 'H', value: 'NAME:VALUE', repeatable: true, summary: 'A header that travels with the message.' },
    { name: 'key', value: 'KEY', summary: 'Messages of one key are handled in order.' },
    { name: 'id', value: 'ID', summary: 'An id of your own: publishing it again gives the first message again.' },
    { name: 'content-type', value: 'TYPE', summary: 'MIME type of the body. Default text/plain, for bytes that are not UTF-8 application/octet-stream.' },
    { name: 'expires', value: 'TIME', summary: 'After this the message is no longer delivered.' },
    { name: 'ephemeral', summary: 'At most once, to whoever listens now; not kept anywhere.' },
    { name: 'until', value: 'LEVEL', summary: 'Wait until local, stored:K, stored:PEERID or processed:NAME. Default local through a daemon, else stored:1.' },
    { name: 'timeout', value: 'TIME', summary: `How long each message may take to get there. Default ${formatDuration(TIMEOUT_MS)}.` },
    JSON_FLAG,
    QUIET_FLAG,
    ...NODE_FLAGS,
    HELP_FLAG
  ],
  examples: [
    ['skein pub press/4/temperature 81.2', 'Publish a text.'],
    ['skein pub orders/new -f order.json -H source:web --until processed:billing', 'Publish a file and wait until billing has handled it.'],
    ['tail -F app.log | skein pub -l logs/app', 'Publish a message a line.']
  ],
  run: pub
}

async function pub (invocation: Invocation, context: Context): Promise<number> {
  const source = chooseSource(invocation)
  const { topic } = source
  checkTopic(topic)
  const ephemeral = switchFlag(invocation, 'ephemeral')
  const until = levelOf(invocation, ephemeral)
  const timeoutMs = parseWait(textFlag(invocation, 'timeout') ?? `${TIMEOUT_MS}ms`, '--timeout')
  const args = publishArgs(invocation, ephemeral, source.kind)
  const bodies = await openBodies(source, textFlag(invocation, 'content-type'))
  const resolved = await resolveSettings({ flags: invocation.flags, env: context.env, role: 'command' })
  const quiet = switchFlag(invocation, 'quiet')
  const session = await Session.open({ resolved, context, mayBeNode: true, quiet })
  try {
    const level = until ?? (session.throughDaemon || ephemeral ? { kind: 'local' } as const : { kind: 'stored', by: 1 } as const)
    const reporter = new PubReporter(context, {
      level,
      json: switchFlag(invocation, 'json'),
      quiet,
      many: source.kind === 'lines',
      debug: resolved.values.logLevel === 'debug'
    })
    const publisher = new Publisher(session, {
      topic,
      until: formatLevel(level),
      timeoutMs,
      args,
      reached: (answer) => reporter.reached(answer),
      failed: (body, error) => reporter.failed(body, error)
    })
    const lonely = setTimeout(() => { if (!quiet) noteLoneliness(session, context, level) }, LONELY_MS)
    if (ephemeral && session.node !== undefined) await listenerOf(session.node, channelOf(topic), context.signal)
    await sendAll(publisher, reporter, bodies, context.signal)
    clearTimeout(lonely)
    await reporter.written
    if (level.kind === 'local') await session.node?.drain()
    return reporter.conclude(publisher, { timeoutMs, topic, dataDir: resolved.values.data, own: session.isNode })
  } finally {
    await session.close()
  }
}

type Source =
  | { readonly kind: 'argument', readonly topic: string, readonly body: string }
  | { readonly kind: 'file', readonly topic: string, readonly path: string }
  | { readonly kind: 'stdin' | 'lines', readonly topic: string }

function chooseSource (invocation: Invocation): Source {
  const args = [...invocation.args]
  const topic = textFlag(invocation, 'topic') ?? args.shift()
  if (topic === undefined) throw usage(command, 'TOPIC is missing')
  const given = [args.shift(), textFlag(invocation, 'message')].filter((body) => body !== undefined)
  if (args.length > 0) throw usage(command, `'${args[0]}' is one argument too many`, 'Put a body with spaces in quotes. With -t the topic is no argument.')
  const [body] = given
  const path = textFlag(invocation, 'file')
  const lines = switchFlag(invocation, 'lines')
  if (given.length + (path === undefined ? 0 : 1) + (lines ? 1 : 0) > 1) throw usage(command, 'the body is given more than once', 'Use one of BODY, -m, -f and -l.')
  if (body !== undefined) return { kind: 'argument', topic, body }
  if (path !== undefined && path !== '-') return { kind: 'file', topic, path }
  if (lines) return { kind: 'lines', topic }
  if (path === undefined && process.stdin.isTTY) throw usage(command, 'there is no body', 'Give BODY, -f FILE, or -l to publish what you type, line by line.')
  return { kind: 'stdin', topic }
}

async function openBodies (source: Source, contentType: string | undefined): Promise<AsyncIterable<BodyOrBadLine[]>> {
  if (source.kind === 'lines') return readLines(process.stdin, contentType)
  const bytes = source.kind === 'argument'
    ? Buffer.from(source.body)
    : source.kind === 'file' ? await readFileBody(source.path) : await readAll(process.stdin, 'stdin')
  return (async function * () { yield [bodyOf(bytes, contentType)] })()
}

async function sendAll (publisher: Publisher, reporter: PubReporter, bodies: AsyncIterable<BodyOrBadLine[]>, signal: AbortSignal): Promise<void> {
  const stopReading = (): void => { process.stdin.destroy(signal.reason as Error) }
  signal.addEventListener('abort', stopReading, { once: true })
  try {
    for await (const batch of bodies) {
      for (const body of batch) {
        signal.throwIfAborted()
        await reporter.room()
        await publisher.send(body)
        if (publisher.stopped !== undefined) break
      }
      if (publisher.stopped !== undefined) break
    }
    await Promise.race([publisher.settled(), aborted(signal)])
  } catch (error) {
    if (signal.aborted) {
      await publisher.interrupt(INTERRUPT_WAIT_MS)
      reporter.interrupted(publisher)
    }
    throw error
  } finally {
    signal.removeEventListener('abort', stopReading)
    process.stdin.destroy()
  }
}

/** A node that has just started knows nobody. What nobody keeps is not sent before somebody could hear it, if there is anybody. */
async function listenerOf (node: MeshNode, channel: string, signal: AbortSignal): Promise<void> {
  const until = performance.now() + LONELY_MS
  while (!node.peers().some((peer) => peer.channels.includes(channel)) && performance.now() < until && !signal.aborted) {
    await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
}

async function aborted (signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function levelOf (invocation: Invocation, ephemeral: boolean): Level | undefined {
  const text = textFlag(invocation, 'until')
  const level = text === undefined ? undefined : parseLevel(text)
  if (ephemeral && level !== undefined && level.kind !== 'local') {
    throw usage(command, `an ephemeral message is stored nowhere: --until ${text} cannot come true`, 'Leave out --ephemeral or --until.')
  }
  return level
}

function publishArgs (invocation: Invocation, ephemeral: boolean, kind: Source['kind']): Omit<PublishArgs, 'topic' | 'body'> {
  const key = textFlag(invocation, 'key')
  const messageId = textFlag(invocation, 'id')
  const expires = textFlag(invocation, 'expires')
  const headers = parseHeaders(textFlags(invocation, 'header'))
  if (messageId !== undefined && kind === 'lines') throw usage(command, '--id names one message, -l sends many', 'Leave one of them out.')
  return {
    ...(headers === undefined ? {} : { headers }),
    ...(key === undefined ? {} : { key }),
    ...(messageId === undefined ? {} : { messageId }),
    ...(expires === undefined ? {} : { expiresInMs: parseDuration(expires, '--expires') }),
    ...(ephemeral ? { durability: 'none' as const } : {})
  }
}

function parseHeaders (texts: readonly string[]): Record<string, string> | undefined {
  if (texts.length === 0) return undefined
  const pairs = texts.map((text) => {
    const colon = text.indexOf(':')
    if (colon < 1) throw usage(command, `-H: '${text}' is not a header`, 'Write it NAME:VALUE.')
    return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()] as const
  })
  const twice = pairs.find(([name], i) => pairs.findIndex(([other]) => other === name) !== i)
  if (twice !== undefined) throw usage(command, `-H: '${twice[0]}' is given twice`)
  return Object.fromEntries(pairs)
}

function noteLoneliness (session: Session, context: Context, level: Level): void {
  if (level.kind === 'local' || session.node === undefined || session.node.peers().length > 0) return
  context.note('no other node is connected yet; the message waits in the outbox (--bootstrap names a node to join)')
}
