import { RangeSet } from '../../src/base/range-set.js'
import { headBytes, sealBatch } from '../../src/message/batch.js'
import { toLogRef } from '../../src/message/ids.js'
import { encodeRecords, makeRecord } from '../../src/message/record.js'
import { signReceipt } from '../../src/message/signed.js'
import { encodeFrame } from '../../src/repair/frames.js'
import type { LogState } from '../../src/store/log-state.js'
import type { SimulatedNode } from './node.js'
import type { SeededRandom } from './random.js'

type Bytes = Uint8Array<ArrayBuffer>

/** Frames that are well-formed and no use to anybody: what they say is false, or known, or never ends. */
export const FLOODS = ['summary', 'have', 'heads', 'want', 'made-up', 'receipts'] as const
export type Flood = typeof FLOODS[number]

/** One frame of this kind, about what the node knows of. Undefined while that is nothing. */
export function uselessFrame (node: SimulatedNode, random: SeededRandom, kind: Flood, number: number): Uint8Array | undefined {
  const { engine, world, clock, peerId } = node
  const logs = [...engine?.book.all() ?? []].filter(log => log.head > 0)
  if (engine === undefined || logs.length === 0) return undefined
  const log: LogState = random.pick(logs)
  const { channel } = log
  switch (kind) {
    case 'summary': {
      const digest = engine.repair.heads.total(channel)
      return encodeFrame('summary', { channels: [{ channel, heads: random.bytes(digest.length) as Bytes, receipts: random.bytes(digest.length) as Bytes, headsCount: random.pick([1, 1_000]), receiptsCount: random.pick([1, 1_000]) }] })
    }
    // It offers what there is not yet, or what it does not have.
    case 'have': return encodeFrame('have', { ranges: [{ log: toLogRef(log.id), from: log.head + random.whole(-5, 1) > 0 ? log.head : 1, to: log.head + random.whole(1, 1_000), head: new Uint8Array(0) }] })
    case 'heads': return encodeFrame('heads', { channel, heads: logs.filter(each => each.channel === channel).map(each => each.headBytes as Bytes).filter(({ length }) => length > 0), trims: [] })
    case 'want': return encodeFrame('want', { id: number, log: toLogRef(log.id), from: 1, to: log.head + 1, credit: 1 << 20, since: 0, skip: new Uint8Array(0) })
    // Logs of its own of which there is nothing but the head.
    case 'made-up': {
      const records = [makeRecord({ topic: `${channel}/x`, body: 'made up', time: clock.wallMs() }, 1024)]
      const id = { publisher: peerId, incarnation: { number: Math.floor(clock.wallMs()) + number, random: '00112233aabbccdd' }, channel }
      const base = random.whole(2, 100)
      return encodeFrame('heads', { channel, heads: [headBytes(sealBatch(world.keyring.of(peerId), world.meshHash, { log: id, base, count: 1, time: Math.floor(clock.wallMs()), previous: random.bytes(32), body: encodeRecords(records) })) as Bytes], trims: [] })
    }
    case 'receipts': {
      if (log.own) return undefined
      const content = { by: peerId, sequence: Math.floor(clock.wallMs()) + number, log: log.id, stored: RangeSet.of([1, log.head]), processed: [{ name: `sub-${random.whole(0, 9)}`, ranges: RangeSet.of([1, random.whole(1, log.head)]) }] }
      return encodeFrame('receipts', { signed: [signReceipt(world.keyring.of(peerId), world.meshHash, content) as Bytes] })
    }
  }
}
