import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DueHeap, type Due } from '../../../src/base/due-heap.js'
import { decodeCursor, decodeDead, decodeSubscription, encodeCursor, encodeDead, encodeSubscription, logOfCursorRow, sequenceOf, type SubscriptionRow } from '../../../src/inbox/rows.js'
import { Cursor } from '../../../src/inbox/cursor.js'
import { Entry } from '../../../src/inbox/entry.js'
import { KeyLanes } from '../../../src/inbox/key-lanes.js'
import type { SubscriptionCore } from '../../../src/inbox/subscription-core.js'
import { makeRecord } from '../../../src/message/record.js'
import { LogState } from '../../../src/store/log-state.js'
import { peer, random } from './harness.js'

const core = {} as SubscriptionCore
const logState = (): LogState => new LogState({ publisher: peer(1), incarnation: { number: 7, random: random(3) }, channel: 'press' }, 4, false)

describe('the heap of what is due', () => {
  test('gives the earliest first, whatever was moved or taken out', () => {
    const step = fc.record({ item: fc.nat(19), at: fc.option(fc.nat(100)) })
    fc.assert(fc.property(fc.array(step, { maxLength: 100 }), steps => {
      const heap = new DueHeap<Due>()
      const items: Due[] = Array.from({ length: 20 }, () => ({ dueAt: 0, heapIndex: -1 }))
      const model = new Map<Due, number>()
      for (const { item, at } of steps) {
        const due = items[item]!
        if (at === null) {
          heap.remove(due)
          model.delete(due)
        } else {
          heap.set(due, at)
          model.set(due, at)
        }
        expect(heap.size).toBe(model.size)
        expect(heap.nextAt).toBe(Math.min(Number.POSITIVE_INFINITY, ...model.values()))
      }
      expect(heap.takeDue(-1)).toBeUndefined()
      const out: number[] = []
      for (let due = heap.takeDue(100); due !== undefined; due = heap.takeDue(100)) out.push(due.dueAt)
      expect(out).toEqual([...model.values()].sort((a, b) => a - b))
    }))
  })
})

describe('keys', () => {
  test('one at a time has a key, the others follow in order', () => {
    const lanes = new KeyLanes()
    const cursor = new Cursor(logState(), core)
    const [a, b, c, d] = [1, 2, 3, 4].map(position => new Entry(cursor, position))
    expect([a!, b!, c!].map(entry => lanes.enter(entry, 'k'))).toEqual([true, false, false])
    expect(lanes.enter(d!, 'other')).toBe(true)
    expect(lanes.blocked).toBe(2)
    expect(lanes.leave(a!)).toBe(b)
    lanes.withdraw(c!)
    expect(lanes.leave(b!)).toBeUndefined()
    expect(lanes.enter(c!, 'k')).toBe(true)
    expect(lanes.blocked).toBe(0)
  })
})

describe('rows', () => {
  const number = fc.nat(2 ** 31)

  test('a subscription is read as it was written', () => {
    const counted = fc.record({ acked: number, redelivered: number, expired: number, gaps: number })
    const from = fc.oneof(fc.constant('earliest' as const), fc.constant('latest' as const), number)
    fc.assert(fc.property(fc.record({
      number, from, createdAt: number, since: number, counted, maxInFlight: number, ackTimeoutMs: number, maxAttempts: number, backoffMs: number, backoffMaxMs: number, filters: fc.array(fc.string({ unit: 'grapheme' }))
    }), (row: SubscriptionRow) => {
      expect(decodeSubscription(encodeSubscription(row))).toEqual(row)
    }))
  })

  test('a cursor is read as it was written, and delays go on by the wall clock', () => {
    const cursor = new Cursor(logState(), core)
    cursor.skipThrough(3)
    cursor.settle(6, 9)
    cursor.since = 5
    cursor.lose(6, 7)
    cursor.log.head = 40
    cursor.doom(20, 25, 'evicted')
    cursor.gateOpen = true
    cursor.acked = 11
    for (const [position, attempts, held, dueAt] of [[4, 1, false, 0], [5, 2, true, 1500], [10, 0, false, 0]] as const) {
      const entry = new Entry(cursor, position)
      Object.assign(entry, { attempts, held, dueAt, state: held ? 'waiting' : 'in-flight' })
      cursor.entries.set(position, entry)
    }
    const { row } = encodeCursor(cursor, { nowMs: 1000, wallMs: 1_000_000 })
    expect(logOfCursorRow(row)).toEqual(cursor.log.id)
    const read = new Cursor(logState(), core)
    decodeCursor(read, row, { nowMs: 50, wallMs: 1_000_100 })
    expect([read.settled.toString(), read.mark, read.start, read.since, read.next, read.lost.toString(), read.gateOpen, read.acked]).toEqual(['1-3,6-9', 3, 4, 5, 4, '6-7', true, 11])
    expect([...read.doomed].map(([reason, set]) => `${reason} ${set}`)).toEqual(['evicted 20-25'])
    expect([...read.entries.values()].map(e => [e.position, e.attempts, e.held, e.dueAt, e.state])).toEqual([[4, 1, false, 0, 'free'], [5, 2, true, 450, 'free']])
  })

  test('a wall clock that has jumped delays nothing by more than was left', () => {
    const cursor = new Cursor(logState(), core)
    const entry = new Entry(cursor, 1)
    Object.assign(entry, { attempts: 1, held: true, dueAt: 2000, state: 'waiting' })
    cursor.entries.set(1, entry)
    const { row } = encodeCursor(cursor, { nowMs: 1000, wallMs: 1e15 })
    const read = new Cursor(logState(), core)
    decodeCursor(read, row, { nowMs: 0, wallMs: 0 })
    expect(read.entries.get(1)?.dueAt).toBe(1000)
  })

  test('a text that begins with U+FEFF is read as it was written: a filter or a channel without it is another one', () => {
    const row: SubscriptionRow = { number: 1, from: 'earliest', createdAt: 1, since: 0, counted: { acked: 0, redelivered: 0, expired: 0, gaps: 0 }, maxInFlight: 1, ackTimeoutMs: 1, maxAttempts: 1, backoffMs: 1, backoffMaxMs: 1, filters: ['\ufeffpress/#'] }
    expect(decodeSubscription(encodeSubscription(row)).filters).toEqual(['\ufeffpress/#'])
    const log = new LogState({ ...logState().id, channel: '\ufeffpress' }, 4, false)
    expect(logOfCursorRow(encodeCursor(new Cursor(log, core), { nowMs: 0, wallMs: 0 }).row).channel).toBe('\ufeffpress')
  })

  test('a cursor or a letter of a log that cannot be is not taken for one, nor a key of the wrong length for a letter’s', () => {
    for (const id of [{ ...logState().id, channel: '' }, { ...logState().id, channel: 'a/b' }, { ...logState().id, incarnation: { number: 0, random: random(3) } }]) {
      const cursor = new Cursor(new LogState(id, 4, false), core)
      expect(() => logOfCursorRow(encodeCursor(cursor, { nowMs: 0, wallMs: 0 }).row)).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
    }
    expect(() => sequenceOf(new Uint8Array(5))).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
  })

  test('a dead letter is read as it was written', () => {
    const dead = { log: logState().id, position: 5, reason: 'no ✗', attempts: 3, buriedAt: 17, record: makeRecord({ topic: 'press/a', body: 'x', time: 1, key: 'k', headers: { a: 'b' } }, 100) }
    expect(decodeDead(encodeDead(dead))).toEqual(dead)
  })

  test('no bytes but those that were written are taken for a row', () => {
    const good = encodeDead({ log: logState().id, position: 5, reason: '', attempts: 1, buriedAt: 1, record: makeRecord({ topic: 'press/a', body: 'x', time: 1 }, 100) })
    for (const bad of [good.slice(0, -1), Uint8Array.of(...good, 0), Uint8Array.of(2, ...good.slice(1)), new Uint8Array(0)]) {
      expect(() => decodeDead(bad)).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
      expect(() => decodeSubscription(bad)).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
      for (const read of [decodeDead, decodeSubscription, logOfCursorRow, (b: Uint8Array) => { decodeCursor(new Cursor(logState(), core), b, { nowMs: 0, wallMs: 0 }) }]) {
        try { read(bytes) } catch (error) { expect((error as { code?: string }).code).toBe('ERR_STORE_CORRUPT') }
      }
    }))
  })
})
