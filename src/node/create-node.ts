import { systemClock, systemRandom } from '../base/system-clock.js'
import { silentLogger } from '../base/logger.js'
import { meshHash } from '../message/ids.js'
import { bodyStart } from '../message/batch-frame.js'
import { createLibp2pNetwork } from '../network/libp2p-network.js'
import { createCrypto } from '../security/ed25519.js'
import { openDataDir } from '../store/data-dir.js'
import type { MeshNode, NodeOptions } from './api.js'
import { Engine } from './engine.js'
import { HistoryFile } from './history-file.js'
import { History } from './history.js'
import { SkeinNode } from './mesh-node.js'
import { bootstrapOp, openInMemory, openStoreAndIdentity } from './open-store.js'
import { checkNodeOptions, DEFAULTS } from './options.js'
import { VERSION } from './version.js'

/**
 * Starts a node: takes the data directory, opens its store, listens and begins to dial. Resolves when it can publish and
 * subscribe; peers join in their own time.
 *
 * @throws `ERR_BAD_ARGUMENT`, `ERR_BAD_ADDRESS`, `ERR_DATA_DIR_IN_USE`, `ERR_DATA_DIR_UNUSABLE`, `ERR_KEY_WITHOUT_STORE`, `ERR_MESH_DIFFERS`,
 * `ERR_PORT_IN_USE`, `ERR_STORE_CORRUPT`, `ERR_STORE_FOREIGN`, `ERR_STORE_FULL`, `ERR_STORE_NEWER`, `ERR_STORE_OLDER`
 * @example
 * const node = await createNode({ dataDir: './data', mesh: 'factory' })
 * await node.publish('press/4/temperature', { celsius: 81.2 })
 * await node.close()
 */
export async function createNode (options: NodeOptions): Promise<MeshNode> {
  checkNodeOptions(options)
  const log = options.logger ?? silentLogger
  const given = { mesh: options.mesh, bootstrap: options.bootstrap ?? [] }
  const dir = options.dataDir === undefined ? undefined : await openDataDir(options.dataDir, { role: options.role ?? 'embedded' })
  const undo: Array<() => void | Promise<void>> = [() => { dir?.release(false) }]
  let node: SkeinNode | undefined
  try {
    const { store: opened, storeLost, identity, mesh, bootstrap } = dir === undefined ? await openInMemory(given) : await openStoreAndIdentity(dir, { ...given, acceptLoss: options.acceptLoss === true, log })
    undo.unshift(async () => { await opened.close() })
    const file = options.history === undefined ? undefined : new HistoryFile({ path: options.history, clock: systemClock, lost: (error) => { node?.historyLost(error) } })
    if (file !== undefined) undo.unshift(() => { file.close() })
    const history = file === undefined ? undefined : new History(file, systemClock.wallMs().toString(36))
    const store = history?.before(opened) ?? opened
    const network = await createLibp2pNetwork({
      privateKey: identity.privateKey, mesh, listen: options.listen ?? DEFAULTS.listen, bootstrap, mdns: options.mdns === true, relay: options.relay === true,
      agent: `skein/${VERSION}`, bodyStart, clock: systemClock, random: systemRandom, log
    })
    undo.unshift(async () => { await network.stop() })
    const crypto = createCrypto(identity.seed)
    const remembered = [...bootstrap]
    let engine: Engine | undefined
    node = new SkeinNode({
      clock: systemClock, store, network, log, mesh, version: VERSION, options, history,
      release: (clean) => { dir?.release(clean) },
      rememberBootstrap: (address) => {
        if (remembered.includes(address)) return
        remembered.unshift(address)
        store.commit([bootstrapOp(remembered)], () => {})
      }
    }, (listener) => {
      engine = new Engine({ clock: systemClock, random: systemRandom, crypto, mesh: meshHash(crypto, mesh), store, network, log, listener, settings: options })
      return engine
    })
    if (engine !== undefined) history?.begin(engine, file?.isContinued === true, storeLost)
    await engine?.start()
    return node
  } catch (error) {
    for (const step of undo) {
      try {
        await step()
      } catch (problem) {
        log.debug({ problem: String(problem) }, 'undoing a failed start')
      }
    }
    throw error
  }
}
