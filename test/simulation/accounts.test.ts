import { describe, expect, it } from 'vitest'
import { SeededRandom } from './random.js'
import type { SimulatedNode } from './node.js'
import { World } from './world.js'

const SEEDS = Number(process.env.SKEIN_SEEDS ?? 12)
const FROM = Number(process.env.SKEIN_SEED ?? 1)

describe('what is trimmed before it is read, on simulated time', () => {
  for (let seed = FROM; seed < FROM + SEEDS; seed++) {
    it(`ends as processed or as a gap that is told, for every record that was published (seed ${seed})`, async () => {
      const world = new World(new SeededRandom(seed))
      const byAge = world.chance(0.5)
      const relay = world.add('relay', { relay: true, retention: byAge ? { ageMs: 30_000 } : { bytes: 100 * 1024 } })
      const publisher = world.add('publisher', { bootstrap: [relay], retention: byAge ? { ageMs: 20_000 } : { bytes: 64 * 1024, onFull: 'evict' } })
      const subscriber = world.add('subscriber', { bootstrap: [relay], retention: world.chance(0.5) ? { bytes: 64 * 1024 } : {} })
      for (const node of world.nodes) await node.start()
      subscriber.subscribe('all', ['a/#'])
      await world.clock.run(2_000)
      const down = new Set<SimulatedNode>()
      let n = 0
      for (let step = 0; step < 60; step++) {
        for (let i = Math.floor(world.random.float() * 6); i > 0; i--) publisher.publish('a/x', 'x'.repeat(100 + Math.floor(world.random.float() * 8_000)) + String(n++))
        await world.clock.run(world.random.float() * 3_000)
        if (world.chance(0.2)) {
          const node = world.pick(world.nodes)
          if (node.isUp) {
            node.crash({ silently: world.chance(0.5) })
            down.add(node)
          }
        }
        if (world.chance(0.15)) {
          for (const node of down) {
            down.delete(node)
            await node.start()
          }
        }
        if (world.chance(0.1)) for (const node of world.nodes) node.disk.full = world.chance(0.3)
      }
      for (const node of world.nodes) node.disk.full = false
      for (const node of down) await node.start()
      await world.clock.run(5_000)
      publisher.publish('a/x', 'last')
      const lag = (): number => subscriber.engine?.inbox.info()[0]?.lag ?? 1
      for (let i = 0; i < 25 && (i === 0 || lag() > 0); i++) {
        await world.clock.run(60_000, () => lag() === 0)
        await world.clock.run(20_000)
      }
      expect(lag()).toBe(0)
      expect(world.nodes.flatMap(node => node.failures)).toEqual([])
      expect(subscriber.gaps.filter(({ reason }) => reason === 'unrecoverable')).toEqual([])
      const acked = subscriber.acked.get('all') ?? []
      expect(new Set(acked).size).toBe(acked.length)
      const told = new Set(acked)
      for (const { publisher: author, incarnation, channel, from, to } of subscriber.gaps) for (let position = from; position <= to; position++) told.add(`${author}.${incarnation}.${channel}.${position}`)
      // An ack whose answer was lost in a crash counts though nobody heard of it.
      const settled = (id: string): boolean => {
        const dot = id.lastIndexOf('.')
        const log = subscriber.engine?.book.get(id.slice(0, dot))
        return log !== undefined && subscriber.engine?.inbox.processed(log).some(({ ranges }) => ranges.has(Number(id.slice(dot + 1)))) === true
      }
      expect(publisher.published.filter(id => !told.has(id) && !settled(id))).toEqual([])
    }, 30_000)
  }
})
