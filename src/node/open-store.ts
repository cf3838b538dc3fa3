import { existsSync } from 'node:fs'
import { fromUtf8, utf8 } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { createIdentity, hasIdentity, loadOrCreateIdentity, type Identity } from '../security/identity.js'
import { storePathOf, type DataDir } from '../store/data-dir.js'
import { createMemoryStore } from '../store/memory-store.js'
import type { Store, StoreOp } from '../store/store.js'
import { DEFAULTS } from './options.js'

const NODE_KEY = utf8('node')
const MESH_KEY = utf8('mesh')
const BOOTSTRAP_KEY = utf8('bootstrap')
/** Bootstrap addresses that a directory remembers. */
const BOOTSTRAP_MAX = 64

export interface OpenedStore {
  readonly store: Store
  /** The key was there and its store was not. */
  readonly storeLost: boolean
  readonly identity: Identity
  readonly mesh: string
  /** Addresses given now and those remembered. */
  readonly bootstrap: readonly string[]
}

/**
 * Opens a data directory's store and identity and sees that they belong together. Throws `ERR_KEY_WITHOUT_STORE`,
 * `ERR_STORE_FOREIGN`, `ERR_STORE_CORRUPT`, `ERR_STORE_NEWER`, `ERR_STORE_OLDER`, `ERR_MESH_DIFFERS`.
 */
export async function openStoreAndIdentity (dir: DataDir, options: { mesh?: string | undefined, bootstrap: readonly string[], acceptLoss: boolean, log: Logger }): Promise<OpenedStore> {
  const lost = hasIdentity(dir.keyPath) && !existsSync(dir.storePath)
  if (lost && !options.acceptLoss) {
    throw new SkeinError('ERR_KEY_WITHOUT_STORE', `${dir.keyPath} is there but its store is gone`, {
      hint: 'Restore the store from a backup. If what it held may be lost, start once with --accept-loss (acceptLoss: true).'
    })
  }
  if (lost) options.log.warn({ dataDir: dir.dir }, 'starting with an empty store under an existing identity, as asked')
  const { openLmdbStore } = await import('../store/lmdb-store.js')
  const store = await openLmdbStore({ path: dir.storePath, closed: dir.wasReleased })
  try {
    const owner = store.get('meta', NODE_KEY)
    if (owner !== undefined && !hasIdentity(dir.keyPath)) {
      throw new SkeinError('ERR_STORE_FOREIGN', `the store in ${dir.dir} belongs to node ${fromUtf8(owner)}, whose identity key is gone`, {
        hint: 'Restore identity.key from a backup, or move the whole directory away to start as a new node.'
      })
    }
    const identity = await loadOrCreateIdentity(dir.keyPath)
    if (owner !== undefined && fromUtf8(owner) !== identity.peerId) {
      throw new SkeinError('ERR_STORE_FOREIGN', `the store in ${dir.dir} belongs to node ${fromUtf8(owner)}, the identity key to ${identity.peerId}`, {
        hint: 'Key and store must come from the same directory.'
      })
    }
    const remembered = rememberedIn(store)
    const mesh = options.mesh ?? remembered.mesh ?? DEFAULTS.mesh
    if (remembered.mesh !== undefined && remembered.mesh !== mesh) {
      throw new SkeinError('ERR_MESH_DIFFERS', `the data directory belongs to mesh ${JSON.stringify(remembered.mesh)}, not ${JSON.stringify(mesh)}`, {
        hint: 'Use another data directory for another mesh.'
      })
    }
    const bootstrap = joinBootstrap(options.bootstrap, remembered.bootstrap)
    const ops: StoreOp[] = [
      { type: 'put', table: 'meta', key: NODE_KEY, value: utf8(identity.peerId) },
      { type: 'put', table: 'meta', key: MESH_KEY, value: utf8(mesh) },
      bootstrapOp(bootstrap)
    ]
    // With a full disk the node still starts: all this is known again at the next start but for a first one.
    if (owner === undefined || options.bootstrap.length > 0) {
      await new Promise<void>((resolve, reject) => { store.commit(ops, (error) => { if (error !== undefined && owner === undefined) reject(error); else resolve() }) })
    }
    return { store, storeLost: lost, identity, mesh, bootstrap }
  } catch (error) {
    await store.close()
    throw error
  }
}

export async function openInMemory (options: { mesh?: string | undefined, bootstrap: readonly string[] }): Promise<OpenedStore> {
  return { store: createMemoryStore(), storeLost: false, identity: await createIdentity(), mesh: options.mesh ?? DEFAULTS.mesh, bootstrap: options.bootstrap }
}

export interface Remembered {
  readonly mesh: string | undefined
  readonly bootstrap: readonly string[]
}

/**
 * What the node of a data directory goes on with when nothing else is said. Reads along without the lock, whoever has it. Undefined where there
 * is no store. Throws `ERR_STORE`, `ERR_STORE_CORRUPT`, `ERR_STORE_FOREIGN`, `ERR_STORE_NEWER`, `ERR_STORE_OLDER`.
 */
export async function readRemembered (dataDir: string): Promise<Remembered | undefined> {
  const path = storePathOf(dataDir)
  if (!existsSync(path)) return undefined
  const { openLmdbStore } = await import('../store/lmdb-store.js')
  const store = await openLmdbStore({ path, readOnly: true })
  try {
    return rememberedIn(store)
  } finally {
    await store.close()
  }
}

function rememberedIn (store: Store): Remembered {
  const mesh = store.get('meta', MESH_KEY)
  return { mesh: mesh === undefined ? undefined : fromUtf8(mesh), bootstrap: rememberedBootstrap(store) }
}

/** Those given now come first. */
export function joinBootstrap (given: readonly string[], remembered: readonly string[]): string[] {
  return [...new Set([...given, ...remembered])].slice(0, BOOTSTRAP_MAX)
}

function rememberedBootstrap (store: Store): string[] {
  const row = store.get('meta', BOOTSTRAP_KEY)
  if (row === undefined) return []
  try {
    const list: unknown = JSON.parse(fromUtf8(row))
    return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : []
  } catch {
    return []
  }
}

export function bootstrapOp (addresses: readonly string[]): StoreOp {
  return { type: 'put', table: 'meta', key: BOOTSTRAP_KEY, value: utf8(JSON.stringify(addresses.slice(0, BOOTSTRAP_MAX))) }
}
