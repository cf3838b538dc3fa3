/** The one place where a command or the daemon loads the node itself: everything else starts without libp2p and the store. */
import type { MeshNode, NodeOptions } from '../node/api.js'

export async function openNode (options: NodeOptions): Promise<MeshNode> {
  const { createNode } = await import('../node/create-node.js')
  return await createNode(options)
}
