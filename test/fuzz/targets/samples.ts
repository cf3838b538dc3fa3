/** Valid values that several targets are made of. */
import { RangeSet } from '../../../src/base/range-set.js'
import { sealBatch, type SealedBatch } from '../../../src/message/batch.js'
import { makeForkProof } from '../../../src/message/fork-proof.js'
import type { LogId } from '../../../src/message/ids.js'
import { encodeRecords, type RecordFields } from '../../../src/message/record.js'
import { signAnnouncement, signReceipt, signTrim } from '../../../src/message/signed.js'
import { peerIdToBytes } from '../../../src/message/peer-id.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import type { Draw } from '../draw.js'

type Bytes = Uint8Array<ArrayBuffer>

export const mesh = testMesh as Bytes
export const CHANNEL = 'press'
/** Taken from now on only, so that wants name a time. */
export const LATE_CHANNEL = 'late'

const hex = (draw: Draw, digits: number): string => Buffer.from(draw.bytes(digits / 2)).toString('hex')

export const someLog = (draw: Draw, channel = draw.pick([CHANNEL, CHANNEL, CHANNEL, LATE_CHANNEL, draw.level()]), publisher = peerOf(1 + draw.int(4))): LogId =>
  ({ publisher, incarnation: { number: 1 + draw.whole(2 ** 53 - 3), random: hex(draw, 16) }, channel })

/** A topic of a channel. */
export const someTopic = (draw: Draw, channel = CHANNEL): string => [channel, ...draw.list(4, () => draw.level())].join('/')

export const someRecord = (draw: Draw, channel = CHANNEL): RecordFields => ({
  topic: someTopic(draw, channel),
  body: draw.bytes(draw.int(40)),
  contentType: draw.pick(['', 'text/plain', 'application/json']),
  headers: draw.list(3, () => ({ name: draw.text(8, 1), value: draw.text(12) })),
  time: draw.whole(),
  expiresAt: draw.chance(0.7) ? 0 : draw.whole(),
  id: draw.chance(0.7) ? '' : draw.text(20),
  ...(draw.chance(0.5) ? {} : { key: draw.text(10) })
})

export function someBatch (draw: Draw, log: LogId = someLog(draw)): SealedBatch {
  const records = [someRecord(draw, log.channel), ...draw.list(3, () => someRecord(draw, log.channel))]
  const base = draw.chance(0.4) ? 1 : 2 + draw.whole(2 ** 53 - 10)
  const link = base === 1 && log.incarnation.number > 1 && draw.chance(0.5) ? { incarnation: { number: 1 + draw.whole(log.incarnation.number - 2), random: hex(draw, 16) }, position: 1 + draw.whole(2 ** 53 - 3), hash: draw.bytes(32) } : undefined
  return sealBatch(fakeCrypto(log.publisher), mesh, { log, base, count: records.length, time: draw.whole(), previous: base === 1 ? new Uint8Array(0) : draw.bytes(32), link, body: encodeRecords(records) })
}

export function someRanges (draw: Draw, rangesMax = 8): RangeSet {
  const set = new RangeSet()
  for (let n = draw.int(rangesMax + 1), at = draw.int(3); n > 0; n--) {
    const from = at + 1 + draw.whole(1000)
    at = Math.min(Number.MAX_SAFE_INTEGER, from + draw.whole(draw.chance(0.1) ? 2 ** 50 : 1000))
    if (from > at) break
    set.add(from, at)
  }
  return set
}

export const someTrim = (draw: Draw, log: LogId = someLog(draw)): Uint8Array =>
  signTrim(fakeCrypto(log.publisher), mesh, { log, through: 1 + draw.whole(2 ** 53 - 3), reason: draw.pick(['expired', 'evicted']), time: draw.whole() })

export function someReceipt (draw: Draw, log: LogId = someLog(draw), by = peerOf(1 + draw.int(4))): Uint8Array {
  const processed = draw.list(3, () => ({ name: draw.text(8, 1), ranges: someRanges(draw) }))
  return signReceipt(fakeCrypto(by), mesh, { by, sequence: 1 + draw.whole(2 ** 53 - 2), log, stored: someRanges(draw), processed })
}

export function someAnnouncement (draw: Draw, publisher = peerOf(1 + draw.int(4)), sequence = draw.whole()): Uint8Array {
  const pages = 1 + draw.int(16)
  return signAnnouncement(fakeCrypto(publisher), {
    mesh,
    publisher: peerIdToBytes(publisher) as Bytes,
    sequence,
    time: draw.whole(),
    page: draw.int(pages),
    pages,
    relay: draw.chance(0.5),
    addresses: draw.list(2, () => `/ip4/127.0.0.1/tcp/${1 + draw.int(65_535)}/p2p/${publisher}`),
    joined: draw.list(3, () => draw.level()),
    subscriptions: draw.list(2, () => ({ name: draw.text(8, 1), filters: [someTopic(draw), ...draw.list(1, () => `${draw.level()}/#`)], createdAt: draw.whole() })),
    heads: draw.list(2, () => ({ channel: CHANNEL, incarnation: 1 + draw.whole(2 ** 53 - 3), incarnationRandom: draw.bytes(8), position: 1 + draw.whole(2 ** 53 - 4), hash: draw.bytes(32), trimmed: draw.whole() }))
  })
}

/** Two histories of one log, signed both. */
export function someForkProof (draw: Draw, log: LogId = someLog(draw)): Uint8Array {
  const crypto = fakeCrypto(log.publisher)
  for (;;) {
    const base = 1 + draw.int(3)
    const at = (count: number): SealedBatch => sealBatch(crypto, mesh, { log, base, count, time: draw.whole(), previous: base === 1 ? new Uint8Array(0) : draw.bytes(32), body: draw.bytes(20) })
    const proof = makeForkProof(crypto, at(1), at(2))
    if (proof !== undefined) return proof.bytes
  }
}

export const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0
