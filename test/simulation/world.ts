/**
 * Whole nodes, the real engine, on simulated network, disk, clock and chance, in one process, from one seed.
 */
import { createHash } from 'node:crypto'
import type { Clock, Random, Timer } from '../../src/base/clock.js'
import type { Crypto } from '../../src/base/crypto.js'
import { silentLogger } from '../../src/base/logger.js'
import { meshHash } from '../../src/message/ids.js'
import { peerIdOfPublicKey } from '../../src/message/peer-id.js'
import { makeRecord } from '../../src/message/record.js'
import type { Gap } from '../../src/message/reports.js'
import { createMemoryMesh, type MemoryMesh, type MemoryNetwork } from '../../src/network/memory-network.js'
import type { NodeOptions } from '../../src/node/api.js'
import { Engine } from '../../src/node/engine.js'
import { createMemoryDisk, createMemoryStore, type MemoryDisk, type MemoryStore } from '../../src/store/memory-store.js'

interface Due { readonly atMs: number, readonly order: number, readonly fn: () => void, cancelled: boolean }

/** Simulated time: a binary heap of what is due. */
export class WorldClock implements Clock {
  #heap: Due[] = []
  #order = 0
  #time = 0

  nowMs (): number { return this.#time }
  wallMs (): number { return 1_700_000_000_000 + Math.floor(this.#time) }

  after (delayMs: number, fn: () => void): Timer {
    const due: Due = { atMs: this.#time + Math.max(0, delayMs), order: this.#order++, fn, cancelled: false }
    const heap = this.#heap
    let i = heap.push(due) - 1
    while (i > 0) {
      const up = (i - 1) >> 1
      if (before(heap[up] as Due, due)) break
      heap[i] = heap[up] as Due
      i = up
    }
    heap[i] = due
    return { cancel: () => { due.cancelled = true } }
  }

  soon (fn: () => void): void { this.after(0.001, fn) }

  #pop (): Due | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || last === undefined || heap.length === 0) return top
    let i = 0
    for (;;) {
      let down = 2 * i + 1
      if (down >= heap.length) break
      if (down + 1 < heap.length && before(heap[down + 1] as Due, heap[down] as Due)) down++
      if (before(last, heap[down] as Due)) break
      heap[i] = heap[down] as Due
      i = down
    }
    heap[i] = last
    return top
  }

  /** Runs what is due until `condition` holds or `ms` have passed. Returns whether it holds. */
  async run (ms: number, condition: () => boolean = () => false): Promise<boolean> {
    const end = this.#time + ms
    for (let n = 0; ; n++) {
      // Starting a network is the only thing that promises.
      if (n % 16 === 0) for (let i = 0; i < 4; i++) await Promise.resolve()
      if (condition()) return true
      const due = this.#heap[0]
      if (due === undefined || due.atMs > end) break
      this.#pop()
      this.#time = Math.max(this.#time, due.atMs)
      if (!due.cancelled) due.fn()
    }
    this.#time = end
    return condition()
  }
}

const before = (a: Due, b: Due): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/** A keyed hash stands in for signatures: as good as one among nodes that cannot see each other's secret, which here is the public key. */
export function simulatedCrypto (self: string): Crypto {
  const hash = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
  const sign = (peerId: string, tag: string, statement: Uint8Array): Uint8Array => createHash('sha512').update(peerId).update(tag).update(statement).digest()
  return { hash, sign: (tag, statement) => sign(self, tag, statement), verify: (peerId, tag, statement, signature) => Buffer.compare(sign(peerId, tag, statement), signature) === 0 }
}

export interface Acked { readonly id: string, readonly topic: string }

/** A node that can crash and come back on what its disk kept. */
export class WorldNode {
  readonly disk: MemoryDisk = createMemoryDisk()
  readonly peerId: string
  engine: Engine | undefined
  store: MemoryStore | undefined
  network: MemoryNetwork | undefined
  #alive = { yes: false }
  /** Ids of messages whose publish was answered, in order. */
  readonly published: string[] = []
  readonly gaps: Gap[] = []
  readonly failures: string[] = []
  /** By subscription: ids in the order in which their acks became durable. */
  readonly acked = new Map<string, string[]>()
  readonly subscriptions: Array<{ name: string, filters: string[], nackEvery: number }> = []

  constructor (readonly world: World, readonly name: string, readonly relay: boolean, readonly bootstrap: WorldNode[], readonly retention: NodeOptions['retention'] = {}, readonly settings: Partial<NodeOptions> = {}) {
    this.peerId = peerIdOfPublicKey(world.random.bytes(32))
  }

  get isUp (): boolean { return this.#alive.yes }

  async start (): Promise<void> {
    const { world } = this
    const alive = this.#alive = { yes: true }
    // What a dead process had planned does not happen.
    const clock: Clock = {
      nowMs: () => world.clock.nowMs(),
      wallMs: () => world.clock.wallMs(),
      after: (ms, fn) => world.clock.after(ms, () => { if (alive.yes) fn() }),
      soon: (fn) => { world.clock.soon(() => { if (alive.yes) fn() }) }
    }
    const flushMs = 0.2 + world.random.float() * 2
    const store = this.store = createMemoryStore({ disk: this.disk, soon: (fn) => { clock.after(flushMs, fn) } })
    const network = this.network = world.mesh.createNetwork({ peerId: this.peerId, relay: this.relay, bootstrap: this.bootstrap.map(node => `/memory/1/p2p/${node.peerId}`) })
    const crypto = simulatedCrypto(this.peerId)
    const engine = this.engine = new Engine({
      clock, random: world.random, crypto, mesh: meshHash(crypto, 'world'), store, network, log: silentLogger,
      settings: { relay: this.relay, publishWaitMs: 1_000, retention: this.retention, ...this.settings },
      listener: {
        peerUp: () => {}, peerDown: () => {}, notice: () => {}, buried: () => {}, ahead: () => {},
        forked: (batch) => { this.failures.push(`forked ${batch.logKey}`) },
        damaged: (log, position) => { this.failures.push(`damaged ${log.key} ${position}`) },
        gap: (gap) => { this.gaps.push(gap) },
        failed: (error) => { this.failures.push(`failed ${error.message}`) }
      }
    })
    await engine.start()
    for (const spec of this.subscriptions) this.#consume(engine, spec, alive)
  }

  subscribe (name: string, filters: string[], nackEvery = 0): void {
    const spec = { name, filters, nackEvery }
    this.subscriptions.push(spec)
    this.acked.set(name, [])
    if (this.engine !== undefined && this.isUp) this.#consume(this.engine, spec, this.#alive)
  }

  #consume (engine: Engine, { name, filters, nackEvery }: { name: string, filters: string[], nackEvery: number }, alive: { yes: boolean }): void {
    engine.inbox.open({ name, filters, from: 'earliest', maxInFlight: 64, ackTimeoutMs: 30_000, maxAttempts: 1000, backoffMs: 50, backoffMaxMs: 500, change: false }, (error) => {
      if (error !== undefined) { this.failures.push(`open ${error.message}`); return }
      let n = 0
      const pump = (): void => {
        for (let raw = handle.next(); raw !== undefined; raw = handle.next()) {
          const { token, publisher, incarnation, channel, position } = raw
          const id = `${publisher}.${incarnation}.${channel}.${position}`
          if (nackEvery > 0 && ++n % nackEvery === 0) handle.nack(token, {}, () => {})
          else {
            handle.ack(token, (problem) => {
              if (problem === undefined) this.acked.get(name)?.push(id)
              else if (alive.yes) this.failures.push(`ack ${problem.code}`)
            })
          }
        }
      }
      const handle = engine.inbox.attach(name, { mode: 'ordered', maxInFlight: 64, ready: pump, closed: () => {} })
      pump()
    })
  }

  publish (topic: string, body: string): void {
    const { engine } = this
    if (engine === undefined || !this.isUp) return
    engine.publish(makeRecord({ topic, body, time: this.world.clock.wallMs() }, 1 << 20), (error, placed) => {
      if (error === undefined && placed !== undefined) this.published.push(`${placed.log.key}.${placed.position}`)
    })
  }

  /** kill -9: what was not on disk is gone, nobody is told. */
  crash (silently: boolean): void {
    this.#alive.yes = false
    this.store?.crash()
    this.network?.kill({ silently })
    this.engine = undefined
  }
}

export class World {
  readonly clock = new WorldClock()
  readonly mesh: MemoryMesh
  readonly nodes: WorldNode[] = []

  constructor (readonly random: Random) {
    this.mesh = createMemoryMesh({ clock: this.clock, random, latencyMs: () => 0.2 + random.float() * 5 })
  }

  add (name: string, options: { relay?: boolean, bootstrap?: WorldNode[], retention?: NodeOptions['retention'], settings?: Partial<NodeOptions> } = {}): WorldNode {
    const node = new WorldNode(this, name, options.relay === true, options.bootstrap ?? [], options.retention, options.settings)
    this.nodes.push(node)
    return node
  }

  chance (p: number): boolean { return this.random.float() < p }
  pick<T> (list: readonly T[]): T { return list[Math.floor(this.random.float() * list.length)] as T }
}
