/** Honest neighbours that share a channel with many logs do not cut each other off. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { SealedBatch } from '../../../src/message/batch.js'
import { Conducts, WASTE_BURST } from '../../../src/node/conduct.js'
import { RangeSet } from '../../../src/base/range-set.js'
import { toLogRef } from '../../../src/message/ids.js'
import { peerOf } from '../../support/fake-crypto.js'
import { ManualClock } from '../../support/manual-clock.js'
import { WrittenLog } from '../../support/written-log.js'
import { Mallory } from './mallory.js'
import { Town, type Townsman } from './town.js'

const LOGS = 20_000
const PUBLISHERS = 20
let batches: SealedBatch[] = []

beforeAll(() => {
  batches = Array.from({ length: LOGS }, (_, i) => new WrittenLog(1 + i % PUBLISHERS, 1 + Math.floor(i / PUBLISHERS)).write(1))
}, 60_000)

/** Takes these in, so that the node holds them. */
async function holds (town: Town, node: Townsman, of: readonly SealedBatch[]): Promise<void> {
  for (let i = 0; i < of.length; i += 2_000) {
    node.takes(...of.slice(i, i + 2_000))
    await town.run(100)
  }
}

/** Heads and offers that reach the node from now on. */
function heardBy ({ engine: { repair } }: Townsman): { heads: number, offers: number } {
  const heard = { heads: 0, offers: 0 }
  const takeHeads = repair.takeHeads.bind(repair)
  repair.takeHeads = (peerId, frame) => {
    heard.heads += frame.heads.length
    return takeHeads(peerId, frame)
  }
  const have = repair.have.bind(repair)
  repair.have = (peerId, frame) => {
    heard.offers += frame.ranges.length
    return have(peerId, frame)
  }
  return heard
}

describe('a channel with very many logs', () => {
  it('costs a neighbour that only publishes in it no more than its own logs', async () => {
    const town = new Town()
    const relay = await town.node({ relay: true })
    await town.run(200)
    relay.engine.channels.heard('press')
    await holds(town, relay, batches)
    expect(relay.engine.book.size).toBe(LOGS)
    const publisher = await town.node({ bootstrap: [relay] })
    const heard = heardBy(publisher)
    publisher.publish('press/a')
    await town.until('the relay to have it', () => [...relay.engine.book.publishedBy(publisher.peerId)].some(log => log.held.count === 1))
    let least = WASTE_BURST
    for (let i = 0; i < 60; i++) {
      await town.run(1_000)
      least = Math.min(least, publisher.engine.conducts.wasteLeft(relay.peerId), relay.engine.conducts.wasteLeft(publisher.peerId))
    }
    expect(heard.heads).toBeLessThan(50)
    expect(least).toBeGreaterThan(WASTE_BURST - 500)
    expect([relay, publisher].map(({ engine }) => engine.counters.all()['bans'])).toEqual([0, 0])

    // From when it takes others' logs in, it is told of all of them.
    publisher.subscribe('s', 'press/#')
    await town.until('it to hear of as many as it may learn at once', () => publisher.engine.book.size > 8_000)
    expect(publisher.engine.counters.all()['bans']).toBe(0)
  }, 120_000)

  it('is not offered to a neighbour that only publishes in it', async () => {
    const town = new Town()
    const relay = await town.node({ relay: true })
    const other = await town.node({ relay: true })
    for (const node of [relay, other]) node.engine.channels.heard('press')
    await holds(town, other, batches.slice(0, 500))
    const publisher = await town.node({ bootstrap: [relay] })
    const heard = heardBy(publisher)
    publisher.publish('press/a')
    await town.run(20_000)
    town.mesh.connect(relay.peerId, other.peerId)
    await town.until('the relay to have pulled them', () => relay.engine.book.size === 501)
    await town.run(1_000)
    expect(heard.offers).toBe(0)
  }, 60_000)

  it('is told of from neighbour to neighbour without being taken for a flood', async () => {
    const town = new Town()
    const nodes = [await town.node({ relay: true }), await town.node({ relay: true })] as const
    for (const node of nodes) {
      node.engine.channels.heard('press')
      // The one has some more than the other, in each bucket.
      await holds(town, node, node === nodes[0] ? batches : batches.slice(0, LOGS - 1_000))
    }
    const heard = nodes.map(node => heardBy(node))
    town.mesh.connect(nodes[0].peerId, nodes[1].peerId)
    let least = WASTE_BURST
    await town.until('both to have all', () => {
      least = Math.min(least, nodes[0].engine.conducts.wasteLeft(nodes[1].peerId), nodes[1].engine.conducts.wasteLeft(nodes[0].peerId))
      return nodes[1].engine.book.size === LOGS
    })
    expect(Math.min(...heard.map(({ heads }) => heads))).toBeGreaterThan(LOGS / 2)
    expect(least).toBeGreaterThan(WASTE_BURST - 4_000)
  }, 120_000)
})

describe('what comparisons bring', () => {
  const rig = (): { clock: ManualClock, conducts: Conducts, cut: string[] } => {
    const clock = new ManualClock()
    const cut: string[] = []
    return { clock, cut, conducts: new Conducts({ clock, cut: (peerId) => { cut.push(peerId) }, struck: () => {} }) }
  }

  it('never has a neighbour cut off that tells of 100,000 logs, all known, at each comparison of a link that is always full, or all older than they are', () => {
    for (const [cost, everyMs] of [[50_000, 5_000], [400_000, 11_000]] as const) {
      const { clock, conducts, cut } = rig()
      for (let i = 0; i < 200; i++) {
        for (let part = 0; part < 100; part++) conducts.charge(peerOf(1), 1, conducts.unexplained(peerOf(1), 'heads', cost / 100, 400_000))
        clock.advance(everyMs)
      }
      expect(cut).toEqual([])
    }
  })

  it('is no more than there is to tell: who tells of a few logs without end is cut off', () => {
    const { clock, conducts, cut } = rig()
    let told = 0
    while (cut.length === 0 && told < 2_000_000) {
      conducts.charge(peerOf(1), 1, conducts.unexplained(peerOf(1), 'heads', 160, 40))
      told += 320
      clock.advance(10)
    }
    expect(told).toBeLessThan(200_000)
  })
})

describe('work', () => {
  it('is counted by items and what they list, and not by the bytes of a frame only', async () => {
    const town = new Town()
    const node = await town.node()
    node.subscribe('s', 'press/#')
    await town.run(200)
    node.takes(new WrittenLog(1).write(2))
    await town.run(200)
    const mallory = await new Mallory(town, [node]).start('press')
    await town.until('mallory to be let in', () => mallory.up.size === 1)
    const charged: number[] = []
    const charge = node.engine.conducts.charge.bind(node.engine.conducts)
    node.engine.conducts.charge = (peerId, work, waste) => {
      charged.push(work)
      return charge(peerId, work, waste)
    }
    const log = toLogRef(new WrittenLog(1).id)
    const ranges = RangeSet.of(...Array.from({ length: 1_000 }, (_, i) => [i * 3 + 1, i * 3 + 1] as const)).encode() as Uint8Array<ArrayBuffer>
    const costOf = async (send: () => void): Promise<number> => {
      await town.run(200)
      charged.length = 0
      send()
      await town.run(100)
      return Math.max(...charged)
    }
    const few = await costOf(() => { mallory.send('want', { id: 1, log, from: 1, to: 5_000, credit: 1_000_000, since: 0, skip: new Uint8Array(0) }) })
    const many = await costOf(() => { mallory.send('want', { id: 2, log, from: 1, to: 5_000, credit: 1_000_000, since: 0, skip: ranges }) })
    expect(few).toBeLessThan(3)
    expect(many).toBeGreaterThan(few + 5)
    const heads = await costOf(() => { mallory.send('heads', { channel: 'press', heads: [], trims: [] }) })
    const channels = await costOf(() => { mallory.send('summary', { channels: Array.from({ length: 400 }, (_, i) => ({ channel: `c${i}`, heads: new Uint8Array(8), receipts: new Uint8Array(8), headsCount: 0, receiptsCount: 0 })) }) })
    expect([heads < 3, channels > 200]).toEqual([true, true])
  })
})
