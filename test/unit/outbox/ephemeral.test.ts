import { describe, expect, it } from 'vitest'
import { SkeinError } from '../../../src/base/errors.js'
import { EPHEMERAL_TAG, openBatch, signatureHolds, type SealedBatch } from '../../../src/message/batch.js'
import { Ephemeral, EphemeralSeen, EPHEMERAL_BYTES_MAX, EPHEMERAL_WAIT_MS } from '../../../src/outbox/ephemeral.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock, seededRandom } from '../../support/manual-clock.js'
import { recordOf, WrittenLog } from '../../support/written-log.js'

const self = peerOf(9)

function rig (seed = 1): { clock: ManualClock, ephemeral: Ephemeral, sent: SealedBatch[], full: Set<string> } {
  const full = new Set<string>()
  const clock = new ManualClock()
  const sent: SealedBatch[] = []
  const ephemeral = new Ephemeral({ clock, random: seededRandom(seed), crypto: fakeCrypto(self), mesh: testMesh, self, send: (batch) => { sent.push(openBatch(batch.bytes, testMesh)); return !full.has(batch.log.channel) } })
  return { clock, ephemeral, sent, full }
}

describe('ephemeral publishing', () => {
  it('sends what one turn publishes together, signed as ephemeral, and then answers', () => {
    const { clock, ephemeral, sent } = rig()
    const done: unknown[] = []
    for (const topic of ['press/a', 'other', 'press/b']) ephemeral.publish(recordOf(topic), (error) => { done.push(error) })
    expect([sent.length, done.length]).toEqual([0, 0])
    clock.turn()
    ephemeral.publish(recordOf('press/a'), () => {})
    clock.turn()
    expect(done).toEqual([undefined, undefined, undefined])
    expect(sent.map(({ log, base, count }) => [log.channel, base, count])).toEqual([['press', 1, 2], ['other', 1, 1], ['press', 3, 1]])
    for (const batch of sent) expect([signatureHolds(fakeCrypto(self), batch, EPHEMERAL_TAG), signatureHolds(fakeCrypto(self), batch)]).toEqual([true, false])
  })

  it('has counters that no other life shares', () => {
    const [one, two] = [rig(1), rig(2)]
    for (const { ephemeral, clock } of [one, two]) {
      ephemeral.publish(recordOf('press/a'), () => {})
      clock.turn()
    }
    expect(one.sent[0]?.logKey).not.toBe(two.sent[0]?.logKey)
  })

  it('waits where no neighbour takes more, in that channel alone, until one does', () => {
    const { clock, ephemeral, sent, full } = rig()
    full.add('press')
    const done: string[] = []
    for (let i = 0; i < 3; i++) {
      for (const topic of ['press/a', 'other']) ephemeral.publish(recordOf(topic), () => { done.push(topic) })
      clock.turn()
    }
    expect(done).toEqual(['press/a', 'other', 'other', 'other'])
    expect(ephemeral.isIdle).toBe(false)
    full.clear()
    ephemeral.drained()
    clock.turn()
    expect([done.length, ephemeral.isIdle]).toEqual([6, true])
    expect(sent.filter(({ log }) => log.channel === 'press').map(({ base, count }) => [base, count]), 'in order, and what waited together').toEqual([[1, 1], [2, 2]])
  })

  it('waits no longer than it may: what nobody takes is not kept', () => {
    const { clock, ephemeral, sent, full } = rig()
    full.add('press')
    const answers: Array<string | undefined> = []
    for (let i = 0; i < 3; i++) {
      ephemeral.publish(recordOf('press/a'), (error) => { answers.push(error?.code) })
      clock.turn()
    }
    expect(answers).toEqual([undefined])
    clock.advance(EPHEMERAL_WAIT_MS)
    expect([answers, sent.length]).toEqual([[undefined, undefined, undefined], 2])
  })

  it('sends what waits when the node closes, and refuses everyone after', () => {
    const { clock, ephemeral, full, sent } = rig()
    full.add('press')
    const codes: Array<string | undefined> = []
    const publish = (): void => { ephemeral.publish(recordOf('press/a'), (error) => { codes.push(error?.code) }) }
    publish()
    clock.turn()
    publish()
    ephemeral.close(new SkeinError('ERR_CLOSED'))
    publish()
    clock.advance(2 * EPHEMERAL_WAIT_MS)
    expect([codes, sent.length]).toEqual([[undefined, undefined, 'ERR_CLOSED'], 2])
  })

  it('refuses what does not fit into one turn', () => {
    const { clock, ephemeral, sent } = rig()
    const codes: Array<string | undefined> = []
    const record = recordOf('press/a', new Uint8Array(1024 * 1024))
    const n = EPHEMERAL_BYTES_MAX / (1024 * 1024) + 3
    for (let i = 0; i < n; i++) ephemeral.publish(record, (error) => { codes.push(error?.code) })
    expect(codes).toContain('ERR_LIMIT')
    clock.turn()
    expect(codes.length).toBe(n)
    expect(sent.reduce((sum, { count }) => sum + count, 0)).toBe(codes.filter(code => code === undefined).length)
  })
})

describe('ephemeral batches seen', () => {
  it('are new once, also out of order, and never again however long ago', () => {
    const seen = new EphemeralSeen()
    const log = new WrittenLog(1)
    const batches = Array.from({ length: 3000 }, () => log.write(1))
    const at = (i: number): boolean => seen.add(batches[i] as SealedBatch)
    expect([at(1), at(0), at(1), at(0)]).toEqual([true, true, false, false])
    for (let i = 2; i < 3000; i++) expect(at(i)).toBe(true)
    for (const i of [0, 1, 5, 1500, 2998]) expect(at(i)).toBe(false)
    expect(seen.add(new WrittenLog(2).write(1))).toBe(true)
  })
})
