/** Holds `gossip-bound.ts` to the gossipsub that is installed. When this fails after an update, read its stream.js and publish() again. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterEach, describe, expect, it } from 'vitest'
import { GOSSIP_BUFFER_BYTES_MAX } from '../../src/base/limits.js'
import { carriesMessages, essential } from '../../src/network/gossip-rpc.js'
import { meshNames } from '../../src/network/names.js'
import { GOSSIP_CACHE_BYTES } from '../../src/network/network-limits.js'
import { inside, joined, Libp2pNodes, linked, type Libp2pNode } from '../contract/network-libp2p-support.js'
import { bytes, until } from '../contract/network-support.js'
import { Proxy, portOf } from '../contract/network-proxy.js'

const nodes = new Libp2pNodes()
const proxies: Proxy[] = []
afterEach(async () => {
  await nodes.stop()
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
})

const pair = async (): Promise<{ a: Libp2pNode, b: Libp2pNode, proxy: Proxy }> => {
  const a = await nodes.start()
  const proxy = await Proxy.to(portOf(a.address))
  proxies.push(proxy)
  const b = await nodes.start({ bootstrap: [`/ip4/127.0.0.1/tcp/${proxy.port}/p2p/${a.id}`] })
  await linked(a, b)
  await joined('t', a, b)
  return { a, b, proxy }
}

describe('the bound on gossip', () => {
  it('is pinned to a version of gossipsub', () => {
    const path = createRequire(import.meta.url).resolve('@chainsafe/libp2p-gossipsub').replace(/dist\/.*$/, 'package.json')
    const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as { name: string, version: string }
    expect(name).toBe('@libp2p/gossipsub')
    expect(version).toMatch(/^17\.1\./)
  })

  it('finds the members of gossipsub that it leans on', async () => {
    const { a, b } = await pair()
    const gossip = inside(b).gossiper.inside
    for (const map of ['streamsOutbound', 'streamsInbound', 'peers', 'mesh', 'topics'] as const) expect(gossip[map]).toBeInstanceOf(Map)
    for (const method of ['msgIdFn', 'msgIdToStrFn', 'selectPeersToPublish', 'getScore', 'graftOnSubscribe', 'sendGraft'] as const) expect(gossip[method]).toBeTypeOf('function')
    const stream = gossip.streamsOutbound.get(a.id)
    expect(stream?.rawStream.protocol).toBe(meshNames('test').gossip)
    expect(stream?.protocol).toBe('/meshsub/1.2.0')
    expect(stream?.rawStream.writeBufferLength).toBe(0)
  })

  it('publishes as gossipsub does: once, remembered, to be asked for', async () => {
    const { a, b } = await pair()
    const gossip = inside(b).gossiper.inside
    expect(b.network.gossip('t', bytes('x')).recipients).toBe(1)
    expect(b.network.gossip('t', bytes('x')).recipients).toBe(0)
    const id = gossip.msgIdFn({ type: 'unsigned', topic: `${meshNames('test').topicPrefix}t`, data: bytes('x') })
    expect(id.length).toBe(20)
    expect(gossip.seenCache.has(gossip.msgIdToStrFn(id))).toBe(true)
    await until(() => a.told.heard.length === 1, 'gossip')
  })

  it('keeps a few whole messages for those who ask, not all of the last seconds', async () => {
    const { a, b } = await pair()
    const { mcache } = inside(b).gossiper.inside
    const kept = (): number => [...mcache.msgs.values()].reduce<number>((sum, entry) => sum + (entry as { message: { data: Uint8Array } }).message.data.length, 0)
    const sent = 2 * GOSSIP_CACHE_BYTES / (256 * 1024)
    for (let i = 0; i < sent; i++) {
      const data = new Uint8Array(256 * 1024)
      new DataView(data.buffer).setUint32(0, i)
      a.network.gossip('t', data)
      b.network.gossip('t', data.map((byte, at) => at === 4 ? 1 : byte))
      expect(kept()).toBeLessThanOrEqual(GOSSIP_CACHE_BYTES)
    }
    expect(kept()).toBeGreaterThan(GOSSIP_CACHE_BYTES / 2)
    await until(() => mcache.msgs.size === 0, 'the heartbeats to clear the cache')
    b.network.gossip('t', bytes('x'))
    expect(kept()).toBe(1)
  })

  it('holds for forwarding too, lets control messages through, and says when it drains', async () => {
    const { a, b, proxy } = await pair()
    const c = await nodes.start({ bootstrap: [b.address] })
    await linked(b, c)
    await joined('t', b, c)
    proxy.stall()
    const sent = 64
    for (let i = 0; i < sent; i++) {
      const data = new Uint8Array(128 * 1024)
      new DataView(data.buffer).setUint32(0, i)
      c.network.gossip('t', data)
      await until(() => b.told.heard.length === i + 1, 'b to have it')
    }
    const gossip = inside(b).gossiper.inside
    const raw = gossip.streamsOutbound.get(a.id)?.rawStream
    expect(raw?.writeBufferLength).toBeGreaterThan(GOSSIP_BUFFER_BYTES_MAX / 2)
    expect(raw?.writeBufferLength).toBeLessThanOrEqual(GOSSIP_BUFFER_BYTES_MAX + 1024)
    b.network.join('late')
    proxy.resume()
    await until(() => b.told.drains.includes(a.id), 'drained')
    await until(() => a.knows(b, 'late'), 'the subscription that was made meanwhile')
    expect(a.told.heard.length).toBeLessThan(sent)
    expect(b.told.downs).toEqual([])
    expect(gossip.streamsOutbound.get(a.id)?.rawStream).toBe(raw)
  })

  it('cuts a peer that does not even take control messages', async () => {
    const { a, b, proxy } = await pair()
    proxy.stall()
    for (let i = 0; i < 64; i++) {
      const data = new Uint8Array(128 * 1024)
      new DataView(data.buffer).setUint32(0, i)
      b.network.gossip('t', data)
    }
    // Subscriptions must arrive: so they pass the first bound, and not the second.
    const subscription = new Uint8Array([0x0a, 0x80, 0x80, 0x04, ...new Uint8Array(64 * 1024)])
    for (let i = 0; i < 10; i++) inside(b).gossiper.inside.streamsOutbound.get(a.id)?.push(subscription)
    await until(() => b.told.downs.length === 1, 'the cut')
    expect(b.told.downs[0]?.reason).toBe('the peer does not read gossip')
  })

  it('reads the wire format of gossipsub', async () => {
    const { a, b } = await pair()
    const gossip = inside(b).gossiper.inside
    const rpcs: Uint8Array[] = []
    const stream = gossip.streamsOutbound.get(a.id) as { push (rpc: Uint8Array): void }
    stream.push = (rpc) => { rpcs.push(rpc) }
    b.network.join('other')
    expect(rpcs.length).toBe(1)
    expect(carriesMessages(rpcs[0] as Uint8Array)).toBe(false)
    expect(essential(rpcs[0] as Uint8Array)).toBe(rpcs[0])
    const inner = gossip as unknown as { sendRpc (id: string, rpc: unknown): boolean }
    const message = { topic: 't', data: bytes('data') }
    inner.sendRpc(a.id, { subscriptions: [], messages: [message], control: { graft: [{ topicID: 't' }], prune: [], ihave: [{ topicID: 't', messageIDs: [bytes('id')] }], iwant: [], idontwant: [] } })
    expect(carriesMessages(rpcs[1] as Uint8Array)).toBe(true)
    expect([...essential(rpcs[1] as Uint8Array) ?? []]).toEqual([0x1a, 5, 0x1a, 3, 0x0a, 1, 't'.charCodeAt(0)])
    inner.sendRpc(a.id, { subscriptions: [], messages: [message], control: undefined })
    expect(essential(rpcs[2] as Uint8Array)).toBeUndefined()
  })
})
