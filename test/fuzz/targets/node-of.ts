/** A whole node in memory, alone in its mesh, for targets that need something real behind them. */
import { systemClock } from '../../../src/base/system-clock.js'
import { silentLogger } from '../../../src/base/logger.js'
import { meshHash } from '../../../src/message/ids.js'
import { createMemoryMesh } from '../../../src/network/memory-network.js'
import type { MeshNode } from '../../../src/node/api.js'
import { Engine } from '../../../src/node/engine.js'
import { SkeinNode } from '../../../src/node/mesh-node.js'
import { createMemoryStore } from '../../../src/store/memory-store.js'
import { fakeCrypto, peerOf } from '../../support/fake-crypto.js'
import { seededRandom } from '../../support/manual-clock.js'

export async function someNode (): Promise<{ readonly node: MeshNode, close (): Promise<void> }> {
  const random = seededRandom(1)
  const crypto = fakeCrypto(peerOf(1))
  const network = createMemoryMesh({ clock: systemClock, random }).createNetwork({ peerId: peerOf(1) })
  const store = createMemoryStore()
  let engine: Engine | undefined
  const node = new SkeinNode({ clock: systemClock, store, network, log: silentLogger, mesh: 'fuzz', version: '0', options: { inMemory: true }, release: () => {}, rememberBootstrap: () => {} },
    listener => engine = new Engine({ clock: systemClock, random, crypto, mesh: meshHash(crypto, 'fuzz'), store, network, log: silentLogger, listener, settings: {} }))
  await engine?.start()
  return { node, close: async () => node.close() }
}
