import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { systemClock, systemRandom } from '../../src/base/system-clock.js'
import type { GossipSubInside } from '../../src/network/gossip-bound.js'
import { createLibp2pNetwork, type Libp2pNetwork, type Libp2pNetworkOptions } from '../../src/network/libp2p-network.js'
import { Node, until } from './network-support.js'

export interface Libp2pNodeOptions extends Partial<Libp2pNetworkOptions> {
  readonly privateKey?: PrivateKey
}

export class Libp2pNode extends Node {
  declare readonly network: Libp2pNetwork
  /** Where it listened last, without the peer id. */
  listened = ''

  constructor (network: Libp2pNetwork, readonly made: Libp2pNetworkOptions) { super(network) }

  override async start (): Promise<void> {
    await super.start()
    this.listened = this.address.replace(/\/p2p\/.*$/, '')
  }
}

/** What no call to the port can do: these reach inside. */
interface Inside {
  readonly host: Libp2p
  readonly dialling: { stop (): void }
  readonly gossiper: { readonly inside: GossipSubInside }
  state: string
}

export const inside = (node: Libp2pNode): Inside => node.network as unknown as Inside

export const abruptly = {
  /** Resets all connections of a node. */
  cut (node: Libp2pNode): void {
    for (const connection of inside(node).host.getConnections()) connection.abort(new Error('cut'))
  },
  /** As if the process was killed: sockets are reset, nothing is told. */
  async kill (node: Libp2pNode): Promise<void> {
    const shell = inside(node)
    shell.state = 'stopped'
    shell.dialling.stop()
    abruptly.cut(node)
    await shell.host.stop()
  }
}

/** Libp2p nodes on loopback that are stopped together. */
export class Libp2pNodes {
  private readonly nodes: Libp2pNode[] = []

  async create (options: Libp2pNodeOptions = {}): Promise<Libp2pNode> {
    const made: Libp2pNetworkOptions = {
      privateKey: options.privateKey ?? await generateKeyPair('Ed25519'),
      mesh: 'test',
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: [],
      relay: false,
      agent: 'skein-test',
      clock: systemClock,
      random: systemRandom,
      ...options
    }
    const node = new Libp2pNode(await createLibp2pNetwork(made), made)
    this.nodes.push(node)
    return node
  }

  async start (options: Libp2pNodeOptions = {}): Promise<Libp2pNode> {
    const node = await this.create(options)
    await node.start()
    return node
  }

  async stop (): Promise<void> {
    await Promise.all(this.nodes.splice(0).map((node) => node.network.stop()))
  }
}

export async function linked (a: Node, b: Node): Promise<void> {
  await until(() => a.isUp(b) && b.isUp(a), `${a.id} and ${b.id} to be linked`)
}

export async function joined (topic: string, ...nodes: Node[]): Promise<void> {
  for (const node of nodes) node.network.join(topic)
  await until(() => nodes.every((a) => nodes.every((b) => a === b || !a.isUp(b) || a.knows(b, topic))), `all to know who joined ${topic}`)
}
