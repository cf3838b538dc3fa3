import { describe, expect, it } from 'vitest'
import { SeededRandom } from './random.js'
import { scale } from './scale.js'
import { Traffic } from './traffic.js'
import { World } from './world.js'

describe('a mesh that grows', () => {
  it('reaches everyone at the same cost for each, tells publishers so, and comes to rest, at the start and after a partition', async () => {
    const [small, large] = [await scale({ nodes: 20, messages: 20 }), await scale({ nodes: 60, messages: 20 })]
    for (const result of [small, large]) {
      expect(result.problems).toEqual([])
      expect(result.delivered).toBe(result.expected)
      expect(result.duplicates).toBeLessThanOrEqual(result.neighbours)
      expect(result.hopsMean).toBeLessThan(6)
      // The ways to publishers come back with their next announcement.
      expect(result.healMs).toBeLessThan(100_000)
    }
    expect(large.gossipBytes / small.gossipBytes).toBeLessThan(1.5)
    expect(large.allBytes / small.allBytes).toBeLessThan(1.5)
    expect(large.allBytes).toBeLessThan(3 * large.gossipBytes)
  }, 120_000)
})

describe('receipts over several hops', () => {
  /** A publisher, three relays in a row and a subscriber: bytes of receipts on all links for each message, at so many a second. */
  async function receiptBytes (perSecond: number, messages: number): Promise<number> {
    const traffic = new Traffic()
    const world = new World(new SeededRandom(1), { observe: traffic.observe })
    const { clock } = world
    const relays = [0, 1, 2].map(i => world.add(`relay-${i}`, { relay: true, bootstrap: world.nodes.slice(-1) }))
    const publisher = world.add('publisher', { bootstrap: relays.slice(0, 1) })
    const subscriber = world.add('subscriber', { bootstrap: relays.slice(-1) })
    subscriber.subscribe('all', ['a/#'])
    for (const node of world.nodes) void node.start()
    await clock.run(2_000)
    publisher.publish('a/first', 'x')
    await clock.run(5_000)
    traffic.reset()
    let processed = 0
    for (let n = 0; n < messages; n++) {
      publisher.publish('a/x', 'x'.repeat(100))
      await clock.run(1000 / perSecond)
    }
    const heard = (): boolean => {
      const log = [...publisher.engine?.book.all() ?? []].find(({ own }) => own)
      processed = log === undefined ? 0 : publisher.engine?.receipts.state(log, log.head).processed.length ?? 0
      return processed === 1 && log?.head === messages + 1
    }
    expect(await clock.run(20_000, heard)).toBe(true)
    return (traffic.frames.get('receipts')?.bytes ?? 0) / messages
  }

  it('cost less for each message the more there are', async () => {
    const [slow, fast, fastest] = [await receiptBytes(10, 50), await receiptBytes(100, 200), await receiptBytes(1_000, 1_000)]
    expect(fast).toBeLessThan(slow)
    expect(fastest).toBeLessThan(fast / 3)
    expect(fastest).toBeLessThan(1_000)
  }, 60_000)
})
