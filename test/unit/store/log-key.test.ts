import { describe, expect, it } from 'vitest'
import { LogState, logRowKey } from '../../../src/store/log-state.js'
import { peerOf } from '../../support/fake-crypto.js'

const id = { publisher: peerOf(1), incarnation: { number: 7, random: '00'.repeat(8) }, channel: 'press' }
const row = new LogState(id, 4, false).toRow()

describe('the key of a log’s row', () => {
  it('names the log', () => { expect(LogState.fromRow(logRowKey(id), row, peerOf(2)).id).toEqual(id) })

  it.each([
    ['an incarnation beyond what numbers count', (key: Uint8Array) => { key[38] = 0xff }],
    ['no incarnation', (key: Uint8Array) => { key[45] = 0 }],
    ['a channel that is not UTF-8', (key: Uint8Array) => { key[54] = 0xff }],
    ['a channel with a slash', (key: Uint8Array) => { key[55] = 0x2f }],
    ['a publisher of another kind', (key: Uint8Array) => { key[0] = 1 }]
  ])('is not taken with %s', (_, damage) => {
    const key = logRowKey(id)
    damage(key)
    expect(() => LogState.fromRow(key, row, peerOf(2))).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
  })

  it('is not taken when it is cut short', () => {
    for (const length of [0, 37, 45, 53, 54]) expect(() => LogState.fromRow(logRowKey(id).slice(0, length), row, peerOf(2))).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }))
  })
})
