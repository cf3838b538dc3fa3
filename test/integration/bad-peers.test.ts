/**
 * Attacks on a node in a process of its own, over TCP. A publisher and a subscriber that know each other only through that node have all
 * delivered between them meanwhile; its memory, after a collection, does not grow by more than 64 MiB; the attacker is cut off.
 */
import { connect, type Socket } from 'node:net'
import type { PrivateKey, Stream } from '@libp2p/interface'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sealBatch } from '../../src/message/batch.js'
import { meshHash, toLogRef } from '../../src/message/ids.js'
import { encodeRecords } from '../../src/message/record.js'
import { FRAME as LINK } from '../../src/network/frames.js'
import { GOSSIP } from '../../src/message/gossip-kinds.js'
import { encodeFrame } from '../../src/repair/frames.js'
import { MeshBench, until, type MeshPeer } from '../support/mesh-bench.js'
import { recordOf } from '../support/written-log.js'
import { field, prefixed, RawPeer, varint } from '../support/raw-peer.js'

const MIB = 1024 * 1024
const GROWTH_MAX_MIB = 64
/** From the first frame of an attack to the ban, with all that comes back in between. */
const BANNED_WITHIN_MS = 20_000
const MESSAGES = 100

const bench = new MeshBench()
const raws: RawPeer[] = []
let hub: MeshPeer
let publisher: MeshPeer
let subscriber: MeshPeer
let round = 0

beforeAll(async () => {
  hub = await bench.peer('hub', { relay: true, in: bench.process('--expose-gc') }).start()
  const others = bench.process()
  publisher = await bench.peer('publisher', { bootstrap: [hub.address], in: others }).start()
  subscriber = await bench.peer('subscriber', { bootstrap: [hub.address], in: others }).start()
  await hub.joinedBy(publisher, subscriber)
  await subscriber.subscribe('press/#', { name: 'all', from: 'earliest' })
  await publisher.publish('press/a', 'warm:0')
  await subscriber.untilAcked(1)
}, 120_000)

afterAll(async () => {
  await Promise.all(raws.map(async raw => { await raw.stop() }))
  await bench.close()
})

async function raw (key?: PrivateKey): Promise<RawPeer> {
  const peer = await RawPeer.create('bench', key)
  raws.push(peer)
  return peer
}

/** Honest nodes have everything delivered while `attack` runs, and the hub's memory stays what it was. */
async function meanwhile (attack: () => Promise<void>): Promise<void> {
  const before = await hub.used()
  const had = (await subscriber.progress()).acked
  await publisher.load({ name: `round-${++round}`, topics: ['press/a', 'press/b'], count: MESSAGES, outstanding: 4, label: `round${round}`, perTurn: 50 })
  await attack()
  await publisher.untilLoaded(`round-${round}`)
  await subscriber.untilAcked(had + MESSAGES)
  const after = await hub.used()
  expect((after.used - before.used) / MIB).toBeLessThan(GROWTH_MAX_MIB)
  expect((after.resident - before.resident) / MIB).toBeLessThan(4 * GROWTH_MAX_MIB)
  expect((await subscriber.progress()).gaps).toBe(0)
  expect((await hub.peers()).map(({ peerId }) => peerId)).toEqual(expect.arrayContaining([publisher.peerId, subscriber.peerId]))
}

const turn = (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })

/** Does it again and again while the stream takes it, until the peer is cut off or the time is over. */
async function flood (peer: RawPeer, stream: Stream, act: () => void, ms = BANNED_WITHIN_MS): Promise<void> {
  const end = performance.now() + ms
  while (!peer.isCut && performance.now() < end) {
    if (stream.status === 'open' && stream.writeBufferLength < 2 * MIB) act()
    await turn()
  }
}

/** Comes in and attacks, and again whenever it is cut off, until it is not let in any more. */
async function untilBanned (attack: (peer: RawPeer) => Promise<void>): Promise<void> {
  const peer = await raw()
  const started = performance.now()
  for (;;) {
    try {
      await peer.enter(hub.address)
      await attack(peer)
    } catch (error) {
      if (/refused/.test((error as Error).message)) break
    }
    if (performance.now() - started > BANNED_WITHIN_MS) throw new Error('it is not cut off')
    await turn()
  }
  expect(performance.now() - started).toBeLessThan(BANNED_WITHIN_MS)
}

const cut = async (peer: RawPeer, deadlineMs: number): Promise<void> => { await until('the attacker to be cut off', () => peer.isCut, Boolean, deadlineMs) }
const times = (n: number, fn: (i: number) => void): void => { for (let i = 0; i < n; i++) fn(i) }
let number = 0

/** An RPC of gossipsub. */
const rpc = {
  subscriptions: (n: number, name = (i: number): string => `topic-${i}`): Uint8Array => prefixed(...Array.from({ length: n }, (_, i) => field(1, Buffer.concat([Uint8Array.of(8, 1), field(2, name(i))])))),
  messages: (topic: string, data: readonly Uint8Array[]): Uint8Array => prefixed(...data.map(bytes => field(2, Buffer.concat([field(2, bytes), field(4, topic)])))),
  control: (n: number, kind: number, body: (i: number) => Uint8Array): Uint8Array => prefixed(field(3, Buffer.concat(Array.from({ length: n }, (_, i) => field(kind, body(i))))))
}

describe('a peer that', () => {
  test('opens connections and says nothing keeps nobody out', async () => {
    const [, , host = '', , port = ''] = hub.address.split('/')
    const sockets = new Set<Socket>()
    const open = (): void => {
      // From an address of its own, as from another machine.
      const socket = connect({ host, port: Number(port), localAddress: '127.0.0.2' })
      socket.on('error', () => {})
      socket.on('close', () => { if (sockets.delete(socket) && attacking) setTimeout(open, 20) })
      sockets.add(socket)
    }
    let attacking = true
    times(400, open)
    await meanwhile(async () => {
      const late = await bench.peer('late', { bootstrap: [hub.address] }).start()
      await until('a newcomer to be let in', () => late.peers(), peers => peers.length === 1, 15_000)
      await late.close()
    })
    attacking = false
    for (const socket of sockets) socket.destroy()
  }, 90_000)

  test('opens connections with a key and shakes no hands has few of them, and they are closed', async () => {
    const peer = await raw()
    await meanwhile(async () => {
      const open = new Set<unknown>()
      for (let i = 0; i < 40; i++) {
        const { connection } = await peer.dial(hub.address)
        open.add(connection)
        connection.addEventListener('close', () => { open.delete(connection) })
      }
      await until('most to be closed', () => open.size, size => size <= 6, 5_000)
      await until('the rest to be closed', () => open.size, size => size === 0, 15_000)
    })
  }, 60_000)

  test('connects and disconnects in a loop harms nobody', async () => {
    const peer = await raw()
    await meanwhile(async () => {
      for (let i = 0; i < 100; i++) {
        try {
          if (i % 2 === 0) await peer.dial(hub.address)
          else await peer.enter(hub.address)
        } catch {}
        peer.connection.abort(new Error('on and off'))
      }
    })
  }, 60_000)

  test('sends rubbish instead of a handshake is not let in', async () => {
    await meanwhile(async () => {
      for (const bytes of [Buffer.from('rubbish'), prefixed(Buffer.from('rubbish')), Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x7f]), prefixed(new Uint8Array(100_000))]) {
        const peer = await (await raw()).dial(hub.address)
        peer.raw(await peer.hello(), bytes)
        await cut(peer, 12_000)
      }
    })
  }, 90_000)

  test('says its hello a byte a second is not waited for', async () => {
    await meanwhile(async () => {
      const peer = await (await raw()).dial(hub.address)
      const hello = await peer.hello()
      const drip = setInterval(() => { peer.raw(hello, Uint8Array.of(0x70)) }, 1000)
      await cut(peer, 15_000)
      clearInterval(drip)
    })
  }, 60_000)

  test('shakes hands and opens no link is not waited for', async () => {
    await meanwhile(async () => { await cut(await (await (await raw()).dial(hub.address)).greet(), 15_000) })
  }, 60_000)

  test('opens a thousand streams has a few of them', async () => {
    await meanwhile(async () => {
      const peer = await (await raw()).enter(hub.address)
      const opened: Stream[] = []
      await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
        const stream = await peer.connection.newStream([peer.names.link, peer.names.gossip, '/none/1'][i % 3] as string, { signal: AbortSignal.timeout(5_000), maxOutboundStreams: 2000 }).catch(() => undefined)
        if (stream !== undefined) opened.push(stream)
      }))
      await until('most streams to be reset', () => opened.filter(({ status }) => status === 'open').length, open => open < 64, 15_000)
    })
  }, 60_000)

  test.each<[string, (peer: RawPeer) => Promise<void>]>([
    ['announces a frame of gigabytes', async (peer) => { peer.raw(peer.link, Uint8Array.from([0xff, 0xff, 0xff, 0x7f, 0])); await cut(peer, 10_000) }],
    ['sends empty frames', async (peer) => { peer.raw(peer.link, Uint8Array.of(0)); await cut(peer, 10_000) }],
    ['pings without end', async (peer) => { await flood(peer, peer.link, () => { times(1000, () => { peer.say([LINK.ping]) }) }) }],
    ['sends link frames of kinds that there are not', async (peer) => { await flood(peer, peer.link, () => { times(1000, () => { peer.say([200, 1]) }) }) }],
    ['sends rubbish in frames', async (peer) => { await flood(peer, peer.link, () => { peer.say([LINK.data, 2, 0xff, 0xff]) }) }],
    ['wants logs that there are not without end', async (peer) => {
      const log = toLogRef({ publisher: peer.peerId, incarnation: { number: 1, random: '00'.repeat(8) }, channel: 'press' })
      await flood(peer, peer.link, () => { times(200, () => { peer.say([LINK.data], encodeFrame('want', { id: ++number, log, from: 1, to: 2 ** 40, credit: 2 ** 24, since: 0, skip: new Uint8Array(0) })) }) })
    }],
    ['asks for comparisons without end', async (peer) => {
      await flood(peer, peer.link, () => { times(50, () => { peer.say([LINK.data], encodeFrame('summary', { channels: [{ channel: 'press', heads: new Uint8Array(8).fill(++number), receipts: new Uint8Array(8), headsCount: 1, receiptsCount: 1 }] })) }) })
    }],
    ['sends data that nobody asked for without end', async (peer) => { await flood(peer, peer.link, () => { times(20, () => { peer.say([LINK.data], encodeFrame('data', { id: ++number, batch: new Uint8Array(50_000) })) }) }) }]
  ])('%s is cut off within seconds', async (_name, attack) => {
    await meanwhile(() => untilBanned(attack))
  }, 90_000)

  test('sends a frame a byte a second is cut off', async () => {
    await meanwhile(async () => {
      const peer = await (await raw()).enter(hub.address)
      peer.raw(await peer.gossip(), rpc.subscriptions(1))
      peer.raw(peer.link, Uint8Array.from(varint(1_000_000)))
      const drip = setInterval(() => { peer.raw(peer.link, Uint8Array.of(0)) }, 1000)
      await cut(peer, 25_000)
      clearInterval(drip)
    })
  }, 60_000)

  test('comes in and says nothing more is cut off', async () => {
    await meanwhile(async () => {
      const peer = await (await raw()).enter(hub.address)
      peer.raw(await peer.gossip(), rpc.subscriptions(1))
      await cut(peer, 25_000)
    })
  }, 60_000)

  test.each<[string, (peer: RawPeer, gossip: Stream) => Promise<void>]>([
    ['RPCs that do not decode', async (peer, gossip) => { await flood(peer, gossip, () => { peer.raw(gossip, prefixed(Uint8Array.of(0x0a, 0x7f, 1))) }) }],
    ['more subscriptions in an RPC than one may have', async (peer, gossip) => { await flood(peer, gossip, () => { peer.raw(gossip, rpc.subscriptions(5000)) }) }],
    ['ever new subscriptions', async (peer, gossip) => { await flood(peer, gossip, () => { times(5, () => { peer.raw(gossip, rpc.subscriptions(500, () => `topic-${++number}`)) }) }) }],
    ['subscriptions with names of a megabyte', async (peer, gossip) => { await flood(peer, gossip, () => { times(500, () => { peer.raw(gossip, rpc.subscriptions(1, () => `${++number}`.padEnd(number % 50 === 0 ? MIB : 10, 'x'))) }) }) }],
    ['IHAVE without end', async (peer, gossip) => { await flood(peer, gossip, () => { peer.raw(gossip, rpc.control(10, 1, () => Buffer.concat([field(1, peer.topic('press')), ...Array.from({ length: 500 }, () => field(2, Buffer.alloc(20, ++number)))]))) }) }],
    ['IWANT without end', async (peer, gossip) => { await flood(peer, gossip, () => { peer.raw(gossip, rpc.control(10, 2, () => Buffer.concat(Array.from({ length: 500 }, () => field(1, Buffer.alloc(20, ++number)))))) }) }],
    ['GRAFT without end', async (peer, gossip) => { await flood(peer, gossip, () => { peer.raw(gossip, rpc.control(1000, 3, () => field(1, `topic-${++number}`))) }) }],
    ['PRUNE without end', async (peer, gossip) => { await flood(peer, gossip, () => { peer.raw(gossip, rpc.control(1000, 4, () => field(1, peer.topic('press')))) }) }],
    ['messages on topics that there are not', async (peer, gossip) => { await flood(peer, gossip, () => { peer.raw(gossip, rpc.messages('none', Array.from({ length: 500 }, () => Buffer.from(`${++number}`)))) }) }],
    ['batches with invalid signatures', async (peer, gossip) => {
      const mesh = meshHash(peer.crypto, 'bench')
      const body = encodeRecords([recordOf('press/a')])
      const forged = (): Uint8Array => {
        const log = { publisher: publisher.peerId, incarnation: { number: ++number, random: '00'.repeat(8) }, channel: 'press' }
        return Uint8Array.from([GOSSIP.batch, ...sealBatch(peer.crypto, mesh, { log, base: 1, count: 1, time: Date.now(), previous: new Uint8Array(0), body }).bytes])
      }
      await flood(peer, gossip, () => { peer.raw(gossip, rpc.messages(peer.topic('press'), Array.from({ length: 50 }, forged))) })
    }]
  ])('gossips %s is cut off within seconds', async (_name, attack) => {
    await meanwhile(() => untilBanned(async (peer) => {
      const gossip = await peer.gossip()
      // It comes in as a neighbour that keeps the protocol.
      peer.raw(gossip, rpc.subscriptions(1, () => peer.topic('press')))
      await attack(peer, gossip)
    }))
  }, 90_000)
})
