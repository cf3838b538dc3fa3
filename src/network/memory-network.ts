/**
 * The Network port inside one process: nodes joined by simulated links. All time comes from the clock and all chance from the
 * random source that are handed in, so on a simulated clock a whole mesh runs the same way every time.
 *
 * A blocked direction holds what is sent, as TCP would: it arrives when the block is lifted, unless the receiver has
 * gone without a word for `SILENCE_MAX_MS` and given the link up. Gossip floods to all neighbours that joined the topic.
 */
import type { Clock, Random, Timer } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'
import { memoryAddress, ONE_COPY, type Fabric, type GossipCopy } from './memory-fabric.js'
import { MemoryNode, type MemoryNodeOptions } from './memory-node.js'
import type { Network } from './network.js'
import { DIAL_TIMEOUT_MS, SILENCE_MAX_MS } from './network-limits.js'
import { REFUSAL, type RefusalCode } from './refusal.js'

export interface MemoryMeshOptions {
  readonly clock: Clock
  readonly random: Random
  /** One way, for so many bytes. Default 0. May draw from a random source of the caller's. */
  readonly latencyMs?: (from: string, to: string, bytes: number) => number
  /** What becomes of one gossip message on its way to one neighbour: the copies that arrive, none when it is lost. Default: one, at once. */
  readonly gossipFate?: (from: string, to: string, bytes: number) => readonly GossipCopy[]
  /** Told of whatever reaches a node: frames, gossip, links that come and go. For traces. */
  readonly observe?: (what: string, from: string, to: string, data: Uint8Array | undefined) => void
  /** A handler threw. Default: thrown again on a turn of its own, so that a test fails loudly. */
  readonly onHandlerFault?: (error: unknown) => void
}

export interface MemoryNetworkOptions {
  /** Default: drawn from the random source. One that was used before is a restart of that node. */
  readonly peerId?: string
  /** Default 'memory'. Nodes of different meshes refuse each other. */
  readonly mesh?: string
  readonly relay?: boolean
  readonly agent?: string
  readonly bootstrap?: readonly string[]
  /** Runs beside another node of the same identity, which keeps being the one that is dialled. Default false. */
  readonly twin?: boolean
  /** This node's own clock, for tests of skew. Default the mesh's. */
  readonly clock?: Clock
}

/** A node of the mesh: a Network that can also be killed. */
export type MemoryNetwork = Network & Pick<MemoryNode, 'banned' | 'kill'>

export interface MemoryMesh {
  createNetwork (options?: MemoryNetworkOptions): MemoryNetwork
  /** Has `a` dial `b` and keep dialling. */
  connect (a: string, b: string): void
  /** Resets the link between two nodes; what was under way is lost. They may link again unless they are blocked. */
  disconnect (a: string, b: string): void
  /** Nothing gets from `from` to `to`. A reader that has stalled looks just so. */
  block (from: string, to: string): void
  unblock (from: string, to: string): void
  /** Nothing gets from one group to the other, and back unless `oneWay`. */
  partition (groupA: readonly string[], groupB: readonly string[], options?: { readonly oneWay?: boolean }): void
  /** `a` has lost the link without a word to `b`, which believes in it until it has heard nothing for `SILENCE_MAX_MS`. */
  halfOpen (a: string, b: string): void
  /** The node's process is stopped (SIGSTOP): what is sent to it waits, and whoever hears nothing for `SILENCE_MAX_MS` gives it up. Its clock is the caller's to stop. */
  pause (peerId: string): void
  resume (peerId: string): void
  /** Lifts every block. */
  heal (): void
}

export function createMemoryMesh (options: MemoryMeshOptions): MemoryMesh {
  return new Mesh(options)
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

class Mesh implements MemoryMesh, Fabric<MemoryNode> {
  readonly clock: Clock
  readonly random: Random
  private readonly latency: NonNullable<MemoryMeshOptions['latencyMs']>
  readonly handlerFault: (error: unknown) => void
  private readonly nodes = new Map<string, MemoryNode>()
  private readonly blocks = new Map<string, Timer>()
  private readonly paused = new Map<string, object>()
  readonly gossipFate: NonNullable<MemoryMeshOptions['gossipFate']>
  readonly observe: NonNullable<MemoryMeshOptions['observe']>

  constructor ({ clock, random, latencyMs, gossipFate, observe, onHandlerFault }: MemoryMeshOptions) {
    this.clock = clock
    this.random = random
    this.latency = latencyMs ?? (() => 0)
    this.gossipFate = gossipFate ?? (() => ONE_COPY)
    this.observe = observe ?? (() => {})
    this.handlerFault = onHandlerFault ?? ((error) => { clock.soon(() => { throw error }) })
  }

  createNetwork (options: MemoryNetworkOptions = {}): MemoryNetwork {
    const peerId = options.peerId ?? this.drawId()
    if (this.nodes.has(peerId) && options.twin !== true) throw new SkeinError('ERR_BAD_ARGUMENT', `${peerId} is running already`)
    const full: MemoryNodeOptions = {
      peerId,
      mesh: options.mesh ?? 'memory',
      relay: options.relay ?? false,
      agent: options.agent ?? 'skein-memory',
      bootstrap: options.bootstrap ?? [],
      clock: options.clock ?? this.clock
    }
    const node = new MemoryNode(this, full)
    if (!this.nodes.has(peerId)) this.nodes.set(peerId, node)
    return node
  }

  connect (a: string, b: string): void { this.nodes.get(a)?.addBootstrap(memoryAddress(b)) }

  disconnect (a: string, b: string): void {
    this.clock.soon(() => {
      this.nodes.get(a)?.drop(b, 'the link was reset')
      this.nodes.get(b)?.drop(a, 'the link was reset')
    })
  }

  block (from: string, to: string): void {
    const key = `${from} ${to}`
    if (this.blocks.has(key)) return
    this.blocks.set(key, this.clock.after(SILENCE_MAX_MS, () => { this.nodes.get(to)?.drop(from, 'the peer fell silent') }))
  }

  unblock (from: string, to: string): void {
    const key = `${from} ${to}`
    this.blocks.get(key)?.cancel()
    if (this.blocks.delete(key)) this.nodes.get(from)?.unblocked(to)
  }

  partition (groupA: readonly string[], groupB: readonly string[], options: { readonly oneWay?: boolean } = {}): void {
    for (const a of groupA) {
      for (const b of groupB) {
        this.block(a, b)
        if (options.oneWay !== true) this.block(b, a)
      }
    }
  }

  heal (): void {
    for (const key of [...this.blocks.keys()]) {
      const [from, to] = key.split(' ') as [string, string]
      this.unblock(from, to)
    }
  }

  latencyMs (from: string, to: string, bytes: number): number { return this.latency(from, to, bytes) }

  isBlocked (from: string, to: string): boolean {
    return (this.paused.size > 0 && this.paused.has(to)) || (this.blocks.size > 0 && this.blocks.has(`${from} ${to}`))
  }

  isPaused (peerId: string): boolean { return this.paused.has(peerId) }

  halfOpen (a: string, b: string): void { this.clock.soon(() => { this.nodes.get(a)?.lose(b) }) }

  pause (peerId: string): void {
    const since = {}
    this.paused.set(peerId, since)
    this.clock.after(SILENCE_MAX_MS, () => {
      if (this.paused.get(peerId) === since) for (const node of this.nodes.values()) node.drop(peerId, 'the peer fell silent')
    })
  }

  resume (peerId: string): void {
    if (this.paused.delete(peerId)) for (const node of this.nodes.values()) node.unblocked(peerId)
  }

  left (node: MemoryNode): void {
    if (this.nodes.get(node.peerId) !== node) return
    this.nodes.delete(node.peerId)
    this.paused.delete(node.peerId)
  }

  dial (from: MemoryNode, to: string, key: string): void {
    const roundTripMs = this.latencyMs(from.peerId, to, 64) + this.latencyMs(to, from.peerId, 64)
    const cut = this.isBlocked(from.peerId, to) || this.isBlocked(to, from.peerId)
    this.clock.after(cut ? DIAL_TIMEOUT_MS : roundTripMs, () => {
      const other = this.nodes.get(to)
      if (!from.running) return
      if (cut || this.isBlocked(from.peerId, to) || this.isBlocked(to, from.peerId)) from.dialFailed(key, 'it took too long')
      else if (other === undefined || !other.running) from.dialFailed(key, 'the connection was refused')
      else this.meet(from, other, key)
    })
  }

  /** The handshake, with both sides at hand. */
  private meet (dialler: MemoryNode, listener: MemoryNode, key: string): void {
    if (dialler.linkedTo(listener)) {
      dialler.dialSame(key, listener.peerId)
      return
    }
    const byListener = refusal(listener, dialler)
    const byDialler = byListener === undefined ? refusal(dialler, listener) : undefined
    const code = byListener ?? byDialler
    if (code !== undefined) {
      listener.refused(dialler.peerId, code, byListener !== undefined, undefined)
      dialler.refused(listener.peerId, code, byDialler !== undefined, key)
      return
    }
    const instance = {}
    listener.raise(dialler, 'inbound', instance, undefined)
    dialler.raise(listener, 'outbound', instance, key)
  }

  private drawId (): string {
    return `12D3KooW${[...this.random.bytes(32)].map((byte) => BASE58[byte % 58]).join('')}`
  }
}

function refusal (self: MemoryNode, other: MemoryNode): RefusalCode | undefined {
  if (self.mesh !== other.mesh) return REFUSAL.otherMesh
  return self.banned(other.peerId) ? REFUSAL.banned : undefined
}
