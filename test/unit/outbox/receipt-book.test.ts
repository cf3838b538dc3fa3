import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.js'
import { openReceipt, signReceipt, type ReceiptContent } from '../../../src/message/signed.js'
import type { ReceiptState } from '../../../src/message/reports.js'
import { ReceiptBook, RECEIPTS_BYTES_MAX } from '../../../src/outbox/receipt-book.js'
import { LogBook } from '../../../src/store/log-book.js'
import type { LogState } from '../../../src/store/log-state.js'
import { createMemoryDisk, createMemoryStore, type MemoryStore } from '../../../src/store/memory-store.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock } from '../../support/manual-clock.js'
import { hold, WrittenLog } from '../../support/written-log.js'

const self = peerOf(9)
const crypto = fakeCrypto(self)

class Rig {
  readonly clock = new ManualClock()
  readonly disk = createMemoryDisk()
  readonly written = [new WrittenLog(9, 1), new WrittenLog(9, 2, 'other')]
  store!: MemoryStore
  book!: LogBook
  receipts!: ReceiptBook
  own: Array<{ name: string, ranges: RangeSet }> = []

  constructor () {
    for (const log of this.written) log.write(10)
    this.start()
    for (const log of this.written) hold(this.clock, this.store, this.book, log.batches)
  }

  start (): void {
    this.store = createMemoryStore({ soon: (fn) => { this.clock.soon(fn) }, disk: this.disk })
    this.book = new LogBook({ store: this.store, crypto, mesh: testMesh, self, wallMs: () => this.clock.wallMs() })
    this.receipts = new ReceiptBook({ store: this.store, book: this.book, crypto, mesh: testMesh, self, ownProcessed: () => this.own })
  }

  log (n = 0): LogState { return this.book.must(`${self}.${n + 1}-${(n + 1).toString(16).padStart(16, '0')}.${n === 0 ? 'press' : 'other'}`) }

  /** A receipt of the `by`-th node arrives, as receipting hands it on: only when it is newer. */
  arrives (by: number, sequence: number, stored: number, processed = 0, n = 0): void {
    const content: ReceiptContent = { by: peerOf(by), sequence, log: this.log(n).id, stored: RangeSet.of([1, stored]), processed: processed === 0 ? [] : [{ name: 'orders', ranges: RangeSet.of([1, processed]) }] }
    const bytes = signReceipt(fakeCrypto(peerOf(by)), testMesh, content)
    if (sequence > this.receipts.sequence(this.log(n).key, content.by)) this.receipts.take(this.log(n), content, bytes)
  }

  flush (): void {
    this.store.commit(this.receipts.takeDirty(), () => {})
    this.clock.turn()
  }
}

describe('the receipt book', () => {
  it('tells how far a message got by the newest word of each node, and its own settled positions', () => {
    const rig = new Rig()
    rig.arrives(1, 5, 4, 2)
    rig.arrives(2, 5, 9)
    rig.arrives(1, 4, 10, 10)
    rig.own = [{ name: 'mine', ranges: RangeSet.of([1, 1]) }]
    const at = (position: number): ReceiptState => rig.receipts.state(rig.log(), position)
    expect(at(1)).toEqual({ stored: [peerOf(1), peerOf(2)], processed: [{ name: 'mine', peerId: self }, { name: 'orders', peerId: peerOf(1) }] })
    expect(at(4)).toEqual({ stored: [peerOf(1), peerOf(2)], processed: [] })
    expect(at(9)).toEqual({ stored: [peerOf(2)], processed: [] })
    expect(at(10)).toEqual({ stored: [], processed: [] })
    expect(rig.receipts.state(rig.log(1), 1).stored).toEqual([])
    expect(rig.receipts.unsettledFrom(rig.log(), peerOf(1), 'orders')).toBe(3)
    expect(rig.receipts.unsettledFrom(rig.log(), peerOf(1), 'never heard of')).toBe(1)
    expect(rig.receipts.unsettledFrom(rig.log(), peerOf(3), 'orders')).toBe(1)
  })

  it('does not count the publisher as one that stored', () => {
    const rig = new Rig()
    rig.arrives(9, 1, 10, 10)
    expect(rig.receipts.state(rig.log(), 1)).toEqual({ stored: [], processed: [] })
  })

  it('wakes who waits as soon as it holds, once', () => {
    const rig = new Rig()
    const done: string[] = []
    const atLeast = (k: number) => ({ stored }: ReceiptState): boolean => stored.length >= k
    rig.receipts.wait(rig.log(), 5, atLeast(0), () => { done.push('at once') })
    rig.receipts.wait(rig.log(), 5, atLeast(1), ({ stored }) => {
      done.push(`one ${stored.length}`)
      rig.receipts.wait(rig.log(), 5, atLeast(2), () => { done.push('two') })
    })
    const giveUp = rig.receipts.wait(rig.log(), 5, atLeast(1), () => { done.push('given up') })
    giveUp()
    expect(done).toEqual(['at once'])
    rig.arrives(1, 1, 4)
    expect(done).toEqual(['at once'])
    rig.arrives(1, 2, 5)
    expect(done).toEqual(['at once', 'one 1'])
    rig.arrives(2, 1, 5)
    rig.arrives(2, 2, 6)
    expect(done).toEqual(['at once', 'one 1', 'two'])
  })

  it('hears of its own subscriptions through check', () => {
    const rig = new Rig()
    let done = 0
    rig.receipts.wait(rig.log(), 3, ({ processed }) => processed.length > 0, () => { done++ })
    rig.own = [{ name: 'mine', ranges: RangeSet.of([1, 3]) }]
    rig.receipts.check(rig.log())
    rig.receipts.check(rig.log())
    expect(done).toBe(1)
  })

  it('knows after a restart what was written, and has the same digests as whoever knows the same', () => {
    const word = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 10 }), fc.integer({ min: 0, max: 10 }), fc.nat(1))
    fc.assert(fc.property(fc.array(word, { maxLength: 15 }), (words) => {
      const rig = new Rig()
      const digestOf = ({ receipts }: Rig): unknown => ['press', 'other'].flatMap(channel => [undefined, self, peerOf(1), peerOf(2)].map(of => [receipts.digests(of).total(channel), receipts.digests(of).size(channel)]))
      const digest = (): unknown => digestOf(rig)
      // Half of the time they are kept up to date from the start.
      if (words.length % 2 === 0) digest()
      for (const args of words) rig.arrives(...args)
      rig.flush()
      expect(rig.receipts.takeDirty()).toEqual([])
      expect([...rig.receipts.statements('press', undefined, self)].length).toBe([...rig.receipts.statements('press', undefined)].length)
      expect([...rig.receipts.statements('press', undefined, peerOf(1))].length).toBe(words.some(([by, , , , n]) => by === 1 && n === 0) ? 1 : 0)
      const statements = (): string[] => ['press', 'other'].flatMap(channel => [...rig.receipts.statements(channel, undefined)]).map(bytes => Buffer.from(bytes).toString('hex')).sort()
      const before = [digest(), statements()]
      rig.start()
      expect([digest(), statements()]).toEqual(before)
      const twin = new Rig()
      for (const args of [...words].sort((a, b) => b[1] - a[1])) twin.arrives(...args)
      const newest = new Map(words.map(([by, , , , n]) => [`${by} ${n}`, Math.max(...words.filter(w => w[0] === by && w[4] === n).map(w => w[1]))]))
      for (const [key, sequence] of newest) {
        const [by, n] = key.split(' ').map(Number) as [number, number]
        expect(rig.receipts.sequence(rig.log(n).key, peerOf(by))).toBe(sequence)
      }
      expect(digestOf(twin)).toEqual(before[0])
    }), { numRuns: 60 })
  })

  it('gives the statements of some buckets, and together they are all', () => {
    const rig = new Rig()
    for (let by = 1; by <= 8; by++) rig.arrives(by, 1, by)
    const parts = Array.from({ length: 64 }, (_, bucket) => [...rig.receipts.statements('press', new Set([bucket]))])
    expect(parts.flat().length).toBe(8)
    expect([...rig.receipts.about(rig.log())].length).toBe(8)
    for (const bytes of parts.flat()) expect(openReceipt(bytes, testMesh)?.verify(crypto)).toBe(true)
  })

  it('forgets what was said of a log that is forgotten', () => {
    const rig = new Rig()
    rig.arrives(1, 1, 5)
    rig.flush()
    expect(rig.receipts.digests(peerOf(1)).size('press') + rig.receipts.digests(self).size('press')).toBe(2)
    rig.store.commit(rig.receipts.forget(rig.log()), () => {})
    rig.clock.turn()
    expect(rig.receipts.digests(peerOf(1)).size('press') + rig.receipts.digests(self).size('press')).toBe(0)
    expect([rig.store.keys('receipt').length, rig.receipts.digests().size('press'), [...rig.receipts.about(rig.log())].length]).toEqual([0, 0, 0])
  })

  it('keeps receipts of so many bytes altogether, and then only what takes the place of another', () => {
    const rig = new Rig()
    const large = (by: number): void => {
      const content: ReceiptContent = { by: peers[by] as string, sequence: 1, log: rig.log().id, stored: RangeSet.of([1, 4]), processed: [] }
      rig.receipts.take(rig.log(), content, new Uint8Array(RECEIPTS_BYTES_MAX / 8))
    }
    const peers = Array.from({ length: 12 }, (_, n) => peerOf(n + 1))
    for (let by = 0; by < 8; by++) large(by)
    const kept = (): number[] => peers.flatMap((peer, n) => rig.receipts.sequence(rig.log().key, peer) > 0 ? [n] : [])
    expect(kept()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    large(9)
    rig.arrives(11, 5, 4)
    expect(kept()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    rig.arrives(1, 5, 4)
    expect(rig.receipts.sequence(rig.log().key, peerOf(1))).toBe(5)
    rig.arrives(11, 6, 4)
    expect(kept()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 10])
  })
})
