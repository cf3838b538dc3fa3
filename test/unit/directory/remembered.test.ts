import { describe, expect, it } from 'vitest'
import { Remembered } from '../../../src/directory/remembered.js'
import { createMemoryDisk, createMemoryStore } from '../../../src/store/memory-store.js'
import { peerOf } from '../../support/fake-crypto.js'
import { ManualClock } from '../../support/manual-clock.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR

class Rig {
  readonly clock = new ManualClock()
  readonly disk = createMemoryDisk()
  livedMs = 0
  commits = 0
  changes = 0
  readonly events: string[] = []
  remembered!: Remembered

  constructor () { this.start() }

  start (): void {
    this.clock.turn()
    const store = createMemoryStore({ soon: (fn) => { this.clock.soon(fn) }, disk: this.disk })
    const commit = store.commit.bind(store)
    store.commit = (ops, done) => { this.commits++; commit(ops, done) }
    this.remembered = new Remembered({
      store, livedMs: () => this.livedMs, lapseAfterMs: 30 * DAY, changed: () => { this.changes++ },
      lapsing: ({ peerId, name }, inMs) => { this.events.push(`lapsing ${name} of ${peers.indexOf(peerId)} in ${inMs / DAY}`) },
      lapsed: ({ peerId, name }) => { this.events.push(`lapsed ${name} of ${peers.indexOf(peerId)}`) }
    })
  }

  announce (n: number, sequence: number, ...names: string[]): void {
    this.remembered.heard(peers[n] as string, sequence)
    this.remembered.remember(peers[n] as string, names.map(name => ({ name, filters: ['press/#'], createdAt: 1 })), sequence)
  }

  days (count: number): void {
    for (let i = 0; i < count * 24; i++) {
      this.livedMs += HOUR
      this.remembered.look()
    }
  }

  get claims (): string[] { return this.remembered.claims('press').map(({ peerId, name }) => `${name} of ${peers.indexOf(peerId)}`) }
}

const peers = [0, 1, 2, 3].map(n => peerOf(n))

describe('durable subscriptions of other nodes', () => {
  it('lapse when their node was not heard of for 30 days, with a warning a week before, and those that are heard of do not', () => {
    const rig = new Rig()
    rig.announce(1, 10, 'orders', 'audit')
    rig.announce(2, 10, 'orders')
    for (let day = 0; day < 40; day++) {
      rig.announce(2, 11 + day, 'orders')
      rig.days(1)
      expect(rig.claims.length, `day ${day + 1}`).toBe(day < 29 ? 3 : 1)
      expect(rig.events.length, `day ${day + 1}`).toBe(day < 22 ? 0 : day < 29 ? 2 : 4)
    }
    expect(rig.events).toEqual(['lapsing orders of 1 in 7', 'lapsing audit of 1 in 7', 'lapsed orders of 1', 'lapsed audit of 1'])
    expect([...rig.remembered.all()].map(({ name, state }) => `${name} ${state}`)).toEqual(['orders lapsed', 'audit lapsed', 'orders heard'])
  })

  it('have their claims again when their node is heard of again, and are warned of anew', () => {
    const rig = new Rig()
    rig.announce(1, 10, 'orders')
    rig.days(31)
    expect(rig.claims).toEqual([])
    const before = rig.changes
    rig.announce(1, 11, 'orders')
    expect([rig.claims, rig.changes - before]).toEqual([['orders of 1'], 1])
    rig.days(24)
    expect(rig.events.at(-1)).toBe('lapsing orders of 1 in 7')
    rig.announce(1, 12, 'orders')
    rig.days(22)
    expect(rig.claims).toEqual(['orders of 1'])
  })

  it('do not live on by what others repeat of their node', () => {
    const rig = new Rig()
    rig.announce(1, 10, 'orders')
    for (let day = 0; day < 31; day++) {
      rig.announce(1, 10, 'orders')
      rig.days(1)
    }
    expect(rig.claims).toEqual([])
    // A clock that was set back is no death: what comes after counts.
    rig.announce(2, 100, 'orders')
    for (let day = 0; day < 40; day++) {
      rig.announce(2, 20 + day, 'orders')
      rig.days(1)
    }
    expect(rig.claims).toEqual(['orders of 2'])
  })

  it('are remembered over restarts with when they were heard of, and that is written once an hour at most', () => {
    const rig = new Rig()
    rig.announce(1, 10, 'orders')
    rig.announce(2, 10, 'orders')
    const before = rig.commits
    for (let i = 0; i < 600; i++) {
      rig.announce(2, 11 + i, 'orders')
      rig.livedMs += 60_000
    }
    expect(rig.commits - before).toBeLessThanOrEqual(10)
    rig.days(22)
    rig.start()
    rig.days(1)
    expect(rig.events).toEqual(['lapsing orders of 1 in 7', expect.stringContaining('lapsing orders of 2')])
    rig.start()
    rig.days(7)
    rig.start()
    rig.days(1)
    expect(rig.events.slice(2)).toEqual(['lapsed orders of 1', 'lapsed orders of 2'])
    expect(rig.claims).toEqual([])
    rig.announce(1, 10, 'orders')
    expect(rig.claims, 'an old word').toEqual([])
    rig.announce(1, 11, 'orders')
    expect(rig.claims).toEqual(['orders of 1'])
  })
})
