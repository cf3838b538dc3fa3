/**
 * One connection on its way to being a link: handshake, then the link's stream, then ready for the election. Whatever
 * goes wrong, or takes longer than `SETUP_TIMEOUT_MS`, ends the connection.
 */
import type { Connection, Stream } from '@libp2p/interface'
import type { Clock, Timer } from '../base/clock.js'
import { Handshake, type HandshakePeer, type HandshakeSelf } from './handshake.js'
import { shakeHands } from './handshake-stream.js'
import { Link, type LinkEvents } from './link.js'
import { HELLO_PROTOCOL, type MeshNames } from './names.js'
import { SETUP_TIMEOUT_MS } from './network-limits.js'
import { REFUSAL, refusalSentence, type RefusalCode } from './refusal.js'
import type { Slices } from './slices.js'

/** How long a peer that said goodbye may take to close. */
const FAREWELL_MS = 2000

export interface ChannelEvents extends Omit<LinkEvents, 'closed'> {
  ready (peer: HandshakePeer): void
  refused (code: RefusalCode, message: string, byUs: boolean): void
  /** Once, whatever the cause. The connection is closed or about to be. */
  closed (reason: string): void
}

export interface ChannelContext {
  readonly clock: Clock
  readonly names: MeshNames
  readonly slices: Slices
  readonly self: () => HandshakeSelf
  /** A reason of this node's own to refuse this peer. */
  readonly reject: RefusalCode | undefined
}

export class Channel {
  readonly peerId: string
  peer: HandshakePeer | undefined
  link: Link | undefined
  private ended = false
  private greeted = false
  private readonly deadline: Timer
  private linkStream: Stream | undefined
  private goodbye: string | undefined

  constructor (
    readonly connection: Connection,
    /** What the dialler called it; undefined when it is inbound. */
    public dialKey: string | undefined,
    private readonly context: ChannelContext,
    private readonly events: ChannelEvents
  ) {
    this.peerId = connection.remotePeer.toString()
    this.deadline = context.clock.after(SETUP_TIMEOUT_MS, () => { this.end('the handshake took too long') })
    connection.addEventListener('close', () => { this.finishEnd('the connection closed') })
  }

  get over (): boolean { return this.ended }

  /** The dialler's part. */
  async greet (): Promise<void> {
    try {
      const { connection, context } = this
      const stream = await connection.newStream(HELLO_PROTOCOL)
      if (!await this.converse(stream, 'dialler')) return
      this.open(await connection.newStream(context.names.link))
    } catch (error) {
      if (error instanceof Error && error.name === 'UnsupportedProtocolError') this.events.refused(REFUSAL.notSkein, refusalSentence(REFUSAL.notSkein), true)
      this.end(`the handshake failed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** The listener's part: the peer opened the stream of the handshake. */
  async answer (stream: Stream): Promise<void> {
    if (this.greeted || this.connection.direction !== 'inbound') {
      this.end('the peer greeted twice')
      return
    }
    try {
      if (await this.converse(stream, 'listener') && this.linkStream !== undefined) this.open(this.linkStream)
    } catch (error) {
      this.end(`the handshake failed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** The peer opened the stream of the link. It may be here before our side of the handshake is through. */
  accept (stream: Stream): void {
    if (this.ended || !this.greeted || this.connection.direction !== 'inbound' || this.linkStream !== undefined) {
      stream.abort(new Error('no link is expected'))
      return
    }
    this.linkStream = stream
    if (this.peer === undefined) stream.pause()
    else this.open(stream)
  }

  /** The link was chosen: from here on its own pings watch over it. */
  settled (): void { this.deadline.cancel() }

  /** The peer closes: it still sends what it has under way. */
  farewell (reason: string): void {
    this.goodbye ??= reason
    this.context.clock.after(FAREWELL_MS, () => { this.end(reason) })
  }

  /** Ends the connection at once. What waits is lost. */
  end (reason: string): void {
    if (this.ended) return
    this.finishEnd(reason)
    this.connection.abort(new Error(reason))
  }

  /** Ends the connection after what waits is sent, as far as that is quick. */
  async close (reason: string, graceMs: number): Promise<void> {
    if (this.ended) return
    const { link, connection } = this
    this.ended = true
    this.deadline.cancel()
    const late = this.context.clock.after(graceMs, () => { connection.abort(new Error(reason)) })
    try {
      await link?.finish(reason)
      await connection.close({ signal: AbortSignal.timeout(graceMs) })
    } catch {
      connection.abort(new Error(reason))
    } finally {
      late.cancel()
      link?.drop()
      this.events.closed(reason)
    }
  }

  private async converse (stream: Stream, role: 'dialler' | 'listener'): Promise<boolean> {
    this.greeted = true
    const { context } = this
    const result = await shakeHands(stream, new Handshake(role, context.self(), context.reject), context.clock)
    void stream.close({ signal: AbortSignal.timeout(SETUP_TIMEOUT_MS) }).catch(() => {})
    if (result.type === 'done') {
      this.peer = result.peer
      return !this.ended
    }
    // The peer may have closed right behind its refusal.
    this.events.refused(result.code, result.message, result.byUs)
    // Closed and not aborted, so that the refusal gets there.
    await this.close(result.message, 1000)
    return false
  }

  private open (stream: Stream): void {
    const { events, context } = this
    if (this.ended) {
      stream.abort(new Error('the connection is closed'))
      return
    }
    this.linkStream = stream
    this.link = new Link(stream, context.slices, {
      control: (kind, payload) => { events.control(kind, payload) },
      data: (frame) => { events.data(frame) },
      progress: (heard) => { events.progress(heard) },
      drained: () => { events.drained() },
      closed: (reason) => { this.end(reason) }
    })
    this.link.start()
    events.ready(this.peer as HandshakePeer)
  }

  private finishEnd (reason: string): void {
    if (this.ended) return
    this.ended = true
    this.deadline.cancel()
    this.link?.drop()
    this.events.closed(this.goodbye ?? reason)
  }
}
