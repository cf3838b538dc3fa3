import type { ErrorCode } from '../../src/base/errors.js'
import type { ConsumerHandle, RawDelivery } from '../../src/inbox/inbox.js'
import type { DeadLetter } from '../../src/message/reports.js'
import type { Engine } from '../../src/node/engine.js'
import { digestOf } from './digest.js'
import type { Listener } from './ephemerals.js'
import type { SimulatedNode } from './node.js'

export interface SubscriptionPlan {
  readonly name: string
  readonly filters: string[]
  readonly from: 'earliest' | 'latest' | number
  /** One handler at a time, or several with order per key. */
  readonly ordered: boolean
  readonly maxInFlight: number
  readonly maxAttempts: number
  readonly ackTimeoutMs: number
  /** How often a delivery is nacked, or rejected. */
  readonly nack: number
  readonly reject: number
  /** How long a handler takes at most, ms. */
  readonly slowMs: number
}

const USUAL: Omit<SubscriptionPlan, 'name' | 'filters'> = { from: 'earliest', ordered: true, maxInFlight: 64, maxAttempts: 1000, ackTimeoutMs: 30_000, nack: 0, reject: 0, slowMs: 0 }

/** Answers to a settle that tell of no fault: it took too long, or everything is closing. */
const HARMLESS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_DELIVERY_SETTLED', 'ERR_CLOSED', 'ERR_STORE'])

/** The application that consumes on a node: its durable subscriptions, their handlers, and what these saw. */
export class Subscriber {
  readonly plans = new Map<string, SubscriptionPlan>()
  /** Asked for at every start: a disk that was put back may have them again. */
  readonly #removed = new Set<string>()
  /** Known to be on disk; asked for at every start all the same. */
  readonly #made = new Set<string>()
  /** By subscription: ids in the order in which their acks became durable. */
  readonly acked = new Map<string, string[]>()

  /** Told of ephemeral messages that a subscription is given. */
  ephemeral: ((listener: Listener, raw: RawDelivery) => void) | undefined
  /** Who consumes, of which life. */
  readonly #handles = new Map<string, { readonly engine: Engine, readonly handle: ConsumerHandle }>()

  constructor (private readonly node: SimulatedNode) {}

  subscribe (name: string, filters: string[], plan: Partial<SubscriptionPlan> = {}): void {
    const full = { ...USUAL, ...plan, name, filters }
    this.plans.set(name, full)
    this.acked.set(name, [])
    const { engine } = this.node
    if (engine !== undefined && this.node.isAwake) this.#open(engine, full)
  }

  /** From here on nothing is owed to it. */
  unsubscribe (name: string): void {
    if (!this.plans.delete(name)) return
    this.node.record({ type: 'unsubscribe', subscription: name })
    this.node.world.trace.note(this.node.name, 'unsubscribe', name)
    this.#removed.add(name)
    const { engine } = this.node
    if (engine === undefined) return
    if (this.node.isAwake) this.#remove(engine, name)
    // A node that stands still goes on consuming it, unless nobody does.
    else if (!this.#handles.has(name)) this.#removeLater(engine, name)
  }

  #removeLater (engine: Engine, name: string): void {
    this.node.world.clock.after(100, () => {
      if (this.node.engine !== engine) return
      if (this.node.isAwake) this.#remove(engine, name)
      else this.#removeLater(engine, name)
    })
  }

  started (engine: Engine): void {
    for (const name of this.#removed) this.#remove(engine, name)
    for (const plan of this.plans.values()) this.#open(engine, plan)
  }

  /** Stops consuming; the subscription stays. */
  detach (name: string): void {
    const attached = this.#handles.get(name)
    if (attached === undefined || attached.engine !== this.node.engine || !this.node.isAwake) return
    this.#handles.delete(name)
    this.node.world.trace.note(this.node.name, 'detach', name)
    attached.handle.close()
  }

  /** Consumes again. A node that starts does so by itself. */
  attach (name: string): void {
    const { engine } = this.node
    const plan = this.plans.get(name)
    if (plan === undefined || engine === undefined || engine.isClosed || this.node.isStopping || !this.#made.has(name)) return
    if (this.node.isAwake) this.#consume(engine, plan)
    else this.node.world.clock.after(100, () => { this.attach(name) })
  }

  redrive (deadId: string): void {
    this.node.world.trace.note(this.node.name, 'redrive', deadId)
    this.node.engine?.inbox.redrive(deadId, (error) => {
      if (error !== undefined && error.code !== 'ERR_NOT_FOUND' && error.code !== 'ERR_STORE_FULL' && !HARMLESS.has(error.code)) this.node.failures.push(`${this.node.name} could not redrive ${deadId}: ${error.message}`)
    })
  }

  /** The disk is another one: what was made on it must be made again. */
  diskChanged (): void { this.#made.clear() }

  buried ({ subscription, id, reason }: DeadLetter): void {
    this.node.record({ type: 'dead', subscription, message: id, reason })
    this.node.world.trace.note(this.node.name, 'dead letter', `${subscription}: ${id.slice(-24)}`)
  }

  #remove (engine: Engine, name: string): void {
    engine.inbox.remove(name, (error) => {
      if (error?.code === 'ERR_STORE_FULL') this.node.clock.after(1_000, () => { this.#remove(engine, name) })
    })
  }

  #open (engine: Engine, plan: SubscriptionPlan): void {
    const { node } = this
    const { name, filters, from, ordered, maxInFlight, maxAttempts, ackTimeoutMs } = plan
    engine.inbox.open({ name, filters, from, maxInFlight, ackTimeoutMs, maxAttempts, backoffMs: 50, backoffMaxMs: 500, change: false }, (error) => {
      if (error?.code === 'ERR_STORE_FULL') {
        node.clock.after(1_000, () => { if (this.plans.get(name) === plan) this.#open(engine, plan) })
        return
      }
      if (error !== undefined) {
        if (!HARMLESS.has(error.code)) node.failures.push(`${node.name} could not subscribe ${name}: ${error.message}`)
        return
      }
      if (this.plans.get(name) !== plan || engine.isClosed || this.node.isStopping) return
      // Made in an earlier life whose answer was lost, it exists from then on.
      if (!this.#made.has(name)) node.record({ type: 'subscribe', subscription: name, filters, from, ordered, maxAttempts })
      this.#made.add(name)
      node.world.trace.note(node.name, 'subscribed', name)
      this.#consume(engine, plan)
    })
  }

  #consume (engine: Engine, plan: SubscriptionPlan): void {
    const { node } = this
    const { name, filters } = plan
    if (this.#handles.get(name)?.engine === engine) return
    let handle: ConsumerHandle | undefined
    const listener: Listener = { node, name, filters, sinceMs: node.world.clock.nowMs(), isAttached: () => this.#handles.get(name)?.handle === handle }
    const pump = (): void => {
      for (let raw = handle?.next(); raw !== undefined; raw = handle?.next()) {
        if (raw.ephemeral) this.#listen(handle as ConsumerHandle, plan, listener, raw)
        else this.#handle(handle as ConsumerHandle, plan, raw)
      }
    }
    handle = engine.inbox.attach(name, { mode: plan.ordered ? 'ordered' : 'keyed', maxInFlight: plan.maxInFlight, ready: pump, closed: () => {} })
    this.#handles.set(name, { engine, handle })
    pump()
  }

  #listen (handle: ConsumerHandle, { slowMs }: SubscriptionPlan, listener: Listener, raw: RawDelivery): void {
    this.ephemeral?.(listener, raw)
    const done = (): void => { handle.ack(raw.token, () => {}) }
    if (slowMs > 0) this.node.clock.after(slowMs / 2, done)
    else done()
  }

  #handle (handle: ConsumerHandle, plan: SubscriptionPlan, raw: RawDelivery): void {
    const { node } = this
    const { token, publisher, incarnation, channel, position, record, attempt, late, redriven } = raw
    const subscription = plan.name
    const message = `${publisher}.${incarnation}.${channel}.${position}`
    node.record({ type: 'deliver', subscription, message, topic: record.topic, body: digestOf(record.body), attempt, ...(record.key === undefined ? {} : { key: record.key }), ...(late ? { late } : {}), ...(redriven === true ? { redriven } : {}) })
    node.world.trace.note(node.name, 'deliver', `${subscription}: ${node.world.nameOf(publisher)} ${channel} ${position}, attempt ${attempt}`)
    const drawn = node.random.float()
    const settle = (): void => {
      const done = (what: 'ack' | 'nack') => (error?: { readonly code: ErrorCode }): void => {
        if (error === undefined) {
          node.record({ type: what, subscription, message })
          node.world.trace.note(node.name, what, `${subscription}: ${node.world.nameOf(publisher)} ${channel} ${position}`)
          if (what === 'ack') this.acked.get(subscription)?.push(message)
        } else if (!HARMLESS.has(error.code)) node.failures.push(`${node.name} could not ${what} ${message}: ${error.code}`)
      }
      node.record({ type: 'settle', subscription, message })
      if (drawn < plan.nack) handle.nack(token, {}, done('nack'))
      else if (drawn < plan.nack + plan.reject) handle.reject(token, 'rejected', () => {})
      else handle.ack(token, done('ack'))
    }
    if (plan.slowMs > 0) node.clock.after(node.random.float() * plan.slowMs, settle)
    else settle()
  }
}
