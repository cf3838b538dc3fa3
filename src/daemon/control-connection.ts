/** One client of the control socket: reads requests, starts them, answers, and holds back what the client does not take. */
import type { Duplex } from 'node:stream'
import { SkeinError, isSkeinError } from '../base/errors.js'
import type { MeshNode } from '../node/api.js'
import { ControlFeed } from './control-feed.js'
import { ANSWER_LINE_BYTES_MAX, CONTROL_VERSION, FEEDS_MAX, REQUEST_LINE_BYTES_MAX, WAITING_MAX, toWireError, type ByeReason, type Hello, type Role } from './control-protocol.js'
import { ControlPublisher } from './control-publisher.js'
import { QUERIES, number } from './control-queries.js'
import { ControlWire } from './control-wire.js'

type Args = Readonly<Record<string, unknown>>

export interface ControlHost {
  readonly node: MeshNode
  readonly role: Role
  readonly version: string
  /** A daemon asks this command to make room. */
  onYield (): void
  onShutdown (): void
}

/** How long a closing server waits for what clients have in hand, and for what is on its way to the disk. */
const SETTLE_WAIT_MS = 2_000
const PUBLISH_WAIT_MS = 6_000
/** Questions of one connection at a time: an answer may be long. */
const QUERIES_MAX = 8

export class ControlConnection {
  private readonly wire: ControlWire
  private readonly publisher: ControlPublisher
  private readonly feeds = new Map<number, ControlFeed>()
  private asking = 0
  private querying = 0
  private closing = false
  private draining = false
  private patienceEnded = false
  private quiet: (() => void) | undefined
  private readonly whenClosed: Promise<void>

  constructor (stream: Duplex, private readonly host: ControlHost, closed: (connection: ControlConnection) => void) {
    let gone: () => void
    this.whenClosed = new Promise((resolve) => { gone = resolve })
    this.wire = new ControlWire(stream, REQUEST_LINE_BYTES_MAX, {
      line: (message) => this.request(message),
      closed: () => {
        this.publisher.stop()
        this.quiet?.()
        for (const feed of this.feeds.values()) feed.close().catch(() => {})
        this.feeds.clear()
        gone()
        closed(this)
      }
    })
    this.publisher = new ControlPublisher(host.node, {
      send: (message) => this.wire.send(message),
      settled: () => this.settled()
    })
    const { node, role, version } = host
    const hello: Hello = { event: 'hello', protocol: CONTROL_VERSION, role, peerId: node.peerId, mesh: node.mesh, version, pid: process.pid }
    this.wire.send(hello)
  }

  /** Lets what is under way finish, then says `bye`. */
  async close (reason: ByeReason): Promise<void> {
    this.closing = true
    for (const feed of this.feeds.values()) feed.hold()
    this.publisher.stop()
    await this.untilQuiet()
    this.publisher.giveUp()
    await Promise.allSettled(Array.from(this.feeds.values(), async (feed) => feed.close()))
    this.wire.send({ event: 'bye', reason })
    this.wire.end()
    await this.whenClosed
  }

  private request (message: Args): void {
    const { id, op } = message
    if (typeof id !== 'number' || typeof op !== 'string') {
      this.wire.send({ error: toWireError(new SkeinError('ERR_BAD_ARGUMENT', 'a request must have a numeric id and an op')) })
      return
    }
    this.start(id, op, message)
    this.limit()
  }

  private start (id: number, op: string, args: Args): void {
    const settles = op === 'ack' || op === 'nack' || op === 'reject' || op === 'extend'
    // After the decision to close only what settles deliveries is done: the rest can be asked again elsewhere.
    if (this.closing && !settles) return
    if (op === 'publish') return this.publisher.publish(id, args)
    if (op === 'receipt') return this.publisher.receipt(id, args)
    if (settles) return this.answer(id, async () => this.settle(op, args))
    if (op === 'subscribe') return this.answer(id, async () => this.subscribe(args))
    if (op === 'unsubscribe') return this.answer(id, async () => this.unsubscribe(args))
    if (op === 'yield' || op === 'shutdown') return this.answer(id, async () => this.retire(op))
    const query = QUERIES.get(op)
    this.querying++
    this.answer(id, async () => {
      if (query === undefined) throw new SkeinError('ERR_BAD_ARGUMENT', `unknown operation '${op.slice(0, 64)}'`, { hint: `This node runs Skein ${this.host.version}.` })
      return query(this.host.node, args)
    }, () => this.querying--)
  }

  private answer (id: number, run: () => Promise<object>, done?: () => void): void {
    this.asking++
    run()
      .then((ok) => this.sendAnswer(id, ok), (error: unknown) => {
        // Left unanswered it can be asked again elsewhere.
        if (!(this.closing && isSkeinError(error, 'ERR_CLOSED'))) this.wire.send({ id, error: toWireError(error) })
      })
      .finally(() => {
        this.asking--
        done?.()
        this.settled()
      })
  }

  private sendAnswer (id: number, ok: object): void {
    if (!this.wire.sendWithin({ id, ok }, ANSWER_LINE_BYTES_MAX)) {
      this.wire.send({ id, error: toWireError(new SkeinError('ERR_LIMIT', 'the answer is too long for the control socket')) })
    }
  }

  private async subscribe (args: Args): Promise<object> {
    const feedNumber = number(args, 'feed')
    const credit = number(args, 'credit')
    if (this.feeds.has(feedNumber)) throw new SkeinError('ERR_BAD_ARGUMENT', `the feed ${feedNumber} is open`)
    if (this.feeds.size >= FEEDS_MAX) throw new SkeinError('ERR_LIMIT', `a connection has at most ${FEEDS_MAX} subscriptions`)
    const feed = await ControlFeed.open(this.host.node, args, feedNumber, this.wire)
    if (this.wire.closed || this.closing) {
      await feed.close()
      throw new SkeinError('ERR_CLOSED')
    }
    this.feeds.set(feedNumber, feed)
    // The answer goes out before the first delivery.
    setImmediate(() => feed.start(credit, () => this.feeds.delete(feedNumber)))
    return {}
  }

  private async unsubscribe (args: Args): Promise<object> {
    const feed = this.feed(args)
    this.feeds.delete(feed.number)
    await feed.close()
    return {}
  }

  private async settle (op: string, args: Args): Promise<object> {
    const feed = this.feed(args)
    const credit = args['credit']
    if (typeof credit === 'number' && credit > 0) feed.grant(credit)
    return op === 'extend' || args['token'] !== undefined ? feed.settle(op, args) : {}
  }

  private feed (args: Args): ControlFeed {
    const feed = this.feeds.get(number(args, 'feed'))
    if (feed === undefined) throw new SkeinError('ERR_NOT_FOUND', 'there is no such feed on this connection')
    return feed
  }

  private async retire (op: 'yield' | 'shutdown'): Promise<object> {
    if (op === 'shutdown') {
      setImmediate(() => this.host.onShutdown())
    } else if (this.host.role === 'command') {
      setImmediate(() => this.host.onYield())
    } else {
      throw new SkeinError('ERR_DATA_DIR_IN_USE', 'a daemon works on this data directory')
    }
    return {}
  }

  private get busy (): boolean {
    return this.publisher.full || this.asking >= WAITING_MAX || this.querying >= QUERIES_MAX
  }

  /** Reads no further while too much is under way, or while the client does not take its answers. */
  private limit (): void {
    if (!this.busy && !this.wire.congested) return this.wire.resume()
    this.wire.pause()
    if (this.busy || this.draining) return
    this.draining = true
    this.wire.drained().finally(() => {
      this.draining = false
      this.limit()
    }).catch(() => {})
  }

  private settled (): void {
    this.limit()
    if (this.isQuiet()) this.quiet?.()
  }

  private isQuiet (): boolean {
    if (this.wire.closed) return true
    if (!this.publisher.settledAll || this.asking > 0) return false
    return this.patienceEnded || Array.from(this.feeds.values()).every((feed) => feed.unsettledCount === 0)
  }

  private async untilQuiet (): Promise<void> {
    if (this.isQuiet()) return
    this.wire.resume()
    await new Promise<void>((resolve) => {
      const patience = setTimeout(() => {
        this.patienceEnded = true
        this.settled()
      }, SETTLE_WAIT_MS)
      const late = setTimeout(resolve, PUBLISH_WAIT_MS)
      this.quiet = () => {
        clearTimeout(patience)
        clearTimeout(late)
        resolve()
      }
    })
  }
}
