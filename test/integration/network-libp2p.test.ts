import { afterEach, describe, expect, it } from 'vitest'
import { bytes, until } from '../contract/network-support.js'
import { joined, Libp2pNodes, linked } from '../contract/network-libp2p-support.js'

const nodes = new Libp2pNodes()
afterEach(() => nodes.stop())

describe('libp2p network', () => {
  it('links two nodes, carries frames and gossip', async () => {
    const a = await nodes.start()
    const b = await nodes.start({ bootstrap: [a.address], relay: true, agent: 'other' })
    await linked(a, b)
    expect(a.told.up.get(b.id)).toMatchObject({ relay: true, agent: 'other', direction: 'inbound' })
    for (let i = 0; i < 1000; i++) a.network.send(b.id, bytes(`frame ${i}`))
    b.network.send(a.id, bytes('back'))
    await until(() => b.told.texts(a.id).length === 1000 && a.told.texts(b.id).length === 1, 'all frames')
    expect(b.told.texts(a.id)).toEqual(Array.from({ length: 1000 }, (_, i) => `frame ${i}`))
    await joined('t', a, b)
    expect(a.network.gossip('t', bytes('hello'))).toEqual({ recipients: 1, withheld: [] })
    await until(() => b.told.gossiped('t').includes('hello'), 'gossip')
  })
})
