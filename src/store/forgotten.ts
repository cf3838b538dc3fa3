import { fromHex, fromUtf8, toHex, utf8 } from '../base/bytes.js'
import { INCARNATION_RANDOM_BYTES, type Incarnation, type LogId } from '../message/ids.js'
import { peerIdFromBytes, peerIdToBytes, PEER_ID_BYTES } from '../message/peer-id.js'
import { after, concat, readU32, readU64, u32, u64 } from './keys.js'
import { rowsOf } from './rows-of.js'
import type { Store, StoreOp } from './store.js'

/** Publishers and channels of which anything is kept. With more, further logs are not forgotten. With as many logs named one by one altogether, only the latest of each still is. */
export const FORGOTTEN_MAX = 262_144
/** Forgotten logs of one publisher and channel that are named one by one; of earlier ones only the highest number is left. */
export const FORGOTTEN_LIVES_MAX = 64

const HEAD_BYTES = 12
const LIFE_BYTES = 8 + INCARNATION_RANDOM_BYTES
const KINDS = ['head', 'trim'] as const

/** What the publisher signed about the latest log that was forgotten: it shows it to a publisher that has lost its store. */
export interface Evidence {
  readonly kind: typeof KINDS[number]
  readonly bytes: Uint8Array
}

interface Past {
  /** All incarnations up to this number are past. */
  through: number
  /** Those above it that are, the lowest first. */
  readonly lives: Incarnation[]
  logNumber: number
}

/**
 * What is left of logs that are closed, trimmed and settled. They are past, and nobody who still has them brings them back; a log that was
 * never known is not, though its number be lower: a publisher that lost its store while its clock was behind begins there. The number
 * that a log had in this store is not given again either, for rows of other rooms may still speak of it.
 *
 *     [publisher 38 bytes][channel UTF-8]  →  [through u64][highest log number u32]
 *                                             [count u8][number u64, random 8 bytes]…[kind u8][evidence]   left out by earlier versions
 */
export class Forgotten {
  readonly #store: Store
  readonly #past = new Map<string, Past>()
  /** Highest number in this store of a log that was forgotten. */
  lastNumber = 0
  /** Named one by one, altogether. */
  #named = 0

  constructor (store: Store) {
    this.#store = store
    for (const [key, value] of rowsOf(store, 'forgotten')) {
      const publisher = peerIdFromBytes(key.subarray(0, PEER_ID_BYTES))
      const past = publisher === undefined ? undefined : decode(value)
      if (past === undefined) continue
      this.#past.set(`${publisher} ${fromUtf8(key.subarray(PEER_ID_BYTES))}`, past)
      this.lastNumber = Math.max(this.lastNumber, past.logNumber)
      this.#named += past.lives.length
    }
  }

  has ({ publisher, channel, incarnation }: LogId): boolean {
    const past = this.#past.get(`${publisher} ${channel}`)
    if (past === undefined) return false
    return incarnation.number <= past.through || past.lives.some(({ number, random }) => number === incarnation.number && random === incarnation.random)
  }

  /** There is room for this one. */
  takes (id: LogId): boolean { return this.#past.size < FORGOTTEN_MAX || this.#past.has(`${id.publisher} ${id.channel}`) }

  add (id: LogId, logNumber: number, evidence: Evidence): StoreOp {
    const name = `${id.publisher} ${id.channel}`
    const key = keyOf(id.publisher, id.channel)
    let past = this.#past.get(name)
    if (past === undefined) this.#past.set(name, past = { through: 0, lives: [], logNumber: 0 })
    const isLatest = past.lives.every(({ number }) => number <= id.incarnation.number) && past.through < id.incarnation.number
    const shown = isLatest ? evidence : evidenceOf(this.#store.get('forgotten', key))
    if (!this.has(id)) {
      past.lives.push(id.incarnation)
      past.lives.sort((a, b) => a.number - b.number)
      this.#named++
      const most = this.#named < FORGOTTEN_MAX ? FORGOTTEN_LIVES_MAX : 1
      for (; past.lives.length > most; this.#named--) past.through = Math.max(past.through, (past.lives.shift() as Incarnation).number)
    }
    past.logNumber = Math.max(past.logNumber, logNumber)
    this.lastNumber = Math.max(this.lastNumber, logNumber)
    return { type: 'put', table: 'forgotten', key, value: encode(past, shown) }
  }

  /** Of the latest log of each channel that was forgotten, what its publisher signed about it. */
  evidence (publisher: string, limit: number): Evidence[] {
    const out: Evidence[] = []
    const prefix = keyOf(publisher, '')
    const end = after(prefix)
    let gte = prefix
    while (out.length < limit) {
      const rows = this.#store.entries('forgotten', { gte, ...(end === undefined ? {} : { lt: end }), limit: 256 })
      for (const [, value] of rows) {
        const evidence = evidenceOf(value)
        if (evidence !== undefined && out.length < limit) out.push(evidence)
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < 256) break
      gte = concat(last[0], Uint8Array.of(0))
    }
    return out
  }
}

const keyOf = (publisher: string, channel: string): Uint8Array => concat(peerIdToBytes(publisher) as Uint8Array, utf8(channel))

function encode ({ through, logNumber, lives }: Past, evidence: Evidence | undefined): Uint8Array {
  const named = lives.map(({ number, random }) => concat(u64(number), fromHex(random)))
  const shown = evidence === undefined || evidence.bytes.length === 0 ? [] : [Uint8Array.of(KINDS.indexOf(evidence.kind)), evidence.bytes]
  return concat(u64(through), u32(logNumber), Uint8Array.of(lives.length), ...named, ...shown)
}

/** Undefined for a row that is not what was written. */
function decode (value: Uint8Array): Past | undefined {
  const count = value[HEAD_BYTES] ?? 0
  if (value.length < HEAD_BYTES || value.length < evidenceStart(count) - (value.length === HEAD_BYTES ? 1 : 0)) return undefined
  const lives = Array.from({ length: count }, (_, i) => {
    const at = HEAD_BYTES + 1 + i * LIFE_BYTES
    return { number: readU64(value, at), random: toHex(value.subarray(at + 8, at + LIFE_BYTES)) }
  })
  return { through: readU64(value), logNumber: readU32(value, 8), lives }
}

const evidenceStart = (count: number): number => HEAD_BYTES + 1 + count * LIFE_BYTES

function evidenceOf (value: Uint8Array | undefined): Evidence | undefined {
  const start = evidenceStart(value?.[HEAD_BYTES] ?? 0)
  const kind = KINDS[value?.[start] ?? -1]
  return value === undefined || kind === undefined ? undefined : { kind, bytes: value.slice(start + 1) }
}
