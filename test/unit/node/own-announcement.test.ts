import { expect, it } from 'vitest'
import { ownAnnouncement } from '../../../src/node/own-announcement.js'
import { LogState } from '../../../src/store/log-state.js'
import { peerOf } from '../../support/fake-crypto.js'

type Parts = Parameters<typeof ownAnnouncement>

function logAt (number: number, own: boolean, head: number, over: Partial<LogState> = {}): LogState {
  const log = new LogState({ publisher: peerOf(own ? 1 : 2), incarnation: { number, random: '00112233aabbccdd' }, channel: 'press' }, number, own)
  return Object.assign(log, { head, headHash: new Uint8Array(32).fill(number), ...over })
}

it('a node announces where its own logs end: all at a refresh, and between those the ones that moved', () => {
  const first = logAt(1, true, 7)
  const second = logAt(2, true, 9, { trimmed: 3 })
  const gone = logAt(3, true, 5, { trimmed: 5 })
  const another = logAt(4, false, 8)
  const moved = new Set([second])
  const engine = { book: { publishedBy: (publisher: string) => [first, second, gone, another].filter(log => log.publisher === publisher) }, inbox: { info: () => [] }, channels: { joined: new Set() }, own: { newestMs: () => 0 } } as unknown as Parts[0]
  const { heads } = ownAnnouncement(engine, { peerId: peerOf(1), addresses: () => [] } as unknown as Parts[1], false, moved)
  const told = (all: boolean): unknown[] => heads(all).map(({ channel, incarnation, position, trimmed, hash }) => [channel, incarnation, position, trimmed, hash[0]])
  expect(told(false)).toEqual([['press', 2, 9, 3, 2]])
  expect(told(false)).toEqual([])
  expect(told(true)).toEqual([['press', 1, 7, 0, 1], ['press', 2, 9, 3, 2]])
})
