import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Routes, ROUTES_MAX } from '../../../src/directory/routes.js'

describe('the way to a publisher', () => {
  it('is over the neighbour that brought its newest word, and stays with it when others bring the same or older ones', () => {
    const routes = new Routes()
    expect(routes.to('p', 'a')).toBeUndefined()
    expect(routes.heard('p', 5, 'x')).toBe(true)
    expect([routes.heard('p', 5, 'y'), routes.heard('p', 4, 'y')]).toEqual([false, false])
    expect(routes.to('p', 'a')).toEqual({ wordMs: 5, neighbour: 'x' })
    expect(routes.heard('p', 6, 'y')).toBe(true)
    expect(routes.to('p', 'a')?.neighbour).toBe('y')
  })

  it('is known from batches for their channel alone, and whichever word is newer counts', () => {
    const routes = new Routes()
    routes.heard('p', 5, 'x')
    expect([routes.heard('p', 5, 'y', 'a'), routes.heard('p', 7, 'y', 'a')]).toEqual([false, true])
    expect([routes.to('p', 'a')?.neighbour, routes.to('p', 'b')?.neighbour]).toEqual(['y', 'x'])
    routes.heard('p', 6, 'z')
    expect([routes.to('p', 'a')?.neighbour, routes.to('p', 'b')?.neighbour]).toEqual(['y', 'z'])
    routes.heard('p', 8, 'w')
    expect([routes.to('p', 'a')?.neighbour, routes.to('p', 'b')?.neighbour]).toEqual(['w', 'w'])
  })

  it('is lost with the neighbour, or when it leads nowhere, and only a newer word brings another', () => {
    const routes = new Routes()
    routes.heard('p', 5, 'x')
    routes.heard('q', 5, 'y')
    routes.heard('p', 6, 'x', 'a')
    routes.down('x')
    expect([routes.to('p', 'a')?.neighbour, routes.to('p', 'b')?.neighbour, routes.to('q', 'a')?.neighbour]).toEqual([undefined, undefined, 'y'])
    expect([routes.heard('p', 6, 'y', 'a'), routes.heard('p', 5, 'y')]).toEqual([false, false])
    routes.heard('p', 7, 'z')
    expect(routes.to('p', 'a')?.neighbour).toBe('z')
    routes.lose('p', 'a')
    expect([routes.to('p', 'a')?.neighbour, routes.heard('p', 7, 'z')]).toEqual([undefined, false])
  })

  it('is known to so many, and those not heard of for longest go first', () => {
    const routes = new Routes()
    for (let i = 0; i < ROUTES_MAX; i++) routes.heard(`p${i}`, 1, 'x')
    routes.heard('p0', 2, 'x')
    routes.heard('another', 1, 'x')
    expect([routes.to('p0', 'a')?.neighbour, routes.to('p1', 'a'), routes.to('another', 'a')?.neighbour]).toEqual(['x', undefined, 'x'])
  })

  it('never goes in a circle, whatever comes in which order, is lost, and whoever starts again', () => {
    // Each node passes a word on to its neighbours when it is news to it; links and nodes fail between.
    const step = fc.oneof({ weight: 6, arbitrary: fc.constant('carry' as const) }, { weight: 1, arbitrary: fc.constant('word' as const) }, { weight: 1, arbitrary: fc.constant('batch' as const) }, { weight: 1, arbitrary: fc.constant('cut' as const) }, { weight: 1, arbitrary: fc.constant('restart' as const) })
    fc.assert(fc.property(fc.array(fc.tuple(step, fc.nat(1000), fc.nat(1000)), { minLength: 50, maxLength: 250 }), (steps) => {
      const count = 6
      const routes = Array.from({ length: count }, () => new Routes())
      const known = Array.from({ length: count }, () => new Map<string, number>())
      const links = new Map<string, Array<{ wordMs: number, channel: string | undefined }>>()
      const up = (a: number, b: number): void => {
        for (const [from, to] of [[a, b], [b, a]] as const) links.set(`${from} ${to}`, [...known[from] ?? []].filter(([kind]) => kind === '').map(([, wordMs]) => ({ wordMs, channel: undefined })))
      }
      const down = (a: number, b: number): void => {
        for (const [from, to] of [[a, b], [b, a]] as const) {
          links.delete(`${from} ${to}`)
          routes[to]?.down(String(from))
        }
      }
      for (let a = 0; a < count; a++) for (let b = a + 1; b < count; b++) if ((a + b) % 3 !== 0) up(a, b)
      let now = 0
      const accept = (at: number, from: number | undefined, wordMs: number, channel: string | undefined): void => {
        const mine = known[at] as Map<string, number>
        if ((mine.get(channel ?? '') ?? 0) >= wordMs) return
        mine.set(channel ?? '', wordMs)
        if (from !== undefined) routes[at]?.heard('p', wordMs, String(from), channel)
        for (const [key, queue] of links) if (key.startsWith(`${at} `) && key !== `${at} ${from}`) queue.push({ wordMs, channel })
      }
      for (const [what, i, j] of steps) {
        const keys = [...links.keys()]
        const [from = 0, to = 0] = (keys[i % keys.length] ?? '0 0').split(' ').map(Number)
        if (what === 'word' || what === 'batch') accept(0, undefined, now += j % 2, what === 'batch' ? 'a' : undefined)
        else if (what === 'cut' && from !== to) {
          down(from, to)
          up(from, to)
        } else if (what === 'restart' && from !== 0) {
          const others = keys.filter(key => key.startsWith(`${from} `)).map(key => Number(key.split(' ')[1]))
          for (const other of others) down(from, other)
          routes[from] = new Routes()
          known[from]?.clear()
          for (const other of others) up(from, other)
        } else {
          const word = links.get(`${from} ${to}`)?.shift()
          if (word !== undefined) accept(to, from, word.wordMs, word.channel)
        }
        for (let start = 1; start < count; start++) {
          let at: number | undefined = start
          for (let hops = 0; at !== undefined && at !== 0; hops++) {
            expect(hops).toBeLessThan(count)
            const next: string | undefined = routes[at]?.to('p', 'a')?.neighbour
            at = next === undefined ? undefined : Number(next)
          }
        }
      }
    }), { numRuns: 300 })
  })
})
