/** A whole engine under attack, an honest publisher next to it, and attackers that sign whatever they like, on the memory network. */
import type { Clock } from '../../../src/base/clock.js'
import type { Crypto } from '../../../src/base/crypto.js'
import { silentLogger } from '../../../src/base/logger.js'
import { makeRecord } from '../../../src/message/record.js'
import { createMemoryMesh, type MemoryMesh, type MemoryNetwork } from '../../../src/network/memory-network.js'
import { Engine } from '../../../src/node/engine.js'
import { createMemoryStore, type MemoryDisk } from '../../../src/store/memory-store.js'
import { fakeCrypto, peerOf } from '../../support/fake-crypto.js'
import { ManualClock, seededRandom } from '../../support/manual-clock.js'
import { holds } from '../target.js'
import { CHANNEL, LATE_CHANNEL, mesh } from './samples.js'

export const VICTIM = peerOf(10)
export const HONEST = peerOf(20)
export const ATTACKERS: readonly string[] = [peerOf(1), peerOf(2), peerOf(3), peerOf(4)]

/** Attackers have keys of their own and sign anything with them: to them a signature is whatever has 64 bytes. */
const lenient = (self: string): Crypto => {
  const strict = fakeCrypto(self)
  return { ...strict, verify: (peerId, tag, statement, signature) => ATTACKERS.includes(peerId) ? signature.length === 64 : strict.verify(peerId, tag, statement, signature) }
}

export class EngineRig {
  readonly clock = new ManualClock()
  readonly random = seededRandom(1)
  readonly faults: unknown[] = []
  readonly mesh: MemoryMesh = createMemoryMesh({ clock: this.clock, random: this.random, onHandlerFault: error => { this.faults.push(error) } })
  readonly acked: string[] = []
  readonly published: string[] = []
  readonly attackers = new Map<string, MemoryNetwork>()
  victim!: Engine
  honest!: Engine

  /** `wallMs`: what the attackers' clocks show. */
  async start (relay: boolean, wallMs: number): Promise<void> {
    this.honest = await this.engine(HONEST, false)
    this.victim = await this.engine(VICTIM, relay)
    this.mesh.connect(VICTIM, HONEST)
    this.subscribe()
    const clock: Clock = { nowMs: () => this.clock.nowMs(), wallMs: () => wallMs, after: (ms, fn) => this.clock.after(ms, fn), soon: fn => { this.clock.soon(fn) } }
    for (const peerId of ATTACKERS) {
      const network = this.mesh.createNetwork({ peerId, clock })
      this.attackers.set(peerId, network)
      await network.start({ peerUp: () => {}, peerDown: () => {}, frame: () => {}, gossip: () => 'ignore', drained: () => {}, interest: () => {}, notice: () => {} })
      this.mesh.connect(peerId, VICTIM)
      network.join('directory')
      network.join(`c/${CHANNEL}`)
    }
    this.publish(2)
    this.clock.advance(300)
    // Later than the links, so that it begins later than what the attackers' clocks were compared with.
    this.subscribe('late', 'latest', LATE_CHANNEL)
    this.clock.advance(10)
  }

  async engine (peerId: string, relay: boolean, disk?: MemoryDisk): Promise<Engine> {
    const store = createMemoryStore({ soon: fn => { this.clock.soon(fn) }, ...(disk === undefined ? {} : { disk }) })
    const engine = new Engine({
      clock: this.clock, random: this.random, crypto: lenient(peerId), mesh, store, network: this.mesh.createNetwork({ peerId, relay }), log: silentLogger, settings: { relay },
      listener: { peerUp: () => {}, peerDown: () => {}, notice: () => {}, gap: () => {}, buried: () => {}, forked: () => {}, ahead: () => {}, damaged: () => {}, failed: error => { this.faults.push(error) } }
    })
    await engine.start()
    return engine
  }

  /** Takes all of the channel. What the subscription `all` has acked of the honest node is kept. */
  subscribe (name = 'all', from: 'earliest' | 'latest' = 'earliest', channel = CHANNEL): void {
    const { inbox } = this.victim
    inbox.open({ name, filters: [`${channel}/#`], from, maxInFlight: 64, ackTimeoutMs: 30_000, maxAttempts: 1000, backoffMs: 50, backoffMaxMs: 500, change: false }, error => {
      if (error !== undefined) { this.faults.push(error); return }
      const pump = (): void => {
        for (let raw = handle.next(); raw !== undefined; raw = handle.next()) {
          const { publisher, incarnation, position } = raw
          const id = `${publisher}.${incarnation}.${channel}.${position}`
          handle.ack(raw.token, problem => { if (problem === undefined && publisher === HONEST && name === 'all') this.acked.push(id) })
        }
      }
      const handle = inbox.attach(name, { mode: 'ordered', maxInFlight: 64, ready: pump, closed: () => {} })
      pump()
    })
  }

  publish (count: number): void {
    for (let i = 0; i < count; i++) {
      this.honest.publish(makeRecord({ topic: `${CHANNEL}/a`, body: `n${this.published.length}`, time: this.clock.wallMs() }, 1 << 20), (error, placed) => {
        if (placed === undefined) this.faults.push(error)
        else this.published.push(`${placed.log.key}.${placed.position}`)
      })
    }
  }

  /** Nothing was thrown, nothing has grown, and what an honest node publishes arrives, each once and in order. */
  check (steps: number): void {
    if (this.faults.length > 0) throw this.faults[0]
    this.publish(2)
    const all = (): boolean => this.published.length === 4 && this.acked.length >= 4
    for (let ms = 0; ms < 90_000 && !all(); ms += 250) this.clock.advance(250)
    if (this.faults.length > 0) throw this.faults[0]
    holds(all(), `what an honest node published does not arrive: ${this.acked.length} of ${this.published.length}`)
    holds(this.acked.join() === this.published.join(), 'what arrived is not what was published')
    const { book, neighbours, puller } = this.victim
    holds(book.size <= 2 + steps * 64, 'the log book grows beyond what it was told')
    holds(neighbours.size <= 5 && puller.needs <= book.size, 'there are more neighbours or needs than there can be')
    holds(this.clock.timers < 400, `there are ${this.clock.timers} timers`)
  }
}
