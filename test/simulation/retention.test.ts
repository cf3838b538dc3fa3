import { describe, expect, it } from 'vitest'
import { SeededRandom } from './random.js'
import { World } from './world.js'

const AGE_MS = 120_000

describe('retention on simulated time', () => {
  it('trims everything that has expired, however many batches that is', async () => {
    const world = new World(new SeededRandom(1))
    const node = world.add('publisher', { retention: { ageMs: AGE_MS } })
    await node.start()
    for (let i = 0; i < 1500; i++) {
      node.publish('a/x', `${i}`)
      await world.clock.run(5)
    }
    const log = [...node.engine?.book.all() ?? []][0]
    expect(log?.held.count).toBe(1500)
    await world.clock.run(AGE_MS + 90_000)
    expect(log?.held.count).toBe(0)
    expect(log?.trimmed).toBe(1500)
  })

  it('forgets logs that are closed, trimmed and settled, and does not take them in again', async () => {
    const world = new World(new SeededRandom(2))
    const relay = world.add('relay', { relay: true, retention: { ageMs: 2 * AGE_MS } })
    const publisher = world.add('publisher', { bootstrap: [relay], retention: { ageMs: AGE_MS } })
    const subscriber = world.add('subscriber', { bootstrap: [relay], retention: { ageMs: AGE_MS } })
    for (const node of world.nodes) await node.start()
    subscriber.subscribe('all', ['a/#'])
    await world.clock.run(2_000)
    for (let life = 0; life < 3; life++) {
      for (let i = 0; i < 50; i++) {
        publisher.publish('a/x', `${life} ${i}`)
        await world.clock.run(20)
      }
      await world.clock.run(3_000)
      publisher.crash()
      await world.clock.run(1_000)
      await publisher.start()
    }
    publisher.publish('a/x', 'last')
    await world.clock.run(5_000)
    expect(subscriber.acked.get('all')?.length).toBe(151)
    await world.clock.run(4 * AGE_MS)
    await world.clock.run(25 * 3_600_000)
    for (const node of world.nodes) expect([...node.engine?.book.all() ?? []].length, `what the ${node.name} remembers`).toBe(1)
    for (const node of [publisher, subscriber]) {
      node.crash()
      await world.clock.run(1_000)
      await node.start()
    }
    await world.clock.run(60_000)
    publisher.publish('a/x', 'later')
    await world.clock.run(60_000)
    expect(subscriber.acked.get('all')?.length).toBe(152)
    expect(world.nodes.flatMap(node => node.gaps)).toEqual([])
    expect(world.nodes.flatMap(node => node.failures)).toEqual([])
  })
})
