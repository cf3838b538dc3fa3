import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Election, type ElectionInput, type ElectionOutput } from '../../../src/network/election.js'

const feed = (election: Election, nowMs: number, input: ElectionInput): ElectionOutput[] => {
  const out: ElectionOutput[] = []
  election.handle(nowMs, input, out)
  return out
}
const ready = (link: string, instance = 'i'): ElectionInput => ({ type: 'ready', link, instance })

describe('the election of a link', () => {
  it('brings the chooser up when the other says that the link works', () => {
    const election = new Election(true)
    expect(feed(election, 0, ready('a'))).toEqual([{ type: 'send', link: 'a', kind: 'choose' }])
    expect(feed(election, 1, { type: 'chosen', link: 'a' })).toEqual([{ type: 'send', link: 'a', kind: 'up' }, { type: 'peerUp', link: 'a' }])
  })

  it('brings the other up when it is told so, and not before', () => {
    const election = new Election(false)
    expect(feed(election, 0, ready('a'))).toEqual([])
    expect(feed(election, 1, { type: 'choose', link: 'a' })).toEqual([{ type: 'send', link: 'a', kind: 'chosen' }])
    expect(feed(election, 2, { type: 'up', link: 'a' })).toEqual([{ type: 'peerUp', link: 'a' }])
  })

  it('lets go of its link when the chooser takes another, though it has not heard the end of the first', () => {
    const election = new Election(false)
    for (const link of ['a', 'b']) feed(election, 0, ready(link))
    feed(election, 1, { type: 'up', link: 'a' })
    const reason = 'another link to the peer took over'
    expect(feed(election, 2, { type: 'up', link: 'b' })).toEqual([{ type: 'peerDown', link: 'a', reason }, { type: 'close', link: 'a', reason }, { type: 'peerUp', link: 'b' }])
    expect(election.upLink).toBe('b')
  })

  it('keeps the incumbent when it answers, and closes the newcomer', () => {
    const election = new Election(true)
    feed(election, 0, ready('a'))
    feed(election, 1, { type: 'chosen', link: 'a' })
    expect(feed(election, 2, ready('b'))).toEqual([{ type: 'send', link: 'a', kind: 'ping' }, { type: 'wakeAt', atMs: 1502 }])
    expect(feed(election, 3, { type: 'alive', link: 'a' })).toEqual([{ type: 'close', link: 'b', reason: 'there is a link to the peer already' }])
    expect(feed(election, 2000, { type: 'wake' })).toEqual([])
  })

  it('takes the newcomer when the incumbent is mute, or when the peer was restarted', () => {
    const mute = new Election(true)
    feed(mute, 0, ready('a'))
    feed(mute, 1, { type: 'chosen', link: 'a' })
    feed(mute, 2, ready('b'))
    expect(feed(mute, 1502, { type: 'wake' }).map(({ type }) => type)).toEqual(['peerDown', 'close', 'send'])
    const restarted = new Election(true)
    feed(restarted, 0, ready('a', 'first life'))
    feed(restarted, 1, { type: 'chosen', link: 'a' })
    expect(feed(restarted, 2, ready('b', 'second life')).map(({ type }) => type)).toEqual(['peerDown', 'close', 'send'])
  })

  it('never has two links up, alternates up and down, and two sides agree in the end, whatever the order', () => {
    const links = ['a', 'b', 'c']
    fc.assert(fc.property(fc.array(fc.nat(1000), { maxLength: 60 }), fc.array(fc.constantFrom('open', 'close', 'deliver', 'pass'), { maxLength: 60 }), (picks, moves) => {
      const sides = [new Election(true), new Election(false)] as const
      const up: [string | undefined, string | undefined] = [undefined, undefined]
      const open = new Set<string>()
      const wires: Array<{ to: 0 | 1, input: ElectionInput }> = []
      let nowMs = 0
      const input = (side: 0 | 1, event: ElectionInput): void => {
        for (const output of feed(sides[side], nowMs, event)) {
          if (output.type === 'peerUp') {
            if (up[side] !== undefined) throw new Error('up twice')
            up[side] = output.link
          } else if (output.type === 'peerDown') {
            if (up[side] !== output.link) throw new Error('down of what was not up')
            up[side] = undefined
          } else if (output.type === 'close') {
            close(output.link, side)
          } else if (output.type === 'send' && open.has(output.link)) {
            const { kind, link } = output
            if (kind === 'ping') wires.push({ to: side, input: { type: 'alive', link } })
            else wires.push({ to: side === 0 ? 1 : 0, input: { type: kind, link } })
          }
        }
      }
      const close = (link: string, by?: 0 | 1): void => {
        if (!open.delete(link)) return
        for (let i = wires.length - 1; i >= 0; i--) {
          const wire = wires[i]
          if (wire !== undefined && 'link' in wire.input && wire.input.link === link) wires.splice(i, 1)
        }
        for (const side of [0, 1] as const) if (side !== by) input(side, { type: 'closed', link, reason: 'x' })
      }
      // Per link and side in order: the first that is waiting.
      const deliver = (pick: number): void => {
        const wire = wires[pick % Math.max(1, wires.length)]
        if (wire === undefined) return
        const first = wires.findIndex(({ to, input: other }) => to === wire.to && 'link' in other && 'link' in wire.input && other.link === wire.input.link)
        const [taken] = wires.splice(first, 1)
        if (taken !== undefined) input(taken.to, taken.input)
      }
      let opened = 0
      moves.forEach((move, i) => {
        const pick = picks[i] ?? 0
        nowMs += 10
        if (move === 'open' && open.size < links.length) {
          const link = `link ${opened++}`
          open.add(link)
          input(pick % 2 === 0 ? 0 : 1, ready(link))
          input(pick % 2 === 0 ? 1 : 0, ready(link))
        } else if (move === 'close') {
          const link = [...open][pick % Math.max(1, open.size)]
          if (link !== undefined) close(link)
        } else if (move === 'deliver') {
          deliver(pick)
        } else {
          nowMs += 400
          input(0, { type: 'wake' })
        }
      })
      for (let i = 0; i < 200; i++) {
        while (wires.length > 0) deliver(0)
        nowMs += 2000
        input(0, { type: 'wake' })
      }
      if (open.size === 0) return up[0] === undefined && up[1] === undefined
      return open.size === 1 && up[0] === [...open][0] && up[1] === up[0]
    }), { numRuns: 500 })
  })
})
