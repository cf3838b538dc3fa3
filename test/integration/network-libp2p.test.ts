import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { isSkeinError } from '../../src/base/errors.js'
import { GOSSIP_BUFFER_BYTES_MAX, LINK_BUFFER_BYTES_MAX } from '../../src/base/limits.js'
import { HELLO_PROTOCOL, meshNames } from '../../src/network/names.js'
import { inside, joined, Libp2pNodes, linked, type Libp2pNode } from '../contract/network-libp2p-support.js'
import { Proxy, portOf } from '../contract/network-proxy.js'
import { bytes, until } from '../contract/network-support.js'

const nodes = new Libp2pNodes()
const cleanups: Array<() => Promise<unknown>> = []
afterEach(async () => {
  await nodes.stop()
  await Promise.all(cleanups.splice(0).map((clean) => clean()))
})

const proxyTo = async (node: Libp2pNode): Promise<{ proxy: Proxy, address: string }> => {
  const proxy = await Proxy.to(portOf(node.address))
  cleanups.push(() => proxy.close())
  return { proxy, address: `/ip4/127.0.0.1/tcp/${proxy.port}/p2p/${node.id}` }
}

/** A libp2p node that is not Skein. */
const stranger = async (keyType: 'Ed25519' | 'secp256k1' = 'Ed25519'): Promise<Libp2p> => {
  const host = await createLibp2p({
    privateKey: await generateKeyPair(keyType), transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], connectionMonitor: { enabled: false }
  })
  cleanups.push(() => Promise.resolve(host.stop()))
  return host
}

describe('libp2p network', () => {
  it('links two nodes, carries frames and gossip', async () => {
    const a = await nodes.start()
    const b = await nodes.start({ bootstrap: [a.address], relay: true, agent: 'other' })
    await linked(a, b)
    for (let i = 0; i < 1000; i++) a.network.send(b.id, bytes(`frame ${i}`))
    b.network.send(a.id, bytes('back'))
    await until(() => b.told.texts(a.id).length === 1000 && a.told.texts(b.id).length === 1, 'all frames')
    expect(b.told.texts(a.id)).toEqual(Array.from({ length: 1000 }, (_, i) => `frame ${i}`))
    await joined('t', a, b)
    expect(a.network.gossip('t', bytes('hello'))).toEqual({ recipients: 1, withheld: [], full: false })
    await until(() => b.told.gossiped('t').includes('hello'), 'gossip')
    await until(() => a.network.inspect(b.id)?.meshTopics.includes('t') === true, 'b in the mesh of the topic')
    expect(a.network.inspect(b.id)).toMatchObject({ topics: ['t'], unsentGossipBytes: 0, unsentLinkBytes: 0 })
  })

  it('keeps the link to a peer whose handlers are slow: the far window closes and opens, and nothing overflows', async () => {
    const a = await nodes.start()
    const b = await nodes.start({ bootstrap: [a.address] })
    await linked(a, b)
    const count = 8000
    let heard = 0
    b.told.onFrame = () => {
      if (++heard > 1000) return
      const end = performance.now() + 3
      while (performance.now() < end);
    }
    for (let i = 0; i < count; i++) {
      const drains = a.told.drains.length
      const frame = new Uint8Array(4096)
      new DataView(frame.buffer).setUint32(0, i)
      if (!a.network.send(b.id, frame)) await until(() => a.told.drains.length > drains || a.told.downs.length > 0, 'room on the link', 30_000)
    }
    await until(() => heard === count || a.told.downs.length > 0, 'all frames', 30_000)
    expect([...a.told.downs, ...b.told.downs]).toEqual([])
    expect(b.told.frames.get(a.id)?.every((frame, i) => new DataView(frame.buffer, frame.byteOffset).getUint32(0) === i)).toBe(true)
  })

  it('does not tell a used port from a stranger: ERR_PORT_IN_USE names the address', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(async () => { server.close() })
    const address = `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`
    const node = await nodes.create({ listen: ['/ip4/127.0.0.1/tcp/0', address] })
    const error = await node.start().catch((thrown: unknown) => thrown)
    expect(isSkeinError(error, 'ERR_PORT_IN_USE') && error.message).toContain(address)
    await expect(nodes.create({ listen: ['/ip4/127.0.0.1/tcp/0/oops'] })).rejects.toMatchObject({ code: 'ERR_BAD_ADDRESS' })
    await expect(nodes.create({ bootstrap: ['127.0.0.1:4001'] })).rejects.toMatchObject({ code: 'ERR_BAD_ADDRESS' })
  })

  it('gives one link to two nodes that dial each other at once, time after time', async () => {
    for (let round = 0; round < 5; round++) {
      const a = await nodes.start()
      const b = await nodes.start()
      a.network.addBootstrap(b.address)
      b.network.addBootstrap(a.address)
      await linked(a, b)
      a.network.send(b.id, bytes('ping'))
      await until(() => b.told.texts(a.id).includes('ping'), 'a frame')
      await until(() => inside(a).host.getConnections().length === 1 && inside(b).host.getConnections().length === 1, 'the other connection to be closed')
      expect(a.told.downs).toEqual([])
      expect(b.told.downs).toEqual([])
    }
  })

  it('dials a bootstrap address without a peer id, whoever is there, and finds its own address harmless', async () => {
    const a = await nodes.start()
    const b = await nodes.start({ bootstrap: [a.listened] })
    b.network.addBootstrap(b.listened)
    await linked(a, b)
    expect(b.told.up.get(a.id)?.direction).toBe('outbound')
  })

  it('has twenty nodes on one address exchange gossip', async () => {
    const hub = await nodes.start()
    const all = [hub]
    for (let i = 1; i < 20; i++) all.push(await nodes.start({ bootstrap: [hub.address, (all[i - 1] as Libp2pNode).address] }))
    await until(() => all.slice(1).every((node) => node.isUp(hub)), 'all to know the hub')
    await joined('t', ...all)
    for (const node of all) node.network.gossip('t', bytes(`from ${node.id}`))
    // A heartbeat may pass until the meshes stand; what was published before is announced for a while.
    await until(() => all.every((node) => new Set(node.told.gossiped('t')).size === 19), 'everybody to hear everybody')
    expect(all.flatMap((node) => node.told.notices)).toEqual([])
  }, 30_000)

  it('mends a gossip stream that was reset', async () => {
    const a = await nodes.start()
    const b = await nodes.start({ bootstrap: [a.address] })
    await linked(a, b)
    await joined('t', a, b)
    const before = performance.now()
    inside(a).gossiper.inside.streamsOutbound.get(b.id)?.rawStream.abort(new Error('reset by the test'))
    await until(() => a.told.downs.length === 1, 'the connection to be cut')
    await linked(a, b)
    await joined('t', a, b)
    a.network.gossip('t', bytes('mended'))
    b.network.gossip('t', bytes('both ways'))
    await until(() => b.told.gossiped('t').includes('mended') && a.told.gossiped('t').includes('both ways'), 'gossip')
    expect(performance.now() - before).toBeLessThan(5000)
  })

  it('mends a gossip stream whose far reader has gone', async () => {
    const a = await nodes.start()
    const b = await nodes.start({ bootstrap: [a.address] })
    await linked(a, b)
    await joined('t', a, b)
    inside(b).gossiper.inside.streamsInbound.delete(a.id)
    await until(() => b.told.downs.length === 1, 'the connection to be cut', 9000)
    expect(b.told.downs[0]?.reason).toBe('no gossip streams with the peer')
    await linked(a, b)
  }, 15_000)

  it('replaces a dead connection at once when the peer was restarted and dials again', async () => {
    const a = await nodes.start()
    const { proxy, address } = await proxyTo(a)
    const b = await nodes.start({ bootstrap: [address] })
    await linked(a, b)
    // The power goes: nothing gets through any more, and nothing is closed.
    proxy.stall()
    inside(b).dialling.stop()
    const again = await nodes.start({ ...b.made, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [a.address] })
    await until(() => again.isUp(a) && a.told.events.filter((event) => event === `up ${b.id}`).length === 2, 'both to be on the new link', 5000)
    a.network.send(b.id, bytes('to the new one'))
    await until(() => again.told.texts(a.id).includes('to the new one'), 'a frame')
    expect(a.told.events.filter((event) => event.endsWith(b.id))).toEqual([`up ${b.id}`, `down ${b.id}`, `up ${b.id}`])
    expect(a.told.faults).toEqual([])
  }, 15_000)

  it('notices a link that is silent one way only', async () => {
    const a = await nodes.start()
    const { proxy, address } = await proxyTo(a)
    const b = await nodes.start({ bootstrap: [address] })
    await linked(a, b)
    await joined('t', a, b)
    const before = performance.now()
    proxy.stall('near')
    await until(() => a.told.downs.length === 1 && b.told.downs.length === 1, 'both sides to notice', 35_000)
    expect(performance.now() - before).toBeGreaterThan(10_000)
    proxy.resume()
    await linked(a, b)
  }, 60_000)

  it('keeps memory bounded while a peer does not read', async () => {
    const a = await nodes.start()
    const { proxy, address } = await proxyTo(a)
    const b = await nodes.start({ bootstrap: [address] })
    await linked(a, b)
    await joined('t', a, b)
    proxy.stall()
    let withheld = 0
    for (let i = 0; i < 300; i++) {
      const data = new Uint8Array(64 * 1024)
      new DataView(data.buffer).setUint32(0, i)
      withheld += b.network.gossip('t', data).withheld.length
      if (i % 10 === 0) await until(() => true, 'a turn')
    }
    const seen = b.network.inspect(a.id)
    expect(withheld).toBeGreaterThan(200)
    expect(seen?.unsentGossipBytes).toBeLessThanOrEqual(GOSSIP_BUFFER_BYTES_MAX)
    for (let i = 0; i < 200 && (b.network.inspect(a.id)?.unsentLinkBytes ?? 0) < 6 << 20; i++) b.network.send(a.id, new Uint8Array(64 * 1024))
    expect(b.network.inspect(a.id)?.unsentLinkBytes).toBeLessThanOrEqual(LINK_BUFFER_BYTES_MAX)
    proxy.resume()
    await until(() => b.told.drains.includes(a.id) && b.network.inspect(a.id)?.unsentGossipBytes === 0, 'all to drain')
    b.network.gossip('t', bytes('after'))
    await until(() => a.told.gossiped('t').includes('after'), 'gossip after the stall')
    expect(b.told.downs).toEqual([])
  }, 20_000)

  it('survives garbage on its protocols and stays open to others', async () => {
    const a = await nodes.start()
    const b = await nodes.start({ bootstrap: [a.address] })
    await linked(a, b)
    const junk = [
      new Uint8Array(0), new Uint8Array([0]), new Uint8Array(64).fill(0xff), new Uint8Array([0x05, 1, 2, 3, 4, 5]),
      new Uint8Array(200_000).fill(7), new Uint8Array([0x80, 0x80, 0x80, 0x80, 0x80, 0x01])
    ]
    for (const protocol of [HELLO_PROTOCOL, meshNames('test').link, meshNames('test').gossip]) {
      for (const data of junk) {
        const host = await stranger()
        const connection = await host.dial(multiaddr(a.address))
        const stream: Stream = await connection.newStream(protocol)
        if (data.length > 0 && stream.status === 'open') stream.send(data)
        void stream.close().catch(() => {})
        if (protocol === HELLO_PROTOCOL) await until(() => connection.status !== 'open', `the stranger to be shown out after ${protocol} ${data.length}`)
        else connection.abort(new Error('enough'))
      }
    }
    expect(a.isUp(b)).toBe(true)
    expect(a.told.up.size).toBe(1)
    a.network.send(b.id, bytes('still here'))
    await until(() => b.told.texts(a.id).includes('still here'), 'a frame')
    const c = await nodes.start({ bootstrap: [a.address] })
    await linked(a, c)
  }, 30_000)

  it('refuses identities that are not Ed25519, and says what is not Skein', async () => {
    const a = await nodes.start()
    const other = await createLibp2p({ addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] })
    cleanups.push(() => Promise.resolve(other.stop()))
    a.network.addBootstrap((other.getMultiaddrs()[0] as { toString (): string }).toString())
    await until(() => a.told.notices.length > 0, 'a notice')
    expect(a.told.notices[0]).toMatchObject({ code: 'ERR_HANDSHAKE_REFUSED', message: `peer ${other.peerId.toString()} does not speak Skein’s handshake` })
    const odd = await stranger('secp256k1')
    const connection = await odd.dial(multiaddr(a.address))
    await until(() => connection.status !== 'open' && a.told.notices.length > 1, 'the odd identity to be refused')
    expect(a.told.notices[1]?.message).toContain('not Ed25519')
    expect(a.told.up.size).toBe(0)
  })
})
