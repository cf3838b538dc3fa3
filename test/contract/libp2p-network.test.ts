import { Libp2pNodes, linked, abruptly, type Libp2pNode } from './network-libp2p-support.js'
import { networkContract } from './network.js'
import { Proxy, portOf } from './network-proxy.js'
import { until } from './network-support.js'

networkContract('the libp2p network', async () => {
  const nodes = new Libp2pNodes()
  const proxies: Proxy[] = []
  return {
    create: (wish) => nodes.create(wish),
    recreate: async (node) => nodes.create({ ...(node as Libp2pNode).made, listen: [(node as Libp2pNode).listened] }),
    until,
    // What must not happen gets some time to happen.
    settle: async () => {
      const end = performance.now() + 150
      await until(() => performance.now() > end, 'a while')
    },
    stallable: async () => {
      const reader = await nodes.start()
      const proxy = await Proxy.to(portOf(reader.address))
      proxies.push(proxy)
      const writer = await nodes.start({ bootstrap: [`/ip4/127.0.0.1/tcp/${proxy.port}/p2p/${reader.id}`] })
      await linked(reader, writer)
      return { reader, writer, stall: () => { proxy.stall() }, resume: () => { proxy.resume() } }
    },
    cut: async (a) => { abruptly.cut(a as Libp2pNode) },
    kill: async (node) => { await abruptly.kill(node as Libp2pNode) },
    badAddresses: ['', 'nonsense', '/ip4/127.0.0.1', '/ip4/127.0.0.1/udp/4001', '/ip4/127.0.0.1/tcp/0', '/ip4/1.2.3.4/tcp/1/p2p/QmWrong!', '/memory/1'],
    deadAddress: async () => '/ip4/127.0.0.1/tcp/1',
    close: async () => {
      await nodes.stop()
      await Promise.all(proxies.map((proxy) => proxy.close()))
    }
  }
})
