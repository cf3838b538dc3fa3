/**
 * Writes deliveries to stdout and acks each when the system has its line, not before. `-C N` ends it when N acks are on
 * disk. What it holds is bounded by the credit it gives and by bytes.
 */
import { type SkeinError, isSkeinError } from '../base/errors.js'
import { ServerGone, type ControlClient, type Feed } from '../daemon/control-client.js'
import type { WireDelivery } from '../daemon/control-protocol.js'
import type { DeliveryFormat } from './delivery-format.js'
import type { Output } from './output.js'

/** Deliveries asked for ahead. The node's own default of unacked deliveries is the same. */
export const CREDIT = 64
/** Characters of base64 that wait for stdout; above it the socket is not read. */
const HELD_CHARS_MAX = 4 * 1024 * 1024

export type PrinterEnd = 'counted' | 'stdout-closed' | 'ended'

export interface PrinterOptions {
  readonly out: Output
  readonly format: DeliveryFormat
  /** Undefined: no end. */
  readonly count: number | undefined
  /** A delivery was no longer ours when it was acked: it comes again. */
  readonly lapsed: (delivery: WireDelivery) => void
}

export class Printer {
  private held: WireDelivery[] = []
  private heldChars = 0
  private writing = false
  private acking = 0
  private acked = 0
  private asked = 0
  private client: ControlClient | undefined
  private feed: Feed | undefined
  private idle: (() => void) | undefined
  private finish: (end: PrinterEnd) => void = () => {}
  private fail: (error: Error) => void = () => {}
  /** Why it is over. Rejects with what made it fail; a server that has gone is no failure. */
  readonly end: Promise<PrinterEnd>

  constructor (private readonly options: PrinterOptions) {
    this.end = new Promise((resolve, reject) => {
      this.finish = resolve
      this.fail = reject
    })
    this.end.catch(() => {})
  }

  /** Lines that are written and acked. */
  get count (): number { return this.acked }

  /** What to ask of a new feed, whose first deliveries these are. */
  firstCredit (): number {
    this.asked = this.acked + Math.min(CREDIT, this.left(this.acked))
    return this.asked - this.acked
  }

  /** Takes deliveries of this client from now on; what an earlier one delivered and was not written is dropped: it comes again. */
  attach (client: ControlClient): void {
    this.client = client
    this.feed = undefined
    this.held = []
    this.heldChars = 0
  }

  use (feed: Feed): void {
    this.feed = feed
    this.write()
  }

  take (client: ControlClient, delivery: WireDelivery): void {
    if (client !== this.client) return
    this.held.push(delivery)
    this.heldChars += delivery.body.length
    if (this.heldChars > HELD_CHARS_MAX) client.pause()
    this.write()
  }

  ended (error: SkeinError | undefined): void {
    if (error === undefined) this.finish('ended')
    else this.fail(error)
  }

  /** Resolves when all that was written is acked, at most after `waitMs`. */
  async settle (waitMs: number): Promise<void> {
    this.held = []
    if (this.acking === 0 && !this.writing) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.idle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  private write (): void {
    const { client, feed } = this
    if (this.writing || client === undefined || feed === undefined || this.held.length === 0) return
    const deliveries = this.held
    this.held = []
    this.heldChars = 0
    this.writing = true
    // Acks of deliveries that came in together go out together.
    this.options.out.write(Buffer.concat(deliveries.map(this.options.format))).then(() => {
      this.writing = false
      client.resume()
      if (this.options.out.closed) return this.finish('stdout-closed')
      for (const delivery of deliveries) this.ack(client, feed, delivery)
      this.write()
    }, (error: Error) => this.fail(error))
  }

  private ack (client: ControlClient, feed: Feed, delivery: WireDelivery): void {
    const more = this.left(this.asked) > 0 ? 1 : 0
    this.asked += more
    this.acking++
    feed.ack(delivery.token, more).then(() => {
      this.acked++
    }, (error: unknown) => {
      if (error instanceof ServerGone) return
      if (!isSkeinError(error, 'ERR_DELIVERY_SETTLED')) return this.fail(error as Error)
      this.options.lapsed(delivery)
      if (this.options.count === undefined || client !== this.client) return
      // It does not count: another one is wanted for it.
      feed.grant(1).catch(() => {})
    }).finally(() => {
      this.acking--
      if (this.options.count !== undefined && this.acked >= this.options.count) this.finish('counted')
      if (this.acking === 0 && !this.writing) this.idle?.()
    })
  }

  private left (done: number): number {
    return this.options.count === undefined ? Infinity : Math.max(0, this.options.count - done)
  }
}
