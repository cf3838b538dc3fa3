import type { SimulatedNode } from './node.js'
import type { SeededRandom } from './random.js'
import type { World } from './world.js'

/** One kind of fault. A seed draws which kinds happen in it, and each kind draws how much of it. */
export interface FaultClass {
  readonly name: string
  /** What it does, in one line, for people. */
  readonly what: string
  /** It may destroy what was published: gaps are then no failure of themselves. */
  readonly destroys?: true
  /** Publishers drop what is still owed, and say so: gaps `expired` and `evicted` are then no failure. */
  readonly trims?: true
  /** Nodes go for good, and their durable subscriptions with them. */
  readonly leaves?: true
  /** What durable subscriptions that never come back hold on to keeps others from what they need. */
  readonly pins?: true
  /** A node withholds what others send through it: what has no other way does not come. */
  readonly withholds?: true
  begin (chaos: Chaos): void
}

/** The time in which faults happen, as one class of them sees it: chance of its own, and a plan that ends when the mesh is to heal. */
export class Chaos {
  readonly #heals: Array<() => void>

  constructor (readonly world: World, readonly random: SeededRandom, readonly endMs: number, heals: Array<() => void>) {
    this.#heals = heals
  }

  get leftMs (): number { return this.endMs - this.world.clock.nowMs() }

  /** Calls `fn` again and again, every `meanMs` on average. */
  every (meanMs: number, fn: () => void): void {
    const next = (): void => {
      this.after(this.random.waitMs(meanMs), () => {
        fn()
        next()
      })
    }
    next()
  }

  /** Calls `fn` so much later, unless the mesh is to heal before. */
  after (ms: number, fn: () => void): void {
    if (ms < this.leftMs) this.world.clock.after(ms, () => { if (this.leftMs > 0) fn() })
  }

  /** What is undone when the mesh is to heal. */
  onHeal (fn: () => void): void { this.#heals.push(fn) }

  /** Some honest node of which `fits` is true. */
  some (fits: (node: SimulatedNode) => boolean = (node) => node.isAwake): SimulatedNode | undefined {
    const nodes = this.world.nodes.filter(node => !node.gone && !node.lies && fits(node))
    return nodes.length === 0 ? undefined : this.random.pick(nodes)
  }

  /**
   * Some node that is dishonest from here on. It never changes its ways, so it must not be what joins the others: no relay is, nothing is
   * published or subscribed at it, and two others at least stay honest.
   */
  traitor (): SimulatedNode | undefined {
    const node = this.random.shuffled(this.world.nodes).find(each => !each.relay && !each.lies)
    if (node === undefined || this.world.nodes.filter(each => !each.lies).length < 3) return undefined
    node.lies = true
    return node
  }

  /** Some pair of nodes that know of each other. */
  somePair (): [SimulatedNode, SimulatedNode] | undefined {
    const pairs = this.world.nodes.flatMap(node => node.bootstrap.map((other): [SimulatedNode, SimulatedNode] => [node, other]))
    const pair = pairs.length === 0 ? undefined : this.random.pick(pairs)
    return pair === undefined || this.random.chance(0.5) ? pair : [pair[1], pair[0]]
  }

  /** Starts a node again, soon or late, but before the mesh is to heal. */
  restart (node: SimulatedNode): void {
    const ms = this.random.chance(0.7) ? this.random.between(10, 2_000) : this.random.between(2_000, 20_000)
    this.world.clock.after(Math.min(ms, Math.max(0, this.leftMs)), () => { void node.start() })
  }
}
