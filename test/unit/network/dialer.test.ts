import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Dialer, type DialInput, type DialOutput } from '../../../src/network/dialer.js'

/** Plays a dialer on simulated time: every dial gets the answer that `answer` gives. */
class Play {
  nowMs = 0
  readonly dials: Array<{ atMs: number, key: string, addresses: readonly string[] }> = []
  readonly unreachable: string[] = []
  private wakeMs = Infinity
  readonly dialer: Dialer

  constructor (private readonly answer: (key: string, addresses: readonly string[]) => DialInput | undefined, random: () => number = () => 0.5) {
    this.dialer = new Dialer('self', random)
  }

  input (input: DialInput): void {
    const out: DialOutput[] = []
    this.dialer.handle(this.nowMs, input, out)
    this.wakeMs = Infinity
    for (const output of out) {
      if (output.type === 'wakeAt') this.wakeMs = Math.min(this.wakeMs, output.atMs)
      else if (output.type === 'unreachable') this.unreachable.push(output.address)
    }
    for (const output of out) {
      if (output.type !== 'dial') continue
      this.dials.push({ atMs: this.nowMs, key: output.key, addresses: output.addresses })
      const answer = this.answer(output.key, output.addresses)
      if (answer !== undefined) this.input(answer)
    }
  }

  run (untilMs: number): void {
    while (this.wakeMs <= untilMs) {
      this.nowMs = this.wakeMs
      this.input({ type: 'wake' })
    }
    this.nowMs = untilMs
  }
}

const fail = (key: string): DialInput => ({ type: 'failed', key, reason: 'refused' })
const gaps = (play: Play): number[] => play.dials.slice(1).map((dial, i) => dial.atMs - (play.dials[i]?.atMs ?? 0))

describe('the dialer', () => {
  it('dials a peer that never answers for ever, every two seconds for the first minute, then every half minute or so', () => {
    const play = new Play(fail)
    play.input({ type: 'add', peerId: 'p', addresses: ['/a'], bootstrap: true })
    play.run(3_600_000)
    expect(play.dials[0]?.atMs).toBe(0)
    const pauses = gaps(play)
    expect(pauses[0]).toBeLessThanOrEqual(250)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000)
    expect(pauses.slice(0, 25).every((pause) => pause <= 2_000)).toBe(true)
    expect(pauses.slice(40).every((pause) => pause >= 15_000)).toBe(true)
    expect(play.dials.length).toBeGreaterThan(120)
    expect(play.unreachable.length).toBe(play.dials.length)
  })

  it('keeps its pauses within bounds whatever chance gives', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 50 }), (draws) => {
      let i = 0
      const play = new Play(fail, () => draws[i++ % draws.length] as number)
      play.input({ type: 'add', peerId: 'p', addresses: ['/a'] })
      play.run(300_000)
      return gaps(play).every((pause) => pause >= 125 && pause <= 30_000) && play.dials.length >= 10
    }), { numRuns: 50 })
  })

  it('dials a lost peer soon, and again fast after a link that lasted', () => {
    let alive = true
    const play = new Play((key) => alive ? { type: 'up', peerId: key, addresses: [], key } : fail(key))
    play.input({ type: 'add', peerId: 'p', addresses: ['/a'] })
    play.run(60_000)
    expect(play.dials.length).toBe(1)
    alive = false
    play.input({ type: 'down', peerId: 'p' })
    play.run(61_000)
    expect(play.dials[1]?.atMs).toBeLessThanOrEqual(60_250)
    alive = true
    play.run(120_000)
    play.input({ type: 'down', peerId: 'p' })
    play.run(120_500)
    expect(play.dials.at(-1)?.atMs).toBeGreaterThan(120_000)
  })

  it('slows down for a peer whose links break at once', () => {
    const play = new Play((key) => ({ type: 'up', peerId: key, addresses: [], key }))
    play.input({ type: 'add', peerId: 'p', addresses: ['/a'] })
    for (let i = 0; i < 40; i++) {
      play.input({ type: 'down', peerId: 'p' })
      play.run(play.nowMs + 30_000)
      // Broken 100 ms after it came up.
      play.nowMs = (play.dials.at(-1)?.atMs ?? 0) + 100
    }
    expect(gaps(play).at(-1)).toBeGreaterThan(10_000)
  })

  it('lets a peer that refused be for about a minute', () => {
    const play = new Play((key) => ({ type: 'refused', key, peerId: 'p' }))
    play.input({ type: 'add', addresses: ['/a'], bootstrap: true })
    play.run(300_000)
    for (const pause of gaps(play)) {
      expect(pause).toBeGreaterThanOrEqual(45_000)
      expect(pause).toBeLessThanOrEqual(75_000)
    }
    expect(play.dials.length).toBeGreaterThan(3)
  })

  it('does not dial a banned peer before its time', () => {
    const play = new Play(fail)
    play.input({ type: 'add', peerId: 'p', addresses: ['/a'] })
    play.input({ type: 'banned', peerId: 'p', untilMs: 100_000 })
    play.input({ type: 'hurry' })
    const before = play.dials.length
    play.run(99_000)
    expect(play.dials.length).toBe(before)
    play.run(101_000)
    expect(play.dials.length).toBeGreaterThan(before)
  })

  it('learns who answers at a bare address, and dials both ways when that one is lost', () => {
    let answer: (key: string, addresses: readonly string[]) => DialInput = (key) => ({ type: 'up', peerId: 'p', addresses: ['/full/p'], key })
    const play = new Play((key, addresses) => answer(key, addresses))
    play.input({ type: 'add', addresses: ['/bare'], bootstrap: true })
    expect(play.dialer.size).toBe(1)
    answer = fail
    play.input({ type: 'down', peerId: 'p' })
    play.run(10_000)
    const addresses = new Set(play.dials.slice(1).flatMap((dial) => dial.addresses))
    expect(addresses).toEqual(new Set(['/bare', '/full/p']))
    expect(play.unreachable.every((address) => address === '/bare')).toBe(true)
    // Somebody else answers there now.
    answer = (key, addresses) => addresses.includes('/full/p') ? fail(key) : { type: 'up', peerId: 'q', addresses: ['/full/q'], key }
    play.run(60_000)
    play.input({ type: 'down', peerId: 'q' })
    play.run(120_000)
    expect(play.dials.some((dial) => dial.key === 'q' && dial.atMs >= 60_000)).toBe(true)
    expect(play.dials.filter((dial) => dial.key === 'p' && dial.atMs > 60_000).every((dial) => dial.addresses.includes('/full/p'))).toBe(true)
  })

  it('never dials itself', () => {
    const play = new Play((key) => ({ type: 'self', key }))
    play.input({ type: 'add', peerId: 'self', addresses: ['/me'] })
    play.input({ type: 'add', addresses: ['/me-too'], bootstrap: true })
    play.run(100_000)
    expect(play.dials.length).toBe(1)
    expect(play.dialer.size).toBe(0)
  })

  it('dials only so many at once, and bounds whom it remembers', () => {
    const play = new Play(() => undefined)
    for (let i = 0; i < 6000; i++) play.input({ type: 'add', peerId: `p${i}`, addresses: ['/a'] })
    expect(play.dials.length).toBe(8)
    expect(play.dialer.size).toBeLessThanOrEqual(4096)
    play.input(fail('p0'))
    expect(play.dials.length).toBe(9)
  })

  it('hurries after a sleep', () => {
    const play = new Play(fail)
    play.input({ type: 'add', peerId: 'p', addresses: ['/a'] })
    play.run(600_000)
    const before = play.dials.length
    play.input({ type: 'hurry' })
    play.run(600_300)
    expect(play.dials.length).toBeGreaterThan(before)
  })
})
