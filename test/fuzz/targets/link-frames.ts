/** The messages of a link, one target each. */
import { FRAME_BYTES_MAX } from '../../../src/base/limits.js'
import { RangeSet } from '../../../src/base/range-set.js'
import { headBytes } from '../../../src/message/batch.js'
import { toLogRef } from '../../../src/message/ids.js'
import { decodeFrame, encodeFrame, FRAME, type Frame } from '../../../src/repair/frames.js'
import type { Draw } from '../draw.js'
import { attempt, holds, type Target } from '../target.js'
import { malformed } from './messages.js'
import { someAnnouncement, someBatch, someForkProof, someLog, someRanges, someReceipt, someTrim } from './samples.js'

type Bytes = Uint8Array<ArrayBuffer>
const as = (bytes: Uint8Array): Bytes => bytes as Bytes

export const SAMPLES: { readonly [K in Frame['type']]: (draw: Draw) => Uint8Array } = {
  announcements: draw => encodeFrame('announcements', { signed: draw.list(3, () => as(someAnnouncement(draw))) }),
  summary: draw => encodeFrame('summary', { channels: draw.list(4, () => ({ channel: draw.level(), heads: draw.bytes(8), receipts: draw.bytes(8), headsCount: draw.whole(2 ** 32 - 1), receiptsCount: draw.whole(2 ** 32 - 1) })) }),
  buckets: draw => encodeFrame('buckets', { channel: draw.level(), heads: draw.chance(0.5) ? draw.bytes(512) : draw.bytes(0), receipts: draw.chance(0.5) ? draw.bytes(512) : draw.bytes(0) }),
  heads: draw => encodeFrame('heads', { channel: draw.level(), heads: draw.list(3, () => as(headBytes(someBatch(draw)))), trims: draw.list(2, () => as(someTrim(draw))) }),
  have: draw => encodeFrame('have', { ranges: draw.list(3, () => ({ log: toLogRef(someLog(draw)), from: draw.whole(), to: draw.whole(), head: draw.chance(0.5) ? draw.bytes(0) : as(headBytes(someBatch(draw))) })) }),
  want: draw => encodeFrame('want', { id: draw.whole(2 ** 32 - 1), log: toLogRef(someLog(draw)), from: draw.whole(), to: draw.whole(), credit: draw.whole(2 ** 32 - 1), since: draw.whole(), skip: as(someRanges(draw).encode()) }),
  data: draw => encodeFrame('data', { id: draw.whole(2 ** 32 - 1), batch: as(someBatch(draw).bytes) }),
  end: draw => encodeFrame('end', { id: draw.whole(2 ** 32 - 1), through: draw.whole(), missing: as(someRanges(draw).encode()), busy: draw.chance(0.2), ...(draw.chance(0.3) ? { awaited: as(someRanges(draw).encode()) } : {}) }),
  receipts: draw => encodeFrame('receipts', { signed: draw.list(3, () => as(someReceipt(draw))) }),
  credit: draw => encodeFrame('credit', { id: draw.whole(2 ** 32 - 1), bytes: draw.whole(2 ** 32 - 1) }),
  forks: draw => encodeFrame('forks', { proofs: draw.list(2, () => as(someForkProof(draw))) })
}

/** Items of each list at most. */
const LISTS: { readonly [name: string]: number } = { signed: 1024, channels: 4096, heads: 4096, trims: 4096, ranges: 1024, proofs: 1024 }

function run (bytes: Uint8Array): boolean {
  if (bytes.length > FRAME_BYTES_MAX) return false
  const decoded = attempt(() => decodeFrame(bytes), malformed)
  if (decoded?.value === undefined) return false
  const frame = decoded.value
  holds(FRAME[frame.type] === bytes[0], 'it is a frame of another type')
  for (const [name, value] of Object.entries(frame.value)) {
    if (Array.isArray(value)) holds(value.length <= (LISTS[name] ?? 0), `there is more in it than the limits allow: ${name}`)
  }
  if (frame.type === 'end' || frame.type === 'want') attempt(() => RangeSet.decode(frame.type === 'end' ? frame.value.missing : frame.value.skip, 2048), error => error instanceof RangeError)
  return true
}

export const linkFrames: readonly Target[] = (Object.keys(SAMPLES) as Array<Frame['type']>).map(type => ({
  name: `frame-${type}`, what: `the link message ${type}: any error is a refusal, else within its limits`, shape: 'fields', share: 60, make: SAMPLES[type], run
}))
