import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../../src/base/bytes.js'
import { recordOf, WrittenLog } from '../../support/written-log.js'
import { crypto, OutboxRig, self } from './rig.js'

const go = (rig: OutboxRig, topic = 'press/a', ...labels: string[]): void => {
  for (const label of labels) rig.publish(recordOf(topic, label))
  rig.clock.turn()
}

describe('own logs', () => {
  it('begin a new incarnation with the first publish of each start, higher than the one before', () => {
    const rig = new OutboxRig()
    expect(rig.own.incarnation).toBeUndefined()
    const seen: number[] = []
    for (const jump of [0, 1000, -10_000_000, -10_000_000, 0, 50_000_000]) {
      rig.clock.wallOffset += jump
      rig.crash()
      go(rig, 'press/a', `${seen.length}`)
      seen.push(rig.own.incarnation?.number ?? 0)
      expect(rig.own.incarnation?.random).toMatch(/^[0-9a-f]{16}$/)
    }
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
    expect(new Set(rig.logs().map(log => log.incarnation.random)).size).toBe(6)
    expect(rig.logs().flatMap(log => rig.bodies(log))).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  it.each(['00', 'ffffffffffffffff', '001fffffffffffff'])('refuse to start on a number of the last incarnation that nobody wrote: %s', (hex) => {
    const rig = new OutboxRig()
    rig.store.commit([{ type: 'put', table: 'meta', key: Buffer.from('incarnation'), value: Buffer.from(hex, 'hex') }], () => {})
    rig.clock.turn()
    expect(() => { rig.crash() }).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
  })

  it('write no incarnation for a start that publishes nothing', () => {
    const rig = new OutboxRig()
    go(rig, 'press/a', '1')
    const { incarnation } = rig.own
    rig.crash()
    rig.crash()
    expect(rig.own.incarnation).toBeUndefined()
    expect(rig.logs()[0]?.incarnation).toEqual(incarnation)
  })

  it('go above what peers remember, when the store is older than the last life', () => {
    const rig = new OutboxRig()
    const lost = new WrittenLog(9, rig.clock.wallMs() + 1_000_000)
    expect(lost.publisher).toBe(self)
    rig.book.ensure(lost.id)
    go(rig, 'other/a', '1')
    expect(rig.own.incarnation?.number).toBe(lost.id.incarnation.number + 1)
  })

  it('link to the end of the earlier log of the channel, and each channel to its own', () => {
    const rig = new OutboxRig()
    go(rig, 'press/a', '1', '2')
    go(rig, 'other/a', '3')
    const [first] = rig.logs()
    const lastHash = crypto.hash(rig.told[0]?.header as Uint8Array)
    rig.crash()
    go(rig, 'press/a', '4')
    go(rig, 'press/a', '5')
    go(rig, 'new/a', '6')
    const second = rig.told.filter(batch => batch.log.channel === 'press' && batch.log.incarnation.number === rig.own.incarnation?.number)
    expect(second[0]?.link).toMatchObject({ incarnation: first?.incarnation, position: 2 })
    expect(equalBytes(second[0]?.link?.hash as Uint8Array, lastHash)).toBe(true)
    expect(second[1]?.link).toBeUndefined()
    expect(rig.told.find(batch => batch.log.channel === 'new')?.link).toBeUndefined()
    rig.crash()
    go(rig, 'other/a', '7')
    expect(rig.told.at(-1)?.link).toMatchObject({ position: 1 })
    expect(rig.logs('press')[1]?.link).toMatchObject({ position: 2 })
  })

  it('keep the link and the incarnation when the first commit is refused', () => {
    const rig = new OutboxRig()
    go(rig, 'press/a', '1')
    rig.crash()
    rig.refuse = () => true
    go(rig, 'press/a', '2')
    expect(rig.answer('2')?.code).toBe('ERR_STORE_FULL')
    rig.refuse = undefined
    go(rig, 'press/a', '3')
    expect(rig.answer('3')?.placed?.position).toBe(1)
    expect(rig.told.at(-1)?.link).toMatchObject({ position: 1 })
    const number = rig.own.incarnation?.number as number
    rig.clock.wallOffset -= 1_000_000
    rig.forgetLogs()
    rig.crash()
    go(rig, 'press/a', '4')
    expect(rig.own.incarnation?.number).toBeGreaterThan(number)
  })

  it('go above the life before, though its logs are forgotten and the clock went back', () => {
    const rig = new OutboxRig()
    go(rig, 'press/a', '1')
    const number = rig.own.incarnation?.number as number
    rig.forgetLogs()
    rig.clock.wallOffset -= 1_000_000
    rig.crash()
    expect(rig.logs()).toEqual([])
    go(rig, 'press/a', '2')
    expect(rig.own.incarnation?.number).toBeGreaterThan(number)
  })

  it('never let time run backwards within a log, nor a record be younger than its batch', () => {
    const rig = new OutboxRig()
    go(rig, 'press/a', '1')
    rig.clock.wallOffset -= 5_000
    go(rig, 'press/a', '2')
    const ahead = rig.clock.wallMs() + 60_000
    rig.publish(recordOf('press/a', '3', { time: ahead }))
    rig.clock.turn()
    go(rig, 'press/a', '4')
    const times = rig.told.map(({ time }) => time)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times[2]).toBe(ahead)
    expect(times[3]).toBe(ahead)
  })
})
