/** What one neighbour can fill with what it makes up, and whether others still find a place. */
import { describe, expect, it } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.js'
import { headBytes } from '../../../src/message/batch.js'
import { signReceipt } from '../../../src/message/signed.js'
import { NODES_MAX } from '../../../src/directory/known-nodes.js'
import { CHANNELS_MAX, KNOWN_CHANNELS_MAX } from '../../../src/node/channels.js'
import { LOGS_PER_PUBLISHER_MAX } from '../../../src/repair/log-quota.js'
import { peerIdOfPublicKey } from '../../../src/message/peer-id.js'
import { NEW_RECEIPT_BYTES_BURST, NEW_RECEIPT_BYTES_PER_SECOND } from '../../../src/inbox/receipting.js'
import { fakeCrypto, testMesh } from '../../support/fake-crypto.js'
import { Mallory } from './mallory.js'
import { Town } from './town.js'

type Bytes = Uint8Array<ArrayBuffer>
const madeUp = (i: number): string => peerIdOfPublicKey(Uint8Array.from({ length: 32 }, (_, at) => at < 4 ? i >>> (8 * at) & 255 : 9))

describe('a neighbour cannot fill', () => {
  it('the logs a node knows with heads that it has signed itself', async () => {
    const town = new Town()
    const relay = await town.node({ relay: true })
    const mallory = await new Mallory(town, [relay]).start('press')
    await town.run(1_000)
    for (let i = 0; i < 100; i++) {
      mallory.send('heads', { channel: 'press', heads: Array.from({ length: 200 }, () => headBytes(mallory.batch('press', { incarnation: ++mallory.n })) as Bytes), trims: [] })
      await town.run(200)
    }
    expect(mallory.n).toBeGreaterThan(LOGS_PER_PUBLISHER_MAX * 2)
    expect(relay.engine.book.size).toBeLessThanOrEqual(LOGS_PER_PUBLISHER_MAX)
    const honest = await town.node({ bootstrap: [relay] })
    honest.publish('press/a', 'here')
    await town.until('the relay to hold the honest log', () => [...relay.engine.book.all()].some(log => log.publisher === honest.peerId && log.held.has(1)))
  }, 60_000)

  it('a relay’s channels with names that nobody uses', async () => {
    const town = new Town()
    const relay = await town.node({ relay: true })
    const early = await town.node({ bootstrap: [relay] })
    early.publish('early/a', 'kept')
    await town.until('the first channel', () => relay.engine.book.channels().includes('early'))
    const mallory = await new Mallory(town, [relay]).start()
    await town.run(1_000)
    for (let page = 0; page < 6; page++) {
      mallory.send('summary', { channels: Array.from({ length: 1000 }, () => ({ channel: `junk-${++mallory.n}`, heads: new Uint8Array(8), receipts: new Uint8Array(8), headsCount: 0, receiptsCount: 0 })) })
      await town.run(1_000)
    }
    expect(relay.engine.channels.joined.size).toBe(CHANNELS_MAX)
    expect(relay.engine.channels.known.size).toBeLessThanOrEqual(KNOWN_CHANNELS_MAX)
    const late = await town.node({ bootstrap: [relay] })
    late.publish('late/a', 'kept too')
    await town.until('the late channel', () => [...relay.engine.book.all()].some(log => log.channel === 'late' && log.held.has(1)))
    expect([relay.engine.channels.isJoined('early'), relay.engine.channels.isJoined('late')]).toEqual([true, true])
  }, 60_000)

  it('a relay’s channels for ever: what nobody uses any more is forgotten', async () => {
    const town = new Town()
    const relay = await town.node({ relay: true })
    const mallory = await new Mallory(town, [relay]).start()
    await town.run(1_000)
    mallory.send('summary', { channels: Array.from({ length: 500 }, (_, i) => ({ channel: `junk-${i}`, heads: new Uint8Array(8), receipts: new Uint8Array(8), headsCount: 0, receiptsCount: 0 })) })
    await town.until('the junk to be joined', () => relay.engine.channels.joined.size === 500)
    mallory.network.kill()
    await town.until('the junk to be forgotten', () => relay.engine.channels.joined.size === 0 && relay.engine.channels.known.size === 0, 15 * 60_000)
  }, 60_000)

  it('the directory with nodes that it has made up', async () => {
    const town = new Town()
    const relay = await town.node({ relay: true })
    const mallory = await new Mallory(town, [relay]).start()
    await town.run(1_000)
    for (let i = 0; i < 50; i++) {
      mallory.send('announcements', { signed: Array.from({ length: 100 }, () => mallory.announcement({ as: madeUp(++mallory.n), crypto: fakeCrypto(madeUp(mallory.n)) })) })
      await town.run(200)
    }
    expect(mallory.n).toBeGreaterThan(NODES_MAX)
    expect(relay.engine.directory.size).toBeLessThanOrEqual(NODES_MAX)
    const honest = await town.node({ bootstrap: [relay] })
    const far = await town.node({ bootstrap: [honest] })
    far.subscribe('all', 'press/#')
    honest.subscribe('all', 'press/#')
    // The relay has heard of both, of one through the other, and owes their subscriptions what it publishes.
    await town.until('the relay to know them', () => [honest, far].every(({ peerId }) => [...relay.engine.directory.claims('press')].some(claim => claim.peerId === peerId)), 120_000)
  }, 120_000)

  it('the memory with receipts that it has signed itself', async () => {
    const town = new Town()
    const relay = await town.node({ relay: true })
    const publisher = await town.node({ bootstrap: [relay] })
    publisher.publish('press/a')
    await town.until('the log', () => relay.engine.book.size === 1)
    const [log] = [...relay.engine.book.all()]
    if (log === undefined) throw new Error('there is no log')
    const mallory = await new Mallory(town, [relay]).start('press')
    await town.run(1_000)
    const before = town.clock.now
    const names = Array.from({ length: 30 }, (_, i) => ({ name: `${i}-`.padEnd(200, 'x'), ranges: RangeSet.of(...Array.from({ length: 100 }, (_, at) => [2 * at + 1, 2 * at + 1] as const)) }))
    let sent = 0
    for (let i = 0; i < 300; i++) {
      for (let k = 0; k < 20; k++) {
        const by = madeUp(++mallory.n)
        const signed = signReceipt(fakeCrypto(by), testMesh, { by, sequence: 1, log: log.id, stored: new RangeSet(), processed: names }) as Bytes
        sent += signed.length
        mallory.send('receipts', { signed: [signed] })
      }
      await town.run(100)
    }
    const kept = [...relay.engine.receipts.about(log)].reduce((sum, { bytes }) => sum + bytes.length, 0)
    expect(sent).toBeGreaterThan(60 * 1024 * 1024)
    expect(2 * kept).toBeLessThan(NEW_RECEIPT_BYTES_BURST + NEW_RECEIPT_BYTES_PER_SECOND * (town.clock.now - before) / 1000)
    // Those of the publisher’s own subscribers still come through.
    const subscriber = await town.node({ bootstrap: [relay] })
    subscriber.subscribe('all', 'press/#')
    await town.until('the publisher to hear of the subscriber', () => publisher.engine.receipts.content(log.key, subscriber.peerId) !== undefined, 60_000)
  }, 120_000)
})
