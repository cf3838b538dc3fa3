import type { HistoryEvent } from '../../src/check/event.js'
import { silentLogger } from '../../src/base/logger.js'
import { peerIdOfPublicKey } from '../../src/message/peer-id.js'
import type { Gap } from '../../src/message/reports.js'
import type { MemoryNetwork } from '../../src/network/memory-network.js'
import type { Network } from '../../src/network/network.js'
import type { NodeOptions } from '../../src/node/api.js'
import { Engine, type EngineOptions } from '../../src/node/engine.js'
import { createMemoryDisk, createMemoryStore, type MemoryDisk, type MemoryStore } from '../../src/store/memory-store.js'
import { NodeClock } from './clock.js'
import { Publisher, type Publication } from './publisher.js'
import { Subscriber, type SubscriptionPlan } from './subscriber.js'
import type { SeededRandom } from './random.js'
import type { World } from './world.js'

export interface NodeShape {
  readonly relay?: boolean
  readonly bootstrap?: SimulatedNode[]
  readonly retention?: NodeOptions['retention']
  readonly settings?: Partial<EngineOptions['settings']>
}

export interface CrashOptions {
  /** Neighbours are told nothing (power loss), and notice when they hear nothing more. */
  readonly silently?: boolean
  /** So many of the commits under way had reached the disk. */
  readonly kept?: number
}

/** A node that can crash and come back on what its disk kept, and the application on it. */
export class SimulatedNode {
  readonly peerId: string
  readonly random: SeededRandom
  readonly clock: NodeClock
  readonly relay: boolean
  readonly bootstrap: SimulatedNode[]
  disk: MemoryDisk = createMemoryDisk()
  engine: Engine | undefined
  store: MemoryStore | undefined
  network: MemoryNetwork | undefined
  readonly history: HistoryEvent[] = []
  readonly publisher: Publisher
  readonly subscriber: Subscriber
  readonly gaps: Gap[] = []
  /** Durable subscriptions that lapse, as it tells of them: what, name and peer id. */
  readonly lapses: string[] = []
  /** What the node itself reported that must not be. */
  readonly failures: string[] = []
  /** Others need it to reach each other. */
  isBridge: boolean
  /** It has left, and does not come back. */
  gone = false
  /** It is not honest: nothing is asked of what it says and does. */
  lies = false
  /** Put between the engine and its network. */
  tamper: ((network: Network) => Network) | undefined
  /** When it comes, ms of simulated time. */
  startsAtMs = 0
  retention: NodeOptions['retention']
  settings: Partial<EngineOptions['settings']>
  /** It stops by itself when its disk fails; who runs it starts it again so much later. */
  restartAfterMs = 1_000
  /** An fsync is to fail in this life, or has failed: that the node stops is then no failure. */
  fsyncFails = false

  constructor (readonly world: World, readonly name: string, readonly shape: NodeShape) {
    this.random = world.random.fork(`node ${name}`)
    this.peerId = peerIdOfPublicKey(this.random.bytes(32))
    this.clock = new NodeClock(world.clock)
    this.relay = this.isBridge = shape.relay === true
    this.bootstrap = [...shape.bootstrap ?? []]
    this.retention = shape.retention ?? {}
    this.settings = shape.settings ?? {}
    this.publisher = new Publisher(this)
    this.subscriber = new Subscriber(this)
  }

  get isStopping (): boolean { return this.#stopping }
  get isUp (): boolean { return this.engine !== undefined }
  /** It runs, and is not stopped for the moment. */
  get isAwake (): boolean { return this.isUp && !this.clock.isPaused }
  /** Ids of messages whose publish was answered, in order. */
  get published (): string[] { return this.publisher.published }
  /** By subscription: ids in the order in which their acks became durable. */
  get acked (): Map<string, string[]> { return this.subscriber.acked }

  record (event: HistoryEvent): void { this.history.push({ ...event, t: this.world.clock.wallMs() }) }

  start (): Promise<void> {
    if (this.isUp || this.gone) return Promise.resolve()
    const { world, clock } = this
    const { generation } = clock
    this.#stopping = false
    this.fsyncFails = this.disk.broken
    this.record({ type: 'start', version: 1, node: this.peerId, settles: true })
    world.trace.note(this.name, 'start')
    const flushMs = this.random.between(0.2, 2.2)
    const store = this.store = createMemoryStore({ disk: this.disk, lookEvery: 16, soon: (fn) => { clock.after(flushMs, fn) } })
    const network = this.network = world.mesh.createNetwork({ peerId: this.peerId, relay: this.relay, clock, bootstrap: this.bootstrap.map(node => `/memory/1/p2p/${node.peerId}`) })
    try {
      const engine = this.engine = new Engine({
        clock, random: this.random, crypto: world.keyring.of(this.peerId), mesh: world.meshHash, store, network: this.tamper === undefined ? network : this.tamper(network), log: silentLogger,
        settings: { relay: this.relay, publishWaitMs: 1_000, retention: this.retention ?? {}, ...this.settings },
        listener: {
          peerUp: () => {}, peerDown: () => {}, notice: () => {}, ahead: () => {},
          lapsing: (peerId, name) => { this.lapses.push(`lapsing ${name} ${peerId}`) },
          lapsed: (peerId, name) => { this.lapses.push(`lapsed ${name} ${peerId}`) },
          buried: (letter) => { this.subscriber.buried(letter) },
          forked: (batch) => { this.world.trace.note(this.name, 'forked', batch.logKey) },
          damaged: (log, position) => { this.world.trace.note(this.name, 'damaged', `${log.toString()} ${position}`) },
          gap: (gap) => {
            this.gaps.push(gap)
            this.record({ type: 'gap', ...gap })
            world.trace.note(this.name, 'gap', `${gap.subscription}: ${world.nameOf(gap.publisher)} ${gap.channel} ${gap.from}-${gap.to} ${gap.reason}`)
          },
          failed: (error) => { if (generation === clock.generation) this.#failed(error) }
        }
      })
      this.publisher.started(engine)
      return world.clock.promised(engine.start().then(() => { if (this.engine === engine) this.subscriber.started(engine) }, (error: unknown) => { this.#failed(error as Error) }))
    } catch (error) {
      this.#failed(error as Error)
      return Promise.resolve()
    }
  }

  #stopping = false

  /** A store that failed stops the node; who runs it starts it again when the disk works. */
  #failed (error: Error): void {
    this.world.trace.note(this.name, 'failed', error.message)
    const expected = this.fsyncFails
    if (!expected) this.failures.push(`${this.name} failed: ${error.stack ?? error.message}`)
    this.world.clock.soon(() => {
      this.disk.broken = false
      this.crash()
      if (expected) this.world.clock.after(this.restartAfterMs, () => { void this.start() })
    })
  }

  /** kill -9: what was not on disk is gone. */
  crash (how: CrashOptions | boolean = {}): void {
    const options: CrashOptions = typeof how === 'boolean' ? { silently: how } : how
    if (this.network === undefined) return
    this.world.trace.note(this.name, 'crash', options.silently === true ? 'silently' : '')
    if (this.clock.isPaused) this.world.mesh.resume(this.peerId)
    this.clock.die()
    this.store?.crash(options.kept ?? 0)
    this.network.kill({ silently: options.silently === true })
    this.engine = this.store = this.network = undefined
    this.publisher.crashed()
  }

  /** Stops in order: what is under way is finished first. */
  stop (): void {
    const { engine, store } = this
    if (engine === undefined || !this.isAwake || engine.isClosed || this.#stopping) return
    this.#stopping = true
    this.world.trace.note(this.name, 'stop')
    const { generation } = this.clock
    void this.world.clock.promised(engine.close().then(() => {
      if (generation !== this.clock.generation) return
      this.network = undefined
      this.clock.die()
      store?.crash(store.underWay)
      this.engine = this.store = undefined
      this.publisher.crashed()
    }))
  }

  pause (): void {
    if (!this.isAwake) return
    this.world.trace.note(this.name, 'pause')
    this.clock.pause()
    this.world.mesh.pause(this.peerId)
  }

  resume (): void {
    if (!this.clock.isPaused) return
    this.world.trace.note(this.name, 'resume')
    this.clock.resume()
    this.world.mesh.resume(this.peerId)
  }

  subscribe (name: string, filters: string[], plan: Partial<SubscriptionPlan> = {}): void { this.subscriber.subscribe(name, filters, plan) }
  publish (topic: string, body: string, options: Partial<Publication> = {}): void { this.publisher.publish({ topic, body, ...options }) }
}
