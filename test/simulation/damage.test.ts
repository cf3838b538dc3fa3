import { describe, expect, it } from 'vitest'
import { seededRandom } from '../contract/network-clock.js'
import { batchKey } from '../../src/store/batch-row.js'
import { makeRecord } from '../../src/message/record.js'
import type { LogState } from '../../src/store/log-state.js'
import { World, type WorldNode } from './world.js'

const COUNT = 40
const BODY = 'x'.repeat(2000)

const ownLog = (node: WorldNode): LogState => [...node.engine?.book.logs('a') ?? []].find(log => log.own) as LogState

/** Flips a bit of the batch that begins there, on the disk of a node that runs. */
function spoil (node: WorldNode, position: number, log = ownLog(node)): void {
  const table = node.disk.tables.get('batch')
  const key = Buffer.from(batchKey(log.number, position)).toString('latin1')
  const row = Uint8Array.from(table?.get(key) as Uint8Array)
  row[50] = (row[50] as number) ^ 4
  table?.put(key, row)
}

async function published (seed: number): Promise<{ world: World, publisher: WorldNode, keeper: WorldNode }> {
  const world = new World(seededRandom(seed))
  const keeper = world.add('keeper', { relay: true })
  const publisher = world.add('publisher', { bootstrap: [keeper] })
  for (const node of world.nodes) await node.start()
  for (let i = 0; i < COUNT; i++) {
    publisher.publish('a/x', BODY)
    await world.clock.run(20)
  }
  await world.clock.run(10_000)
  return { world, publisher, keeper }
}

describe('a damaged batch of the log that a node writes', () => {
  it('comes back from a node that has it, in this life, is on disk again, and nobody misses anything', async () => {
    const { world, publisher } = await published(1)
    for (const position of [7, 8, 30]) spoil(publisher, position)
    publisher.subscribe('own', ['a/#'])
    expect(await world.clock.run(120_000, () => publisher.acked.get('own')?.length === COUNT), `${publisher.acked.get('own')?.length} of ${COUNT}`).toBe(true)
    expect(publisher.acked.get('own')).toEqual(publisher.published)
    expect(publisher.gaps).toEqual([])
    expect(publisher.engine?.counters.all()['damaged_batches']).toBe(3)
    // Publishing goes on in the same log, and nothing is asked for any more.
    publisher.publish('a/x', BODY)
    expect(await world.clock.run(10_000, () => publisher.acked.get('own')?.length === COUNT + 1)).toBe(true)
    expect(ownLog(publisher).held.toString()).toBe(`1-${COUNT + 1}`)
    publisher.crash()
    await publisher.start()
    expect(ownLog(publisher).held.toString(), 'the row of the log says so too').toBe(`1-${COUNT + 1}`)
    for (let position = 1; position <= COUNT + 1; position++) expect(publisher.engine?.book.read(ownLog(publisher), position)).toBeDefined()
    expect(world.nodes.flatMap(node => node.failures)).toEqual([])
  })

  it('is a gap for whoever needs it, and for nobody else, when no node has it', async () => {
    const world = new World(seededRandom(2))
    const publisher = world.add('publisher')
    const subscriber = world.add('subscriber', { bootstrap: [publisher] })
    for (const node of world.nodes) await node.start()
    for (let i = 0; i < COUNT; i++) {
      publisher.publish('a/x', BODY)
      await world.clock.run(20)
    }
    spoil(publisher, 7)
    spoil(publisher, 30)
    subscriber.subscribe('all', ['a/#'])
    expect(await world.clock.run(30 * 60_000, () => subscriber.acked.get('all')?.length === COUNT - 2), `${subscriber.acked.get('all')?.length} of ${COUNT - 2}`).toBe(true)
    expect(subscriber.acked.get('all')).toEqual(publisher.published.filter((_, i) => i !== 6 && i !== 29))
    expect(subscriber.gaps.map(({ from, to, reason }) => `${from}-${to} ${reason}`)).toEqual(['7-7 unrecoverable', '30-30 unrecoverable'])
    expect(world.nodes.flatMap(node => node.failures)).toEqual([])
  })
})

describe('many damaged batches that nobody else has', () => {
  it('are given up at one time, and not each when those before it are given up', async () => {
    const world = new World(seededRandom(3))
    const keeper = world.add('keeper', { relay: true })
    world.add('other', { bootstrap: [keeper] })
    const publisher = world.add('publisher', { bootstrap: [keeper] })
    for (const node of world.nodes) await node.start()
    for (let life = 0; life < 2; life++) {
      for (let i = 0; i < COUNT / 2; i++) {
        publisher.publish('a/x', BODY)
        await world.clock.run(20)
      }
      await world.clock.run(5_000)
      publisher.crash()
      await publisher.start()
    }
    publisher.crash()
    publisher.gone = true
    for (const log of keeper.engine?.book.logs('a') ?? []) for (const position of [3, 9, 14, 19]) spoil(keeper, position, log)
    // What is in memory hides what is on disk.
    keeper.crash()
    await keeper.start()
    keeper.subscribe('all', ['a/#'])
    expect(await world.clock.run(11 * 60_000, () => keeper.gaps.length === 8), `${keeper.gaps.length} of 8`).toBe(true)
    expect(await world.clock.run(5_000, () => keeper.acked.get('all')?.length === COUNT - 8), `${keeper.acked.get('all')?.length} of ${COUNT - 8}`).toBe(true)
    expect(world.nodes.flatMap(node => node.failures)).toEqual([])
  })
})

describe('a damaged row that nobody else has', () => {
  const damage = (node: WorldNode, table: 'publish-id' | 'cursor' | 'log' | 'subscription'): void => {
    const rows = node.disk.tables.get(table)
    for (const key of rows?.keys('', undefined, false, 1) ?? []) {
      const row = Uint8Array.from(rows?.get(key) as Uint8Array)
      row[1] = (row[1] as number) ^ 1
      rows?.put(key, row)
    }
  }

  it('stops a running node that reads it, and the publish is refused', async () => {
    const { world, publisher } = await published(3)
    publisher.publish('a/x', BODY, { id: 'order-1' })
    await world.clock.run(1_000)
    damage(publisher, 'publish-id')
    const { engine } = publisher
    const failed: string[] = []
    if (engine === undefined) throw new Error('it does not run')
    engine.publish(makeRecord({ topic: 'a/x', body: BODY, id: 'order-1', time: 0 }, 1 << 20), (error) => { failed.push(error?.code ?? 'published') })
    await world.clock.run(1_000)
    expect(failed).toEqual(['ERR_STORE_CORRUPT'])
    expect(publisher.failures).toEqual([expect.stringContaining('a row of the table publish-id is not what was written')])
    expect(publisher.isUp).toBe(false)
  })

  it('is found by housekeeping too, and goes no further than the timer that it came up in', async () => {
    const { world, publisher } = await published(4)
    publisher.publish('a/x', BODY, { id: 'order-1' })
    await world.clock.run(1_000)
    damage(publisher, 'publish-id')
    expect(await world.clock.run(120_000, () => !publisher.isUp)).toBe(true)
    expect(publisher.failures).toEqual([expect.stringContaining('a row of the table publish-id is not what was written')])
    expect(world.problems).toEqual([])
  })

  it.each(['cursor', 'log', 'subscription'] as const)('ends the start when it is of the table %s', async (table) => {
    const { world, publisher, keeper } = await published(5)
    keeper.subscribe('all', ['a/#'])
    await world.clock.run(10_000)
    expect(keeper.acked.get('all')).toEqual(publisher.published)
    keeper.crash()
    damage(keeper, table)
    await keeper.start()
    expect(keeper.isUp).toBe(false)
    expect(keeper.failures).toEqual([expect.stringContaining(`a row of the table ${table} is not what was written`)])
  })
})
