import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCrypto } from '../../../src/security/ed25519.js'
import { hasIdentity, loadOrCreateIdentity } from '../../../src/security/identity.js'
import { peerOf } from '../../support/fake-crypto.js'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skein-identity-'))
  path = join(directory, 'identity')
})
afterEach(() => { rmSync(directory, { recursive: true }) })

describe('an identity', () => {
  it('is made once, kept for its owner only, and the same afterwards', async () => {
    const first = await loadOrCreateIdentity(path)
    expect([first.created, hasIdentity(path), readdirSync(directory)]).toEqual([true, true, ['identity']])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path).length).toBe(68)
    chmodSync(path, 0o644)
    const second = await loadOrCreateIdentity(path)
    expect([second.created, second.peerId, Buffer.from(second.seed)]).toEqual([false, first.peerId, Buffer.from(first.seed)])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(createCrypto(first.seed).peerId).toBe(first.peerId)
  })

  it('is never made anew over a file that is no key', async () => {
    const secp = privateKeyToProtobuf(await generateKeyPair('secp256k1'))
    const good = privateKeyToProtobuf(await generateKeyPair('Ed25519'))
    for (const bytes of [new Uint8Array(0), Buffer.from('rubbish'), good.subarray(0, 40), secp]) {
      writeFileSync(path, bytes)
      await expect(loadOrCreateIdentity(path)).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' })
      expect(readFileSync(path)).toEqual(Buffer.from(bytes))
    }
  })
})

describe('a damaged identity', () => {
  it('is refused also when only the public half was hit: the node would go by an id that it cannot sign for', async () => {
    await loadOrCreateIdentity(path)
    const bytes = readFileSync(path)
    for (const at of [5, 40, 67]) {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] as number) ^ 1
      writeFileSync(path, damaged)
      await expect(loadOrCreateIdentity(path)).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' })
    }
  })
})

describe('the signer', () => {
  const crypto = createCrypto(new Uint8Array(32).fill(1))
  const statement = Buffer.from('statement')

  it('signs so that everyone can check it with nothing but the peer id', () => {
    const signature = crypto.sign('tag\n', statement)
    const other = createCrypto(new Uint8Array(32).fill(2))
    expect(signature.length).toBe(64)
    expect(other.verify(crypto.peerId, 'tag\n', statement, signature)).toBe(true)
    expect(other.verify(crypto.peerId, 'gat\n', statement, signature)).toBe(false)
    expect(other.verify(other.peerId, 'tag\n', statement, signature)).toBe(false)
    expect(other.verify(crypto.peerId, 'tag\n', Buffer.from('statement!'), signature)).toBe(false)
    for (let i = 0; i < 64; i++) {
      const flipped = Uint8Array.from(signature)
      flipped[i] = (flipped[i] as number) ^ 1
      expect(other.verify(crypto.peerId, 'tag\n', statement, flipped)).toBe(false)
    }
  })

  it('never throws on a signature or peer id that could be none', () => {
    for (const signature of [new Uint8Array(0), new Uint8Array(63), new Uint8Array(65), new Uint8Array(64)]) expect(crypto.verify(crypto.peerId, 't', statement, signature)).toBe(false)
    for (const peerId of ['', 'nonsense', peerOf(255), peerOf(0)]) expect(crypto.verify(peerId, 't', statement, new Uint8Array(64))).toBe(false)
  })

  it('hashes with SHA-256', () => {
    expect(Buffer.from(crypto.hash(Buffer.from('abc'))).toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
})
