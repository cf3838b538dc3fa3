import { openBatch } from '../../src/message/batch.js'
import { FilterSet } from '../../src/message/filter.js'
import { decodeRecords, makeRecord } from '../../src/message/record.js'
import type { RawDelivery } from '../../src/inbox/inbox.js'
import { GOSSIP } from '../../src/message/gossip-kinds.js'
import type { SimulatedNode } from './node.js'
import type { World } from './world.js'

/** What is published in one turn goes out and is handed out with the next. */
const TURN_MS = 2

interface Said {
  readonly topic: string
  readonly publisher: string
  /** When a copy last reached a node, ms of simulated time. */
  readonly reachedMs: Map<string, number>
}

/** Who takes ephemeral messages, and since when without a break. */
export interface Listener {
  readonly node: SimulatedNode
  readonly name: string
  readonly filters: readonly string[]
  readonly sinceMs: number
  readonly isAttached: () => boolean
}

/** What was published without durability, and whether it comes as promised: to who is attached when it comes, once, as it was said. */
export class Ephemerals {
  readonly #said = new Map<string, Said>()
  readonly #taken = new Set<string>()
  readonly #lagMs: ReadonlyMap<SimulatedNode, number>

  constructor (private readonly world: World) {
    this.#lagMs = new Map(world.nodes.map(node => [node, node.clock.lagMs]))
    world.watch = (what, to, data) => {
      if (what !== 'gossip' || data[0] !== GOSSIP.ephemeral) return
      try {
        const batch = openBatch(data.subarray(1), world.meshHash)
        for (const { body } of decodeRecords(batch.body, batch.count, batch.log.channel)) this.#said.get(textOf(body))?.reachedMs.set(to, world.clock.nowMs())
      } catch {
        // A neighbour that lies has made it up.
      }
    }
  }

  publish (node: SimulatedNode, topic: string): void {
    const { engine } = node
    if (engine === undefined || engine.isClosed) return
    const body = `ephemeral ${this.#said.size}`
    this.#said.set(body, { topic, publisher: node.peerId, reachedMs: new Map([[node.peerId, this.world.clock.nowMs()]]) })
    engine.publishEphemeral(makeRecord({ topic, body, time: node.clock.wallMs() }, 1 << 20), (error) => {
      if (error !== undefined) this.world.problem(`${node.name} could not publish ${body}: ${error.code}`)
    })
  }

  took ({ node, name, filters, sinceMs, isAttached }: Listener, { record, publisher, position, incarnation, attempt }: RawDelivery): void {
    const body = textOf(record.body)
    const said = this.#said.get(body)
    const wrong = (what: string): void => { this.world.problem(`${node.name} ${name} was given “${body}”, ${what}`) }
    this.world.trace.note(node.name, 'ephemeral', `${name}: ${body}`)
    if (said?.topic !== record.topic || said.publisher !== publisher) { wrong('which nobody has said so'); return }
    if (position !== 0 || incarnation !== '' || attempt !== 1) wrong('as if it were kept')
    if (!new FilterSet(filters).matches(record.topic)) wrong('which it does not take in')
    if (!isAttached()) wrong('and is not attached')
    // A slow node is given later what has come, one that stood still when it goes on, and its own publishes with the next turn.
    const reachedMs = Math.max(said.reachedMs.get(node.peerId) ?? -1, node.clock.resumedMs)
    if (reachedMs + TURN_MS + 3 * (this.#lagMs.get(node) ?? 0) < sinceMs) wrong('which came before it was attached')
    // What a node has seen it forgets when it ends.
    const once = `${node.name} ${node.clock.generation} ${name} ${sinceMs} ${body}`
    if (this.#taken.has(once)) wrong('twice')
    this.#taken.add(once)
  }
}

const textOf = (body: Uint8Array): string => new TextDecoder().decode(body)
