import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { SkeinError } from '../base/errors.js'
import { createCrypto } from './ed25519.js'

/** A node's identity: its Ed25519 key, kept as libp2p's protobuf (68 bytes) in a file that only its owner may read. */
export interface Identity {
  readonly privateKey: Ed25519PrivateKey
  /** 32 bytes. */
  readonly seed: Uint8Array
  readonly peerId: string
  readonly created: boolean
}

export const hasIdentity = (path: string): boolean => existsSync(path)

function fromKey (privateKey: Ed25519PrivateKey, created: boolean): Identity {
  return { privateKey, seed: privateKey.raw.subarray(0, 32), peerId: privateKey.publicKey.toString(), created }
}

export async function createIdentity (): Promise<Identity> {
  return fromKey(await generateKeyPair('Ed25519'), true)
}

/** Reads the key, or makes one when the file is missing. Throws `ERR_STORE_CORRUPT` when the file is not a key. */
export async function loadOrCreateIdentity (path: string): Promise<Identity> {
  if (!hasIdentity(path)) {
    const identity = await createIdentity()
    writeKey(path, privateKeyToProtobuf(identity.privateKey))
    return identity
  }
  const bytes = readFileSync(path)
  let key
  try {
    key = privateKeyFromProtobuf(bytes)
  } catch (error) {
    throw new SkeinError('ERR_STORE_CORRUPT', `${path} is not an identity key`, { hint: 'Restore the file from a backup, or move the whole data directory away to start as a new node.', cause: error })
  }
  if (key.type !== 'Ed25519') throw new SkeinError('ERR_STORE_CORRUPT', `${path} holds a ${key.type} key, not Ed25519`)
  // The file has both halves of the key. With one that is damaged the node would go by an id that its signatures do not hold for.
  if (createCrypto(key.raw.subarray(0, 32)).peerId !== key.publicKey.toString()) throw new SkeinError('ERR_STORE_CORRUPT', `${path} is damaged: the two halves of the key do not belong together`, { hint: 'Restore the file from a backup, or move the whole data directory away to start as a new node.' })
  chmodSync(path, 0o600)
  return fromKey(key, false)
}

/** Whole or not at all: a crash leaves no half a key. */
function writeKey (path: string, bytes: Uint8Array): void {
  const temporary = join(dirname(path), `.identity-${randomBytes(6).toString('hex')}`)
  const fd = openSync(temporary, 'wx', 0o600)
  try {
    writeSync(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  try {
    linkSync(temporary, path)
  } finally {
    unlinkSync(temporary)
  }
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
