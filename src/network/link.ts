/**
 * A link: frames both ways over one stream of one connection. Reading: stream → chunks → frames → handlers, in slices
 * of a few ms, the stream paused while the handlers are busy. Writing: a bounded queue → batches → stream, the next batch when
 * the stream takes it.
 */
import type { Stream } from '@libp2p/interface'
import { decode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import type { Uint8ArrayList } from 'uint8arraylist'
import { FRAME_BYTES_MAX, LINK_BUFFER_BYTES_MAX, LINK_BUFFER_HIGH_WATER_BYTES } from '../base/limits.js'
import { FRAME, FrameQueue, type FrameKind } from './frames.js'
import type { Clock } from '../base/clock.js'
import { Budget } from '../base/budget.js'
import { ODD_FRAMES_BURST, ODD_FRAMES_PER_SECOND } from './network-limits.js'
import type { Slices } from './slices.js'
import { chunks, writeTo } from './streams.js'

const BYE_CHARACTERS_MAX = 128

export interface LinkEvents {
  /** Any frame but data. */
  control (kind: FrameKind, payload: Uint8Array): void
  data (frame: Uint8Array): void
  /** The peer took data, or sent some. */
  progress (heard: boolean): void
  drained (): void
  /** The peer sent what no honest one sends. The link is closed next. */
  offence (reason: string): void
  /** Once, when nothing can be sent or received any more. */
  closed (reason: string): void
}

export class Link {
  private readonly queue = new FrameQueue()
  private closed = false
  private high = false
  private pausedUntilMs = 0
  private readonly odd: Budget
  private finished: Promise<void> = Promise.resolve()

  constructor (
    private readonly stream: Stream,
    private readonly slices: Slices,
    private readonly clock: Clock,
    private readonly events: LinkEvents
  ) {
    this.odd = new Budget(ODD_FRAMES_PER_SECOND, ODD_FRAMES_BURST, clock.nowMs())
  }

  start (): void {
    const source = chunks(this.stream)
    const reading = pipe(
      source,
      (bytes) => decode(bytes, { maxDataLength: FRAME_BYTES_MAX + 1, maxLengthLength: 4 }),
      (frames) => this.deliver(frames)
    ).then(() => { this.fail('the peer closed the link') }, (error: unknown) => {
      if (!this.closed && isOffence(error)) this.events.offence(`a link that breaks the protocol: ${describe(error)}`)
      this.fail(describe(error))
    })
    const writing = pipe(
      this.queue.batches(),
      (batches) => this.paced(batches),
      (batches) => writeTo(this.stream, batches, () => { this.events.progress(false) })
    ).catch((error: unknown) => { this.fail(describe(error)) })
    this.finished = writing
    void reading
  }

  /** Bytes that the peer has not taken yet. */
  get unsent (): number { return this.queue.bytes + this.stream.writeBufferLength }

  /** As `Network.send`; 'overflow' when the frame does not fit and the link must be cut. */
  send (frame: Uint8Array): boolean | 'overflow' {
    if (this.closed) return true
    if (this.unsent + frame.length > LINK_BUFFER_BYTES_MAX) return 'overflow'
    this.queue.push(frame)
    if (this.unsent > LINK_BUFFER_HIGH_WATER_BYTES) this.high = true
    return !this.high
  }

  /** False when the peer asks for more answers than it takes. */
  control (kind: FrameKind, payload?: Uint8Array): boolean {
    return this.closed || this.queue.pushControl(kind, payload)
  }

  /** Sends what waits, then why it ends. Resolves when that is done or has failed. */
  async finish (reason: string): Promise<void> {
    this.queue.end({ kind: FRAME.bye, payload: Buffer.from(reason.slice(0, BYE_CHARACTERS_MAX), 'utf8') })
    await this.finished
  }

  /** The peer's goodbye was read while our own is under way. */
  acknowledge (): void {
    if (this.stream.status === 'open' && this.stream.writeStatus === 'writable') this.stream.send(new Uint8Array([1, FRAME.heard]))
  }

  /** Forgets what waits. No event follows. */
  drop (): void {
    this.closed = true
    this.queue.clear()
  }

  private async * paced (batches: AsyncIterable<Uint8ArrayList>): AsyncGenerator<Uint8ArrayList> {
    for await (const batch of batches) {
      yield batch
      if (this.closed) return
      // Here the stream has taken the batch.
      if (this.high && this.unsent <= LINK_BUFFER_HIGH_WATER_BYTES / 2) {
        this.high = false
        this.events.drained()
      }
    }
  }

  private async deliver (frames: AsyncIterable<Uint8ArrayList>): Promise<void> {
    for await (const list of frames) {
      if (this.slices.over) await this.slices.next()
      while (!this.closed && this.pausedUntilMs > this.clock.nowMs()) await this.paused()
      if (this.closed) return
      if (list.byteLength === 0) throw new Offence('the peer sent an empty frame')
      const kind = list.get(0)
      // Pings come every few seconds, and what is not known is passed over: neither may come without end.
      if (kind !== FRAME.data && !this.odd.take(this.clock.nowMs(), 1)) throw new Offence('the peer sends too many frames that carry no data')
      const payload = list.subarray(1)
      this.events.progress(true)
      if (kind === FRAME.data) this.events.data(payload)
      else if (kind <= FRAME.heard) this.events.control(kind as FrameKind, payload)
      // Kinds of later versions are passed over.
    }
  }

  /** Hands over nothing for so long; the stream is not read meanwhile. */
  pause (ms: number): void { this.pausedUntilMs = Math.max(this.pausedUntilMs, this.clock.nowMs() + ms) }

  private paused (): Promise<void> {
    return new Promise((resolve) => { this.clock.after(this.pausedUntilMs - this.clock.nowMs(), resolve) })
  }

  private fail (reason: string): void {
    if (this.closed) return
    this.drop()
    this.events.closed(reason)
  }
}

class Offence extends Error {}

const BROKEN_LENGTHS = new Set(['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'InvalidMessageLengthError'])

function isOffence (error: unknown): boolean {
  return error instanceof Offence || (error instanceof Error && BROKEN_LENGTHS.has(error.name))
}

function describe (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
