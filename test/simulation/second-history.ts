import type { Crypto } from '../../src/base/crypto.js'
import { hasBody, headBytes, openBatch, sealBatch, type SealedBatch } from '../../src/message/batch.js'
import { decodeRecords, encodeRecords } from '../../src/message/record.js'
import type { Network } from '../../src/network/network.js'
import { GOSSIP, tagged } from '../../src/message/gossip-kinds.js'
import { decodeFrame, encodeFrame } from '../../src/repair/frames.js'
import type { SeededRandom } from './random.js'
import { portOf } from './tamper.js'

type Bytes = Uint8Array<ArrayBuffer>

/** What a node signs a second time: from some position of each of its logs on other records at the same positions, chained as they should be. */
export class SecondHistory {
  /** By log and first position. */
  readonly #batches = new Map<string, SealedBatch>()
  /** By log and the position before: hash of the header that ends there. */
  readonly #ends = new Map<string, Uint8Array>()

  constructor (private readonly crypto: Crypto, private readonly mesh: Uint8Array, private readonly self: string, private readonly from: number) {}

  /** What stands for this batch, or its head, in the second history. */
  of (bytes: Uint8Array): Uint8Array {
    const batch = openBatch(bytes, this.mesh)
    const { log, base } = batch
    if (log.publisher !== this.self || base < this.from) return bytes
    const place = `${batch.logKey} ${base}`
    const known = this.#batches.get(place) ?? (hasBody(batch) ? this.#write(batch) : undefined)
    if (known === undefined) return bytes
    return hasBody(batch) ? known.bytes : headBytes(known)
  }

  #write (batch: SealedBatch): SealedBatch {
    const { log, logKey, base, count, time, link } = batch
    const body = encodeRecords(decodeRecords(batch.body, count, log.channel).map(record => ({ ...record, body: new TextEncoder().encode(`not ${new TextDecoder().decode(record.body)}`) })))
    const other = sealBatch(this.crypto, this.mesh, { log, base, count, time, previous: this.#ends.get(`${logKey} ${base - 1}`) ?? batch.previous, link, body })
    this.#batches.set(`${logKey} ${base}`, other)
    this.#ends.set(`${logKey} ${other.last}`, this.crypto.hash(other.header))
    return other
  }
}

/** A network port that says the one history to some and the other to others, and by gossip now this, now that, now both. */
export function forkingNetwork (network: Network, random: SeededRandom, history: SecondHistory, isMisled: (peerId: string) => boolean): Network {
  const twisted = (frame: Uint8Array): Uint8Array => {
    const decoded = decodeFrame(frame)
    switch (decoded?.type) {
      case 'data': return encodeFrame('data', { ...decoded.value, batch: history.of(decoded.value.batch) as Bytes })
      case 'heads': return encodeFrame('heads', { ...decoded.value, heads: decoded.value.heads.map(head => history.of(head) as Bytes) })
      case 'have': return encodeFrame('have', { ranges: decoded.value.ranges.map(range => range.head.length === 0 ? range : { ...range, head: history.of(range.head) as Bytes }) })
      default: return frame
    }
  }
  return {
    ...portOf(network),
    send: (peerId, frame) => network.send(peerId, isMisled(peerId) ? twisted(frame) : frame),
    gossip: (topic, data) => {
      if (data[0] !== GOSSIP.batch) return network.gossip(topic, data)
      const other = tagged(GOSSIP.batch, history.of(data.subarray(1)))
      const which = random.pick(['first', 'second', 'both', 'neither'])
      if (which === 'both') network.gossip(topic, other)
      return which === 'neither' ? { recipients: 0, withheld: [], full: false } : network.gossip(topic, which === 'second' ? other : data)
    }
  }
}
