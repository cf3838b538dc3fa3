/** Makes the worked example of docs/protocol.md. Print it with `npx vitest run test/docs/protocol.test.ts`, which shows a difference when there is one. */
import { concatBytes, toHex, utf8 } from '../../src/base/bytes.js'
import { Digests } from '../../src/base/digests.js'
import { RangeSet } from '../../src/base/range-set.js'
import { sealBatch } from '../../src/message/batch.js'
import { formatMessageId, meshHash } from '../../src/message/ids.js'
import { peerIdToBytes } from '../../src/message/peer-id.js'
import { encodeRecords } from '../../src/message/record.js'
import { meshNames } from '../../src/network/names.js'
import { createCrypto } from '../../src/security/ed25519.js'

/** 01 02 03 … 20. Never use it for anything. */
export const SEED = Uint8Array.from({ length: 32 }, (_, i) => i + 1)
export const MESH = 'factory'

const TIME = 1_767_225_600_000

export function makeExample (): Record<string, string> {
  const crypto = createCrypto(SEED)
  const mesh = meshHash(crypto, MESH)
  const log = { publisher: crypto.peerId, incarnation: { number: TIME, random: '0011223344556677' }, channel: 'press' }
  const body = encodeRecords([{
    topic: 'press/4/temperature', body: utf8('{"celsius":81.2}') as Uint8Array<ArrayBuffer>, contentType: 'application/json', headers: [{ name: 'unit', value: 'C' }], key: 'press-4', time: TIME, expiresAt: 0, id: ''
  }])
  const batch = sealBatch(crypto, mesh, { log, base: 1, count: 1, time: TIME, previous: new Uint8Array(0), body })
  const digests = new Digests(crypto)
  digests.set('press', batch.logKey, `1 0 ${toHex(crypto.hash(batch.header).subarray(0, 8))}`)
  const bucket = digests.bucketOf(batch.logKey)
  return {
    'seed': toHex(SEED),
    'peer-id': crypto.peerId,
    'peer-id-bytes': toHex(peerIdToBytes(crypto.peerId) as Uint8Array),
    'mesh-hash': toHex(mesh),
    'body': toHex(body),
    'body-hash': toHex(batch.bodyHash),
    'header': toHex(batch.header),
    'signature': toHex(batch.signature),
    'batch': toHex(batch.bytes),
    'header-hash': toHex(crypto.hash(batch.header)),
    'message-id': formatMessageId(log, 1),
    'gossip-id': toHex(crypto.hash(concatBytes([utf8(`${meshNames(MESH).topicPrefix}c/press\x01`), Uint8Array.of(1), batch.bytes.subarray(0, batch.bytes.length - body.length), crypto.hash(body)])).slice(0, 20)),
    'bucket': String(bucket),
    'bucket-value': toHex(digests.buckets('press').slice(bucket * 8, bucket * 8 + 8)),
    'heads-digest': toHex(digests.total('press')),
    'ranges': toHex(RangeSet.of([1, 3], [7, 7], [200, 499]).encode())
  }
}

/** As it stands in the document: a name, then the value, long ones in lines of 64 characters. */
export function formatExample (example: Readonly<Record<string, string>>): string {
  return Object.entries(example).map(([name, value]) => {
    const lines = /^[0-9a-f]{65,}$/.test(value) ? value.match(/.{1,64}/g) as string[] : [value]
    return lines.map((line, i) => (i === 0 ? name : '').padEnd(15) + line).join('\n')
  }).join('\n')
}
