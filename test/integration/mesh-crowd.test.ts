import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MeshBench, until } from '../support/mesh-bench.js'
import { effects, expectAllOf, expectInOrder } from '../support/mesh-checks.js'

describe('many nodes, and more than one mesh, behind one address', () => {
  let bench: MeshBench
  beforeEach(() => { bench = new MeshBench() })
  afterEach(async () => { await bench.close() })

  test('with 20 nodes on one address every message reaches every durable subscriber', async () => {
    const processes = [bench.process(), bench.process()]
    const first = await bench.peer('n0', { in: processes[0] as (typeof processes)[0] }).start()
    const others = []
    for (let i = 1; i < 20; i++) others.push(await bench.peer(`n${i}`, { in: processes[i % 2] as (typeof processes)[0], bootstrap: [first.address] }).start())
    const nodes = [first, ...others]
    for (const node of nodes) await node.subscribe('orders/#', { name: `all-${node.name}`, from: 'earliest' })
    await until('everybody to have joined', () => first.peers(), peers => peers.length === 19)
    const publishers = [first, others[4], others[11], others[18]] as typeof nodes
    for (const publisher of publishers) await publisher.load({ topics: ['orders/new', 'orders/paid'], count: 150, bytes: 100, outstanding: 4, label: publisher.name, perTurn: 1 })
    for (const publisher of publishers) await publisher.untilLoaded()
    for (const node of nodes) await node.untilAcked(600)
    for (const node of nodes) {
      expect(effects(node, `all-${node.name}`)).toHaveLength(600)
      expectAllOf(publishers, node, `all-${node.name}`)
      expectInOrder(node, `all-${node.name}`)
    }
  })

  test('two meshes on one bootstrap address refuse each other with a clear notice on both sides, and no message crosses', async () => {
    const door = await bench.peer('door', { mesh: 'factory' }).start()
    const friend = await bench.peer('friend', { mesh: 'factory', bootstrap: [door.address] }).start()
    const stranger = await bench.peer('stranger', { mesh: 'office', bootstrap: [door.address] }).start()
    const colleague = await bench.peer('colleague', { mesh: 'office', bootstrap: [stranger.address, door.address] }).start()
    for (const node of [door, friend, stranger, colleague]) await node.subscribe('#', { name: 'all', from: 'earliest' })
    await friend.joinedBy(door)
    await colleague.joinedBy(stranger)
    const refused = async (node: typeof door, other: typeof door): Promise<string> => {
      const notice = await until(`${node.name} to tell of ${other.name}`, () => node.notices(), notices => notices.some(({ peerId }) => peerId === other.peerId))
      const { code, message } = notice.find(({ peerId }) => peerId === other.peerId) as { code: string, message: string }
      return `${code}: ${message}`
    }
    expect(await refused(door, stranger)).toMatch(/^ERR_HANDSHAKE_REFUSED: .*mesh/)
    expect(await refused(stranger, door)).toMatch(/^ERR_HANDSHAKE_REFUSED: .*mesh/)
    expect(await refused(colleague, door)).toMatch(/^ERR_HANDSHAKE_REFUSED: .*mesh/)
    await door.load({ topics: ['orders/new'], count: 200, label: 'factory' })
    await stranger.load({ topics: ['orders/new'], count: 200, label: 'office' })
    for (const node of [door, friend, stranger, colleague]) await node.untilAcked(200)
    // Long enough for what must not come to have come: whoever came last had everything there was.
    await door.publish('orders/last', 'factory:last')
    await stranger.publish('orders/last', 'office:last')
    for (const node of [door, friend, stranger, colleague]) {
      await node.untilAcked(201)
      const mesh = node === door || node === friend ? 'factory' : 'office'
      const tags = effects(node, 'all').map(({ tag }) => tag)
      expect(tags).toHaveLength(201)
      expect(tags.every(tag => tag.startsWith(`${mesh}:`))).toBe(true)
    }
    const seen = async (node: typeof door): Promise<string[]> => (await node.peers()).map(({ peerId }) => peerId)
    expect(await seen(door)).toEqual([friend.peerId])
    expect(await seen(stranger)).toEqual([colleague.peerId])
  })
})
