import { BATCH_BODY_BYTES, BATCH_RECORDS_MAX } from '../base/limits.js'
import { recordBytes, type RecordFields } from '../message/record.js'

export interface Pending<T> {
  readonly record: RecordFields
  readonly tag: T
}

/**
 * Decides which records go into which batch. Records wait per channel, in order; `take` cuts them into batches of at
 * most `BATCH_BODY_BYTES` and `BATCH_RECORDS_MAX`. When to take is the owner's business: at once when nothing is under
 * way, else when the commit under way is done, so that batches grow with the load (group commit).
 */
export class Batcher<T> {
  readonly #channels = new Map<string, Array<Pending<T>>>()
  #bytes = 0
  #count = 0

  get bytes (): number { return this.#bytes }
  get count (): number { return this.#count }
  countIn (channel: string): number { return this.#channels.get(channel)?.length ?? 0 }

  add (channel: string, record: RecordFields, tag: T): void {
    const waiting = this.#channels.get(channel)
    if (waiting === undefined) this.#channels.set(channel, [{ record, tag }])
    else waiting.push({ record, tag })
    this.#bytes += recordBytes(record)
    this.#count++
  }

  /** Takes whole batches up to about `bytesMax` altogether, from every channel in turn but those that are to wait; what is left stays in order. */
  take (bytesMax: number, waits?: { has (channel: string): boolean }): Array<{ channel: string, entries: Array<Pending<T>> }> {
    const out: Array<{ channel: string, entries: Array<Pending<T>> }> = []
    let taken = 0
    for (const [channel, waiting] of this.#channels) {
      if (waits?.has(channel) === true) continue
      let start = 0
      while (start < waiting.length && taken < bytesMax) {
        let bytes = 0
        let end = start
        while (end < waiting.length && end - start < BATCH_RECORDS_MAX) {
          const next = recordBytes((waiting[end] as Pending<T>).record)
          if (end > start && bytes + next > BATCH_BODY_BYTES) break
          bytes += next
          end++
        }
        out.push({ channel, entries: waiting.slice(start, end) })
        taken += bytes
        this.#bytes -= bytes
        this.#count -= end - start
        start = end
      }
      // A channel that got its turn goes behind those that did not.
      this.#channels.delete(channel)
      if (start < waiting.length) this.#channels.set(channel, start === 0 ? waiting : waiting.slice(start))
      if (taken >= bytesMax) break
    }
    return out
  }

  /** Takes everything out, in no batches: the owner gives up on it. */
  clear (): Array<Pending<T>> {
    const all = [...this.#channels.values()].flat()
    this.#channels.clear()
    this.#bytes = 0
    this.#count = 0
    return all
  }
}
