import { describe, expect, it } from 'vitest'
import { Liveness, SleepDetector, type LivenessVerdict } from '../../../src/network/liveness.js'
import { Watchdog } from '../../../src/network/watchdog.js'
import { NoticeFilter } from '../../../src/network/notices.js'

const run = (liveness: Liveness, fromS: number, toS: number, each: (second: number) => void = () => {}): Array<[number, LivenessVerdict]> => {
  const verdicts: Array<[number, LivenessVerdict]> = []
  for (let second = fromS; second <= toS; second++) {
    each(second)
    const verdict = liveness.tick(second * 1000, false)
    if (verdict !== undefined) verdicts.push([second, verdict])
  }
  return verdicts
}

describe('liveness', () => {
  it('pings every five seconds and cuts after fifteen of silence', () => {
    expect(run(new Liveness(0), 1, 15)).toEqual([[5, 'ping'], [10, 'ping'], [15, 'cut']])
  })

  it('lets a peer live that answers', () => {
    const liveness = new Liveness(0)
    expect(run(liveness, 1, 600, (second) => { if (second % 10 === 0) liveness.answered() }).every(([, verdict]) => verdict === 'ping')).toBe(true)
  })

  it('cuts a peer that talks and never shows that it hears', () => {
    const liveness = new Liveness(0)
    expect(run(liveness, 1, 31, () => { liveness.heard() }).at(-1)).toEqual([31, 'cut'])
    const verdicts = run(new Liveness(0), 1, 1)
    expect(verdicts).toEqual([])
  })

  it('gives the peer a fresh, short period after a sleep', () => {
    const liveness = new Liveness(0)
    run(liveness, 1, 3)
    expect(liveness.tick(600_000, true)).toBe('ping')
    expect(liveness.tick(604_000, false)).toBeUndefined()
    expect(liveness.tick(605_000, false)).toBe('cut')
    const alive = new Liveness(0)
    alive.tick(600_000, true)
    alive.answered()
    expect(run(alive, 601, 612).every(([, verdict]) => verdict === 'ping')).toBe(true)
  })

  it('tells a sleep by a late timer or by a wall clock that ran ahead', () => {
    const sleep = new SleepDetector(0, 1_000_000)
    expect(sleep.tick(1000, 1_001_000)).toBe(false)
    expect(sleep.tick(2500, 1_002_500)).toBe(false)
    expect(sleep.tick(12_500, 1_012_500)).toBe(true)
    expect(sleep.tick(13_500, 1_613_500)).toBe(true)
    expect(sleep.tick(14_500, 1_000_000)).toBe(false)
  })
})

describe('the watchdog', () => {
  const well = { unsent: 0, hears: true }

  it('is content with gossip both ways', () => {
    const watchdog = new Watchdog(0)
    for (let second = 1; second < 100; second++) expect(watchdog.look(second * 1000, well)).toBeUndefined()
  })

  it('opens a stream that never came, then gives up', () => {
    const watchdog = new Watchdog(0)
    expect(watchdog.look(500, { unsent: undefined, hears: false })).toBeUndefined()
    expect(watchdog.look(1500, { unsent: undefined, hears: false })).toEqual({ type: 'reopen' })
    expect(watchdog.look(5000, { unsent: undefined, hears: true })).toMatchObject({ type: 'cut' })
  })

  it('cuts at once when a stream that was there has ended', () => {
    const watchdog = new Watchdog(0)
    watchdog.gossipOpened()
    expect(watchdog.look(100, { unsent: undefined, hears: true })).toMatchObject({ type: 'cut' })
  })

  it('cuts when the peer’s stream is gone for long, or nobody reads ours', () => {
    const deaf = new Watchdog(0)
    deaf.look(1000, well)
    expect(deaf.look(2000, { unsent: 0, hears: false })).toBeUndefined()
    expect(deaf.look(7000, { unsent: 0, hears: false })).toMatchObject({ type: 'cut' })
    const stuck = new Watchdog(0)
    for (let second = 1; second < 30; second++) expect(stuck.look(second * 1000, { unsent: 5000, hears: true })).toBeUndefined()
    expect(stuck.look(30_000, { unsent: 5000, hears: true })).toMatchObject({ type: 'cut' })
    const slow = new Watchdog(0)
    for (let second = 1; second <= 100; second++) expect(slow.look(second * 1000, { unsent: 50_000 - second, hears: true })).toBeUndefined()
  })
})

describe('notices', () => {
  it('are given once, then rarely, and anew after all was well', () => {
    const filter = new NoticeFilter()
    expect(filter.pass(0, 'X', 'a')).toBe(true)
    expect(filter.pass(1, 'X', 'a')).toBe(false)
    expect(filter.pass(1, 'X', 'b')).toBe(true)
    expect(filter.pass(600_000, 'X', 'a')).toBe(true)
    filter.clear('X', 'a')
    expect(filter.pass(600_001, 'X', 'a')).toBe(true)
  })
})
