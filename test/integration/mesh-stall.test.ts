import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MeshBench, until } from '../support/mesh-bench.js'
import { expectAllOf, expectInOrder, expectNoneAfterAck } from '../support/mesh-checks.js'

const MIB = 1024 * 1024

describe('a peer that stalls', () => {
  let bench: MeshBench
  beforeEach(() => { bench = new MeshBench() })
  afterEach(async () => { await bench.close() })

  test('costs its publisher no memory, holds up nobody else, and loses nothing once it goes on', async ({ annotate }) => {
    const publisher = await bench.peer('publisher').start()
    const stalled = await bench.peer('stalled', { bootstrap: [publisher.address] }).start()
    const quick = await bench.peer('quick', { bootstrap: [publisher.address] }).start()
    await stalled.subscribe('frames/#', { name: 'stalled', from: 'earliest' })
    await quick.subscribe('frames/#', { name: 'quick', from: 'earliest' })
    await publisher.joinedBy(stalled, quick)
    await publisher.load({ name: 'before', topics: ['frames/left'], count: 100, bytes: 32 * 1024, outstanding: 8, label: 'before' })
    await stalled.untilAcked(100)
    await quick.untilAcked(100)
    await publisher.watchMemory()

    stalled.process.signal('SIGSTOP')
    await publisher.load({ name: 'stalled', topics: ['frames/left', 'frames/right'], count: 3200, bytes: 32 * 1024, outstanding: 16, label: 'frame' })
    await publisher.untilLoaded('stalled')
    await quick.untilAcked(3300)
    const { first, most } = await publisher.memory()
    await annotate(`own memory grew by ${Math.round((most.own - first.own) / MIB)} MiB, with what is mapped of the store by ${Math.round((most.all - first.all) / MIB)} MiB`)
    // What is mapped of the store's file is the system's to take back; what is the process's own is not.
    expect((most.own - first.own) / MIB).toBeLessThan(150)

    stalled.process.signal('SIGCONT')
    await stalled.untilAcked(3300)
    for (const peer of [stalled, quick]) {
      expectAllOf([publisher], peer, peer.name)
      expectInOrder(peer, peer.name)
      expectNoneAfterAck(peer, peer.name)
    }
    const after = await publisher.memory()
    expect((after.most.own - after.first.own) / MIB).toBeLessThan(150)
  }, 120_000)

  test('is given up after a while, and gets what it missed when it goes on', async () => {
    const publisher = await bench.peer('publisher').start()
    const stalled = await bench.peer('stalled', { bootstrap: [publisher.address] }).start()
    await stalled.subscribe('frames/#', { name: 'stalled', from: 'earliest' })
    await publisher.publish('frames/left', 'first:0')
    await stalled.untilAcked(1)
    stalled.process.signal('SIGSTOP')
    await publisher.load({ topics: ['frames/left'], count: 500, label: 'frame' })
    await until('the publisher to give it up', () => publisher.peers(), peers => peers.length === 0)
    await publisher.untilLoaded()
    stalled.process.signal('SIGCONT')
    await stalled.untilAcked(501)
    await publisher.processed(publisher.lines('published').at(-1)?.id ?? '', { by: 'stalled' })
    expectAllOf([publisher], stalled, 'stalled')
    expectInOrder(stalled, 'stalled')
    expectNoneAfterAck(stalled, 'stalled')
  }, 90_000)
})
