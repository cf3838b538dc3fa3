import type { SealedBatch } from '../message/batch.js'

interface Amount {
  readonly bytes: number
  readonly records: number
}

/** What is on its way to disk: altogether, and of the publisher and in the channel of one batch. */
export interface Staging {
  readonly bytes: number
  readonly publisher: Amount
  readonly channel: Amount
}

const NOTHING: Amount = { bytes: 0, records: 0 }

/** Counts batches that are taken in and not on disk yet, so that quotas hold for them too. */
export class OnItsWay {
  #bytes = 0
  readonly #publishers = new Map<string, Amount>()
  readonly #channels = new Map<string, Amount>()

  get bytes (): number { return this.#bytes }

  beside ({ log }: SealedBatch): Staging {
    return { bytes: this.#bytes, publisher: this.#publishers.get(log.publisher) ?? NOTHING, channel: this.#channels.get(log.channel) ?? NOTHING }
  }

  add (batch: SealedBatch): void { this.#count(batch, 1) }
  remove (batch: SealedBatch): void { this.#count(batch, -1) }

  #count ({ log, bytes, count }: SealedBatch, sign: 1 | -1): void {
    this.#bytes += sign * bytes.length
    for (const [map, key] of [[this.#publishers, log.publisher], [this.#channels, log.channel]] as const) {
      const before = map.get(key) ?? NOTHING
      const records = before.records + sign * count
      if (records > 0) map.set(key, { bytes: before.bytes + sign * bytes.length, records })
      else map.delete(key)
    }
  }
}
