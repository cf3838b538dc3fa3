/** The client's side of the control protocol: calls, pipelined publishes, and feeds of deliveries. */
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { SkeinError } from '../base/errors.js'
import { findSocket } from './control-path.js'
import {
  ANSWER_LINE_BYTES_MAX, CONTROL_VERSION, fromWireError, type ByeReason, type Hello, type PublishAnswer, type PublishArgs,
  type SubscribeArgs, type WireDelivery, type WireError
} from './control-protocol.js'
import { ControlWire } from './control-wire.js'

const HELLO_WAIT_MS = 5_000

/**
 * The server has gone before it answered. `orderly`: it said so, and what it neither answered nor published has not been
 * done. Otherwise nobody knows.
 */
export class ServerGone extends SkeinError {
  constructor (readonly orderly: boolean, readonly reason: ByeReason | undefined) {
    super('ERR_UNREACHABLE', reason === 'failed' ? 'the node failed' : orderly ? 'the node has stopped' : 'the connection to the node was lost')
  }
}

export interface FeedHandlers {
  delivery (delivery: WireDelivery): void
  /** The node ended the subscription. */
  ended (error: SkeinError | undefined): void
}

interface Waiting {
  readonly resolve: (ok: unknown) => void
  readonly reject: (error: Error) => void
  readonly published?: (answer: PublishAnswer) => void
}

export class ControlClient {
  private readonly wire: ControlWire
  private readonly waiting = new Map<number, Waiting>()
  private readonly feeds = new Map<number, FeedHandlers>()
  private nextId = 1
  private nextFeed = 1
  private bye: ByeReason | undefined
  private greeting: Hello | undefined
  private refusal: SkeinError | undefined
  private greeted: (() => void) | undefined
  /** Resolves when the connection is over. */
  readonly gone: Promise<ServerGone>

  private constructor (stream: Duplex) {
    let over: (gone: ServerGone) => void
    this.gone = new Promise((resolve) => { over = resolve })
    this.wire = new ControlWire(stream, ANSWER_LINE_BYTES_MAX, {
      line: (message) => this.read(message),
      closed: () => {
        const gone = new ServerGone(this.bye !== undefined, this.bye)
        this.greeted?.()
        for (const { reject } of this.waiting.values()) reject(gone)
        this.waiting.clear()
        this.feeds.clear()
        over(gone)
      }
    })
  }

  /** Connects to whoever holds the directory; undefined when nobody listens there. */
  static async connect (dataDir: string): Promise<ControlClient | undefined> {
    const path = findSocket(dataDir)
    if (path === undefined) return undefined
    const stream = await dial(path)
    return stream === undefined ? undefined : await ControlClient.over(stream)
  }

  /** Speaks over a stream; undefined when it closes before the server has said hello. */
  static async over (stream: Duplex): Promise<ControlClient | undefined> {
    const client = new ControlClient(stream)
    await client.hear()
    if (client.refusal !== undefined) throw client.refusal
    if (client.greeting === undefined) return undefined
    if (client.greeting.protocol !== CONTROL_VERSION) {
      client.close()
      throw new SkeinError('ERR_UNREACHABLE', `the node there speaks version ${client.greeting.protocol} of the control protocol, this command version ${CONTROL_VERSION}`, {
        hint: `It runs Skein ${client.greeting.version}. Use the same version for the command.`
      })
    }
    return client
  }

  get hello (): Hello {
    if (this.greeting === undefined) throw new SkeinError('ERR_INTERNAL', 'no hello yet')
    return this.greeting
  }

  get congested (): boolean { return this.wire.congested }

  async drained (): Promise<void> { await this.wire.drained() }

  /** Reads nothing more until `resume`. */
  pause (): void { this.wire.pause() }

  resume (): void { this.wire.resume() }

  async call<T> (op: string, args: object = {}): Promise<T> {
    return await this.ask(op, args) as T
  }

  /** `published` is called when the message is on disk and its level asks for more. */
  async publish (args: PublishArgs, published?: (answer: PublishAnswer) => void): Promise<PublishAnswer> {
    return await this.ask('publish', args, published) as PublishAnswer
  }

  async subscribe (args: Omit<SubscribeArgs, 'feed'>, handlers: FeedHandlers): Promise<Feed> {
    const feed = this.nextFeed++
    this.feeds.set(feed, handlers)
    try {
      await this.ask('subscribe', { ...args, feed })
    } catch (error) {
      this.feeds.delete(feed)
      throw error
    }
    return new Feed(this, feed, () => this.feeds.delete(feed))
  }

  close (): void { this.wire.end() }

  private async ask (op: string, args: object, published?: (answer: PublishAnswer) => void): Promise<unknown> {
    if (this.wire.closed) throw await this.gone
    const id = this.nextId++
    return await new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, ...(published === undefined ? {} : { published }) })
      this.wire.send({ id, op, ...args })
    })
  }

  private async hear (): Promise<void> {
    if (this.greeting !== undefined || this.wire.closed) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.wire.destroy(), HELLO_WAIT_MS)
      this.greeted = () => {
        clearTimeout(timer)
        this.greeted = undefined
        resolve()
      }
    })
  }

  private read (message: Readonly<Record<string, unknown>>): void {
    if (typeof message['event'] === 'string') return this.readEvent(message)
    const id = message['id'] as number
    const waiting = this.waiting.get(id)
    if (waiting === undefined) return
    if (message['published'] !== undefined) return waiting.published?.(message['published'] as PublishAnswer)
    this.waiting.delete(id)
    if (message['error'] !== undefined) {
      waiting.reject(fromWireError(message['error'] as WireError))
    } else {
      waiting.resolve(message['ok'])
    }
  }

  private readEvent (message: Readonly<Record<string, unknown>>): void {
    switch (message['event']) {
      case 'hello':
        this.greeting = message as unknown as Hello
        this.greeted?.()
        return
      case 'refused':
        this.refusal = fromWireError(message['error'] as WireError)
        this.greeted?.()
        return
      case 'delivery': {
        const delivery = message as unknown as WireDelivery
        this.feeds.get(delivery.feed)?.delivery(delivery)
        return
      }
      case 'ended': {
        const feed = message['feed'] as number
        const error = message['error'] as WireError | undefined
        const handlers = this.feeds.get(feed)
        this.feeds.delete(feed)
        handlers?.ended(error === undefined ? undefined : fromWireError(error))
        return
      }
      case 'bye':
        this.bye = message['reason'] as ByeReason
        this.wire.end()
        return
      default:
        // An event of a newer server.
    }
  }
}

/** A subscription over the socket. */
export class Feed {
  constructor (private readonly client: ControlClient, private readonly feed: number, private readonly forget: () => void) {}

  /** Resolves when it is on disk. `credit` asks for so many further deliveries. */
  async ack (token: number, credit = 0): Promise<void> {
    await this.client.call('ack', { feed: this.feed, token, ...(credit > 0 ? { credit } : {}) })
  }

  async grant (credit: number): Promise<void> {
    await this.client.call('ack', { feed: this.feed, credit })
  }

  /** Frees what was delivered and not acked. */
  async close (): Promise<void> {
    this.forget()
    await this.client.call('unsubscribe', { feed: this.feed })
  }
}

/** Undefined when nobody listens: the socket is a dead process's, or gone. */
async function dial (path: string): Promise<Duplex | undefined> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN'].includes(error.code ?? '')) return resolve(undefined)
      reject(new SkeinError('ERR_UNREACHABLE', `cannot connect to the control socket ${path}: ${error.code ?? error.message}`, {
        ...(error.code === 'EACCES' || error.code === 'EPERM' ? { hint: 'It belongs to the user that runs the node. Run the command as that user.' } : {}),
        cause: error
      }))
    })
  })
}
