import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SkeinError } from '../../../src/base/errors.js'
import { CHANNELS_PUBLISHED_MAX, REST_MS } from '../../../src/outbox/outbox.js'
import { recordOf } from '../../support/written-log.js'
import { OutboxRig } from './rig.js'

const puts = (table: string) => (ops: ReadonlyArray<{ type: string, table: string }>): boolean => ops.some(op => op.type === 'put' && op.table === table)

describe('the outbox', () => {
  it('answers and tells the network only when the commit is durable', () => {
    const rig = new OutboxRig()
    rig.publish(recordOf('press/a', '1'))
    rig.clock.step()
    expect([rig.commits.length, rig.answers.length, rig.told.length]).toEqual([1, 0, 0])
    rig.clock.turn()
    expect(rig.order).toEqual(['c', 'a', 't'])
    expect(rig.answer('1')?.placed).toMatchObject({ position: 1, duplicate: false })
    expect(rig.outbox.isIdle).toBe(true)
  })

  it('has given the store what is published upon an answer before it tells the network of what was answered', () => {
    const rig = new OutboxRig()
    const told: number[] = []
    rig.over.committed = () => told.push(rig.commits.length) > 0
    rig.start()
    // An application hears of it a moment after the outbox has told it.
    rig.outbox.publish(recordOf('press/a', '1'), () => { rig.clock.soon(() => { rig.publish(recordOf('press/a', '2')) }) })
    rig.clock.turn()
    expect(told).toEqual([2, 2])
    expect(rig.answer('2')?.code).toBe('ok')
    expect(rig.outbox.isIdle).toBe(true)
  })

  it('waits for neighbours that take less than is published, as long as they take anything', () => {
    const rig = new OutboxRig()
    const publish = (label: string): string | undefined => {
      rig.publish(recordOf('press/a', label))
      rig.clock.turn()
      return rig.answer(label)?.code
    }
    rig.takesMore = false
    expect(publish('1')).toBe('ok')
    expect([publish('2'), publish('3'), rig.told.length, rig.outbox.isIdle]).toEqual([undefined, undefined, 1, false])
    rig.outbox.housekeep(() => [{ type: 'put', table: 'meta', key: Uint8Array.of(1), value: Uint8Array.of(1) }])
    rig.clock.turn()
    expect([rig.commits.length, rig.answer('2')], 'what drops need not wait').toEqual([2, undefined])
    rig.outbox.drained(() => true)
    rig.clock.turn()
    expect([rig.answer('2')?.code, rig.told.at(-1)?.count, rig.commits.length], 'in one batch').toEqual(['ok', 2, 3])
    // A neighbour that takes nothing is waited for once.
    expect(publish('4')).toBeUndefined()
    rig.clock.advance(REST_MS - 1)
    expect(rig.answer('4')).toBeUndefined()
    rig.clock.advance(1)
    expect([rig.answer('4')?.code, publish('5'), publish('6')]).toEqual(['ok', 'ok', 'ok'])
    rig.outbox.drained(() => true)
    expect([publish('7'), publish('8')]).toEqual(['ok', undefined])
    rig.takesMore = true
    rig.outbox.drained(() => true)
    rig.clock.turn()
    expect([rig.answer('8')?.code, publish('9'), publish('10'), rig.outbox.isIdle]).toEqual(['ok', 'ok', 'ok', true])
  })

  it('waits in the channels alone whose neighbours are slow, and not for neighbours of others', () => {
    const rig = new OutboxRig()
    rig.over.committed = (log) => log.channel !== 'slow'
    rig.start()
    const publish = (topic: string, label: string): string | undefined => {
      rig.publish(recordOf(topic, label))
      rig.clock.turn()
      return rig.answer(label)?.code
    }
    expect([publish('slow/a', '1'), publish('fast/a', '2'), publish('slow/a', '3'), publish('fast/a', '4')]).toEqual(['ok', 'ok', undefined, 'ok'])
    rig.outbox.drained((channel) => channel === 'fast')
    rig.clock.turn()
    expect(rig.answer('3')).toBeUndefined()
    rig.clock.advance(REST_MS)
    expect(rig.answer('3')?.code).toBe('ok')
    for (let i = 0; i < 5; i++) {
      rig.outbox.drained((channel) => channel === 'fast')
      expect([publish('slow/a', `s${i}`), publish('fast/a', `f${i}`)], 'in vain, and not again').toEqual(['ok', 'ok'])
    }
    rig.outbox.drained((channel) => channel === 'slow')
    expect([publish('slow/a', 'x'), publish('slow/a', 'y')]).toEqual(['ok', undefined])
  })

  it('refuses what waits for neighbours when it is closed', () => {
    const rig = new OutboxRig()
    rig.takesMore = false
    for (const label of ['1', '2']) {
      rig.publish(recordOf('press/a', label))
      rig.clock.turn()
    }
    rig.outbox.close(new SkeinError('ERR_CLOSED'))
    rig.clock.advance(1_000)
    expect([rig.answer('1')?.code, rig.answer('2')?.code, rig.commits.length]).toEqual(['ok', 'ERR_CLOSED', 1])
  })

  it('publishes to so many channels and no more, whether they come one by one or at once', () => {
    const rig = new OutboxRig()
    for (let i = 0; i < CHANNELS_PUBLISHED_MAX + 10; i++) {
      rig.publish(recordOf(`c${i}/a`, `${i}`))
      if (i % 1000 === 0) rig.clock.turn()
    }
    rig.clock.turn()
    const answers = new Map(rig.answers.map(({ label, code }) => [label, code]))
    const refused = [...answers].filter(([, code]) => code !== 'ok')
    expect(refused.length).toBeGreaterThanOrEqual(10)
    expect(refused.every(([, code]) => code === 'ERR_LIMIT')).toBe(true)
    expect(rig.own.channels).toBeLessThanOrEqual(CHANNELS_PUBLISHED_MAX)
    expect(answers.get('16000')).toBe('ok')
    rig.publish(recordOf('c7/a', 'again'))
    rig.clock.turn()
    expect(rig.answer('again')?.code).toBe('ok')
  })

  it('says nothing of what a crash took, and loses nothing that was answered', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(6), fc.constantFrom('press', 'other')), { maxLength: 20 }), fc.boolean(), (turns, crashed) => {
      const rig = new OutboxRig()
      let n = 0
      for (const [count, steps, channel] of turns) {
        for (let i = 0; i < count; i++) rig.publish(recordOf(`${channel}/a`, String(n++)))
        for (let i = 0; i < steps; i++) rig.clock.step()
      }
      if (!crashed) rig.clock.turn()
      const answered = rig.answers.map(({ label, placed }) => ({ label, key: placed?.log.key, position: placed?.position }))
      rig.crash()
      if (!crashed) expect(answered.length).toBe(n)
      for (const { label, key, position } of answered) {
        const log = rig.book.get(key as string)
        if (log === undefined) throw new Error('no such log')
        expect(rig.bodies(log)[(position as number) - 1]).toBe(label)
      }
      for (const batch of rig.told) expect(rig.book.get(batch.logKey)?.held.covers(batch.base, batch.last)).toBe(true)
    }), { numRuns: 100 })
  })

  it('puts what one turn publishes, and what comes during a commit, into one batch each', () => {
    const rig = new OutboxRig()
    for (let i = 0; i < 10; i++) rig.publish(recordOf('press/a', String(i)))
    rig.clock.step()
    for (let i = 10; i < 25; i++) rig.publish(recordOf('press/a', String(i)))
    rig.clock.turn()
    expect(rig.told.map(({ base, count }) => [base, count])).toEqual([[1, 10], [11, 15]])
    expect(rig.commits.length).toBe(2)
  })

  it('gives positions back when a commit is refused for want of room, and the chain stays whole', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean()), { minLength: 1, maxLength: 12 }), (turns) => {
      const rig = new OutboxRig()
      let n = 0
      for (const [count, full] of turns) {
        rig.refuse = full ? puts('batch') : undefined
        for (let i = 0; i < count; i++) rig.publish(recordOf(`${i % 3 === 2 ? 'other' : 'press'}/a`, String(n++)))
        rig.clock.turn()
      }
      expect(rig.answers.length).toBe(n)
      for (const channel of ['press', 'other']) {
        const kept = rig.answers.filter(({ code, placed }) => code === 'ok' && placed?.log.channel === channel).map(({ label }) => label)
        expect(rig.logs(channel).flatMap(log => rig.bodies(log))).toEqual(kept)
      }
      expect(rig.answers.every(({ code }) => code === 'ok' || code === 'ERR_STORE_FULL')).toBe(true)
      expect(rig.told.reduce((sum, { count }) => sum + count, 0)).toBe(rig.answers.filter(({ code }) => code === 'ok').length)
      expect([rig.failures, rig.outbox.isIdle]).toEqual([[], true])
    }), { numRuns: 100 })
  })

  it('stops for good when the store fails', () => {
    const rig = new OutboxRig()
    rig.publish(recordOf('press/a', '1'))
    rig.clock.turn()
    rig.disk.broken = true
    rig.publish(recordOf('press/a', '2'))
    rig.clock.step()
    rig.publish(recordOf('press/a', '3'))
    rig.room = () => false
    rig.publish(recordOf('other/a', '4'))
    rig.clock.turn()
    rig.publish(recordOf('press/a', '5'))
    rig.clock.advance(20_000)
    expect(rig.answers.map(({ label, code }) => [label, code])).toEqual([['1', 'ok'], ['2', 'ERR_STORE'], ['3', 'ERR_STORE'], ['4', 'ERR_STORE'], ['5', 'ERR_STORE']])
    expect(rig.failures.length).toBe(1)
    expect(rig.told.length).toBe(1)
    expect(rig.outbox.isIdle).toBe(true)
  })

  it('lets publishes wait for room, in the order of their channel, and refuses them when the time is up', () => {
    const rig = new OutboxRig()
    let full = true
    rig.room = (channel) => channel !== 'press' || !full
    for (const n of ['1', '2', '3']) rig.publish(recordOf('press/a', n))
    rig.clock.advance(3000)
    expect([rig.answers.length, rig.outbox.waiting]).toEqual([0, 3])
    full = false
    rig.publish(recordOf('press/a', '4'))
    rig.clock.advance(300)
    expect(rig.answers.map(({ label, placed }) => [label, placed?.position])).toEqual([['1', 1], ['2', 2], ['3', 3], ['4', 4]])
    full = true
    rig.publish(recordOf('press/a', '5'))
    rig.clock.advance(4999)
    expect(rig.answer('5')).toBeUndefined()
    rig.clock.advance(260)
    expect(rig.answer('5')?.code).toBe('ERR_OUTBOX_FULL')
    expect(rig.clock.timers).toBe(0)
  })

  it('does not let a channel without room hold up another', () => {
    const rig = new OutboxRig()
    rig.room = (channel) => channel !== 'full'
    rig.publish(recordOf('full/a', 'waits'))
    rig.publish(recordOf('press/a', 'goes'))
    rig.clock.turn()
    expect(rig.answer('goes')?.code).toBe('ok')
    expect(rig.answer('waits')).toBeUndefined()
  })

  it('refuses at once when it may not wait', () => {
    const rig = new OutboxRig({ publishWaitMs: 0 })
    rig.room = () => false
    rig.publish(recordOf('press/a', '1'))
    expect(rig.answer('1')?.code).toBe('ERR_OUTBOX_FULL')
  })

  it('counts what waits for its commit when it asks for room', () => {
    const rig = new OutboxRig()
    const asked: number[] = []
    rig.room = (_channel, bytes) => { asked.push(bytes); return true }
    for (const n of ['1', '2']) rig.publish(recordOf('press/a', new Uint8Array(1000)), n)
    expect(asked[0]).toBeGreaterThanOrEqual(1000)
    expect(asked[1]).toBe((asked[0] as number) * 2)
    rig.clock.turn()
    rig.publish(recordOf('press/a', new Uint8Array(1000)), '3')
    expect(asked[2]).toBe(asked[0])
  })

  it('trims on a full disk too, in a commit of its own', () => {
    const rig = new OutboxRig()
    rig.refuse = puts('batch')
    let kept = false
    rig.publish(recordOf('press/a', '1'))
    rig.outbox.housekeep(() => { kept = true; return [{ type: 'put', table: 'meta', key: Buffer.from('x'), value: Buffer.from('y') }] })
    rig.clock.turn()
    expect(kept).toBe(true)
    expect(rig.answer('1')?.code).toBe('ERR_STORE_FULL')
    expect(rig.store.get('meta', Buffer.from('x'))).toBeDefined()
  })

  it('says what the disk had no room for, and only that', () => {
    const rig = new OutboxRig()
    const refused: string[] = []
    const keep = (name: string): void => { rig.outbox.housekeep(() => [{ type: 'put', table: 'meta', key: Buffer.from(name), value: Buffer.from('y') }], () => { refused.push(name) }) }
    keep('kept')
    rig.clock.turn()
    rig.refuse = () => true
    keep('refused')
    rig.clock.turn()
    expect([refused, rig.outbox.isIdle, rig.failures]).toEqual([['refused'], true, []])
  })

  it('runs housekeeping only between two commits', () => {
    const rig = new OutboxRig()
    rig.publish(recordOf('press/a', '1'))
    rig.clock.step()
    let during = ''
    rig.outbox.housekeep(() => { during = rig.order.join(''); return [] })
    rig.publish(recordOf('press/a', '2'))
    rig.clock.turn()
    expect(during).toBe('cta')
    expect(rig.answers.length).toBe(2)
    expect(rig.outbox.isIdle).toBe(true)
  })

  it('refuses what waits when it is closed, and still answers for the commit under way', () => {
    const rig = new OutboxRig()
    rig.publish(recordOf('press/a', '1'))
    rig.clock.step()
    rig.publish(recordOf('press/a', '2'))
    rig.room = () => false
    rig.publish(recordOf('press/a', '3'))
    rig.outbox.close(new SkeinError('ERR_CLOSED'))
    rig.publish(recordOf('press/a', '4'))
    rig.clock.advance(10_000)
    expect(rig.answers.sort((a, b) => +a.label - +b.label).map(({ label, code }) => [label, code])).toEqual([['1', 'ok'], ['2', 'ERR_CLOSED'], ['3', 'ERR_CLOSED'], ['4', 'ERR_CLOSED']])
    expect(rig.outbox.isIdle).toBe(true)
  })

  it('answers each publish once, though callbacks publish and close meanwhile', () => {
    const rig = new OutboxRig()
    let full = true
    rig.room = () => !full
    let answers = 0
    rig.outbox.publish(recordOf('press/a', 'first'), () => {
      answers++
      rig.publish(recordOf('press/a', 'inner'))
      rig.outbox.close(new SkeinError('ERR_CLOSED'))
    })
    rig.clock.advance(10)
    for (const n of ['2', '3']) rig.publish(recordOf('press/a', n))
    rig.clock.advance(4_990)
    full = false
    rig.clock.advance(10_000)
    expect(answers).toBe(1)
    for (const label of ['2', '3', 'inner']) expect(rig.answer(label)).toBeDefined()
  })

  it('takes no more than its bound into memory', () => {
    const rig = new OutboxRig()
    const record = recordOf('press/a', new Uint8Array(1024 * 1024))
    for (let i = 0; i < 70; i++) rig.publish(record, String(i))
    expect(rig.outbox.waiting).toBeGreaterThanOrEqual(6)
    rig.clock.advance(1000)
    expect(rig.answers.filter(({ code }) => code === 'ok').map(({ label }) => +label)).toEqual(Array.from({ length: 70 }, (_, i) => i))
  })
})
