import type { SimulatedNode } from './node.js'
import type { SubscriptionPlan } from './subscriber.js'
import type { SeededRandom } from './random.js'
import type { World } from './world.js'

const TOPICS = ['a/x', 'a/y', 'a/y/z', 'b/x', 'b/y', 'c']
const FILTERS = [['#'], ['#'], ['a/#'], ['a/+', 'b/x'], ['+/x'], ['b/y', 'c'], ['c']]

/** What applications do while faults happen: they publish, subscribe, handle, nack, reject and go away. */
export function startWorkload (world: World, random: SeededRandom, endMs: number): void {
  const topics = random.shuffled(TOPICS).slice(0, random.whole(1, TOPICS.length))
  const honest = world.nodes.filter(node => !node.lies)
  const publishers = random.shuffled(honest).slice(0, random.whole(1, Math.min(4, honest.length)))
  subscribe(world, random, honest, endMs)
  const messages = random.pick([20, 60, 120, 200])
  const meanMs = (endMs - world.clock.nowMs()) / messages
  const bodies = random.pick([20, 200, 2_000])
  const careful = random.chance(0.5)
  let n = 0
  const publish = (): void => {
    const node = random.pick(publishers)
    const burst = random.chance(0.03) ? random.whole(10, 40) : 1
    for (let i = 0; i < burst; i++) {
      const number = n++
      const body = `${number} `.padEnd(Math.floor(random.float() * bodies) + 4, String(number))
      const publication = {
        topic: random.pick(topics), body,
        key: random.chance(0.5) ? `key-${random.whole(1, 4)}` : undefined,
        // A caller that does not know whether it got through says it again.
        id: careful && random.chance(0.2) ? `id-${number}` : undefined,
        expiresInMs: random.chance(0.03) ? random.between(100, 20_000) : undefined,
        until: random.chance(0.1) ? random.chance(0.5) ? { stored: 1 } : { processed: 'sub-0' } : undefined
      }
      node.publisher.publish(publication)
      if (publication.id !== undefined && random.chance(0.5)) world.clock.after(random.between(1, 5_000), () => { node.publisher.publish(publication) })
    }
    world.clock.after(random.waitMs(meanMs), () => { if (world.clock.nowMs() < endMs) publish() })
  }
  world.clock.after(random.waitMs(meanMs), publish)
}

function subscribe (world: World, random: SeededRandom, nodes: readonly SimulatedNode[], endMs: number): void {
  const count = random.whole(1, 4)
  const leftMs = endMs - world.clock.nowMs()
  for (let i = 0; i < count; i++) {
    const node = random.pick(nodes)
    const name = `sub-${i}`
    const late = i > 0 && random.chance(0.3)
    const plan: Partial<SubscriptionPlan> = {
      from: i === 0 || random.chance(0.7) ? 'earliest' : 'latest',
      ordered: random.chance(0.6),
      maxInFlight: random.pick([1, 4, 64]),
      maxAttempts: random.pick([2, 5, 1000]),
      ackTimeoutMs: random.pick([500, 5_000, 30_000]),
      nack: random.pick([0, 0, 0.05, 0.3]),
      reject: random.pick([0, 0, 0.05]),
      slowMs: random.pick([0, 0, 5, 100, 800])
    }
    const filters = random.pick(FILTERS)
    const make = (): void => {
      // An application calls when its node runs.
      if (node.isAwake) node.subscribe(name, filters, plan)
      else if (!node.gone) world.clock.after(100, make)
    }
    world.clock.after(late ? random.float() * leftMs : 0.01, make)
    const leave = (): void => {
      // What stands still calls nothing; what is down is asked again when it starts.
      if (node.isUp && !node.isAwake) world.clock.after(100, leave)
      else node.subscriber.unsubscribe(name)
    }
    if (i > 0 && random.chance(0.15)) world.clock.after(random.float() * leftMs, leave)
  }
}
