import { Announcements, Buckets, Credit, Data, End, ForkProofs, Have, Heads, Receipts, Summary, Want } from '../message/wire.js'

/** A frame on a link is one byte that names the message, then the message. */
export const FRAME = { announcements: 1, summary: 2, buckets: 3, heads: 4, have: 5, want: 6, data: 7, end: 8, receipts: 9, credit: 10, forks: 11 } as const

interface Codec<T> {
  encode (value: Partial<T>): Uint8Array
  decode (bytes: Uint8Array, options?: object): T
}

/** Items in one frame. A frame has at most `FRAME_BYTES_MAX`, so these only bound the number of tiny ones. */
const CODECS: { [K in keyof typeof FRAME]: { codec: Codec<unknown>, limits: object } } = {
  announcements: { codec: Announcements, limits: { signed: 1024 } },
  summary: { codec: Summary, limits: { channels: 4096 } },
  buckets: { codec: Buckets, limits: {} },
  heads: { codec: Heads, limits: { heads: 4096, trims: 4096 } },
  have: { codec: Have, limits: { ranges: 1024 } },
  want: { codec: Want, limits: {} },
  data: { codec: Data, limits: {} },
  end: { codec: End, limits: {} },
  receipts: { codec: Receipts, limits: { signed: 1024 } },
  credit: { codec: Credit, limits: {} },
  forks: { codec: ForkProofs, limits: { proofs: 1024 } }
}

/** About the bytes of items that go into one frame: a frame does not keep the link for long. */
export const ITEMS_BYTES = 256 * 1024
const ITEMS_MAX = 256

/** Signed items, in portions that each fit a frame. */
export function * framesOf (items: Iterable<Uint8Array>): Generator<Uint8Array[]> {
  let part: Uint8Array[] = []
  let bytes = 0
  for (const item of items) {
    if (part.length > 0 && (bytes + item.length > ITEMS_BYTES || part.length >= ITEMS_MAX)) {
      yield part
      part = []
      bytes = 0
    }
    part.push(item)
    bytes += item.length
  }
  if (part.length > 0) yield part
}

export type Frame =
  | { type: 'announcements', value: Announcements }
  | { type: 'summary', value: Summary }
  | { type: 'buckets', value: Buckets }
  | { type: 'heads', value: Heads }
  | { type: 'have', value: Have }
  | { type: 'want', value: Want }
  | { type: 'data', value: Data }
  | { type: 'end', value: End }
  | { type: 'receipts', value: Receipts }
  | { type: 'credit', value: Credit }
  | { type: 'forks', value: ForkProofs }

type ValueOf<K extends Frame['type']> = Extract<Frame, { type: K }>['value']

const NAMES = new Map(Object.entries(FRAME).map(([name, byte]) => [byte as number, name as Frame['type']]))

export function encodeFrame<K extends Frame['type']> (type: K, value: Partial<ValueOf<K>>): Uint8Array {
  const message = CODECS[type].codec.encode(value as object)
  const frame = new Uint8Array(1 + message.length)
  frame[0] = FRAME[type]
  frame.set(message, 1)
  return frame
}

/** Undefined for a type this version does not know: a later one may send it. Throws on a malformed message. */
export function decodeFrame (frame: Uint8Array): Frame | undefined {
  const type = NAMES.get(frame[0] ?? 0)
  if (type === undefined) return undefined
  const { codec, limits } = CODECS[type]
  return { type, value: codec.decode(frame.subarray(1), { limits }) } as Frame
}

/** Bytes of a list within an item, of ranges, names or heads, that are as much work as one item. Measured: 10 µs for 300 bytes of ranges. */
const LIST_BYTES_PER_ITEM = 128

const listed = (lists: readonly Uint8Array[]): number => lists.reduce((sum, { length }) => sum + 1 + length / LIST_BYTES_PER_ITEM, 0)

/** How many items there are in a frame to look at, one by one: their bytes do not tell, for they may be tiny. */
export function itemsOf ({ type, value }: Frame): number {
  switch (type) {
    case 'announcements': return listed(value.signed)
    case 'receipts': return listed(value.signed)
    case 'forks': return value.proofs.length
    case 'summary': return value.channels.length
    case 'heads': return value.heads.length + value.trims.length
    case 'have': return value.ranges.length
    case 'want': return listed([value.skip])
    case 'end': return listed([value.missing])
    case 'buckets': case 'data': case 'credit': return 1
  }
}
