import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.js'
import { ANNOUNCEMENT_TAG, openAnnouncement, openReceipt, openTrim, RECEIPT_TAG, signAnnouncement, signReceipt, signTrim, TRIM_TAG, type Opened } from '../../../src/message/signed.js'
import { peerIdToBytes } from '../../../src/message/peer-id.js'
import { Announcement, ReceiptStatement, Signed, Trim } from '../../../src/message/wire.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'

type Bytes = Uint8Array<ArrayBuffer>
const self = peerOf(1)
const crypto = fakeCrypto(self)
const other = new Uint8Array(16).fill(8)
const log = { publisher: self, incarnation: { number: 5, random: '0000000000000005' }, channel: 'press' }

const announcement: Announcement = {
  mesh: testMesh as Bytes, publisher: peerIdToBytes(self) as Bytes, sequence: 7, time: 8, page: 0, pages: 1, relay: true, addresses: ['/ip4/1.2.3.4/tcp/1'], joined: ['press'],
  subscriptions: [{ name: 'orders', filters: ['press/#'], createdAt: 3 }], heads: [{ channel: 'press', incarnation: 5, incarnationRandom: new Uint8Array(8), position: 3, hash: new Uint8Array(32), trimmed: 0 }],
  life: new Uint8Array(16), startedAt: 5, rival: new Uint8Array(0)
}
const receipt = { by: self, sequence: 7, log, stored: RangeSet.of([1, 5], [8, 9]), processed: [{ name: 'orders', ranges: RangeSet.of([1, 3]) }] }
const trim = { log, through: 5, reason: 'evicted' as const, time: 9 }

const kinds: Array<{ name: string, bytes: Uint8Array, elsewhere: Uint8Array, open: (bytes: Uint8Array, mesh: Uint8Array) => Opened<unknown> | undefined }> = [
  { name: 'a trim', bytes: signTrim(crypto, testMesh, trim), elsewhere: signTrim(crypto, other, trim), open: openTrim },
  { name: 'a receipt', bytes: signReceipt(crypto, testMesh, receipt), elsewhere: signReceipt(crypto, other, receipt), open: openReceipt },
  { name: 'an announcement', bytes: signAnnouncement(crypto, announcement), elsewhere: signAnnouncement(crypto, { ...announcement, mesh: other as Bytes }), open: openAnnouncement }
]

describe.each(kinds)('$name', ({ bytes, elsewhere, open }) => {
  const passes = (some: Uint8Array): boolean => open(some, testMesh)?.verify(crypto) === true

  it('holds as it was signed, and in its mesh only', () => {
    expect(passes(bytes)).toBe(true)
    expect(open(elsewhere, testMesh)).toBeUndefined()
    expect(open(elsewhere, other)?.verify(crypto)).toBe(true)
  })

  it('is refused with any one bit flipped, and with anything riding along', () => {
    for (let i = 0; i < bytes.length * 8; i++) {
      const flipped = bytes.slice()
      flipped[i >> 3] = (flipped[i >> 3] as number) ^ (1 << (i & 7))
      expect(passes(flipped), `bit ${i}`).toBe(false)
    }
    expect(passes(Uint8Array.from([...bytes, 0x1a, 1, 0]))).toBe(false)
    expect(passes(Uint8Array.from([...bytes, ...bytes]))).toBe(false)
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (some) => { expect(passes(some)).toBe(false) }), { numRuns: 500 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (statement) => {
      expect(passes(Signed.encode({ statement, signature: crypto.sign(TRIM_TAG, statement) as Bytes }))).toBe(false)
    }), { numRuns: 500 })
  })
})

describe('signed statements', () => {
  it('bring back what was said', () => {
    expect(openTrim(signTrim(crypto, testMesh, trim), testMesh)?.value).toMatchObject(trim)
    const opened = openReceipt(signReceipt(crypto, testMesh, receipt), testMesh)?.value
    expect(opened).toMatchObject({ by: self, sequence: 7, log })
    expect(opened?.stored.toString()).toBe('1-5,8-9')
    expect(opened?.processed.map(({ name, ranges }) => [name, ranges.toString()])).toEqual([['orders', '1-3']])
    expect(openAnnouncement(signAnnouncement(crypto, announcement), testMesh)?.value).toMatchObject({ author: self, sequence: 7, relay: true, joined: ['press'] })
  })

  it('do not pass for one another, or for another author', () => {
    for (const { bytes } of kinds) {
      const { statement } = Signed.decode(bytes)
      for (const tag of [TRIM_TAG, RECEIPT_TAG, ANNOUNCEMENT_TAG]) {
        const again = Signed.encode({ statement, signature: crypto.sign(tag, statement) as Bytes })
        for (const { open, bytes: own } of kinds) {
          const isOwn = Buffer.compare(own, again) === 0
          if (!isOwn) expect(open(again, testMesh)?.verify(crypto) ?? false).toBe(false)
        }
      }
    }
    const forger = fakeCrypto(peerOf(2))
    expect(openTrim(signTrim(forger, testMesh, trim), testMesh)?.verify(crypto)).toBe(false)
    expect(openReceipt(signReceipt(forger, testMesh, receipt), testMesh)?.verify(crypto)).toBe(false)
    expect(openAnnouncement(signAnnouncement(forger, announcement), testMesh)?.verify(crypto)).toBe(false)
  })

  it('are refused when they say what cannot be', () => {
    const signed = (tag: string, statement: Uint8Array): Uint8Array => Signed.encode({ statement: statement as Bytes, signature: crypto.sign(tag, statement) as Bytes })
    const wireTrim = Trim.decode(Signed.decode(signTrim(crypto, testMesh, trim)).statement)
    for (const over of [{ through: 0 }, { through: Number.MAX_SAFE_INTEGER }, { mesh: new Uint8Array(0) }]) expect(openTrim(signed(TRIM_TAG, Trim.encode({ ...wireTrim, ...over })), testMesh)).toBeUndefined()
    const wireReceipt = ReceiptStatement.decode(Signed.decode(signReceipt(crypto, testMesh, receipt)).statement)
    const holes = new RangeSet()
    for (let i = 1; i <= 1025; i++) holes.add(i * 2, i * 2)
    for (const over of [{ sequence: 0 }, { by: new Uint8Array(38) }, { stored: Uint8Array.of(0, 0) as Bytes }, { stored: holes.encode() as Bytes }, { processed: Array(1025).fill({ name: 'a', ranges: new Uint8Array(0) }) }]) {
      expect(openReceipt(signed(RECEIPT_TAG, ReceiptStatement.encode({ ...wireReceipt, ...over })), testMesh)).toBeUndefined()
    }
    for (const over of [{ pages: 0 }, { page: 1 }, { pages: 65, page: 64 }, { heads: Array(4097).fill(announcement.heads[0]) }, { addresses: Array(33).fill('a') }]) {
      expect(openAnnouncement(signed(ANNOUNCEMENT_TAG, Announcement.encode({ ...announcement, ...over })), testMesh)).toBeUndefined()
    }
  })
})
