import { cpSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MeshBench, until, type MeshPeer } from '../support/mesh-bench.js'
import { effects, expectAllOf, expectInOrder, expectNoneAfterAck } from '../support/mesh-checks.js'

describe('one identity over many lives', () => {
  let bench: MeshBench
  beforeEach(() => { bench = new MeshBench() })
  afterEach(async () => { await bench.close() })

  test('a node started again and again is found again, keeps its identity and begins a new incarnation with each publish', async () => {
    const publisher = await bench.peer('publisher').start()
    const subscriber = bench.peer('subscriber', { bootstrap: [publisher.address] })
    const identities = new Set<string>()
    for (let life = 0; life < 8; life++) {
      await subscriber.start()
      identities.add(subscriber.peerId)
      await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' })
      const { id } = await publisher.publish('orders/new', `life:${life}`)
      await publisher.processed(id, { by: 'billing' })
      if (life % 2 === 0) await subscriber.kill()
      else await subscriber.close()
      if (life % 3 === 0) {
        await publisher.kill()
        await publisher.start()
      }
    }
    expect(identities.size).toBe(1)
    expectAllOf([publisher], subscriber, 'billing')
    expectInOrder(subscriber, 'billing')
    expectNoneAfterAck(subscriber, 'billing')
    expect(new Set(effects(subscriber, 'billing').map(({ incarnation }) => incarnation)).size).toBe(4)
  })

  test('a bootstrap peer that starts later is found', async () => {
    const first = await bench.peer('first').start()
    const { address } = first
    await first.kill()
    const second = await bench.peer('second', { bootstrap: [address] }).start()
    await until('the second to say that nobody answers', () => second.notices(), notices => notices.some(({ code }) => code === 'ERR_UNREACHABLE'))
    await second.subscribe('orders/#', { name: 'billing', from: 'earliest' })
    await first.start()
    await first.publish('orders/new', 'hello:0')
    await second.untilAcked(1)
    expect(first.address).toBe(address)
  })

  /** Publishes 100, is copied as a crash would leave it, publishes 100 more that the witness settles, and comes back as the copy. */
  async function restored (publisher: MeshPeer, witness: MeshPeer): Promise<void> {
    const load = { topics: ['orders/new'], count: 100, outstanding: 4, perTurn: 1 }
    await publisher.load({ ...load, label: 'kept', name: 'kept' })
    await publisher.untilLoaded('kept')
    await witness.untilAcked(100)
    const copy = `${publisher.dir}.copy`
    publisher.process.signal('SIGSTOP')
    cpSync(publisher.dir, copy, { recursive: true })
    publisher.process.signal('SIGCONT')
    await publisher.load({ ...load, label: 'lost', name: 'lost' })
    await publisher.untilLoaded('lost')
    await witness.untilAcked(200)
    await publisher.kill()
    rmSync(publisher.dir, { recursive: true })
    cpSync(copy, publisher.dir, { recursive: true })
  }

  test('a node restored from an older copy gets its lost tail back from its peers, serves it again, and uses no position twice', async () => {
    const publisher = await bench.peer('publisher').start()
    const witness = await bench.peer('witness', { bootstrap: [publisher.address] }).start()
    await witness.subscribe('orders/#', { name: 'witness', from: 'earliest' })
    await restored(publisher, witness)

    await publisher.start()
    await until('the lost tail to come back', () => publisher.outboxLogs(), ([log]) => log?.records === 200)
    await publisher.load({ topics: ['orders/new'], count: 100, label: 'fresh' })
    await publisher.untilLoaded()
    await witness.untilAcked(300)
    await witness.untilSettled('witness')
    await witness.kill()

    const late = await bench.peer('late', { bootstrap: [publisher.address] }).start()
    await late.subscribe('orders/#', { name: 'late', from: 'earliest' })
    await late.untilAcked(300)
    for (const [peer, sub] of [[witness, 'witness'], [late, 'late']] as const) {
      expect(effects(peer, sub)).toHaveLength(300)
      expectAllOf([publisher], peer, sub)
      expectInOrder(peer, sub)
      expectNoneAfterAck(peer, sub)
      expect(peer.lines('gap')).toEqual([])
      expect(peer.lines('delivered', sub).every(({ attempt }) => attempt === 1)).toBe(true)
      expect(peer.lines('forked')).toEqual([])
    }
    expect(new Set(publisher.lines('published').map(({ id }) => id)).size).toBe(300)
  })

  test('a node restored from an older copy that publishes before it meets anybody loses nothing and repeats nothing', async () => {
    const publisher = await bench.peer('publisher').start()
    const witness = await bench.peer('witness', { bootstrap: [publisher.address] }).start()
    await witness.subscribe('orders/#', { name: 'witness', from: 'earliest' })
    await restored(publisher, witness)
    await witness.kill()

    await publisher.start()
    await publisher.load({ topics: ['orders/new'], count: 100, label: 'fresh' })
    await publisher.untilLoaded()
    await witness.start()
    await witness.subscribe('orders/#', { name: 'witness' })
    await witness.untilAcked(100)
    await witness.untilSettled('witness')
    await until('the lost tail to come back', () => publisher.outboxLogs(), logs => logs.reduce((sum, log) => sum + log.records, 0) === 300)
    await witness.kill()

    const late = await bench.peer('late', { bootstrap: [publisher.address] }).start()
    await late.subscribe('orders/#', { name: 'late', from: 'earliest' })
    await late.untilAcked(300)
    for (const [peer, sub] of [[witness, 'witness'], [late, 'late']] as const) {
      expect(effects(peer, sub)).toHaveLength(300)
      expectAllOf([publisher], peer, sub)
      expectNoneAfterAck(peer, sub)
      expect(peer.lines('gap')).toEqual([])
      expect(peer.lines('forked')).toEqual([])
    }
    expectInOrder(witness, 'witness')
    // The fresh incarnation names where the copy ended: what lay beyond that may come behind it, and then says that it is late.
    const lost = effects(late, 'late').filter(({ tag }) => tag.startsWith('lost'))
    expect(lost.map(({ position }) => position)).toEqual(Array.from({ length: 100 }, (_, i) => 101 + i))
    expect(new Set(publisher.lines('published').map(({ id }) => id)).size).toBe(300)
  })
})
