import { describe, expect, it } from 'vitest'
import { WrittenLog } from '../../support/written-log.js'
import { Holder, PullRig } from './mesh-rig.js'

/** Counts how often it is asked what is wanted of a log: each look at one begins there. */
class CountingRig extends PullRig {
  looks = 0
  override wanted (...args: Parameters<PullRig['wanted']>): ReturnType<PullRig['wanted']> {
    this.looks++
    return super.wanted(...args)
  }
}

const logsOf = (n: number): WrittenLog[] => Array.from({ length: n }, (_, i) => {
  const log = new WrittenLog(1, i + 1)
  log.write(1)
  return log
})

describe('pulling many logs', () => {
  it('looks at each of them a few times, however many there are', () => {
    const looksPerLog = (n: number): number => {
      const rig = new CountingRig()
      const logs = logsOf(n)
      const holder = new Holder(rig.clock, 60)
      for (const log of logs) holder.hold(log)
      rig.serves(holder)
      for (const log of logs) rig.hears(log)
      rig.clock.until(() => rig.held.length === n, 60_000)
      expect(rig.puller.needs).toBe(0)
      return rig.looks / n
    }
    const few = looksPerLog(100)
    expect(looksPerLog(1_500)).toBeLessThan(few * 1.5 + 2)
    expect(few).toBeLessThan(20)
  })

  it('looks at none of them while as many wants are under way as there may be', () => {
    const rig = new CountingRig()
    for (let i = 0; i < 9; i++) rig.neighbours.set(`silent ${i}`, { peerId: `silent ${i}`, frame: () => {} })
    for (const log of logsOf(500)) rig.hears(log)
    rig.clock.advance(100)
    expect(rig.wants()).toBe(64)
    rig.looks = 0
    rig.clock.advance(4_000)
    expect(rig.looks).toBe(0)
  })

  it('looks at none of them again while it has no room for what it asks for', () => {
    const rig = new CountingRig()
    for (const log of logsOf(500)) rig.hears(log)
    rig.clock.advance(100)
    Object.defineProperty(rig.intake, 'isFull', { get: () => true })
    rig.neighbours.set('new', { peerId: 'new', frame: () => {} })
    rig.puller.hopes('new')
    rig.looks = 0
    rig.clock.advance(10_000)
    expect([rig.looks, rig.wants()]).toEqual([0, 0])
  })

  it('asks another at once when the neighbour goes that logs wait for', () => {
    const rig = new PullRig()
    const logs = logsOf(100)
    rig.neighbours.set('silent', { peerId: 'silent', frame: () => {} })
    for (const log of logs) rig.hears(log)
    rig.clock.advance(1_000)
    expect(rig.wants()).toBe(8)
    const holder = new Holder(rig.clock, 60)
    for (const log of logs) holder.hold(log)
    rig.serves(holder)
    rig.goesDown('silent')
    rig.clock.advance(1_000)
    expect(rig.held.length).toBe(100)
  })

  it('gets what its neighbour has, though it denies far more than can be asked for at once', () => {
    const rig = new PullRig()
    const logs = logsOf(400)
    const holder = new Holder(rig.clock, 60)
    for (const log of logs.slice(300)) holder.hold(log)
    rig.serves(holder)
    for (const log of logs) rig.hears(log)
    rig.clock.advance(5_000)
    expect(rig.held.length).toBe(100)
  })

  it('asks a neighbour for so many logs in a second that it does not have, and no more: it counts them as work for nothing', () => {
    const rig = new PullRig()
    rig.latencyMs = 0
    rig.serves(new Holder(rig.clock, 60))
    for (const log of logsOf(2_000)) rig.hears(log)
    rig.clock.advance(1_000)
    expect(rig.wants()).toBeGreaterThan(100)
    expect(rig.wants()).toBeLessThan(500)
  })

  it('tells at once what of a closed log will not come, though there is no room for any other', () => {
    const rig = new PullRig()
    const [log] = logsOf(1)
    const state = rig.hears(log as WrittenLog)
    rig.clock.advance(100)
    Object.defineProperty(rig.intake, 'isFull', { get: () => true })
    rig.closed = 'forked'
    rig.puller.notice(state)
    rig.clock.advance(10)
    expect(rig.unavailable).toEqual(['1-1 forked'])
  })

  it('looks at logs as often as neighbours have time for them, and not each time that one comes', () => {
    const rig = new CountingRig()
    rig.serves(new Holder(rig.clock, 60))
    for (const log of logsOf(500)) rig.hears(log)
    rig.clock.advance(5_000)
    rig.looks = 0
    for (let i = 0; i < 20; i++) {
      rig.neighbours.set(`silent ${i}`, { peerId: `silent ${i}`, frame: () => {} })
      rig.puller.hopes(`silent ${i}`)
      rig.clock.advance(10)
    }
    expect(rig.puller.asking.all).toBeGreaterThanOrEqual(56)
    expect(rig.looks).toBeLessThan(2_000)
  })

  it('counts as denied what waits for a neighbour from when that turns out not to answer', () => {
    const rig = new PullRig()
    rig.neighbours.set('silent', { peerId: 'silent', frame: () => {} })
    const logs = logsOf(40)
    for (const log of logs) {
      rig.hears(log)
      rig.trimmed(log, 1)
    }
    // 15 s without an answer, and the minute for what is trimmed while somebody is silent.
    rig.clock.advance(76_000)
    expect(rig.unavailable.length).toBeGreaterThanOrEqual(32)
  })

  it('tells of any number of closed logs', () => {
    const rig = new PullRig()
    const states = logsOf(600).map(log => rig.hears(log))
    rig.clock.advance(100)
    rig.closed = 'forked'
    for (const state of states) rig.puller.notice(state)
    rig.clock.advance(10)
    expect([rig.unavailable.length, rig.puller.needs]).toEqual([600, 0])
  })
})
