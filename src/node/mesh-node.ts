import type { Clock } from '../base/clock.js'
import { Emitter } from '../base/emitter.js'
import { isSkeinError, SkeinError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { LIVE_BUFFER_MAX } from '../inbox/limits.js'
import { checkFilters } from '../message/filter.js'
import { formatIncarnation, logKey, parseMessageId } from '../message/ids.js'
import { makeRecord } from '../message/record.js'
import { channelOf, checkTopic } from '../message/topic.js'
import type { Network } from '../network/network.js'
import type { PublishDone } from '../outbox/outbox.js'
import type { Store } from '../store/store.js'
import type {
  Body, ClaimInfo, ConsumeOptions, Consumer, DeadLetter, DeliveryHandler, GapReport, LogInfo, MeshNode, NodeEvents, NodeOptions, NodeStatus, PeerInfo, Published, PublishOptions, QuarantinedPublisher, Receipt, SubscribeOptions, Subscription, SubscriptionInfo
} from './api.js'
import { claimInfos } from './claims.js'
import { Closing } from './closing.js'
import { NodeConsumer } from './consumer.js'
import type { Engine, EngineListener } from './engine.js'
import type { History } from './history.js'
import { checkPublishOptions, DEFAULTS, subscriptionSettings, type SubscriptionSettings } from './options.js'
import { EphemeralPublished, NodePublished, NodeReceipt } from './receipt.js'
import { logInfos, nodeStatus, peerInfo } from './status.js'
import { NodeSubscription } from './subscription.js'

export interface NodeParts {
  readonly clock: Clock
  readonly store: Store
  readonly network: Network
  readonly log: Logger
  readonly mesh: string
  readonly version: string
  readonly options: NodeOptions
  /** Where it is recorded, if anywhere. */
  readonly history?: History | undefined
  /** Releases the data directory. `clean`: nothing of the store was broken off. */
  readonly release: (clean: boolean) => void
  readonly rememberBootstrap: (address: string) => void
}

/** The public node: promises, events and checks around the engine. */
export class SkeinNode implements MeshNode {
  readonly mesh: string
  readonly dataDir: string | undefined
  readonly #p: NodeParts
  readonly #engine: Engine
  readonly #emitter: Emitter<NodeEvents>
  readonly #onces = new Map<keyof NodeEvents, Map<unknown, unknown>>()
  readonly #closing = new Closing()
  readonly #startedMs: number
  readonly #open = new Set<{ close (): Promise<void>, drain?: () => Promise<void> }>()
  #draining = false
  #failure: Error | undefined
  #closed: Promise<void> | undefined

  constructor (parts: NodeParts, makeEngine: (listener: EngineListener) => Engine) {
    this.#p = parts
    this.mesh = parts.mesh
    this.dataDir = parts.options.dataDir
    this.#startedMs = parts.clock.nowMs()
    this.#emitter = new Emitter((event, error) => { parts.log.error({ event, error: String(error) }, 'a listener threw') })
    const listener = this.#listener()
    this.#engine = makeEngine(parts.history?.listening(listener) ?? listener)
  }

  get peerId (): string { return this.#engine.self }

  #listener (): EngineListener {
    const { log } = this.#p
    return {
      peerUp: (peer) => {
        log.info({ peerId: peer.id, address: peer.address }, 'peer joined')
        this.#emitter.emit('peer:joined', peerInfo(this.#engine, peer))
      },
      peerDown: (peerId, reason) => {
        log.info({ peerId, reason }, 'peer left')
        this.#emitter.emit('peer:left', { peerId, reason })
      },
      notice: (notice) => {
        log.warn({ ...notice }, notice.message)
        this.#emitter.emit('peer:notice', notice)
      },
      gap: (gap) => {
        log.warn({ ...gap }, 'gap: records that will not come')
        this.#emitter.emit('gap:reported', gap)
      },
      buried: (letter) => {
        log.warn({ id: letter.id, subscription: letter.subscription, reason: letter.reason }, 'message buried')
        this.#emitter.emit('message:buried', letter)
      },
      forked: ({ logKey: _, ...fork }) => { this.#emitter.emit('publisher:forked', fork) },
      duplicate: (rival) => { this.#emitter.emit('identity:duplicate', rival) },
      ahead: (batch, aheadMs) => {
        log.warn({ publisher: batch.log.publisher, aheadMs }, 'a publisher’s clock is ahead')
        this.#emitter.emit('clock:ahead', { publisher: batch.log.publisher, channel: batch.log.channel, aheadMs })
      },
      damaged: (state, position) => {
        const place = { publisher: state.publisher, incarnation: formatIncarnation(state.incarnation), channel: state.channel, position }
        log.error(place, 'a stored batch is damaged; it is fetched again')
        this.#emitter.emit('store:damaged', place)
      },
      lapsing: (peerId, name, inMs) => {
        const lapsesAt = Math.round(this.#p.clock.wallMs() + inMs)
        log.warn({ peerId, name, lapsesAt }, 'a durable subscription that nobody has heard of for long lapses soon')
        this.#emitter.emit('subscription:lapsing', { peerId, name, lapsesAt })
      },
      lapsed: (peerId, name) => {
        log.warn({ peerId, name }, 'a durable subscription has lapsed: nothing is kept for it any more')
        this.#emitter.emit('subscription:lapsed', { peerId, name })
      },
      failed: (error) => { this.#failed(error) }
    }
  }

  /** The store failed: nothing can be promised any more, so the node stops. */
  #failed (error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#p.log.error({ error: error.message }, 'the node cannot go on and closes')
    this.#emitter.emit('node:failed', error)
    void this.close().catch(() => {})
  }

  /** What happens is no longer recorded, at least for now. The node goes on. */
  historyLost (error: Error): void {
    this.#p.log.error({ error: error.message }, 'the history cannot be written; the node goes on')
    this.#emitter.emit('history:lost', error)
  }

  #checkOpen (): void {
    if (isSkeinError(this.#failure, 'ERR_IDENTITY_IN_USE')) throw this.#failure
    if (this.#failure !== undefined) throw new SkeinError('ERR_STORE', `the node has failed: ${this.#failure.message}`, { cause: this.#failure })
    if (this.#closed !== undefined) throw new SkeinError('ERR_CLOSED', 'the node is closed')
  }

  addresses (): string[] { return this.#p.network.addresses() }
  peers (): PeerInfo[] { return this.#p.network.peers().map(peer => peerInfo(this.#engine, peer)) }

  publish (topic: string, body: Body, options: PublishOptions = {}): Promise<Published> {
    // One promise for each message: what is thrown rejects it.
    return new Promise((resolve, reject) => { this.#publish(topic, body, options, resolve, reject) })
  }

  #publish (topic: string, body: Body, options: PublishOptions, resolve: (published: Published) => void, reject: (error: SkeinError) => void): void {
    this.#checkOpen()
    if (this.#draining) throw new SkeinError('ERR_CLOSED', 'the node is draining and takes no new publishes')
    checkTopic(topic)
    checkPublishOptions(options)
    if (options.signal?.aborted === true) throw new SkeinError('ERR_ABORTED', 'publish was ended before it began; nothing was published', { cause: options.signal.reason })
    const record = makeRecord({ topic, body, time: Math.floor(this.#p.clock.wallMs()), headers: options.headers, key: options.key, id: options.id, contentType: options.contentType, expiresInMs: options.expiresInMs }, this.#p.options.messageBytesMax ?? DEFAULTS.messageBytesMax)
    if (options.durability === 'none') {
      this.#engine.publishEphemeral(record, (error) => {
        if (error === undefined) resolve(new EphemeralPublished(topic, channelOf(topic), record.time))
        else reject(error)
      })
      return
    }
    const { history } = this.#p
    const off = onAbort(options.signal, () => { reject(new SkeinError('ERR_ABORTED', 'the wait for publish was ended; the message may be published all the same', { cause: options.signal?.reason })) })
    const done: PublishDone = (error, placed) => {
      off?.()
      if (placed === undefined) reject(error ?? new SkeinError('ERR_INTERNAL'))
      else resolve(new NodePublished(this.#engine, topic, placed, this.#closing, history))
    }
    this.#engine.publish(record, history?.publishing(record, done) ?? done)
  }

  receipt (id: string): Receipt {
    const { log: logId, position } = parseMessageId(id)
    if (logId.publisher !== this.peerId) throw new SkeinError('ERR_NOT_FOUND', 'the message was published by another node', { hint: 'Ask the node that published it.' })
    const log = this.#engine.book.get(logKey(logId))
    if (log === undefined || position > log.head) throw new SkeinError('ERR_NOT_FOUND', `this node has published no message ${id}`)
    return new NodeReceipt(this.#engine, log, position, this.#closing, this.#p.history)
  }

  async subscribe (filters: string | readonly string[], options: SubscribeOptions = {}): Promise<Subscription> {
    this.#checkOpen()
    const list = checkFilters(filters)
    const settings = subscriptionSettings(options, false)
    await this.#ensure(list, options, settings)
    const subscription: NodeSubscription = new NodeSubscription(options.name, list, (callbacks) => this.#attach(list, options, settings, 'ordered', callbacks), () => { this.#gone(subscription) })
    this.#came(subscription, options.name === undefined)
    return subscription
  }

  async consume (filters: string | readonly string[], options: ConsumeOptions, handler: DeliveryHandler): Promise<Consumer> {
    this.#checkOpen()
    if (typeof handler !== 'function') throw new SkeinError('ERR_BAD_ARGUMENT', 'consume needs a handler')
    const list = checkFilters(filters)
    const settings = subscriptionSettings(options, true)
    await this.#ensure(list, options, settings)
    const mode = settings.concurrency > 1 ? 'keyed' : 'ordered'
    const consumer: NodeConsumer = new NodeConsumer(options.name, list, settings.concurrency, settings.maxInFlight, handler, this.#p.log, (callbacks) => this.#attach(list, options, settings, mode, callbacks), () => { this.#gone(consumer) })
    this.#came(consumer, options.name === undefined)
    return consumer
  }

  #came (item: NodeSubscription | NodeConsumer, live: boolean): void {
    this.#open.add(item)
    if (live) this.#engine.liveChanged()
  }

  #gone (item: NodeSubscription | NodeConsumer): void {
    this.#open.delete(item)
    // The inbox forgets the consumer in this turn; which channels are wanted is looked at after it.
    if (item.name === undefined) this.#p.clock.soon(() => { if (this.#closed === undefined) this.#engine.liveChanged() })
  }

  async #ensure (filters: string[], options: SubscribeOptions, settings: SubscriptionSettings): Promise<void> {
    const { name, change = false } = options
    if (name === undefined) return
    await new Promise<void>((resolve, reject) => {
      this.#engine.inbox.open({ name, filters, change, ...settings }, (error) => { if (error === undefined) resolve(); else reject(error) })
    })
    this.#checkOpen()
  }

  #attach (filters: string[], options: SubscribeOptions, settings: SubscriptionSettings, mode: 'ordered' | 'keyed', callbacks: { ready: () => void, closed: (error?: Error) => void }): ReturnType<Engine['inbox']['attach']> {
    if (options.name === undefined) return this.#engine.inbox.attachLive(filters, { ...callbacks, maxBuffered: LIVE_BUFFER_MAX })
    const { history } = this.#p
    const recorded = { name: options.name, filters, mode, maxAttempts: settings.maxAttempts }
    history?.subscribed(recorded, this.#engine.inbox.info().find(({ name }) => name === options.name)?.from ?? 'latest')
    const handle = this.#engine.inbox.attach(options.name, { ...callbacks, mode, maxInFlight: settings.maxInFlight })
    return history?.consuming(recorded, handle) ?? handle
  }

  subscriptions (): SubscriptionInfo[] { return this.#engine.inbox.info() }

  async removeSubscription (name: string): Promise<void> {
    this.#checkOpen()
    const { history } = this.#p
    history?.unsubscribing(name)
    await new Promise<void>((resolve, reject) => {
      this.#engine.inbox.remove(name, (error) => {
        if (error !== undefined && error.code !== 'ERR_NOT_FOUND') history?.lost(`whether ${name} was removed: ${error.code}`)
        if (error === undefined) resolve()
        else reject(error)
      })
    })
  }

  deadLetters (options: { readonly subscription?: string, readonly after?: string, readonly limit?: number } = {}): DeadLetter[] {
    return this.#engine.inbox.deadLetters(options)
  }

  deadLetter (deadId: string): DeadLetter { return this.#engine.inbox.deadLetter(deadId) }

  async redrive (deadId: string): Promise<void> {
    this.#checkOpen()
    await new Promise<void>((resolve, reject) => {
      this.#engine.inbox.redrive(deadId, (error) => { if (error === undefined) resolve(); else reject(error) })
    })
  }

  gaps (): GapReport[] { return this.#engine.gapLog.recent() }
  claims (): ClaimInfo[] { return claimInfos(this.#engine) }

  quarantined (): QuarantinedPublisher[] {
    return this.#engine.forks.list().map(({ publisher, log, position, foundAt }) => ({ publisher, incarnation: formatIncarnation(log.incarnation), channel: log.channel, position, foundAt, own: publisher === this.peerId }))
  }

  async liftQuarantine (peerId: string): Promise<void> {
    this.#checkOpen()
    await new Promise<void>((resolve, reject) => {
      const known = this.#engine.forks.lift(peerId, (error) => { if (error === undefined) resolve(); else reject(error) })
      if (!known) reject(new SkeinError('ERR_NOT_FOUND', `${peerId} is not in quarantine`))
    })
  }

  outboxLogs (): LogInfo[] { return logInfos(this.#engine, true) }
  inboxLogs (): LogInfo[] { return logInfos(this.#engine, false) }

  status (): NodeStatus {
    const { store, clock, version, options } = this.#p
    return nodeStatus({
      engine: this.#engine, store, mesh: this.mesh, version, dataDir: this.dataDir, relay: options.relay === true,
      uptimeMs: Math.round(clock.nowMs() - this.#startedMs), addresses: this.addresses(), peers: this.peers()
    })
  }

  on<E extends keyof NodeEvents> (event: E, listener: NodeEvents[E]): this {
    this.#emitter.on(event, listener)
    return this
  }

  off<E extends keyof NodeEvents> (event: E, listener: NodeEvents[E]): this {
    this.#emitter.off(event, listener)
    this.#emitter.off(event, (this.#onceOf(event).get(listener) as NodeEvents[E] | undefined) ?? listener)
    this.#onceOf(event).delete(listener)
    return this
  }

  /** What stands for the listeners of an event that hear it once. */
  #onceOf (event: keyof NodeEvents): Map<unknown, unknown> {
    let once = this.#onces.get(event)
    if (once === undefined) this.#onces.set(event, once = new Map())
    return once
  }

  once<E extends keyof NodeEvents> (event: E, listener: NodeEvents[E]): this {
    const wrapped = ((...args: Parameters<NodeEvents[E]>) => {
      this.#emitter.off(event, wrapped)
      if (this.#onceOf(event).get(listener) === wrapped) this.#onceOf(event).delete(listener);
      (listener as (...args: unknown[]) => void)(...args)
    }) as NodeEvents[E]
    this.#onceOf(event).set(listener, wrapped)
    return this.on(event, wrapped)
  }

  addBootstrap (address: string): void {
    this.#checkOpen()
    this.#p.network.addBootstrap(address)
    this.#p.rememberBootstrap(address)
  }

  async drain ({ timeoutMs = DEFAULTS.drainTimeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#draining = true
    const deadline = this.#p.clock.nowMs() + timeoutMs
    const late = new Promise<void>(resolve => { this.#p.clock.after(timeoutMs, resolve) })
    await Promise.race([late, Promise.all([...this.#open].map(async item => { await (item.drain?.() ?? item.close()) }))])
    const busy = (): boolean => !this.#engine.outbox.isIdle || !this.#engine.ephemeral.isIdle || this.#p.network.unsentBytes() > 0
    while (busy() && this.#failure === undefined && this.#p.clock.nowMs() < deadline) {
      await new Promise<void>(resolve => { this.#p.clock.after(5, resolve) })
    }
  }

  async close (): Promise<void> {
    this.#closed ??= this.#close()
    await this.#closed
  }

  async #close (): Promise<void> {
    this.#closing.close()
    for (const item of [...this.#open]) await item.close()
    try {
      await this.#engine.close()
    } finally {
      await this.#p.store.close().finally(() => {
        this.#p.history?.close()
        this.#p.release(this.#failure === undefined)
      })
    }
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.close() }
}

/** Returns how to stop listening. */
function onAbort (signal: AbortSignal | undefined, aborted: () => void): (() => void) | undefined {
  if (signal === undefined) return undefined
  signal.addEventListener('abort', aborted, { once: true })
  return () => { signal.removeEventListener('abort', aborted) }
}
