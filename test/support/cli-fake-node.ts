/** A node in memory for the unit tests of the command line: one publisher, durable names, no disk, no network. */
import { EventEmitter } from 'node:events'
import { SkeinError } from '../../src/base/errors.js'
import type {
  Body, Consumer, DeadLetter, Delivery, LogInfo, MeshNode, NodeEvents, NodeStatus, PeerInfo, Published, PublishOptions, QuarantinedPublisher, Receipt,
  SubscribeOptions, Subscription, SubscriptionInfo
} from '../../src/node/api.js'
import { FilterSet } from '../../src/message/filter.js'
import { channelOf, checkTopic } from '../../src/message/topic.js'

interface Message { readonly position: number, readonly topic: string, readonly body: Uint8Array, readonly options: PublishOptions }

interface Durable {
  readonly filters: FilterSet
  readonly settled: Set<number>
  readonly inFlight: Set<number>
  readonly attempts: Map<number, number>
  readonly start: number
  readonly wakes: Set<() => void>
}

export class FakeNode implements MeshNode {
  readonly peerId = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
  readonly mesh = 'default'
  readonly messages: Message[] = []
  readonly durables = new Map<string, Durable>()
  readonly dead: DeadLetter[] = []
  readonly inQuarantine: QuarantinedPublisher[] = []
  closed = false
  drained = false
  /** Bodies over this are refused. */
  bytesMax = 1024
  /** Publishes wait while it is set. */
  hold: Promise<void> | undefined
  /** Peers that have stored everything. */
  storedBy: string[] = []
  refusePublish: SkeinError | undefined
  private readonly emitter = new EventEmitter()
  private unnamed = 0

  constructor (readonly dataDir: string) {}

  addresses (): string[] { return [`/ip4/127.0.0.1/tcp/4001/p2p/${this.peerId}`] }
  peers (): PeerInfo[] { return [] }

  async publish (topic: string, body: Body, options: PublishOptions = {}): Promise<Published> {
    checkTopic(topic)
    const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
    if (bytes.length > this.bytesMax) throw new SkeinError('ERR_MESSAGE_TOO_LARGE', 'the body is too large', { hint: 'Split it.' })
    if (this.refusePublish !== undefined) throw this.refusePublish
    if (this.hold !== undefined) await Promise.race([this.hold, aborted(options.signal)])
    else await Promise.resolve()
    const message = { position: this.messages.length + 1, topic, body: Uint8Array.from(bytes), options }
    this.messages.push(message)
    for (const { wakes } of this.durables.values()) for (const wake of wakes) wake()
    return { ...this.receiptOf(message.position), topic, channel: channelOf(topic), incarnation: '1-aa', position: message.position, time: 1, duplicate: false }
  }

  receipt (id: string): Receipt { return this.receiptOf(Number(id.split('.').at(-1))) }

  async subscribe (filters: string | readonly string[], options: SubscribeOptions = {}): Promise<Subscription> {
    const list = typeof filters === 'string' ? [filters] : [...filters]
    const name = options.name ?? `unnamed-${this.unnamed++}`
    const durable = this.durables.get(name) ?? {
      filters: new FilterSet(list),
      settled: new Set(),
      inFlight: new Set(),
      attempts: new Map(),
      start: options.from === 'earliest' ? 0 : this.messages.length,
      wakes: new Set()
    }
    this.durables.set(name, durable)
    return new FakeSubscription(this, options.name, list, durable)
  }

  async consume (): Promise<Consumer> { throw new Error('not faked') }

  subscriptions (): SubscriptionInfo[] {
    return Array.from(this.durables, ([name, { filters, inFlight, settled }]) => ({
      name, filters: filters.filters, from: 'latest', createdAt: 1, lapsed: false, consumers: 0, lag: this.messages.length - settled.size, inFlight: inFlight.size,
      acked: settled.size, redelivered: 0, expired: 0, deadLetters: 0, gaps: 0
    }))
  }

  async removeSubscription (name: string): Promise<void> {
    if (!this.durables.delete(name)) throw new SkeinError('ERR_NOT_FOUND', `no subscription ${name}`)
  }

  deadLetters ({ subscription, after, limit = 100 }: { subscription?: string, after?: string, limit?: number } = {}): DeadLetter[] {
    const start = after === undefined ? 0 : this.dead.findIndex(({ deadId }) => deadId === after) + 1
    return this.dead.slice(start).filter((letter) => subscription === undefined || letter.subscription === subscription).slice(0, limit)
  }

  deadLetter (deadId: string): DeadLetter {
    const letter = this.dead.find((candidate) => candidate.deadId === deadId)
    if (letter === undefined) throw new SkeinError('ERR_NOT_FOUND', `no dead letter ${deadId}`)
    return letter
  }

  async redrive (deadId: string): Promise<void> { this.dead.splice(this.dead.indexOf(this.deadLetter(deadId)), 1) }

  gaps (): [] { return [] }
  claims (): [] { return [] }
  quarantined (): QuarantinedPublisher[] { return this.inQuarantine }
  async liftQuarantine (peerId: string): Promise<void> {
    const i = this.inQuarantine.findIndex(({ publisher }) => publisher === peerId)
    if (i === -1) throw new SkeinError('ERR_NOT_FOUND', `${peerId} is not in quarantine`)
    this.inQuarantine.splice(i, 1)
    await Promise.resolve()
  }

  outboxLogs (): LogInfo[] { return [] }
  inboxLogs (): LogInfo[] { return [] }

  status (): NodeStatus {
    return {
      peerId: this.peerId, mesh: this.mesh, version: '0', dataDir: this.dataDir, incarnation: '', uptimeMs: 1, relay: false, addresses: this.addresses(), peers: [],
      outbox: { channels: 0, records: this.messages.length, bytes: 0, waiting: 0 }, inbox: { logs: 0, records: 0, bytes: 0, missing: 0 }, custody: { bytes: 0, bytesMax: 0, bytesPerPublisherMax: 0, refused: 0 },
      subscriptions: this.subscriptions(), gaps: 0, gapsByReason: { expired: 0, evicted: 0, unrecoverable: 0, restored: 0, forked: 0 }, recentGaps: [], claims: [], deadLetters: this.dead.length, quarantined: this.inQuarantine.length, identity: 'sound', store: { fileBytes: 0, usedBytes: 0 }, counters: { published_messages: this.messages.length }
    }
  }

  on<E extends keyof NodeEvents> (event: E, listener: NodeEvents[E]): this { this.emitter.on(event, listener); return this }
  off<E extends keyof NodeEvents> (event: E, listener: NodeEvents[E]): this { this.emitter.off(event, listener); return this }
  once<E extends keyof NodeEvents> (event: E, listener: NodeEvents[E]): this { this.emitter.once(event, listener); return this }
  emit<E extends keyof NodeEvents> (event: E, value: Parameters<NodeEvents[E]>[0]): void { this.emitter.emit(event, value) }
  addBootstrap (): void {}
  async drain (): Promise<void> { this.drained = true }
  async close (): Promise<void> { this.closed = true }
  async [Symbol.asyncDispose] (): Promise<void> { await this.close() }

  private receiptOf (position: number): Receipt {
    const state = (): { stored: string[], processed: [] } => ({ stored: this.storedBy, processed: [] })
    const wait = async ({ timeoutMs, signal }: { timeoutMs?: number, signal?: AbortSignal } = {}): Promise<ReturnType<typeof state>> => {
      if (this.storedBy.length > 0) return state()
      if (timeoutMs === undefined) return await aborted(signal)
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new SkeinError('ERR_TIMEOUT')), timeoutMs) })
      return await Promise.race([late, aborted(signal)]).finally(() => clearTimeout(timer))
    }
    return { id: `${this.peerId}.1-aa.c.${position}`, state, stored: wait, processed: wait }
  }
}

class FakeSubscription implements Subscription {
  private over = false
  private readonly mine = new Set<number>()
  private readonly wakes = new Set<() => void>()

  constructor (private readonly node: FakeNode, readonly name: string | undefined, readonly filters: readonly string[], private readonly durable: Durable) {}

  async close (): Promise<void> {
    this.over = true
    for (const position of this.mine) this.durable.inFlight.delete(position)
    for (const wake of [...this.wakes, ...this.durable.wakes]) wake()
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.close() }

  async * [Symbol.asyncIterator] (): AsyncGenerator<Delivery> {
    while (!this.over) {
      const next = this.node.messages.find(({ position, topic }) => this.wants(position, topic))
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            this.wakes.delete(wake)
            this.durable.wakes.delete(wake)
            resolve()
          }
          this.wakes.add(wake)
          this.durable.wakes.add(wake)
        })
      } else {
        yield this.deliver(next)
      }
    }
  }

  private wants (position: number, topic: string): boolean {
    const { start, settled, inFlight, filters } = this.durable
    return position > start && !settled.has(position) && !inFlight.has(position) && filters.matches(topic)
  }

  private deliver ({ position, topic, body, options }: Message): Delivery {
    const { inFlight, settled, attempts } = this.durable
    inFlight.add(position)
    this.mine.add(position)
    const attempt = (attempts.get(position) ?? 0) + 1
    attempts.set(position, attempt)
    const settle = async (done: boolean): Promise<void> => {
      if (!inFlight.delete(position) || this.over) throw new SkeinError('ERR_DELIVERY_SETTLED')
      this.mine.delete(position)
      if (done) settled.add(position)
      for (const wake of this.durable.wakes) wake()
    }
    return {
      id: `${this.node.peerId}.1-aa.c.${position}`, topic, channel: channelOf(topic), body, contentType: options.contentType ?? 'text/plain',
      headers: options.headers ?? {}, key: options.key, publisher: this.node.peerId, incarnation: '1-aa', position, time: 1, expiresAt: undefined,
      attempt, late: false, ephemeral: false, text: () => Buffer.from(body).toString(), json: () => JSON.parse(Buffer.from(body).toString()),
      ack: async () => settle(true), nack: async () => settle(false), reject: async () => settle(true), extend: () => {}
    }
  }
}

async function aborted (signal: AbortSignal | undefined): Promise<never> {
  return await new Promise((_, reject) => {
    const fail = (): void => reject(new SkeinError('ERR_ABORTED'))
    if (signal?.aborted === true) fail()
    signal?.addEventListener('abort', fail, { once: true })
  })
}
