/** Whole nodes, the real engine, on simulated network, disk, clock and chance, in one process, from one seed. */
import { simulatedHash, Keyring } from './crypto.js'
import { WorldClock } from './clock.js'
import { SimulatedNode, type NodeShape } from './node.js'
import type { SeededRandom } from './random.js'
import { Trace } from './trace.js'
import type { HistoryEvent } from '../../src/check/event.js'
import { createMemoryMesh, type MemoryMesh } from '../../src/network/memory-network.js'
import { ONE_COPY, type GossipCopy } from '../../src/network/memory-fabric.js'
import { meshHash } from '../../src/message/ids.js'

export type { SimulatedNode as WorldNode } from './node.js'

export interface WorldOptions {
  /** Keep the lines of the trace, and not only their hash. */
  readonly trace?: boolean
  /** Told of everything that reaches a node: bytes too. */
  readonly observe?: (what: string, from: string, to: string, data: Uint8Array | undefined) => void
}

export class World {
  readonly clock = new WorldClock()
  readonly trace: Trace
  readonly keyring: Keyring
  readonly mesh: MemoryMesh
  readonly meshHash = meshHash({ hash: simulatedHash }, 'world')
  readonly nodes: SimulatedNode[] = []
  /** What befell nobody in particular: a history of its own. */
  readonly faults: HistoryEvent[] = []
  /** How far the nodes' clocks may be from the right time, ms. */
  clockSkewMs = 5_000
  /** What must never be: each is a failure of the run. */
  readonly problems: string[] = []
  /** One way, for so many bytes. */
  latencyMs: (from: string, to: string, bytes: number) => number
  gossipFate: (from: string, to: string, bytes: number) => readonly GossipCopy[] = () => ONE_COPY
  /** Told of what reaches a node and has bytes. */
  watch: ((what: string, to: string, data: Uint8Array) => void) | undefined
  readonly #byId = new Map<string, SimulatedNode>()

  constructor (readonly random: SeededRandom, options: WorldOptions = {}) {
    this.trace = new Trace(() => this.clock.nowMs(), options.trace === true)
    this.keyring = new Keyring(random.fork('keys'))
    const jitter = random.fork('latency')
    this.latencyMs = () => 0.2 + jitter.float() * 5
    this.mesh = createMemoryMesh({
      clock: this.clock,
      random: random.fork('mesh'),
      latencyMs: (from, to, bytes) => this.latencyMs(from, to, bytes),
      gossipFate: (from, to, bytes) => this.gossipFate(from, to, bytes),
      observe: (what, from, to, data) => {
        options.observe?.(what, from, to, data)
        if (data !== undefined) this.watch?.(what, to, data)
        this.trace.bytes(this.nameOf(to), what, this.nameOf(from), data)
      },
      onHandlerFault: (error) => { this.problem(`a handler threw: ${(error as Error).stack ?? String(error)}`) }
    })
  }

  nameOf (peerId: string): string { return this.#byId.get(peerId)?.name ?? peerId.slice(-6) }
  node (peerId: string): SimulatedNode | undefined { return this.#byId.get(peerId) }

  add (name: string, shape: NodeShape = {}): SimulatedNode {
    const node = new SimulatedNode(this, name, shape)
    this.nodes.push(node)
    this.#byId.set(node.peerId, node)
    return node
  }

  problem (what: string): void {
    this.trace.note('world', 'PROBLEM', what)
    this.problems.push(what)
  }

  /** A fault befalls a node, or nobody in particular. */
  fault (fault: string, node?: SimulatedNode, detail = ''): void {
    this.trace.note(node?.name ?? 'world', `fault ${fault}`, detail)
    const event: HistoryEvent = { type: 'fault', fault, ...(detail === '' ? {} : { detail }) }
    // A dishonest node's own word is not heard.
    if (node === undefined || node.lies) this.faults.push({ ...event, ...(node === undefined ? {} : { node: node.peerId }), t: this.clock.wallMs() })
    else node.record({ ...event, node: node.peerId })
  }

  chance (p: number): boolean { return this.random.chance(p) }
  pick<T> (list: readonly T[]): T { return this.random.pick(list) }
}
