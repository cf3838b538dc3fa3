import { describe, expect, it } from 'vitest'
import { expiredIds } from '../../../src/outbox/publish-ids.js'
import { recordOf } from '../../support/written-log.js'
import { OutboxRig } from './rig.js'

const withId = (rig: OutboxRig, label: string, id: string, body = 'same', topic = 'press/a'): void => { rig.publish(recordOf(topic, body, { id, time: rig.clock.wallMs() }), label) }
const outcome = (rig: OutboxRig, label: string): unknown[] => {
  const answer = rig.answer(label)
  return [answer?.code, answer?.placed?.position, answer?.placed?.duplicate]
}

describe('a publish id', () => {
  it('makes publishing twice publishing once: in one turn, during the commit, later, and after a restart', () => {
    const rig = new OutboxRig()
    withId(rig, 'first', 'a')
    withId(rig, 'same turn', 'a')
    rig.clock.step()
    withId(rig, 'during', 'a')
    expect(rig.answers).toEqual([])
    rig.clock.turn()
    withId(rig, 'later', 'a')
    const { key } = rig.logs()[0] as { key: string }
    rig.crash()
    withId(rig, 'restarted', 'a')
    rig.clock.turn()
    expect(outcome(rig, 'first')).toEqual(['ok', 1, false])
    for (const label of ['same turn', 'during', 'later', 'restarted']) expect(outcome(rig, label)).toEqual(['ok', 1, true])
    expect(rig.answer('restarted')?.placed?.log.key).toBe(key)
    expect(rig.logs().flatMap(log => rig.bodies(log))).toEqual(['same'])
  })

  it('whose row is damaged is refused with a code, and does not stop what tidies rows up', () => {
    const rig = new OutboxRig()
    withId(rig, 'first', 'a')
    rig.clock.turn()
    const key = rig.store.keys('publish-id')[0] as Uint8Array
    for (const value of [new Uint8Array(0), new Uint8Array(7), new Uint8Array(29)]) {
      rig.store.commit([{ type: 'put', table: 'publish-id', key, value }], () => {})
      rig.clock.turn()
      withId(rig, `${value.length} bytes`, 'a')
      rig.clock.turn()
      expect(outcome(rig, `${value.length} bytes`)[0]).toBe('ERR_STORE_CORRUPT')
      expect(expiredIds(rig.store, rig.book, undefined, 500)).toMatchObject({ ops: [], next: undefined })
    }
    // On disk it is not what was written at all.
    rig.disk.tables.get('publish-id')?.put(Buffer.from(key).toString('latin1'), new Uint8Array(32))
    withId(rig, 'flipped', 'a')
    rig.clock.turn()
    expect(outcome(rig, 'flipped')[0]).toBe('ERR_STORE_CORRUPT')
    expect(expiredIds(rig.store, rig.book, undefined, 500)).toMatchObject({ ops: [], next: undefined })
  })

  it('is refused for another message: concurrent, later, and after a restart', () => {
    const rig = new OutboxRig()
    withId(rig, 'first', 'a')
    withId(rig, 'other body', 'a', 'other')
    withId(rig, 'other topic', 'a', 'same', 'press/b')
    rig.clock.turn()
    withId(rig, 'later', 'a', 'other')
    rig.crash()
    withId(rig, 'restarted', 'a', 'other')
    rig.clock.turn()
    for (const label of ['other body', 'other topic', 'later', 'restarted']) expect(outcome(rig, label)[0]).toBe('ERR_PUBLISH_ID_DIFFERS')
    expect(outcome(rig, 'first')).toEqual(['ok', 1, false])
  })

  it('is free again when nothing was kept, whatever waited for it', () => {
    const rig = new OutboxRig()
    rig.refuse = () => true
    withId(rig, 'first', 'a')
    withId(rig, 'same', 'a')
    withId(rig, 'other', 'a', 'other')
    rig.clock.turn()
    for (const label of ['first', 'same', 'other']) expect(outcome(rig, label)[0]).toBe('ERR_STORE_FULL')
    rig.refuse = undefined
    withId(rig, 'again', 'a', 'other')
    rig.clock.turn()
    expect(outcome(rig, 'again')).toEqual(['ok', 1, false])
  })

  it('counts once, though both publishes had to wait for room', () => {
    const rig = new OutboxRig()
    let full = true
    rig.room = () => !full
    withId(rig, 'first', 'a')
    withId(rig, 'second', 'a')
    withId(rig, 'differs', 'a', 'other')
    rig.clock.advance(100)
    full = false
    rig.clock.advance(1000)
    expect(outcome(rig, 'first')).toEqual(['ok', 1, false])
    expect(outcome(rig, 'second')).toEqual(['ok', 1, true])
    expect(outcome(rig, 'differs')[0]).toBe('ERR_PUBLISH_ID_DIFFERS')
  })

  it('lives as long as its record', () => {
    const rig = new OutboxRig()
    for (const id of ['a', 'b', 'c']) {
      withId(rig, id, id)
      rig.clock.turn()
    }
    const [log] = rig.logs()
    if (log === undefined) throw new Error('no log')
    expect(expiredIds(rig.store, rig.book, undefined, 500)).toMatchObject({ ops: [], next: undefined })
    rig.store.commit(rig.book.drop(log, 2).ops, () => {})
    rig.clock.turn()
    withId(rig, 'again', 'a', 'other')
    rig.clock.turn()
    expect(outcome(rig, 'again')).toEqual(['ok', 4, false])
    let next: Uint8Array | undefined
    let gone = 0
    do {
      const step = expiredIds(rig.store, rig.book, next, 1)
      rig.store.commit(step.ops, () => {})
      gone += step.ops.length
      next = step.next
    } while (next !== undefined)
    rig.clock.turn()
    expect(gone).toBe(1)
    expect(rig.store.keys('publish-id').length).toBe(2)
    withId(rig, 'still', 'c')
    expect(outcome(rig, 'still')).toEqual(['ok', 3, true])
  })
})
