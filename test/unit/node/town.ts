/** A few engines on the memory network and a clock of their own, small enough to tell one story. */
import type { Logger } from '../../../src/base/logger.js'
import { silentLogger } from '../../../src/base/logger.js'
import type { SealedBatch } from '../../../src/message/batch.js'
import type { Gap } from '../../../src/message/reports.js'
import { createMemoryMesh, type MemoryMesh, type MemoryNetwork } from '../../../src/network/memory-network.js'
import { Engine, type EngineListener } from '../../../src/node/engine.js'
import { createMemoryDisk, createMemoryStore, type MemoryDisk, type MemoryStore } from '../../../src/store/memory-store.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock, seededRandom } from '../../support/manual-clock.js'
import { recordOf } from '../../support/written-log.js'

export interface TownOptions { readonly relay?: boolean, readonly peerId?: string, readonly twin?: boolean, readonly bootstrap?: readonly Townsman[] }

/** A node over its lives. */
export class Townsman {
  disk: MemoryDisk = createMemoryDisk()
  readonly peerId: string
  /** What its wall clock is ahead of the town's. */
  wallAheadMs = 0
  store!: MemoryStore
  network!: MemoryNetwork
  engine!: Engine
  readonly forks: Array<Parameters<EngineListener['forked']>[0]> = []
  readonly gaps: Gap[] = []
  readonly failures: Error[] = []
  readonly errors: string[] = []
  readonly duplicates: unknown[] = []
  readonly published: string[] = []
  /** By subscription: `PUBLISHER:INCARNATION:POSITION` without the random part, in order of delivery. */
  readonly delivered = new Map<string, string[]>()
  readonly bodies = new Map<string, string[]>()
  readonly late: string[] = []
  #alive = { yes: false }

  constructor (readonly town: Town, n: number, readonly options: TownOptions) {
    this.peerId = options.peerId ?? peerOf(n)
  }

  async start (): Promise<this> {
    const { town } = this
    const alive = this.#alive = { yes: true }
    const clock = {
      nowMs: () => town.clock.nowMs(),
      wallMs: () => town.clock.wallMs() + this.wallAheadMs,
      after: (ms: number, fn: () => void) => town.clock.after(ms, () => { if (alive.yes) fn() }),
      soon: (fn: () => void) => { town.clock.soon(() => { if (alive.yes) fn() }) }
    }
    const log: Logger = { ...silentLogger, error: (_fields: object, message: string) => { this.errors.push(message) } }
    this.store = createMemoryStore({ disk: this.disk, soon: (fn) => { clock.after(1, fn) } })
    this.network = town.mesh.createNetwork({
      peerId: this.peerId, relay: this.options.relay === true, twin: this.options.twin === true,
      bootstrap: (this.options.bootstrap ?? []).map(({ peerId }) => `/memory/1/p2p/${peerId}`)
    })
    this.engine = new Engine({
      clock, random: town.random, crypto: fakeCrypto(this.peerId), mesh: testMesh, store: this.store, network: this.network, log, settings: { relay: this.options.relay === true, publishWaitMs: 1_000 },
      listener: {
        peerUp: () => {}, peerDown: () => {}, notice: () => {}, buried: () => {}, ahead: () => {}, damaged: () => {},
        gap: (gap) => { this.gaps.push(gap) },
        forked: (fork) => { this.forks.push(fork) },
        duplicate: (rival) => { this.duplicates.push(rival) },
        failed: (error) => { this.failures.push(error) }
      }
    })
    await this.engine.start()
    return this
  }

  crash (silently = false): void {
    this.#alive.yes = false
    this.store.crash()
    this.network.kill({ silently })
  }

  subscribe (name: string, filter: string, from: 'earliest' | 'latest' = 'earliest'): void {
    const { engine } = this
    const alive = this.#alive
    const delivered = this.delivered.get(name) ?? []
    const bodies = this.bodies.get(name) ?? []
    this.delivered.set(name, delivered)
    this.bodies.set(name, bodies)
    engine.inbox.open({ name, filters: [filter], from, maxInFlight: 64, ackTimeoutMs: 30_000, maxAttempts: 10, backoffMs: 50, backoffMaxMs: 500, change: false }, (error) => {
      if (error !== undefined) throw error
      const pump = (): void => {
        for (let raw = handle.next(); raw !== undefined; raw = handle.next()) {
          const id = `${raw.incarnation.split('-')[0]}:${raw.position}`
          delivered.push(id)
          bodies.push(Buffer.from(raw.record.body).toString())
          if (raw.late) this.late.push(id)
          handle.ack(raw.token, () => {})
        }
      }
      const handle = engine.inbox.attach(name, { mode: 'ordered', maxInFlight: 64, ready: () => { if (alive.yes) pump() }, closed: () => {} })
      pump()
    })
  }

  publish (topic: string, body = 'x'): void {
    this.engine.publish(recordOf(topic, body, { time: this.town.clock.wallMs() + this.wallAheadMs }), (error, placed) => {
      if (error !== undefined) throw error
      this.published.push(`${placed?.log.incarnation.number}:${placed?.position}`)
    })
  }

  /** Takes a batch as if somebody had gossiped it. */
  takes (...batches: SealedBatch[]): string[] { return batches.map(batch => this.engine.intake.offer(batch, undefined)) }

  get lag (): number { return this.engine.inbox.info().reduce((sum, { lag }) => sum + lag, 0) }
  /** Gaps as `INCARNATION:FROM-TO REASON`. */
  get gapTexts (): string[] { return this.gaps.map(({ incarnation, from, to, reason }) => `${incarnation.split('-')[0]}:${from}-${to} ${reason}`) }
}

export class Town {
  readonly clock = new ManualClock()
  readonly random = seededRandom(7)
  readonly mesh: MemoryMesh = createMemoryMesh({ clock: this.clock, random: this.random, latencyMs: () => 1 })
  #n = 20

  async node (options: TownOptions = {}): Promise<Townsman> { return await new Townsman(this, ++this.#n, options).start() }

  /** Time passes. */
  async run (ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      for (let i = 0; i < 4; i++) await Promise.resolve()
      this.clock.advance(Math.min(100, left))
    }
  }

  async until (what: string, holds: () => boolean, ms = 60_000): Promise<void> {
    for (let left = ms; left > 0 && !holds(); left -= 100) await this.run(100)
    if (!holds()) throw new Error(`waited in vain for: ${what}`)
  }
}
