import { describe, expect, test } from 'vitest'
import { LIVE_BYTES_MAX } from '../../../src/inbox/limits.js'
import { makeRecord } from '../../../src/message/record.js'
import { FakeLog, peer, Rig } from './harness.js'

const record = (topic: string) => makeRecord({ topic, body: 'x', time: 1 }, 100)
const meta = (ephemeral: boolean) => ({ publisher: peer(1), incarnation: '', channel: 'press', position: 0, ephemeral })

describe('live consumers', () => {
  test('take what matches while they are attached, and drop the newest at the limit', () => {
    const rig = new Rig()
    let ready = 0
    const handle = rig.inbox.attachLive(['press/+'], { maxBuffered: 2, ready: () => { ready++ }, closed () {} })
    expect(rig.inbox.hasLive('press')).toBe(true)
    expect(rig.inbox.offerLive(record('press/a'), meta(true))).toBe(1)
    expect(rig.inbox.offerLive(record('other/a'), meta(true))).toBe(0)
    expect(rig.inbox.offerLive(record('press/b'), meta(true))).toBe(1)
    expect(rig.inbox.offerLive(record('press/c'), meta(true))).toBe(0)
    expect(rig.inbox.liveDropped).toBe(1)
    rig.clock.turn()
    expect(ready).toBe(1)
    const first = handle.next()!
    expect([first.record.topic, first.ephemeral, first.attempt]).toEqual(['press/a', true, 1])
    let acked = false
    handle.ack(first.token, () => { acked = true })
    expect(acked).toBe(true)
    expect(handle.next()?.record.topic).toBe('press/b')
    expect(handle.next()).toBeUndefined()
    rig.inbox.offerLive(record('press/d'), meta(true))
    rig.clock.turn()
    expect(ready).toBe(2)
    handle.close()
    expect(rig.inbox.hasLive('press')).toBe(false)
  })

  test('a live consumer that does not take what it gets holds a bounded number of bytes', () => {
    const rig = new Rig()
    const handle = rig.inbox.attachLive(['press/+'], { maxBuffered: 4096, ready () {}, closed () {} })
    const large = makeRecord({ topic: 'press/a', body: new Uint8Array(1024 * 1024), time: 1 }, 2 ** 20)
    let took = 0
    for (let i = 0; i < 32; i++) took += rig.inbox.offerLive(large, meta(true))
    expect(took).toBeLessThanOrEqual(LIVE_BYTES_MAX / 2 ** 20)
    expect(took).toBeGreaterThan(8)
    for (let i = 0; i < took; i++) expect(handle.next()).toBeDefined()
    expect(rig.inbox.offerLive(large, meta(true))).toBe(1)
  })

  test('an ephemeral message reaches one consumer of a durable subscription, and acking it does nothing', () => {
    const rig = new Rig()
    rig.open()
    expect(rig.inbox.offerLive(record('press/a'), meta(true))).toBe(0)
    const [a, b] = [rig.attach(), rig.attach()]
    rig.clock.turn()
    expect(rig.inbox.hasLive('press')).toBe(false)
    expect(rig.inbox.hasLive('press', true)).toBe(true)
    expect(rig.inbox.offerLive(record('press/a'), meta(true))).toBe(1)
    expect(rig.inbox.offerLive(record('press/a'), meta(false))).toBe(0)
    rig.clock.turn()
    const got = [...a.takeAll(), ...b.takeAll()]
    expect(got.map(d => [d.record.topic, d.ephemeral])).toEqual([['press/a', true]])
    const before = rig.commits
    a.ack(got[0]!)
    rig.clock.advance(100)
    expect(rig.commits).toBe(before)
    rig.hold(...new FakeLog(rig.clock).fill(1, 1).batches)
    expect(a.takeAll().length).toBe(1)
  })
})
