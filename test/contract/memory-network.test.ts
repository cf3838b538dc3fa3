import { createMemoryMesh, type MemoryNetwork } from '../../src/network/memory-network.js'
import { SimulatedClock, seededRandom } from './network-clock.js'
import { networkContract } from './network.js'
import { Node } from './network-support.js'

networkContract('the memory network', async () => {
  const clock = new SimulatedClock()
  const mesh = createMemoryMesh({ clock, random: seededRandom(1), latencyMs: (_from, _to, bytes) => 1 + bytes / 100_000, onHandlerFault: () => {} })
  const create = (wish: Parameters<typeof mesh.createNetwork>[0]): Node => new Node(mesh.createNetwork(wish))
  const until = (condition: () => boolean, what: string): Promise<void> => clock.until(condition, what, 60_000)
  return {
    create: async (wish) => create(wish),
    recreate: async (node) => create({ peerId: node.id }),
    until,
    settle: () => clock.advance(5000),
    stallable: async () => {
      const reader = create({})
      const writer = create({})
      await reader.start()
      await writer.start()
      mesh.connect(writer.id, reader.id)
      await until(() => reader.isUp(writer) && writer.isUp(reader), 'a link')
      return {
        reader,
        writer,
        stall: () => { mesh.block(writer.id, reader.id) },
        resume: () => { mesh.unblock(writer.id, reader.id) }
      }
    },
    cut: async (a, b) => { mesh.disconnect(a.id, b.id) },
    kill: async (node) => { (node.network as MemoryNetwork).kill() },
    badAddresses: ['', 'nonsense', '/ip4/127.0.0.1/tcp/1', '/memory/1/p2p/'],
    deadAddress: async () => '/memory/1/p2p/12D3KooWNobody',
    close: async () => {}
  }
})
