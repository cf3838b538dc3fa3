/** Files of the data directory and of the person who runs the node: LMDB's pages, the identity, the configuration. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { privateKeyFromRaw, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { SkeinError, type ErrorCode } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/base/logger.js'
import { nodeOptions } from '../../../src/daemon/node-options.js'
import { resolveSettings } from '../../../src/daemon/settings.js'
import { createCrypto } from '../../../src/security/ed25519.js'
import { loadOrCreateIdentity } from '../../../src/security/identity.js'
import { checkLmdbFile } from '../../../src/store/lmdb-file.js'
import { openLmdbStore } from '../../../src/store/lmdb-store.js'
import type { StoreOp } from '../../../src/store/store.js'
import { lastListen } from '../../../src/daemon/last-port.js'
import { peerOf } from '../../support/fake-crypto.js'
import type { Draw } from '../draw.js'
import { attempt, holds, type Target } from '../target.js'
import { file } from './file-of.js'

const code = (...codes: ErrorCode[]) => (error: unknown): boolean => error instanceof SkeinError && codes.includes(error.code)

/** A store as LMDB writes it, small, with rows, a value on pages of its own, and pages that are free. */
async function writtenStore (): Promise<Uint8Array> {
  const path = join(dirname(file('none', new Uint8Array(0))), 'written.lmdb')
  const store = await openLmdbStore({ path })
  const commit = async (ops: readonly StoreOp[]): Promise<void> => new Promise((resolve, reject) => { store.commit(ops, error => { if (error === undefined) resolve(); else reject(error) }) })
  const put = (key: string, bytes: number): StoreOp => ({ type: 'put', table: 'batch', key: new Uint8Array(Buffer.from(key)), value: new Uint8Array(bytes).fill(7) })
  await commit([put('a', 10), put('b', 9000), ...Array.from({ length: 60 }, (_, i) => put(`c${i}`, 120))])
  await commit([{ type: 'del', table: 'batch', key: new Uint8Array(Buffer.from('b')) }, put('d', 6000)])
  await store.close()
  return new Uint8Array(readFileSync(path))
}

const written = await writtenStore()

export const lmdbFile: Target = {
  name: 'lmdb-file', what: 'a store’s file before LMDB sees it: ERR_STORE_CORRUPT or ERR_STORE_FOREIGN, and never without end', shape: 'bytes', share: 10, bytesMax: 512 * 1024,
  make: () => written,
  words: [Uint8Array.of(1), Uint8Array.of(2, 0, 0, 0, 0, 0), Uint8Array.of(3, 0, 0, 0, 0, 0), new Uint8Array(8).fill(255)],
  run (bytes) {
    const path = file('store', bytes)
    return attempt(() => { checkLmdbFile(path, { closed: true }) }, code('ERR_STORE_CORRUPT', 'ERR_STORE_FOREIGN')) !== undefined
  }
}

export const identity: Target = {
  name: 'identity', what: 'the identity file: ERR_STORE_CORRUPT, else a key that signs what its peer id verifies', shape: 'fields', share: 3, bytesMax: 4096,
  make: draw => {
    const seed = draw.bytes(32)
    return new Uint8Array(privateKeyToProtobuf(privateKeyFromRaw(Buffer.concat([seed, Buffer.from(publicOf(seed))]))))
  },
  async run (bytes) {
    const path = file('identity.key', bytes)
    let loaded
    try {
      loaded = await loadOrCreateIdentity(path)
    } catch (error) {
      if (code('ERR_STORE_CORRUPT')(error)) return false
      throw error
    }
    const crypto = createCrypto(loaded.seed)
    holds(!loaded.created && crypto.peerId === loaded.peerId, 'the peer id is not that of the key')
    holds(crypto.verify(loaded.peerId, 'tag', bytes, crypto.sign('tag', bytes)), 'what it signs does not verify')
    return true
  }
}

function publicOf (seed: Uint8Array): Uint8Array {
  const peerId = createCrypto(seed).peerId
  return peerKey(peerId)
}

function peerKey (peerId: string): Uint8Array {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let value = 0n
  for (const letter of peerId) value = value * 58n + BigInt(alphabet.indexOf(letter))
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(76, '0'), 'hex').subarray(-32))
}

const CONFIG = (draw: Draw): string => [
  draw.chance(0.5) ? `data: ./d${draw.int(100)}` : '# nothing here',
  `mesh: m${draw.int(100)}`,
  `listen: [/ip4/127.0.0.1/tcp/${1 + draw.int(65_535)}]`,
  `bootstrap:\n  - /ip4/10.0.0.1/tcp/4001/p2p/${peerOf(1 + draw.int(4))}`,
  `relay: ${draw.chance(0.5)}`,
  'logLevel: info',
  'messageBytesMax: 64KiB',
  'publishWait: 2s',
  'retention:\n  age: 2d\n  bytes: 1GiB\n  channels:\n    press: { age: 1h, bytes: 65536, onFull: evict }'
].filter(() => draw.chance(0.7)).join('\n')

export const configFile: Target = {
  name: 'config', what: 'the configuration file: a code, and a message that can be shown', shape: 'text', share: 10, bytesMax: 16_384,
  limits: { ms: 1000, msPerKib: 100, bytes: 32 * 1024 * 1024, bytesPerByte: 4096 },
  make: draw => new Uint8Array(Buffer.from(CONFIG(draw))),
  words: ['logLevel: &a {b: *a}\n', 'retention:', 'channels:', 'listen:', 'age: ', 'bytes: ', '\n  ', '&a', '*a', '__proto__: 1', '&a [*a]', '1e400', '{}', '[]', 'null'],
  async run (bytes) {
    const path = file('config.yaml', bytes)
    try {
      const resolved = await resolveSettings({ flags: { config: path }, env: {}, role: 'daemon' })
      const options = await nodeOptions(resolved, 'daemon', silentLogger)
      JSON.stringify({ ...options, logger: undefined })
      holds(Object.getPrototypeOf(resolved.values) === Object.prototype && !('a' in Object.prototype), 'a prototype was changed')
      return true
    } catch (error) {
      // What it names is checked too, so it may also be an address, or a data directory that cannot be.
      if (!code('ERR_BAD_CONFIG', 'ERR_BAD_ADDRESS', 'ERR_BAD_ARGUMENT')(error)) throw error
      holds((error as Error).message.length < 2_000, 'the message is too long to be read')
      return false
    }
  }
}

export const lastPort: Target = {
  name: 'last-port', what: 'the port that the daemon had last time: an address, whatever is in the file', shape: 'text', share: 5, bytesMax: 256,
  make: draw => new Uint8Array(Buffer.from(`${1 + draw.int(65_535)}\n`)),
  run (bytes) {
    const path = file('listen.port', bytes)
    const address = lastListen(dirname(path))
    const port = /^\/ip4\/127\.0\.0\.1\/tcp\/(\d{1,5})$/.exec(address)?.[1]
    holds(port !== undefined && Number(port) < 65_536, 'it is no address')
    return port !== '0'
  }
}
