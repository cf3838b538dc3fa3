import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MeshBench, until, type MeshPeer } from '../support/mesh-bench.js'
import { effects, expectAllOf, expectInOrder, expectNoneAfterAck } from '../support/mesh-checks.js'

describe('retention', () => {
  let bench: MeshBench
  beforeEach(() => { bench = new MeshBench() })
  afterEach(async () => { await bench.close() })

  test('publish waits and is refused while a durable subscriber is behind at the quota, and goes on once it has caught up', async () => {
    const publisher = await bench.peer('publisher', { retention: { channels: { small: { bytes: 256 * 1024 } } }, publishWaitMs: 300 }).start()
    const subscriber = bench.peer('subscriber', { bootstrap: [publisher.address] })
    await subscriber.start()
    await subscriber.subscribe('small/#', { name: 'slow', from: 'earliest' }, { settle: 'hold' })
    await publisher.joinedBy(subscriber)
    // Until the publisher has heard of the subscription it trims as if there were none.
    const load = { topics: ['small/frame'], count: 1_000_000, bytes: 4096, outstanding: 4, stopOn: ['ERR_OUTBOX_FULL'] }
    await publisher.load({ ...load, name: 'full', label: 'full' })
    await publisher.untilLoaded('full')
    await subscriber.kill()
    const kept = publisher.lines('published').length
    expect(kept).toBeGreaterThan(40)
    // Nobody else's channel is held up.
    await publisher.publish('other/frame', 'other')
    // What it owes it keeps over a kill, and is as full as before.
    await publisher.kill()
    await publisher.start()
    await expect(publisher.publish('small/frame', 'x'.repeat(8192))).rejects.toMatchObject({ code: 'ERR_OUTBOX_FULL' })

    await publisher.load({ ...load, name: 'waiting', label: 'waiting', count: 500, retryOn: ['ERR_OUTBOX_FULL'], stopOn: [] })
    await subscriber.start()
    await subscriber.subscribe('small/#', { name: 'slow' })
    await publisher.untilLoaded('waiting')
    await until('everything to be delivered', () => effects(subscriber, 'slow').length, length => length >= kept + 500)
    await subscriber.untilSettled('slow')
    expectAllOf([publisher], subscriber, 'slow', ({ topic }) => topic.startsWith('small'))
    expectInOrder(subscriber, 'slow')
    expectNoneAfterAck(subscriber, 'slow')
    expect(subscriber.lines('gap')).toEqual([])
    const bytes = (await publisher.outboxLogs()).filter(({ channel }) => channel === 'small').reduce((sum, log) => sum + log.bytes, 0)
    expect(bytes).toBeLessThanOrEqual(256 * 1024)
  })

  test('a removed subscription no longer holds the quota', async () => {
    const publisher = await bench.peer('publisher', { retention: { channels: { small: { bytes: 128 * 1024 } } }, publishWaitMs: 200 }).start()
    const subscriber = await bench.peer('subscriber', { bootstrap: [publisher.address] }).start()
    await subscriber.subscribe('small/#', { name: 'idle', from: 'earliest' }, { settle: 'hold' })
    await publisher.publish('small/frame', 'first:0')
    await subscriber.untilDelivered(1)
    await publisher.load({ topics: ['small/frame'], count: 1_000_000, bytes: 4096, outstanding: 4, label: 'full', stopOn: ['ERR_OUTBOX_FULL'] })
    await publisher.untilLoaded()
    await subscriber.closeSubscription('idle')
    await subscriber.removeSubscription('idle')
    await publisher.load({ name: 'more', topics: ['small/frame'], count: 200, bytes: 4096, outstanding: 4, label: 'more', retryOn: ['ERR_OUTBOX_FULL'] })
    await publisher.untilLoaded('more')
    expect(publisher.lines('published').filter(({ tag }) => tag.startsWith('more'))).toHaveLength(200)
  })

  test('a channel that evicts never refuses, and a subscriber that was away is told the exact range and gets the rest in order', async () => {
    const publisher = await bench.peer('publisher', { retention: { channels: { small: { bytes: 128 * 1024, onFull: 'evict' } } } }).start()
    const subscriber = bench.peer('subscriber', { bootstrap: [publisher.address] })
    await known(publisher, subscriber)
    await publisher.load({ topics: ['small/frame'], count: 300, bytes: 4096, outstanding: 4, label: 'frame' })
    await publisher.untilLoaded()
    expect(publisher.lines('refused')).toEqual([])
    await subscriber.start()
    await subscriber.subscribe('small/#', { name: 'away' })
    await until('the last to come', () => effects(subscriber, 'away').at(-1)?.position, position => position === 301)
    await subscriber.untilSettled('away')
    expectGap(publisher, subscriber, 'evicted')
  })

  test('what expired by age while a durable subscriber was away is reported as a gap with its exact range, and the rest comes in order', async () => {
    const publisher = bench.peer('publisher', { retention: { channels: { small: { ageMs: 1500 } } } })
    await publisher.start()
    const subscriber = bench.peer('subscriber', { bootstrap: [publisher.address] })
    await known(publisher, subscriber)
    await publisher.load({ topics: ['small/frame'], count: 200, outstanding: 4, label: 'old' })
    await publisher.untilLoaded()
    const old = Date.now()
    await until('what was published to be too old', () => Date.now() - old > 1600)
    // Retention is looked at now and then, and at a start.
    await publisher.kill()
    await publisher.start()
    await until('it to be trimmed', () => publisher.outboxLogs(), ([log]) => log?.trimmed === 201)
    await publisher.load({ topics: ['small/frame'], count: 50, outstanding: 4, label: 'new' })
    await publisher.untilLoaded()
    await subscriber.start()
    await subscriber.subscribe('small/#', { name: 'away' })
    await until('the last to come', () => effects(subscriber, 'away').at(-1)?.tag, tag => tag === 'new:49')
    await subscriber.untilSettled('away')
    const [gap, ...more] = subscriber.lines('gap')
    const before = publisher.lines('published')[0]
    expect(more).toEqual([])
    expect(gap).toMatchObject({ subscription: 'away', publisher: publisher.peerId, channel: 'small', incarnation: before?.incarnation, from: 2, to: 201, reason: 'expired' })
    expect(effects(subscriber, 'away').map(({ tag }) => tag)).toEqual(['first:0', ...Array.from({ length: 50 }, (_, i) => `new:${i}`)])
    const events = subscriber.journal().filter(({ event, tag }) => event === 'gap' || (event === 'delivered' && tag !== 'first:0'))
    expect(events[0]?.event).toBe('gap')
  })

  test('messages that expire before they are delivered are passed over and are no gap', async () => {
    const publisher = await bench.peer('publisher').start()
    const subscriber = bench.peer('subscriber', { bootstrap: [publisher.address] })
    await known(publisher, subscriber)
    const brief = await publisher.publish('small/brief', 'brief', { expiresInMs: 1 })
    const lasting = await publisher.publish('small/lasting', 'lasting', { expiresInMs: 600_000 })
    await until('the first to have expired', () => Date.now() > brief.time + 1000)
    await subscriber.start()
    await subscriber.subscribe('small/#', { name: 'away' })
    await publisher.processed(lasting.id, { by: 'away' })
    await publisher.processed(brief.id, { by: 'away' })
    expect(effects(subscriber, 'away').map(({ tag }) => tag)).toEqual(['first:0', 'lasting'])
    expect(subscriber.lines('gap')).toEqual([])
    const { subscriptions } = await subscriber.status()
    expect(subscriptions[0]).toMatchObject({ expired: 1, gaps: 0, lag: 0 })
  })

  /** The subscriber has a durable subscription that the publisher knows, has settled one message, and goes away. */
  async function known (publisher: MeshPeer, subscriber: MeshPeer): Promise<void> {
    await subscriber.start()
    await subscriber.subscribe('small/#', { name: 'away', from: 'earliest' })
    const { id } = await publisher.publish('small/first', 'first:0')
    await publisher.processed(id, { by: 'away' })
    await subscriber.close()
  }

  /** One gap, from behind the first message; what follows it comes after it, whole and in order. */
  function expectGap (publisher: MeshPeer, subscriber: MeshPeer, reason: string): void {
    const events = subscriber.journal().filter(({ event, position }) => event === 'gap' || (event === 'delivered' && position !== 1))
    expect(events[0]).toMatchObject({ event: 'gap', subscription: 'away', publisher: publisher.peerId, channel: 'small', from: 2, reason })
    expect(events.filter(({ event }) => event === 'gap')).toHaveLength(1)
    const to = events[0]?.to ?? 0
    expect(to).toBeGreaterThan(200)
    expect(events.slice(1).map(({ position }) => position)).toEqual(Array.from({ length: 301 - to }, (_, i) => to + 1 + i))
  }
})
