/** One subscription of a connection: it takes from the node what the client has given credit for, and no more. */
import { SkeinError } from '../base/errors.js'
import type { Delivery, MeshNode, SubscribeOptions, Subscription } from '../node/api.js'
import { CREDIT_MAX, toWireError, type WireDelivery } from './control-protocol.js'
import { optionalNumber, optionalText, text, texts, toBase64 } from './control-queries.js'
import type { ControlWire } from './control-wire.js'

type Args = Readonly<Record<string, unknown>>

export class ControlFeed {
  private credit = 0
  private nextToken = 1
  private readonly unsettled = new Map<number, Delivery>()
  private wake: (() => void) | undefined
  private held = false
  private closing: Promise<void> | undefined

  private constructor (
    readonly number: number,
    private readonly subscription: Subscription,
    private readonly wire: ControlWire
  ) {}

  static async open (node: MeshNode, args: Args, number: number, wire: ControlWire): Promise<ControlFeed> {
    const subscription = await node.subscribe(texts(args, 'filters'), subscribeOptions(args))
    return new ControlFeed(number, subscription, wire)
  }

  /** Deliveries that the client has and has not settled. */
  get unsettledCount (): number { return this.unsettled.size }

  /** Starts to deliver. Calls `ended` when the node ends the subscription, never after `close`. */
  start (credit: number, ended: (feed: ControlFeed) => void): void {
    this.grant(credit)
    this.run().then(() => undefined, (error: unknown) => error).then((error) => {
      if (this.held || this.closing !== undefined) return
      this.wire.send({ event: 'ended', feed: this.number, ...(error === undefined ? {} : { error: toWireError(error) }) })
      ended(this)
    }, () => {})
  }

  grant (credit: number): void {
    this.credit = Math.min(this.credit + credit, CREDIT_MAX)
    this.wake?.()
  }

  async settle (op: string, args: Args): Promise<object> {
    const token = args['token'] as number
    const delivery = this.unsettled.get(token)
    if (delivery === undefined) throw new SkeinError('ERR_DELIVERY_SETTLED')
    if (op === 'extend') {
      delivery.extend(optionalNumber(args, 'ms') ?? 0)
      return {}
    }
    const reason = op === 'reject' ? text(args, 'reason') : optionalText(args, 'reason')
    const delayMs = optionalNumber(args, 'delayMs')
    this.unsettled.delete(token)
    if (op === 'ack') await delivery.ack()
    if (op === 'reject') await delivery.reject(reason ?? '')
    if (op === 'nack') await delivery.nack({ ...(delayMs === undefined ? {} : { delayMs }), ...(reason === undefined ? {} : { reason }) })
    return {}
  }

  /** Delivers nothing more. What the client has can still be settled until `close`. */
  hold (): void {
    this.held = true
  }

  /** Frees what is unsettled. */
  async close (): Promise<void> {
    this.closing ??= this.subscription.close()
    this.wake?.()
    this.unsettled.clear()
    await this.closing
  }

  private async run (): Promise<void> {
    const deliveries = this.subscription[Symbol.asyncIterator]()
    while (!this.held && this.closing === undefined) {
      if (this.credit <= 0) {
        await new Promise<void>((resolve) => { this.wake = resolve })
        continue
      }
      if (this.wire.congested) {
        await this.wire.drained()
        continue
      }
      // It is only taken from the node when it can go out at once: what is handed over counts as an attempt.
      const next = await deliveries.next()
      if (next.done === true || this.held || this.closing !== undefined) return
      this.credit--
      this.deliver(next.value)
    }
  }

  private deliver (delivery: Delivery): void {
    const token = this.nextToken++
    this.unsettled.set(token, delivery)
    const { id, topic, channel, body, contentType, headers, key, publisher, incarnation, position, time, expiresAt, attempt, late, ephemeral } = delivery
    const line: WireDelivery = {
      event: 'delivery',
      feed: this.number,
      token,
      id,
      topic,
      channel,
      body: toBase64(body),
      contentType,
      headers,
      ...(key === undefined ? {} : { key }),
      publisher,
      incarnation,
      position,
      time,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      attempt,
      late,
      ephemeral
    }
    this.wire.send(line)
  }
}

function subscribeOptions (args: Args): SubscribeOptions {
  const from = args['from']
  if (from !== undefined && from !== 'earliest' && from !== 'latest' && typeof from !== 'number') {
    throw new SkeinError('ERR_BAD_ARGUMENT', "'from' must be 'earliest', 'latest' or a time in ms.")
  }
  const name = optionalText(args, 'name')
  const maxInFlight = optionalNumber(args, 'maxInFlight')
  const ackTimeoutMs = optionalNumber(args, 'ackTimeoutMs')
  const maxAttempts = optionalNumber(args, 'maxAttempts')
  return {
    ...(name === undefined ? {} : { name }),
    ...(from === undefined ? {} : { from: typeof from === 'number' ? new Date(from) : from }),
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
    ...(ackTimeoutMs === undefined ? {} : { ackTimeoutMs }),
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(args['change'] === true ? { change: true } : {})
  }
}
