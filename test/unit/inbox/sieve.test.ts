import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { FilterSet } from '../../../src/message/filter.js'
import { FakeLog, positions, Rig } from './harness.js'

const topics = ['press/a', 'press/b', 'press/a/x', 'press/c']
const choices = [['press/a'], ['press/b'], ['press/+'], ['press/#'], ['press/a/#', 'press/c'], ['press/none'], ['press/c']]

describe('many subscriptions to one log', () => {
  test('each gets what its filters match, once and in order, however the batches come', () => {
    fc.assert(fc.property(
      fc.array(fc.nat(choices.length - 1), { minLength: 2, maxLength: 6 }),
      fc.array(fc.array(fc.nat(topics.length - 1), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 14 }),
      fc.array(fc.record({ batch: fc.nat(13), do: fc.constantFrom('hold', 'hold', 'hold', 'hold', 'advance', 'turn', 'crash', 'take', 'change', 'subscribe', 'damage', 'later') }), { maxLength: 40 }),
      (subscriptions, contents, steps) => {
        const rig = new Rig()
        const log = new FakeLog(rig.clock)
        for (const batch of contents) log.write(...batch.map(topic => ({ topic: topics[topic] ?? '' })))
        const filters = subscriptions.map(i => choices[i] ?? [])
        // One gets another filter on the way; what came before that it may have passed over.
        let changed = false
        const before = new Set<number>()
        const sinceChanged = new Set<number>()
        const names = filters.map((_, i) => `s${i}`)
        const got = names.map(() => new Map<number, number>())
        const attach = (): Array<ReturnType<Rig['attach']>> => names.map(name => rig.attach(name, { maxInFlight: 2 }))
        for (const [i, name] of names.entries()) rig.open({ name, filters: filters[i] as string[] })
        let consumers = attach()
        const take = (): void => {
          for (const [i, consumer] of consumers.entries()) {
            for (let d = consumer.handle.next(); d !== undefined; d = consumer.handle.next()) {
              const order = [...got[i]?.keys() ?? []]
              expect(d.position > (order.at(-1) ?? 0) || (got[i]?.has(d.position) ?? false), `${names[i]} got ${d.position} after ${order.join()}`).toBe(true)
              got[i]?.set(d.position, (got[i]?.get(d.position) ?? 0) + 1)
              consumer.ack(d)
            }
          }
        }
        const held = new Set<number>()
        // Mostly the next one.
        const some = (i: number): number => i % 3 === 0 ? i : [...log.batches.keys()].find(b => !held.has(b)) ?? i
        const holdOne = (i: number): void => {
          const batch = log.batches[i]
          if (batch === undefined || held.has(i)) return
          rig.hold(batch)
          held.add(i)
          if (!changed) before.add(i)
          else if (!before.has(i)) sinceChanged.add(i)
        }
        take()
        for (const { batch, do: what } of steps) {
          if (what === 'hold') { holdOne(some(batch)); take() }
          if (what === 'later') holdOne(some(batch))
          if (what === 'advance') { rig.clock.advance(300); take() }
          if (what === 'turn') { rig.clock.turn(); take() }
          if (what === 'take') take()
          if (what === 'crash') { rig.crash(); consumers = attach(); take() }
          if (what === 'change' && !changed) {
            changed = true
            filters[0] = ['press/#']
            rig.open({ name: 's0', filters: ['press/#'], change: true })
            got[0]?.clear()
          }
          if (what === 'subscribe' && names.length < 8) {
            const name = `s${names.length}`
            filters.push(choices[batch % choices.length] ?? [])
            got.push(new Map())
            rig.open({ name, filters: filters.at(-1) as string[] })
            names.push(name)
            consumers.push(rig.attach(name, { maxInFlight: 2 }))
          }
          if (what === 'damage' && held.has(batch)) {
            const { base, log: id } = log.batches[batch] as (typeof log.batches)[number]
            const state = rig.book.ensure(id)
            rig.store.commit([{ type: 'del', table: 'batch', key: rig.store.keys('batch', { gte: new Uint8Array(0), limit: 1000 }).find((_, n) => n === [...held].sort((a, b) => a - b).indexOf(batch)) as Uint8Array }], () => {})
            rig.clock.turn()
            rig.book.read(state, base)
            if (!state.held.has(base)) held.delete(batch)
          }
        }
        // Damage may be found out later: what is not there any more comes again, as repair would bring it.
        for (let n = 0; n < 6; n++) {
          const state = rig.book.ensure(log.id)
          for (const [i, batch] of log.batches.entries()) {
            if (!state.held.has(batch.base)) held.delete(i)
            holdOne(i)
          }
          take()
          rig.clock.advance(2000)
        }
        for (const [i, name] of names.entries()) {
          const set = new FilterSet(filters[i] as string[])
          const want = log.batches.flatMap((batch, b) => (contents[b] ?? []).flatMap((topic, k) => set.matches(topics[topic] ?? '') ? [batch.base + k] : []))
          if (!(i === 0 && changed)) expect([...got[i]?.keys() ?? []], name).toEqual(want)
          else for (const b of sinceChanged) for (const k of (contents[b] ?? []).keys()) expect(got[0]?.has((log.batches[b]?.base ?? 0) + k), `${name} takes all that came since it changed`).toBe(true)
          expect([...got[i]?.values() ?? []].every(times => times === 1), `${name}: acked, and again`).toBe(true)
          expect(rig.inbox.info().find(info => info.name === name)?.lag, name).toBe(0)
        }
      }), { numRuns: 300 })
  })

  test('those that take nothing of what comes are not woken for each batch, and pass over it a little later', () => {
    const rig = new Rig()
    const names = Array.from({ length: 100 }, (_, i) => `s${i}`)
    for (const [i, name] of names.entries()) rig.open({ name, filters: [`press/${i}`] })
    const consumers = names.map(name => rig.attach(name))
    const log = new FakeLog(rig.clock)
    rig.hold(log.write({ topic: 'press/0' }))
    for (const consumer of consumers) consumer.drain()
    rig.clock.advance(300)
    for (const consumer of consumers) { consumer.drain(); consumer.readyCalls = 0 }
    for (let i = 0; i < 50; i++) {
      rig.hold(log.write({ topic: 'press/0' }, { topic: 'press/1' }))
      expect(consumers[0]?.drain()).toHaveLength(1)
    }
    expect(consumers.slice(2).map(consumer => consumer.readyCalls)).toEqual(names.slice(2).map(() => 0))
    expect(positions(consumers[1]?.drain() ?? [])).toHaveLength(50)
    expect(rig.inbox.info()[7]?.lag).toBe(100)
    rig.clock.advance(300)
    for (const consumer of consumers) consumer.drain()
    rig.clock.advance(2000)
    expect(rig.inbox.info().map(({ lag }) => lag)).toEqual(names.map(() => 0))
    expect(rig.inbox.floor(rig.book.ensure(log.id))).toBe(log.last + 1)
  })

  test.each([1, 100])('a record is matched once for all of them, and not by each, with %i logs that take turns', (logs) => {
    const rig = new Rig()
    for (let i = 0; i < 100; i++) rig.open({ name: `s${i}`, filters: [`press/${i}/+`] })
    const consumers = Array.from({ length: 100 }, (_, i) => rig.attach(`s${i}`))
    const written = Array.from({ length: logs }, (_, i) => new FakeLog(rig.clock, i + 1))
    for (const log of written) rig.hold(log.write({ topic: 'press/0/a' }))
    for (const consumer of consumers) consumer.drain()
    rig.clock.advance(1000)
    for (const consumer of consumers) consumer.drain()
    const matches = vi.spyOn(FilterSet.prototype, 'matches')
    try {
      for (let i = 0; i < Math.max(20, 2 * logs); i++) rig.hold((written[i % logs] as FakeLog).write(...Array.from({ length: 50 }, (_, k) => ({ topic: `press/${k}/${i}` }))))
      rig.clock.advance(1000)
      expect(consumers.map(consumer => consumer.drain().length)).toEqual(consumers.map((_, i) => i < 50 ? Math.max(20, 2 * logs) : 0))
      expect(matches.mock.calls.length).toBeLessThan(Math.max(20, 2 * logs) * 50 * 3)
    } finally {
      matches.mockRestore()
    }
  })
})
