import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.js'
import { headBytes, openBatch, type SealedBatch } from '../../../src/message/batch.js'
import { logKey, toLogRef } from '../../../src/message/ids.js'
import { signReceipt } from '../../../src/message/signed.js'
import { Receipting } from '../../../src/inbox/receipting.js'
import { ReceiptBook } from '../../../src/outbox/receipt-book.js'
import { decodeFrame, type Frame } from '../../../src/repair/frames.js'
import { Repair, SUMMARY_INTERVAL_MS } from '../../../src/repair/repair.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock, seededRandom } from '../../support/manual-clock.js'
import { WrittenLog } from '../../support/written-log.js'
import { Holder } from './mesh-rig.js'

type Bytes = Uint8Array<ArrayBuffer>

/** Two nodes that compare what they know, at the ends of a pipe. */
class Node extends Holder {
  readonly repair: Repair
  readonly receipts: ReceiptBook
  readonly receipting: Receipting
  readonly sent: Frame[] = []
  readonly strikes: string[] = []
  readonly hopes: string[] = []
  readonly offered: string[] = []
  peer!: Node
  channels = ['press']
  /** Keys of logs of which nothing is taken any more. */
  readonly closed = new Set<string>()
  /** It has room for logs that it does not know. */
  hasRoom = true
  /** What its link takes on its way at once: more is waited for, and each frame takes 10 ms. */
  isNarrow = false
  /** Its link takes nothing. */
  isStuck = false
  readonly #waiting: Frame[] = []

  constructor (clock: ManualClock, n: number, readonly relay = true) {
    super(clock, n)
    const { crypto, book, peerId } = this
    this.receipts = new ReceiptBook({ store: this.store, book, crypto, mesh: testMesh, self: peerId, closed: (log) => this.closed.has(logKey(log)), ownProcessed: () => [] })
    const strike = (_peer: string, reason: string): void => { this.strikes.push(reason) }
    const takesPart = (channel: string): boolean => this.channels.includes(channel)
    this.repair = new Repair({
      clock, random: seededRandom(n), crypto, mesh: testMesh, self: peerId, book, receipts: this.receipts, channels: () => this.channels, takesPart, joined: takesPart,
      closed: (log) => this.closed.has(logKey(log)),
      open: (bytes) => { try { return openBatch(bytes, testMesh) } catch { return undefined } },
      send: (_to, bytes) => {
        const frame = decodeFrame(bytes) as Frame
        this.sent.push(frame)
        if (this.isStuck) return false
        if (!this.isNarrow) {
          this.clock.after(5, () => { this.peer.gets(frame) })
          return true
        }
        this.#waiting.push(frame)
        if (this.#waiting.length === 1) this.clock.after(10, () => { this.#takesNext() })
        return false
      },
      peerChannels: () => {}, offered: (log, from, to) => { this.offered.push(`${log.key} ${from}-${to}`) }, hopes: (_peer, log) => { this.hopes.push(log.key) }, learns: () => this.hasRoom, strike,
      relay: this.relay, isRelay: () => this.peer.relay
    })
    this.receipting = new Receipting({
      clock, random: seededRandom(n), crypto, mesh: testMesh, self: peerId, book, receipts: this.receipts, processed: () => [], strike, takesPart, willLearn: () => false,
      relay: this.relay, isRelay: () => this.peer.relay, isUp: () => false, neighbours: () => [], route: () => undefined, isAstray: () => true, routeLost: () => {}, send: () => true
    })
  }

  /** Links tell that they take frames again when all that waited is gone. */
  #takesNext (): void {
    const frame = this.#waiting.shift()
    if (frame !== undefined) this.peer.gets(frame)
    if (this.#waiting.length > 0) this.clock.after(10, () => { this.#takesNext() })
    else this.repair.drained(this.peer.peerId)
  }

  gets (frame: Frame): void {
    const from = this.peer.peerId
    if (frame.type === 'summary') this.repair.summary(from, frame.value)
    else if (frame.type === 'buckets') this.repair.buckets(from, frame.value)
    else if (frame.type === 'heads') this.repair.takeHeads(from, frame.value)
    else if (frame.type === 'have') this.repair.have(from, frame.value)
    else if (frame.type === 'receipts') this.receipting.arrived(from, frame.value.signed)
  }

  learns (log: WrittenLog, batch = log.batches.length - 1): void {
    this.book.noteHeader(this.book.ensure(log.id), openBatch(headBytes(log.batches[batch] as SealedBatch), testMesh))
  }

  receipt (log: WrittenLog, by: number, sequence: number): void {
    const content = { by: peerOf(by), sequence, log: log.id, stored: RangeSet.of([1, sequence]), processed: [] }
    this.receipts.take(this.book.ensure(log.id), content, signReceipt(fakeCrypto(peerOf(by)), testMesh, content))
  }

  get knows (): unknown {
    return [[...this.book.all()].map(log => `${log.key} ${log.head} ${log.shown} ${log.trimmed}`).sort(), [...this.receipts.statements('press', undefined)].map(bytes => Buffer.from(bytes).toString('hex')).sort()]
  }

  types (): string[] { return this.sent.map(({ type }) => type) }
}

function pair (): [Node, Node, ManualClock] {
  const clock = new ManualClock()
  const a = new Node(clock, 20)
  const b = new Node(clock, 21)
  a.peer = b
  b.peer = a
  return [a, b, clock]
}

const logs = Array.from({ length: 200 }, (_, i) => {
  const log = new WrittenLog(1 + i % 10, 1 + i)
  for (let j = 0; j < 3; j++) log.write(2)
  return log
})

/** So many that their heads take several frames. */
const manyLogs = Array.from({ length: 4_000 }, (_, i) => {
  const log = new WrittenLog(1 + i % 10, 1 + i)
  log.write(1)
  return log
})
const headsSent = (node: Node): number => node.sent.reduce((sum, frame) => sum + (frame.type === 'heads' ? frame.value.heads.length : 0), 0)

describe('comparing over a link that takes little', () => {
  it('goes on where it broke off, so that each head is told once', () => {
    const [a, b, clock] = pair()
    for (const log of manyLogs) a.learns(log)
    a.isNarrow = true
    a.repair.peerUp(b.peerId)
    b.repair.peerUp(a.peerId)
    clock.advance(1_000)
    expect(b.book.size).toBe(manyLogs.length)
    expect(headsSent(a)).toBe(manyLogs.length)
  })

  it('does not tell all again and again to one that takes in nothing', () => {
    const [a, b, clock] = pair()
    for (const log of manyLogs) a.learns(log)
    a.isNarrow = true
    b.hasRoom = false
    a.repair.peerUp(b.peerId)
    b.repair.peerUp(a.peerId)
    clock.advance(1_000)
    expect(headsSent(a)).toBe(manyLogs.length)
    clock.advance(9_000)
    expect(headsSent(a)).toBeLessThanOrEqual(manyLogs.length * 4)
  })

  it('does no work for one that asks again and again for what it does not take, and puts nothing on its link', () => {
    const clock = new ManualClock()
    const a = new Node(clock, 20)
    const b = new Node(clock, 21)
    a.peer = b
    const channels = Array.from({ length: 20 }, (_, i) => `line-${i}`)
    a.channels = channels
    for (const [i, channel] of channels.entries()) {
      const log = new WrittenLog(1, 1 + i, channel)
      log.write(1)
      a.learns(log)
      for (let by = 30; by < 80; by++) a.receipt(log, by, 1)
    }
    let looked = 0
    const { statements } = a.receipts
    a.receipts.statements = function * (...args) {
      for (const signed of statements.apply(a.receipts, args)) {
        looked++
        yield signed
      }
    }
    a.repair.peerUp(b.peerId)
    a.sent.length = 0
    a.isStuck = true
    const ask = (channel: string): number => a.repair.buckets(b.peerId, { channel, heads: new Uint8Array(512), receipts: new Uint8Array(512) })
    const first = channels.reduce((sum, channel) => sum + ask(channel), 0)
    // What there is to look at is charged when it is asked for.
    expect(first).toBeGreaterThan(20 * 51 / 16)
    for (let round = 0; round < 50; round++) for (const channel of channels) ask(channel)
    expect(a.sent.length).toBe(1)
    expect(looked).toBeLessThanOrEqual(20 * 50)
    a.isStuck = false
    a.repair.drained(b.peerId)
    expect(a.sent.map(({ type }) => type).filter(type => type !== 'summary').length).toBe(40)
    expect(looked).toBe(20 * 50)
  })

  it('keeps no more answers for a link that takes nothing than it may, and gives the others when it is asked again', () => {
    const clock = new ManualClock()
    const a = new Node(clock, 20)
    const b = new Node(clock, 21)
    a.peer = b
    a.channels = Array.from({ length: 1_500 }, (_, i) => `line-${i}`)
    for (const [i, channel] of a.channels.entries()) {
      const log = new WrittenLog(1, 1 + i, channel)
      log.write(1)
      a.learns(log)
    }
    a.repair.peerUp(b.peerId)
    const told = (): number => new Set(a.sent.map(frame => frame.type === 'heads' ? frame.value.channel : '').filter(channel => channel !== '')).size
    const ask = (): void => { for (const channel of a.channels) a.repair.buckets(b.peerId, { channel, heads: new Uint8Array(512), receipts: new Uint8Array(0) }) }
    a.isStuck = true
    ask()
    a.isStuck = false
    a.repair.drained(b.peerId)
    expect(told()).toBe(1_024)
    ask()
    expect(told()).toBe(1_500)
  })
})

describe('comparing', () => {
  it('leaves out what is said of a log that only an announcement told of, until there is a header to show', () => {
    const [a, b, clock] = pair()
    const [log] = logs as [WrittenLog]
    a.book.noteHead(a.book.ensure(log.id), 2, new Uint8Array(32))
    a.receipt(log, 3, 2)
    a.repair.peerUp(b.peerId)
    b.repair.peerUp(a.peerId)
    clock.advance(SUMMARY_INTERVAL_MS * 1.25)
    expect(new Set([...a.types(), ...b.types()])).toEqual(new Set(['summary']))
    a.learns(log)
    clock.advance(SUMMARY_INTERVAL_MS * 3)
    expect(b.knows).toEqual(a.knows)
    expect(b.receipts.sequence(b.book.ensure(log.id).key, peerOf(3))).toBe(2)
    a.repair.peerDown(b.peerId)
    b.repair.peerDown(a.peerId)
  })

  it('leaves out what is said of a closed log, which one may have a header of and the other never takes one of', () => {
    const [a, b, clock] = pair()
    const [log] = logs as [WrittenLog]
    a.learns(log)
    a.receipt(log, 3, 2)
    b.book.noteHead(b.book.ensure(log.id), 2, new Uint8Array(32))
    const close = (isClosed: boolean): void => {
      for (const node of [a, b]) {
        const state = node.book.ensure(log.id)
        if (isClosed) node.closed.add(state.key)
        else node.closed.delete(state.key)
        node.repair.logChanged(state)
        node.receipts.closedChanged(state)
      }
    }
    close(true)
    a.repair.peerUp(b.peerId)
    b.repair.peerUp(a.peerId)
    a.receipt(log, 4, 2)
    clock.advance(100_000)
    expect([...new Set([...a.types(), ...b.types()])]).toEqual(['summary'])
    expect([a.receipts.digests(peerOf(1)).size('press'), a.receipts.digests(peerOf(3)).size('press')]).toEqual([2, 0])
    close(false)
    clock.advance(100_000)
    expect(b.knows).toEqual(a.knows)
    expect(b.receipts.sequence(b.book.ensure(log.id).key, peerOf(4))).toBe(2)
  })

  it('costs one summary each way when both know the same, and nothing more', () => {
    for (const count of [0, 5, 100]) {
      const [a, b, clock] = pair()
      for (const log of logs.slice(0, count)) {
        a.learns(log)
        b.learns(log)
        if (count === 5) for (const node of [a, b]) node.receipt(log, 3, 2)
      }
      a.repair.peerUp(b.peerId)
      b.repair.peerUp(a.peerId)
      clock.advance(1000)
      expect([a.types(), b.types()]).toEqual([['summary'], ['summary']])
      clock.advance(SUMMARY_INTERVAL_MS * 1.25)
      expect(new Set([...a.types(), ...b.types()])).toEqual(new Set(['summary']))
      a.repair.peerDown(b.peerId)
      b.repair.close()
      expect(clock.timers).toBe(0)
    }
  })

  it('brings receipts to a relay from those that gave them and to those whose logs they are about, and none where neither relays', () => {
    for (const [first, second] of [[true, false], [false, true], [false, false]] as const) {
      const clock = new ManualClock()
      const a = new Node(clock, 20, first)
      const b = new Node(clock, 21, second)
      a.peer = b
      b.peer = a
      const logs = [20, 21, 30].map(publisher => new WrittenLog(publisher))
      for (const log of logs) {
        log.write(2)
        for (const node of [a, b]) node.learns(log)
      }
      const [ofA, ofB, ofC] = logs as [WrittenLog, WrittenLog, WrittenLog]
      a.receipt(ofB, 40, 5)
      a.receipt(ofC, 40, 5)
      a.receipt(ofC, 20, 5)
      b.receipt(ofA, 41, 5)
      b.receipt(ofC, 41, 5)
      b.receipt(ofC, 21, 5)
      for (const node of [a, b]) node.repair.peerUp(node.peer.peerId)
      clock.advance(100_000)
      const has = (node: Node): number[] => logs.flatMap((log, i) => [20, 21, 40, 41].filter(by => node.receipts.sequence(node.book.ensure(log.id).key, peerOf(by)) > 0).map(by => i * 100 + by))
      const before = [[140, 220, 240], [41, 221, 241]]
      const both = first ? [[140, 220, 221, 240], [41, 140, 221, 241]] : second ? [[41, 140, 220, 240], [41, 220, 221, 241]] : before
      expect([has(a), has(b)], `${first} ${second}`).toEqual(both)
      const rounds = a.sent.filter(({ type }) => type === 'receipts').length + b.sent.filter(({ type }) => type === 'receipts').length
      clock.advance(100_000)
      expect(a.sent.filter(({ type }) => type === 'receipts').length + b.sent.filter(({ type }) => type === 'receipts').length).toBe(rounds)
      for (const node of [a, b]) node.repair.close()
    }
  })

  it('makes both know what either knew, however few or many items each has', () => {
    const amount = fc.constantFrom(0, 1, 5, 32, 33, 60, 150)
    fc.assert(fc.property(amount, amount, fc.infiniteStream(fc.nat(199)), fc.infiniteStream(fc.nat(2)), fc.boolean(), (inA, inB, which, how, withReceipts) => {
      const [a, b, clock] = pair()
      for (const [node, count] of [[a, inA], [b, inB]] as const) {
        for (let i = 0; i < count; i++) {
          const log = logs[which.next().value as number] as WrittenLog
          node.learns(log, how.next().value as number)
          if (withReceipts) node.receipt(log, 240 + i % 4, 1 + (how.next().value as number))
          if (i % 7 === 0) {
            const { trim, bytes } = log.trim(1 + (how.next().value as number) * 2)
            node.book.noteTrim(node.book.ensure(log.id), trim, bytes)
          }
        }
      }
      a.repair.peerUp(b.peerId)
      b.repair.peerUp(a.peerId)
      // Receipts of a log that is not known yet come with the second comparison.
      clock.advance(SUMMARY_INTERVAL_MS * 3)
      expect(a.knows).toEqual(b.knows)
      expect([a.strikes, b.strikes]).toEqual([[], []])
      const before = a.sent.length + b.sent.length
      clock.advance(SUMMARY_INTERVAL_MS)
      expect(new Set([...a.sent, ...b.sent].slice(before).map(({ type }) => type)).size).toBeLessThanOrEqual(1)
    }), { numRuns: 40 })
  })

  it('goes on for as long as they are neighbours, so that what one learns without a word the other hears of', () => {
    const [a, b, clock] = pair()
    a.repair.peerUp(b.peerId)
    b.repair.peerUp(a.peerId)
    for (const log of logs.slice(0, 3)) {
      clock.advance(SUMMARY_INTERVAL_MS * 4)
      a.learns(log)
      clock.advance(SUMMARY_INTERVAL_MS * 1.5)
      expect(b.knows).toEqual(a.knows)
    }
  })

  it('exchanges one bucket of many when one item differs', () => {
    const [a, b, clock] = pair()
    for (const log of logs) for (const node of [a, b]) node.learns(log, node === a && log === logs[17] ? 2 : 1)
    a.repair.compare(b.peerId)
    b.repair.compare(a.peerId)
    clock.advance(100)
    expect(a.knows).toEqual(b.knows)
    const heads = [...a.sent, ...b.sent].flatMap(frame => frame.type === 'heads' ? frame.value.heads : [])
    expect(heads.length).toBeLessThan(30)
  })

  it('keeps to channels in which this node takes part', () => {
    const [a, b, clock] = pair()
    const other = new WrittenLog(1, 1, 'other')
    other.write(1)
    a.channels = ['press', 'other']
    a.learns(other)
    a.learns(logs[0] as WrittenLog)
    a.repair.compare(b.peerId)
    b.repair.compare(a.peerId)
    clock.advance(100)
    expect([...b.book.all()].map(log => log.channel)).toEqual(['press'])
    b.gets({ type: 'heads', value: { channel: 'other', heads: [headBytes(other.batches[0] as SealedBatch) as Bytes], trims: [other.trim(1).bytes as Bytes] } })
    expect(b.book.size).toBe(1)
  })

  it('lets a node that lost everything learn of its own logs', () => {
    const [, b] = pair()
    const own = new WrittenLog(21, 1, 'lost')
    own.write(2)
    b.gets({ type: 'heads', value: { channel: 'lost', heads: [headBytes(own.batches[0] as SealedBatch) as Bytes], trims: [] } })
    expect([...b.book.all()].map(log => [log.own, log.head])).toEqual([[true, 2]])
  })

  it('tells of a log that is only held in part, though more of it was announced', () => {
    const [a, b, clock] = pair()
    const log = logs[3] as WrittenLog
    a.learns(log, 1)
    a.book.noteHead(a.book.ensure(log.id), 6, new Uint8Array(32))
    a.repair.compare(b.peerId)
    b.repair.compare(a.peerId)
    clock.advance(100)
    expect([...b.book.all()].map(({ key, head }) => [key, head])).toEqual([[[...a.book.all()][0]?.key, 4]])
  })
})

describe('what a neighbour sends', () => {
  it('is refused with a strike when it is not what it should be', () => {
    const log = logs[0] as WrittenLog
    const head = headBytes(log.batches[0] as SealedBatch)
    const wrong = head.slice()
    wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 1
    const badTrim = log.trim(1).bytes.slice()
    badTrim[badTrim.length - 1] = (badTrim[badTrim.length - 1] as number) ^ 1
    const cases: Array<{ heads?: Uint8Array[], trims?: Uint8Array[] }> = [
      { heads: [wrong] }, { heads: [new Uint8Array(9)] }, { heads: [(log.batches[0] as SealedBatch).bytes] }, { trims: [badTrim] }, { trims: [new Uint8Array(9)] }
    ]
    for (const { heads = [], trims = [] } of cases) {
      const [a] = pair()
      a.gets({ type: 'heads', value: { channel: 'press', heads: heads as Bytes[], trims: trims as Bytes[] } })
      expect([a.strikes.length, a.book.size]).toEqual([1, 0])
    }
    const [a] = pair()
    a.gets({ type: 'have', value: { ranges: [{ from: 1, to: 2, head: new Uint8Array(0), log: undefined }] } })
    a.gets({ type: 'have', value: { ranges: [{ from: 1, to: 2, head: wrong as Bytes, log: toLogRef(log.id) }] } })
    expect([a.strikes.length, a.book.size]).toEqual([2, 0])
  })
})

describe('what a neighbour did not get by gossip', () => {
  it('is told to it when it takes more, and not at the next comparison', () => {
    const [a, b, clock] = pair()
    a.repair.peerUp(b.peerId)
    clock.advance(100)
    a.sent.length = 0
    a.hold(logs[0] as WrittenLog)
    const state = [...a.book.all()][0]
    if (state === undefined) throw new Error('no log')
    a.repair.offers.withheld(b.peerId, state, 2, 2)
    a.repair.offers.withheld(b.peerId, state, 3, 6)
    a.repair.drained(peerOf(30))
    clock.advance(50)
    expect(b.offered).toEqual([])
    a.repair.drained(b.peerId)
    clock.advance(50)
    expect([b.offered, new Set(b.hopes), [...b.book.all()][0]?.head]).toEqual([[`${state.key} 2-6`], new Set([state.key]), 6])
    a.repair.drained(b.peerId)
    clock.advance(50)
    expect(b.offered, 'once').toHaveLength(1)
    for (let position = 3; position <= 6; position++) {
      a.repair.offers.withheld(b.peerId, state, position, position)
      a.repair.drained(b.peerId)
      clock.advance(10)
    }
    clock.advance(300)
    expect(b.offered.slice(1), 'not for each').toEqual([`${state.key} 3-6`])
  })

  it('is forgotten with the neighbour, and with the log', () => {
    const [a, b, clock] = pair()
    for (const log of logs.slice(0, 2)) a.hold(log)
    const [one, other] = [...a.book.all()]
    if (one === undefined || other === undefined) throw new Error('no logs')
    a.repair.offers.withheld(b.peerId, one, 1, 6)
    a.repair.peerDown(b.peerId)
    a.repair.peerUp(b.peerId)
    a.repair.offers.withheld(b.peerId, other, 1, 6)
    a.repair.forget(other)
    a.sent.length = 0
    a.repair.drained(b.peerId)
    clock.advance(50)
    expect(a.sent.flatMap(frame => frame.type === 'have' ? frame.value.ranges : [])).toEqual([])
  })
})

describe('offering on what was pulled', () => {
  it('tells neighbours together, but neither the source nor the publisher', () => {
    const [a, b, clock] = pair()
    for (const peerId of [b.peerId, peerOf(30), peerOf(1)]) a.repair.peerUp(peerId)
    clock.advance(100)
    a.sent.length = 0
    const log = logs[0] as WrittenLog
    a.hold(log)
    const state = [...a.book.all()][0]
    if (state === undefined) throw new Error('no log')
    a.repair.offers.pulled(state, 1, 2, peerOf(30))
    a.repair.offers.pulled(state, 3, 6, peerOf(30))
    clock.advance(50)
    const have = a.sent.flatMap(frame => frame.type === 'have' ? frame.value.ranges : [])
    expect(have.map(({ from, to }) => [from, to])).toEqual([[1, 6]])
    expect(new Set(b.hopes)).toEqual(new Set([state.key]))
    expect(b.offered).toEqual([`${state.key} 1-6`])
    expect([...b.book.all()][0]?.head).toBe(6)
  })
})
