import { describe, expect, it, vi } from 'vitest'
import { RangeSet } from '../../../src/base/range-set.js'
import { HANDED_MS } from '../../../src/inbox/climb.js'
import { EARLY_BYTES_MAX, Receipting, RECEIPT_INTERVAL_MS, type ReceiptingOptions } from '../../../src/inbox/receipting.js'
import type { LogId } from '../../../src/message/ids.js'
import { openReceipt, RECEIPT_RANGES_MAX, signReceipt, type ReceiptContent } from '../../../src/message/signed.js'
import { ReceiptBook } from '../../../src/outbox/receipt-book.js'
import type { LogState } from '../../../src/store/log-state.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock, seededRandom } from '../../support/manual-clock.js'
import { WrittenLog } from '../../support/written-log.js'
import { Holder } from '../repair/mesh-rig.js'

class Rig {
  readonly clock = new ManualClock()
  readonly me = new Holder(this.clock, 50)
  readonly up = new Set<string>([peerOf(1)])
  neighbours = [peerOf(2), peerOf(3)]
  chance = 0.5
  readonly relays = new Set<string>()
  route: string | undefined
  word = 1
  routesLost = 0
  /** Links that take no more. */
  readonly full = new Set<string>()
  readonly comes = new Set<string>()
  processed: Array<{ name: string, ranges: RangeSet }> = []
  readonly sent: Array<{ to: string, content: ReceiptContent, atMs: number }> = []
  readonly strikes: string[] = []
  readonly receipts = new ReceiptBook({ store: this.me.store, book: this.me.book, crypto: this.me.crypto, mesh: testMesh, self: this.me.peerId, ownProcessed: () => [] })
  readonly options: ReceiptingOptions
  readonly receipting: Receipting

  constructor (relay = false) {
    this.options = {
      clock: this.clock, random: { ...seededRandom(1), float: () => this.chance }, crypto: this.me.crypto, mesh: testMesh, self: this.me.peerId, book: this.me.book, receipts: this.receipts, processed: () => this.processed,
      strike: (_peer, reason) => { this.strikes.push(reason) }, takesPart: (channel) => channel === 'press', willLearn: (log) => this.comes.has(log.publisher),
      relay, isUp: (peerId) => this.up.has(peerId), isRelay: (peerId) => this.relays.has(peerId), neighbours: () => this.neighbours,
      route: () => this.route === undefined ? undefined : { neighbour: this.route, wordMs: this.word }, isAstray: () => this.route === undefined, routeLost: () => { this.routesLost++; this.route = undefined },
      send: (to, statements) => {
        for (const bytes of statements) {
          const opened = openReceipt(bytes, testMesh)
          if (opened?.verify(this.me.crypto) !== true) throw new Error('a receipt that does not hold')
          this.sent.push({ to, content: opened.value, atMs: this.clock.now })
        }
        return !this.full.has(to)
      }
    }
    this.receipting = new Receipting(this.options)
  }

  /** What was sent since the last call: to whom, by whom, with which sequence. */
  said (): Array<[to: string, by: string, sequence: number]> {
    this.clock.advance(1000)
    return this.sent.splice(0).map(({ to, content }) => [to, content.by, content.sequence])
  }

  state (log: WrittenLog): LogState { return this.me.book.ensure(log.id) }
}

const written = (publisher = 1, batches = 5): WrittenLog => {
  const log = new WrittenLog(publisher)
  for (let i = 0; i < batches; i++) log.write(2)
  return log
}
const said = (by: number, log: WrittenLog, sequence: number, forger = by): Uint8Array =>
  signReceipt(fakeCrypto(peerOf(forger)), testMesh, { by: peerOf(by), sequence, log: log.id, stored: RangeSet.of([1, sequence]), processed: [] })

describe('receipts that this node gives', () => {
  it('say what is held and settled, at once when idle, to the publisher where it is a neighbour', () => {
    const rig = new Rig()
    const log = written()
    rig.me.hold(log, (_batch, i) => i !== 2)
    rig.processed = [{ name: 'orders', ranges: RangeSet.of([1, 3]) }, { name: 'nothing yet', ranges: new RangeSet() }]
    rig.receipting.notice(rig.state(log))
    rig.clock.turn()
    expect(rig.sent.map(({ to, content }) => [to, content.by, content.stored.toString(), content.processed.map(({ name, ranges }) => `${name} ${ranges.toString()}`)]))
      .toEqual([[peerOf(1), rig.me.peerId, '1-4,7-10', ['orders 1-3']]])
  })

  it('wait where the publisher is no neighbour and nobody leads there or keeps them for it', () => {
    const rig = new Rig()
    rig.up.clear()
    const log = written()
    rig.me.hold(log)
    rig.receipting.notice(rig.state(log))
    rig.clock.turn()
    expect(rig.sent).toEqual([])
    rig.route = peerOf(3)
    rig.receipting.routed(peerOf(1))
    rig.clock.advance(100)
    expect(rig.sent.map(({ to }) => to)).toEqual([peerOf(3)])
  })

  it('are not given for own logs, nor twice for the same', () => {
    const rig = new Rig()
    const own = written(50)
    const log = written()
    rig.me.hold(own).hold(log)
    for (let i = 0; i < 3; i++) {
      rig.receipting.notice(rig.state(own))
      rig.receipting.notice(rig.state(log))
      rig.clock.advance(1000)
    }
    expect(rig.sent.length).toBe(1)
  })

  it('come together under load, each newer than the one before', () => {
    const rig = new Rig()
    const log = written(1, 100)
    for (let i = 0; i < 100; i++) {
      rig.me.hold(log, (_batch, j) => j === i)
      rig.receipting.stored(rig.state(log))
      rig.clock.advance(1)
    }
    rig.clock.advance(1000)
    expect(rig.sent.length).toBeLessThanOrEqual(100 / RECEIPT_INTERVAL_MS + 10)
    expect(rig.sent.at(-1)?.content.stored.toString()).toBe('1-200')
    const sequences = rig.sent.map(({ content }) => content.sequence)
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
    rig.clock.wallOffset -= 1_000_000
    rig.processed = [{ name: 'orders', ranges: RangeSet.of([1, 1]) }]
    rig.receipting.notice(rig.state(log))
    rig.clock.advance(1000)
    expect(rig.sent.at(-1)?.content.sequence).toBeGreaterThan(sequences.at(-1) as number)
  })

  it('go out at once, but for one now and then, to a publisher that waits for each before its next message', () => {
    const rig = new Rig()
    const log = written(1, 200)
    let waitedMs = 0
    for (let i = 0; i < 200; i++) {
      rig.me.hold(log, (_batch, j) => j === i)
      rig.receipting.stored(rig.state(log))
      const before = rig.clock.now
      while (rig.sent.at(-1)?.content.stored.count !== 2 * (i + 1)) rig.clock.advance(1)
      waitedMs += rig.clock.now - before
      rig.clock.advance(2)
      // Settled meanwhile.
      rig.processed = [{ name: 'orders', ranges: RangeSet.of([1, 2 * i + 1]) }]
      rig.receipting.notice(rig.state(log))
      // Its own disk and ours take a while to bring the next one.
      rig.clock.advance(2)
    }
    expect(waitedMs).toBeLessThanOrEqual(200 + 200 / 10)
    expect(rig.receipting.isPaced).toBe(false)
  })

  it('come every 10 ms to one that does not wait, and at once again when it slows down', () => {
    const rig = new Rig()
    const log = written(1, 300)
    const bring = (i: number, ms: number): void => {
      rig.me.hold(log, (_batch, j) => j === i)
      rig.receipting.stored(rig.state(log))
      rig.clock.advance(ms)
    }
    for (let i = 0; i < 200; i++) bring(i, 2)
    expect(rig.receipting.isPaced).toBe(true)
    expect(rig.sent.length).toBeLessThanOrEqual(400 / RECEIPT_INTERVAL_MS + 10)
    rig.sent.length = 0
    for (let i = 200; i < 220; i++) bring(i, 50)
    expect(rig.receipting.isPaced).toBe(false)
    expect(rig.sent.length).toBe(20)
  })

  it('speak of more records each as the rate grows, and of all of them soon after the last', () => {
    const rig = new Rig()
    const log = written(1, 400)
    for (let i = 0; i < 100; i++) {
      rig.me.hold(log, (_batch, j) => j >= 4 * i && j < 4 * i + 4)
      rig.receipting.stored(rig.state(log))
      rig.clock.advance(1)
    }
    // 8,000 a second.
    expect(rig.sent.length).toBeLessThanOrEqual(100 / RECEIPT_INTERVAL_MS + 10)
    rig.clock.advance(RECEIPT_INTERVAL_MS)
    expect(rig.sent.at(-1)?.content.stored.toString()).toBe('1-800')
  })

  it('keep what was stored once and never claim what was not', () => {
    const rig = new Rig()
    const log = written()
    rig.me.hold(log, (_batch, i) => i > 0)
    const state = rig.state(log)
    rig.receipting.notice(state)
    rig.clock.turn()
    rig.me.store.commit(rig.me.book.drop(state, 6).ops, () => {})
    rig.processed = [{ name: 'orders', ranges: RangeSet.of([1, 10]) }]
    rig.receipting.notice(state)
    rig.clock.advance(100)
    expect(rig.sent.map(({ content }) => content.stored.toString())).toEqual(['3-10', '3-10'])
  })

  it('are small enough for a frame, though there are holes everywhere', () => {
    const rig = new Rig()
    const log = written()
    rig.me.hold(log)
    const holes = new RangeSet()
    for (let i = 1; i <= 5000; i++) holes.add(i * 1000, i * 1000 + 1)
    rig.processed = Array.from({ length: 1100 }, (_, i) => ({ name: `subscription ${i}`, ranges: holes }))
    rig.receipting.notice(rig.state(log))
    rig.clock.turn()
    expect(rig.sent[0]?.content.processed.length, 'as many as a node may have').toBe(1024)
    expect([...rig.receipts.about(rig.state(log))][0]?.bytes.length).toBeLessThan(256 * 1024)
  })

  it('leave out what they have no room to say, and join no holes', () => {
    const rig = new Rig()
    const log = written(1, 5000)
    rig.me.hold(log, (_batch, i) => i % 2 === 0)
    const state = rig.state(log)
    rig.receipting.notice(state)
    rig.clock.turn()
    const stored = rig.sent[0]?.content.stored ?? new RangeSet()
    expect(stored.size).toBe(RECEIPT_RANGES_MAX)
    expect(stored.without(state.held).toString()).toBe('')
    expect(stored.first).toBe(1)
  })

  it('are given one last time when it closes', () => {
    const rig = new Rig()
    const log = written()
    rig.me.hold(log)
    rig.receipting.notice(rig.state(log))
    rig.receipting.close()
    expect(rig.sent.length).toBe(1)
    rig.receipting.notice(rig.state(log))
    rig.clock.advance(1000)
    expect([rig.sent.length, rig.clock.timers]).toEqual([1, 0])
  })
})

describe('receipts that others gave', () => {
  it('are kept and passed on when they are news', () => {
    const rig = new Rig()
    rig.up.clear()
    rig.route = peerOf(3)
    const log = written()
    rig.me.hold(log)
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    rig.receipting.arrived(peerOf(2), [said(7, log, 4), said(7, log, 3)])
    // Who brings an older one is told the newer one.
    expect(rig.said()).toEqual([[peerOf(3), peerOf(7), 4], [peerOf(2), peerOf(7), 4]])
    expect(rig.receipts.sequence(rig.state(log).key, peerOf(7))).toBe(4)
  })

  it('about own logs are kept and go no further', () => {
    const rig = new Rig()
    const own = written(50)
    rig.me.hold(own)
    let reached = 0
    rig.receipts.wait(rig.state(own), 3, ({ stored }) => stored.includes(peerOf(7)), () => { reached++ })
    rig.receipting.arrived(peerOf(7), [said(7, own, 3)])
    rig.clock.advance(1000)
    expect([reached, rig.sent.length]).toEqual([1, 0])
  })

  it('are refused with a strike when they are forged or malformed', () => {
    const rig = new Rig()
    const log = written()
    rig.me.hold(log)
    rig.receipting.arrived(peerOf(2), [said(7, log, 4, 8)])
    rig.receipting.arrived(peerOf(2), [new Uint8Array(5)])
    expect(rig.strikes.length).toBe(2)
    expect(rig.receipts.sequence(rig.state(log).key, peerOf(7))).toBe(0)
  })

  it('are outnumbered when this node gave them before its clock went back and its disk forgot them, and not when others forged them', () => {
    const rig = new Rig()
    const log = written()
    rig.me.hold(log)
    rig.receipting.notice(rig.state(log))
    rig.clock.turn()
    const first = rig.sent[0]?.content.sequence ?? 0
    const earlier = first + 3_600_000
    rig.receipting.arrived(peerOf(2), [said(50, log, earlier + 1, 4), said(50, log, first - 1)])
    rig.clock.advance(1000)
    expect(rig.sent.length).toBe(1)
    rig.receipting.arrived(peerOf(2), [said(50, log, earlier)])
    rig.clock.advance(1000)
    expect(rig.sent.slice(1).map(({ to, content }) => [to, content.stored.toString()])).toEqual([[peerOf(1), '1-10']])
    expect(rig.sent.at(-1)?.content.sequence).toBeGreaterThan(earlier)
  })

  it('have other numbers in each life that goes on behind one word while the clock is behind, and go up by one within a life', () => {
    const numbers = [0.25, 0.75].map(chance => {
      const rig = new Rig()
      rig.chance = chance
      const log = written()
      rig.me.hold(log)
      const last = said(50, log, rig.clock.wallMs() + 3_600_000)
      const content = openReceipt(last, testMesh)?.value as ReceiptContent
      rig.receipts.take(rig.state(log), content, last)
      return [1, 2].map(through => {
        rig.processed = [{ name: 'orders', ranges: RangeSet.of([1, through]) }]
        rig.receipting.notice(rig.state(log))
        rig.clock.advance(1000)
        return (rig.sent.at(-1)?.content.sequence ?? 0) - content.sequence
      })
    }) as Array<[number, number]>
    const [[first, second], [other]] = numbers as [[number, number], [number, number]]
    expect(first).toBeGreaterThan(0)
    expect(second).toBe(first + 1)
    expect(other).toBeGreaterThan(first + 1000)
  })

  it('have other numbers in each life also when it hears of that one word only after it has spoken', () => {
    const numbers = [0.25, 0.75].map(chance => {
      const rig = new Rig()
      rig.chance = chance
      const log = written()
      rig.me.hold(log)
      rig.receipting.notice(rig.state(log))
      rig.clock.turn()
      const earlier = rig.clock.wallMs() + 3_600_000
      rig.receipting.arrived(peerOf(2), [said(50, log, earlier)])
      rig.clock.advance(1000)
      rig.processed = [{ name: 'orders', ranges: RangeSet.of([1, 2]) }]
      rig.receipting.notice(rig.state(log))
      rig.clock.advance(1000)
      return rig.sent.slice(1).map(({ content }) => content.sequence - earlier)
    }) as Array<[number, number]>
    const [[first, second], [other]] = numbers as [[number, number], [number, number]]
    // Words that followed the one it heard of may be with others: none of their numbers is given to another one.
    expect(first).toBeGreaterThan(1000)
    expect(second).toBe(first + 1)
    expect(other).toBeGreaterThan(first + 1000)
  })

  it('about logs that it will hear of are kept up to a limit, also when large ones come after many small ones', () => {
    const rig = new Rig()
    rig.comes.add(peerOf(5))
    const holey = RangeSet.of(...Array.from({ length: 1000 }, (_, i) => [2 * i + 1, 2 * i + 1] as const))
    const idOf = (number: number): LogId => ({ publisher: peerOf(5), incarnation: { number, random: '00112233aabbccdd' }, channel: 'press' })
    const tell = (number: number, names: number): number => {
      const processed = Array.from({ length: names }, (_, i) => ({ name: `name ${i}`, ranges: holey }))
      const bytes = signReceipt(fakeCrypto(peerOf(2)), testMesh, { by: peerOf(2), sequence: 1, log: idOf(number), stored: holey, processed })
      rig.receipting.arrived(peerOf(3), [bytes])
      return bytes.length
    }
    for (let number = 1; number <= 2200; number++) tell(number, 0)
    let kept = 0
    for (let number = 3001; number <= 3050; number++) {
      const bytes = tell(number, 120)
      if (number === 3050) kept = bytes
    }
    expect(50 * kept).toBeGreaterThan(2 * EARLY_BYTES_MAX)
    const learned = Array.from({ length: 50 }, (_, i) => rig.me.book.ensure(idOf(3001 + i)))
    for (const log of learned) rig.receipting.learned(log)
    const known = learned.filter(log => rig.receipts.content(log.key, peerOf(2)) !== undefined).length
    expect(known).toBeGreaterThan(0)
    expect(known * kept).toBeLessThanOrEqual(EARLY_BYTES_MAX)
  })

  it('are left aside when they are of channels it has no part in, or of logs it never heard of', () => {
    const rig = new Rig()
    const log = written()
    const elsewhere = new WrittenLog(1, 1, 'other')
    elsewhere.write(1)
    rig.me.hold(log).hold(elsewhere)
    rig.receipting.arrived(peerOf(2), [said(7, elsewhere, 9), said(7, new WrittenLog(4), 9)])
    rig.clock.advance(1000)
    expect([rig.sent.length, rig.strikes, [...rig.receipts.statements('press', undefined)].length, [...rig.receipts.statements('other', undefined)].length]).toEqual([0, [], 0, 0])
  })
})

describe('receipts on their way to a publisher that is no neighbour', () => {
  const away = (relay = false): [Rig, WrittenLog, LogState] => {
    const rig = new Rig(relay)
    rig.up.clear()
    const log = written()
    rig.me.hold(log)
    return [rig, log, rig.state(log)]
  }

  it('go to the neighbour that leads there and to nobody else, this node’s own and those of others', () => {
    const [rig, log, state] = away()
    rig.route = peerOf(3)
    rig.receipting.notice(state)
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    expect(rig.said().map(([to, by]) => [to, by])).toEqual([[peerOf(3), rig.me.peerId], [peerOf(3), peerOf(7)]])
    expect(rig.said()).toEqual([])
  })

  it('go to relays while nobody leads there, and a relay keeps them', () => {
    const [rig, log] = away()
    rig.relays.add(peerOf(3))
    rig.receipting.arrived(peerOf(4), [said(7, log, 4)])
    expect(rig.said()).toEqual([[peerOf(3), peerOf(7), 4]])
    const [relay, theirs] = away(true)
    relay.receipting.arrived(peerOf(4), [said(7, theirs, 4)])
    expect(relay.said()).toEqual([])
    relay.route = peerOf(5)
    relay.receipting.routed(peerOf(1))
    expect(relay.said()).toEqual([[peerOf(5), peerOf(7), 4]])
  })

  it('are all sent once to whoever leads there after the one that did has gone, and to the publisher when it comes', () => {
    const [rig, log] = away()
    rig.route = peerOf(3)
    rig.receipting.arrived(peerOf(2), [said(7, log, 4), said(8, log, 4)])
    rig.receipting.arrived(peerOf(4), [said(7, log, 5)])
    rig.said()
    // Another way alone is no reason: the one that has them answers for them.
    rig.route = peerOf(4)
    rig.word++
    rig.receipting.routed(peerOf(1))
    expect(rig.said()).toEqual([])
    rig.receipting.peerDown(peerOf(3))
    expect(rig.said()).toEqual([[peerOf(4), peerOf(7), 5], [peerOf(4), peerOf(8), 4]])
    rig.receipting.routed()
    expect(rig.said()).toEqual([])
    rig.receipting.peerDown(peerOf(4))
    rig.route = undefined
    rig.said()
    rig.up.add(peerOf(1))
    rig.receipting.routed(peerOf(1))
    expect(rig.said()).toEqual([[peerOf(1), peerOf(7), 5], [peerOf(1), peerOf(8), 4]])
  })

  it('are owed again when whoever took them over leaves the channel, for it may have left before they came', () => {
    const [rig, log] = away()
    rig.route = peerOf(3)
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    expect(rig.said()).toEqual([[peerOf(3), peerOf(7), 4]])
    rig.receipting.left(peerOf(3), 'other')
    rig.receipting.left(peerOf(2), 'press')
    expect(rig.said()).toEqual([])
    // It leads there still, but not for this channel.
    rig.route = undefined
    rig.receipting.left(peerOf(3), 'press')
    expect(rig.said()).toEqual([])
    rig.route = peerOf(3)
    rig.receipting.routed()
    expect(rig.said()).toEqual([[peerOf(3), peerOf(7), 4]])
    // What it took over long ago it has passed on.
    rig.clock.advance(HANDED_MS)
    rig.route = undefined
    rig.receipting.left(peerOf(3), 'press')
    rig.route = peerOf(4)
    rig.word++
    rig.receipting.routed()
    expect(rig.said()).toEqual([])
  })

  it('are owed by a node that starts again', () => {
    const [rig, log] = away()
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    rig.said()
    const again = new Receipting({ ...rig.options, route: () => ({ neighbour: peerOf(4), wordMs: 1 }) })
    again.start()
    expect(rig.said()).toEqual([[peerOf(4), peerOf(7), 4]])
  })

  it('come back, and are passed on again by a newer way only', () => {
    const [rig, log] = away()
    rig.route = peerOf(3)
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    rig.said()
    rig.receipting.arrived(peerOf(4), [said(7, log, 4)])
    expect(rig.said()).toEqual([])
    rig.route = peerOf(5)
    rig.word++
    rig.receipting.arrived(peerOf(3), [said(7, log, 4)])
    rig.receipting.arrived(peerOf(3), [said(7, log, 4)])
    expect(rig.said()).toEqual([[peerOf(5), peerOf(7), 4]])
    rig.receipting.notice(rig.state(log))
    const own = rig.said()[0]?.[2] ?? 0
    rig.route = peerOf(6)
    rig.word++
    const mine = rig.receipts.statement(rig.state(log).key, rig.me.peerId)
    rig.receipting.arrived(peerOf(5), [mine?.bytes ?? new Uint8Array()])
    expect(rig.said()).toEqual([[peerOf(6), rig.me.peerId, own]])
  })

  it('go back to the one that brought them where nobody leads there, once, and it loses its way', () => {
    const [rig, log] = away()
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    expect(rig.said()).toEqual([[peerOf(2), peerOf(7), 4]])
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    expect(rig.said()).toEqual([])
    const [sender, theirs] = away()
    sender.route = peerOf(3)
    sender.receipting.arrived(peerOf(2), [said(7, theirs, 4)])
    sender.said()
    sender.receipting.arrived(peerOf(3), [said(7, theirs, 4)])
    expect([sender.said(), sender.routesLost]).toEqual([[], 1])
    sender.route = peerOf(5)
    sender.receipting.routed(peerOf(1))
    expect(sender.said()).toEqual([[peerOf(5), peerOf(7), 4]])
  })

  it('go back to the neighbour that leads there when it sent them before it did, and that is no reason to lose the way', () => {
    const [rig, log] = away()
    rig.route = peerOf(3)
    rig.receipting.arrived(peerOf(3), [said(7, log, 4)])
    expect([rig.said(), rig.routesLost]).toEqual([[[peerOf(3), peerOf(7), 4]], 0])
    rig.receipting.arrived(peerOf(3), [said(7, log, 4)])
    rig.said()
    expect(rig.routesLost).toBe(1)
  })

  it('stay with a neighbour that told of them in a comparison, until it is gone', () => {
    const [relay, theirs] = away(true)
    relay.route = peerOf(3)
    relay.receipting.arrived(peerOf(3), [said(3, theirs, 4)])
    expect([relay.said(), relay.routesLost]).toEqual([[], 0])
    relay.clock.advance(10 * HANDED_MS)
    relay.route = undefined
    relay.receipting.peerDown(peerOf(3))
    relay.route = peerOf(4)
    relay.receipting.routed(peerOf(1))
    expect(relay.said()).toEqual([[peerOf(4), peerOf(3), 4]])
  })

  it('were passed on by a neighbour that goes long after it had them', () => {
    const [rig, log] = away()
    rig.route = peerOf(3)
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    rig.said()
    rig.clock.advance(HANDED_MS)
    rig.receipting.arrived(peerOf(2), [said(8, log, 4)])
    rig.said()
    rig.receipting.peerDown(peerOf(3))
    rig.route = peerOf(4)
    rig.word++
    rig.receipting.routed(peerOf(1))
    expect(rig.said()).toEqual([[peerOf(4), peerOf(8), 4]])
  })

  it('wait while the link that leads there is full, and then only the newest go', () => {
    const [rig, log] = away()
    rig.route = peerOf(3)
    rig.full.add(peerOf(3))
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    expect(rig.said()).toEqual([[peerOf(3), peerOf(7), 4]])
    for (const sequence of [5, 6, 7]) {
      rig.receipting.arrived(peerOf(2), [said(7, log, sequence)])
      expect(rig.said()).toEqual([])
    }
    rig.full.clear()
    rig.receipting.drained(peerOf(3))
    expect(rig.said()).toEqual([[peerOf(3), peerOf(7), 7]])
  })

  it('tell a node that lost its store what it said before, over several hops', () => {
    const [rig, log] = away()
    rig.route = peerOf(3)
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    rig.said()
    rig.receipting.arrived(peerOf(3), [said(7, log, 9)])
    expect([rig.said(), rig.routesLost]).toEqual([[[peerOf(2), peerOf(7), 9]], 0])
    rig.receipting.arrived(peerOf(2), [said(7, log, 5)])
    expect(rig.said()).toEqual([[peerOf(2), peerOf(7), 9]])
  })

  it('wait for a log that is not known yet where it will be', () => {
    const [rig] = away()
    const later = new WrittenLog(4)
    later.write(3)
    rig.comes.add(peerOf(4))
    rig.route = peerOf(3)
    rig.receipting.arrived(peerOf(2), [said(7, later, 2), said(7, new WrittenLog(5), 2)])
    expect(rig.said()).toEqual([])
    rig.receipting.learned(rig.state(later))
    expect(rig.said()).toEqual([[peerOf(3), peerOf(7), 2]])
    rig.receipting.learned(rig.state(new WrittenLog(5)))
    expect(rig.said()).toEqual([])
  })

  it('are nobody’s about its own log, and are forgotten with the log', () => {
    const [rig, log, state] = away()
    rig.receipting.arrived(peerOf(2), [said(1, log, 4)])
    rig.receipting.arrived(peerOf(2), [said(7, log, 4)])
    expect(rig.strikes.length).toBe(1)
    expect(rig.said()).toEqual([[peerOf(2), peerOf(7), 4]])
    rig.receipting.forget(state)
    rig.route = peerOf(3)
    rig.receipting.routed(peerOf(1))
    expect(rig.said()).toEqual([])
  })

  it('are not all looked through to forget one log, and those about others go on their way', () => {
    const [rig] = away()
    rig.route = peerOf(3)
    const logs = Array.from({ length: 200 }, (_, i) => new WrittenLog(1, 10 + i))
    const states = logs.map(log => rig.state(log))
    rig.receipting.arrived(peerOf(2), logs.flatMap(log => [said(7, log, 4), said(8, log, 4)]))
    expect(rig.receipting.waiting.forward).toBe(400)
    let steps = 0
    const walk = vi.spyOn(Map.prototype, Symbol.iterator).mockImplementation(function * (this: Map<unknown, unknown>) {
      for (const entry of this.entries()) {
        steps++
        yield entry
      }
      return undefined
    })
    for (const state of states.slice(0, 100)) rig.receipting.forget(state)
    walk.mockRestore()
    expect(steps).toBeLessThan(1000)
    expect(rig.receipting.waiting.forward).toBe(200)
    expect(rig.said().length).toBe(200)
    expect(rig.receipting.waiting.forward).toBe(0)
  })
})
