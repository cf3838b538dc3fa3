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

/** How long a refused peer may take to read so and close. */
const REFUSAL_GRACE_MS = 1000
const FLUSH_LOOK_MS = 5

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
  private linkOver = false
  private byeRead = false
  private byeHeard = false

  constructor (
    readonly connection: Connection,
    /** What the dialler called it; undefined when it is inbound. */
    public dialKey: string | undefined,
    private readonly context: ChannelContext,
    private readonly events: ChannelEvents
  ) {
    this.peerId = connection.remotePeer.toString()
    this.deadline = context.clock.after(SETUP_TIMEOUT_MS, () => { this.end('the handshake took too long') })
    connection.addEventListener('close', () => {
      // A refusal, or the last frames, may have come in just before and are still being read.
      context.clock.soon(() => { if (this.link === undefined || this.linkOver) this.finishEnd('the connection closed') })
    })
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

  /** The peer sent its last frame. */
  onBye (reason: string): void {
    if (!this.ended) {
      this.end(reason)
      return
    }
    this.link?.acknowledge()
    this.byeRead = true
    this.endWhenBothKnow(reason)
  }

  /** The peer read our last frame. */
  onHeard (): void {
    this.byeHeard = true
    this.endWhenBothKnow('both sides closed')
  }

  /** Ends the connection at once. What waits is lost. */
  end (reason: string): void {
    if (this.ended) return
    this.finishEnd(reason)
    this.abort(reason)
  }

  /**
   * Sends what waits and then goodbye, and has the peer close: closing a socket oneself can cost what the peer has not
   * read yet. Ends the connection after `graceMs` at the latest. `flushed`: to wait for before the goodbye.
   */
  async close (reason: string, graceMs: number, flushed?: () => boolean): Promise<void> {
    if (this.ended) return
    this.ended = true
    this.deadline.cancel()
    const { link, connection, context } = this
    const closed = new Promise<void>((resolve) => {
      if (connection.status === 'open') connection.addEventListener('close', () => { resolve() })
      else resolve()
    })
    const endMs = context.clock.nowMs() + graceMs
    const late = context.clock.after(graceMs, () => { this.abort(reason) })
    while (flushed?.() === false && context.clock.nowMs() < endMs) await new Promise<void>((resolve) => { context.clock.after(FLUSH_LOOK_MS, resolve) })
    await link?.finish(reason)
    await closed
    late.cancel()
    link?.drop()
    this.events.closed(reason)
  }

  private abort (reason: string): void {
    try {
      this.connection.abort(new Error(reason))
    } catch {
      // yamux says goodbye even where the socket is closed already.
    }
  }

  private endWhenBothKnow (reason: string): void {
    if (this.byeRead && this.byeHeard) this.abort(reason)
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
    if (result.byUs) await this.close(result.message, REFUSAL_GRACE_MS)
    else this.end(result.message)
    return false
  }

  private open (stream: Stream): void {
    const { events, context } = this
    if (this.ended) {
      stream.abort(new Error('the connection is closed'))
      return
    }
    this.linkStream = stream
    this.link = new Link(stream, context.slices, context.clock, {
      control: (kind, payload) => { events.control(kind, payload) },
      data: (frame) => { events.data(frame) },
      progress: (heard) => { events.progress(heard) },
      drained: () => { events.drained() },
      offence: (reason) => { events.offence(reason) },
      closed: (reason) => { this.onLinkClosed(reason) }
    })
    this.link.start()
    events.ready(this.peer as HandshakePeer)
  }

  private onLinkClosed (reason: string): void {
    this.linkOver = true
    if (this.connection.status === 'open') this.end(reason)
    else this.finishEnd('the connection closed')
  }

  private finishEnd (reason: string): void {
    if (this.ended) return
    this.ended = true
    this.deadline.cancel()
    this.link?.drop()
    this.events.closed(reason)
  }
}
