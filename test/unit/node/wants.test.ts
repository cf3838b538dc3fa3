import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../src/node/engine.js'
import { GONE_RANGES_MAX, Wants } from '../../../src/node/wants.js'
import { RangeSet } from '../../../src/base/range-set.js'
import { LogState } from '../../../src/store/log-state.js'
import { peerOf } from '../../support/fake-crypto.js'

function logAt (head: number, own: boolean, over: Partial<LogState> = {}): LogState {
  const log = new LogState({ publisher: peerOf(own ? 1 : 2), incarnation: { number: 5, random: '00112233aabbccdd' }, channel: 'press' }, 1, own)
  return Object.assign(log, { head, ...over })
}

function wants (over: { relay?: boolean, joined?: boolean, current?: LogState, needs?: { from: number, since: number }, quarantined?: string, hasRoom?: boolean, floor?: number, logs?: LogState[] } = {}): Wants {
  return new Wants({
    isClosed: false,
    forks: { isClosed: ({ publisher }: { publisher: string }) => publisher === over.quarantined },
    own: { isCurrent: (log: LogState) => log === over.current },
    channels: { isJoined: () => over.joined !== false },
    inbox: { needs: () => over.needs, unavailable: () => {} },
    intake: { underWay: () => undefined },
    puller: { notice: () => {} },
    book: { logs: () => over.logs ?? [] },
    emission: { floor: () => over.floor },
    custodian: { hasRoom: () => over.hasRoom !== false },
    options: { settings: { relay: over.relay === true } }
  } as unknown as Engine)
}

describe('a node wants', () => {
  it('what it has lost of its own earlier lives, and of the present one nothing', () => {
    const log = logAt(9, true, { trimmed: 2, dropped: 4 })
    expect(wants().wanted(log)).toEqual({ from: 5, to: 9, since: 0 })
    expect(wants({ current: log }).wanted(log)).toBeUndefined()
  })

  it('of others what its subscriptions need, and as a relay all that their publishers keep', () => {
    const log = logAt(9, false, { trimmed: 2 })
    expect(wants().wanted(log)).toBeUndefined()
    expect(wants({ needs: { from: 6, since: 7 } }).wanted(log)).toEqual({ from: 6, to: 9, since: 7 })
    expect(wants({ relay: true }).wanted(log)).toEqual({ from: 3, to: 9, since: 0 })
    expect(wants({ relay: true, needs: { from: 1, since: 0 } }).wanted(log)).toEqual({ from: 1, to: 9, since: 0 })
    expect(wants({ relay: true, joined: false }).wanted(log)).toBeUndefined()
  })

  it('as a relay again what it dropped, when a subscription elsewhere says that it has settled less than it had said', () => {
    const log = logAt(50, false, { dropped: 40 })
    log.held.add(41, 50)
    const over = { relay: true, floor: 51 }
    const relay = wants(over)
    relay.settled(log, [{ name: 'all', ranges: RangeSet.of([1, 50]) }])
    expect(relay.wanted(log)).toEqual({ from: 41, to: 50, since: 0 })
    over.floor = 8
    relay.settled(log, [{ name: 'all', ranges: RangeSet.of([1, 7]) }])
    expect(relay.wanted(log)).toEqual({ from: 8, to: 50, since: 0 })
    over.floor = 51
    relay.settled(log, [{ name: 'all', ranges: RangeSet.of([1, 50]) }])
    expect(relay.wanted(log)).toEqual({ from: 41, to: 50, since: 0 })
    log.letGo = 40
    over.floor = 8
    relay.settled(log, [{ name: 'all', ranges: RangeSet.of([1, 7]) }])
    expect(relay.wanted(log), 'what it let go for room or age').toEqual({ from: 41, to: 50, since: 0 })
  })

  it('as a relay again what it dropped and then gave up, for a subscription elsewhere that was made anew under its old name', () => {
    const log = logAt(50, false, { dropped: 40 })
    log.held.add(41, 50)
    const over = { relay: true, floor: 51 }
    const relay = wants(over)
    const had = [{ name: 'all', ranges: RangeSet.of([1, 50]) }]
    relay.settled(log, had)
    relay.unavailable(log, 10, 20, 'unrecoverable')
    over.floor = 1
    relay.settled(log, [], had)
    expect(relay.wanted(log)).toEqual({ from: 1, to: 50, since: 0 })
    expect(relay.underWayOrGone(log)?.isEmpty ?? true).toBe(true)
  })

  it('as a relay what it dropped of a channel that it had left, once it joins it again', () => {
    const log = logAt(50, false, { dropped: 40 })
    log.held.add(41, 50)
    const relay = wants({ relay: true, floor: 8, logs: [log] })
    relay.joined('press')
    expect(relay.wanted(log)).toEqual({ from: 8, to: 50, since: 0 })
  })

  it('nothing of a publisher in quarantine but what its subscriptions are to be told of', () => {
    const log = logAt(9, false)
    expect(wants({ relay: true, quarantined: log.publisher }).wanted(log)).toBeUndefined()
    expect(wants({ relay: true, quarantined: log.publisher, needs: { from: 6, since: 7 } }).wanted(log)).toEqual({ from: 6, to: 9, since: 0 })
  })
})

describe('what will not come', () => {
  it('is not awaited by a custodian that has no room, and the rest of what it lacks is', () => {
    const log = logAt(9, false)
    const lacks = RangeSet.of([3, 3], [8, 9])
    const full = wants({ relay: true, hasRoom: false })
    expect(full.awaited(log, lacks).toString()).toBe('3,8-9')
    full.unavailable(log, 3, 3, 'unrecoverable')
    expect(full.awaited(log, lacks).toString()).toBe('8-9')
    expect(full.awaited(logAt(9, false, { dropped: 5, letGo: 3 }), lacks).toString(), 'nor is what it let go and nobody needs').toBe('8-9')
    expect(wants({ relay: true }).awaited(log, lacks).isEmpty).toBe(true)
    expect(wants({ hasRoom: false }).awaited(log, lacks).isEmpty).toBe(true)
  })

  it('is asked for again where a neighbour offers it, and offers do not cut it up without end', () => {
    const log = logAt(1_000_000, false)
    const all = wants()
    all.unavailable(log, 1, 1_000_000, 'expired')
    all.regain(log, 5, 6)
    expect(all.underWayOrGone(log)?.ranges()).toEqual([{ from: 1, to: 4 }, { from: 7, to: 1_000_000 }])
    for (let position = 10; position < 100_000; position += 2) all.regain(log, position, position)
    expect((all.underWayOrGone(log) ?? new RangeSet()).size).toBeLessThanOrEqual(GONE_RANGES_MAX)
    all.regain(log, 1, 1_000_000)
    expect(all.underWayOrGone(log)).toBeUndefined()
  })

  it('and came all the same is asked for when it is damaged', () => {
    const log = logAt(9, false)
    const all = wants()
    all.unavailable(log, 3, 6, 'unrecoverable')
    log.held.add(3, 6)
    all.damaged(log, 4, 5)
    expect(all.underWayOrGone(log)?.ranges()).toEqual([{ from: 3, to: 3 }, { from: 6, to: 6 }])
  })
})
