import type { Ref } from './verdict.js'
import type { GapReason } from './event.js'

export interface Gap {
  readonly from: number
  readonly to: number
  readonly reason: GapReason
  readonly ref: Ref
  readonly life: number
  /** Something that was delivered behind it in the same life has been settled durably, and so is the gap. */
  firm: boolean
}

/** The gaps of one subscription in one log. */
export class Gaps {
  /** By `from`. */
  readonly #list: Gap[] = []
  /** The highest `to` up to each. */
  #tops: number[] = []

  get list (): readonly Gap[] { return this.#list }

  add (gap: Gap): void {
    let i = this.#list.length
    while (i > 0 && (this.#list[i - 1] as Gap).from > gap.from) i--
    this.#list.splice(i, 0, gap)
    if (i < this.#tops.length) this.#tops = this.#tops.slice(0, i)
    for (; i < this.#list.length; i++) this.#tops[i] = Math.max(this.#tops[i - 1] ?? 0, (this.#list[i] as Gap).to)
  }

  /** The store that knew of them was lost or put back: what is in them may come after all. */
  undo (): void { for (const gap of this.#list) gap.firm = false }

  /** Those that cover the position, the latest in the list first. */
  * over (position: number): Generator<Gap, undefined> {
    if (this.#list.length === 0) return
    let low = 0
    let high = this.#list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#list[middle] as Gap).from <= position) low = middle + 1
      else high = middle
    }
    for (let i = low - 1; i >= 0 && (this.#tops[i] as number) >= position; i--) {
      const gap = this.#list[i] as Gap
      if (gap.to >= position) yield gap
    }
  }

  first (position: number): Gap | undefined {
    if (this.#list.length === 0) return undefined
    return this.over(position).next().value ?? undefined
  }
}
