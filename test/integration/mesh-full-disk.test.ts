import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MeshBench, until } from '../support/mesh-bench.js'
import { effects, expectAllOf, expectInOrder, expectNoneAfterAck } from '../support/mesh-checks.js'

const MIB = 1024 * 1024

describe('a node on a disk that is full', () => {
  let bench: MeshBench
  let disk: string
  let mounted: boolean
  beforeEach(() => {
    bench = new MeshBench()
    disk = join(bench.dir, 'disk')
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk], { stdio: 'ignore' })
      mounted = true
    } catch {
      mounted = false
    }
  })
  afterEach(async () => {
    if (mounted) execFileSync('umount', ['-l', disk])
    await bench.close()
  })

  /** Leaves so many bytes. */
  function fill (freeBytes: number): void {
    const { bavail, bsize } = statfsSync(disk)
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)))
  }
  const makeRoom = (): void => { rmSync(join(disk, 'ballast')) }

  test('publishes are refused and not sent, what resolved is kept, and it goes on when there is room', async ({ skip }) => {
    if (!mounted) return skip('mounting a small disk needs root')
    const publisher = await bench.peer('publisher', { dataDir: join(disk, 'publisher') }).start()
    const subscriber = await bench.peer('subscriber', { bootstrap: [publisher.address] }).start()
    await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' })
    await publisher.load({ name: 'before', topics: ['orders/new'], count: 50, bytes: 10_000, label: 'before' })
    await subscriber.untilAcked(50)
    fill(8 * MIB)
    const load = { topics: ['orders/new'], count: 100_000, bytes: 10_000, outstanding: 8, stopOn: ['ERR_STORE_FULL'] }
    await publisher.load({ ...load, name: 'full', label: 'full' })
    await publisher.untilLoaded('full')
    await subscriber.untilAcked(publisher.lines('published').length)
    await publisher.kill()
    await publisher.start()
    await publisher.load({ ...load, name: 'again', label: 'again' })
    await publisher.untilLoaded('again')
    const kept = publisher.lines('published').length
    expect(kept).toBeLessThan(5000)
    makeRoom()
    await publisher.load({ topics: ['orders/new'], count: 50, bytes: 10_000, label: 'after', retryOn: ['ERR_STORE_FULL'] })
    await publisher.untilLoaded()
    await until('all that resolved to be delivered', () => effects(subscriber, 'billing').length, length => length >= kept + 50)
    await subscriber.untilSettled('billing')
    expect(effects(subscriber, 'billing')).toHaveLength(kept + 50)
    expectAllOf([publisher], subscriber, 'billing')
    expectInOrder(subscriber, 'billing')
    expectNoneAfterAck(subscriber, 'billing')
    expect([...new Set(publisher.lines('refused').map(({ code }) => code))]).toEqual(['ERR_STORE_FULL'])
    expect(publisher.lines('failed')).toEqual([])
  }, 120_000)

  test('a subscriber acks what it has, takes nothing more in, and catches up when there is room', async ({ skip }) => {
    if (!mounted) return skip('mounting a small disk needs root')
    const publisher = await bench.peer('publisher').start()
    const subscriber = bench.peer('subscriber', { dataDir: join(disk, 'subscriber'), bootstrap: [publisher.address] })
    await subscriber.start()
    await subscriber.subscribe('orders/#', { name: 'billing', from: 'earliest' }, { settle: 'hold' })
    await publisher.load({ name: 'before', topics: ['orders/new'], count: 200, bytes: 10_000, label: 'before' })
    await until('the first to be held', () => subscriber.inboxLogs(), logs => logs[0]?.records === 200)
    fill(8 * MIB)
    await publisher.load({ topics: ['orders/new'], count: 2500, bytes: 10_000, outstanding: 16, label: 'order' })
    await publisher.untilLoaded()
    await until('the disk to be full', () => subscriber.inboxLogs(), logs => (logs[0]?.missing ?? 0) > 0 && (logs[0]?.head ?? 0) === 2700)
    const { inbox } = await subscriber.status()
    expect(inbox.records).toBeLessThan(2700)
    // What is held up to the first hole can be settled; nothing is taken in that cannot be kept.
    await subscriber.release('billing', 'ack')
    await until('what is held to be acked', () => subscriber.progress(), ({ delivered, acked }) => acked >= 200 && acked === delivered)
    const acked = subscriber.lines('acked').length
    expect(acked).toBeGreaterThanOrEqual(200)
    expect(acked).toBeLessThan(2700)
    await subscriber.kill()
    await subscriber.start()
    await subscriber.subscribe('orders/#', { name: 'billing' })
    makeRoom()
    await until('the rest to come', () => effects(subscriber, 'billing').length, length => length >= 2700)
    await subscriber.untilSettled('billing')
    expectAllOf([publisher], subscriber, 'billing')
    expectInOrder(subscriber, 'billing')
    expectNoneAfterAck(subscriber, 'billing')
    expect(subscriber.lines('gap')).toEqual([])
    expect(subscriber.lines('failed')).toEqual([])
  }, 120_000)
})
