import { readVarint, varintLength, writeVarint } from './varint.js'

export interface Range {
  readonly from: number
  readonly to: number
}

/**
 * A set of positions (whole numbers from 1 to 2^53 − 1) as sorted, disjoint, non-adjacent ranges.
 * Adding at the end, the common case, costs O(1); anything else O(number of ranges).
 */
export class RangeSet {
  #from: number[] = []
  #to: number[] = []
  #count = 0

  static of (...ranges: Array<readonly [number, number]>): RangeSet {
    const set = new RangeSet()
    for (const [from, to] of ranges) set.add(from, to)
    return set
  }

  /** How many positions are in the set. */
  get count (): number { return this.#count }
  /** How many ranges it takes to say so. */
  get size (): number { return this.#from.length }
  get isEmpty (): boolean { return this.#from.length === 0 }
  /** Lowest and highest position; 0 when empty. */
  get first (): number { return this.#from[0] ?? 0 }
  get last (): number { return this.#to[this.#to.length - 1] ?? 0 }

  /** Index of the first range that ends at or after `position`. */
  #find (position: number): number {
    const to = this.#to
    let low = 0
    let high = to.length
    if (high > 0 && (to[high - 1] as number) < position) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((to[middle] as number) < position) low = middle + 1
      else high = middle
    }
    return low
  }

  has (position: number): boolean {
    const i = this.#find(position)
    return i < this.#from.length && (this.#from[i] as number) <= position
  }

  /** All of `from..to` is in the set. */
  covers (from: number, to: number): boolean {
    const i = this.#find(from)
    return i < this.#from.length && (this.#from[i] as number) <= from && (this.#to[i] as number) >= to
  }

  /** Some of `from..to` is in the set. */
  overlaps (from: number, to: number): boolean {
    const i = this.#find(from)
    return i < this.#from.length && (this.#from[i] as number) <= to
  }

  /** Adds `from..to`; an empty range adds nothing. Returns how many positions were new. */
  add (from: number, to: number): number {
    if (to < from) return 0
    const before = this.#count
    let i = this.#find(from - 1)
    let j = i
    let low = from
    let high = to
    while (j < this.#from.length && (this.#from[j] as number) <= to + 1) {
      low = Math.min(low, this.#from[j] as number)
      high = Math.max(high, this.#to[j] as number)
      this.#count -= (this.#to[j] as number) - (this.#from[j] as number) + 1
      j++
    }
    if (j === i + 1) {
      this.#from[i] = low
      this.#to[i] = high
    } else if (this.#from.length === 0) {
      // Exactly one: an array that grows takes room for many, and most sets never have a second range.
      this.#from = [low]
      this.#to = [high]
    } else if (i === this.#from.length) {
      this.#from.push(low)
      this.#to.push(high)
    } else {
      this.#from.splice(i, j - i, low)
      this.#to.splice(i, j - i, high)
    }
    this.#count += high - low + 1
    return this.#count - before
  }

  /** Takes `from..to` out. */
  remove (from: number, to: number): void {
    if (to < from) return
    let i = this.#find(from)
    while (i < this.#from.length && (this.#from[i] as number) <= to) {
      const low = this.#from[i] as number
      const high = this.#to[i] as number
      this.#from.splice(i, 1)
      this.#to.splice(i, 1)
      this.#count -= high - low + 1
      if (low < from) {
        this.#from.splice(i, 0, low)
        this.#to.splice(i, 0, from - 1)
        this.#count += from - low
        i++
      }
      if (high > to) {
        this.#from.splice(i, 0, to + 1)
        this.#to.splice(i, 0, high)
        this.#count += high - to
        i++
      }
    }
  }

  addAll (other: RangeSet): void {
    for (let i = 0; i < other.#from.length; i++) this.add(other.#from[i] as number, other.#to[i] as number)
  }

  /** The first position from `position` on that is not in the set. */
  firstMissing (position: number): number {
    const i = this.#find(position)
    return i < this.#from.length && (this.#from[i] as number) <= position ? (this.#to[i] as number) + 1 : position
  }

  /** The first position from `position` on that is in the set; 0 when there is none. */
  firstPresent (position: number): number {
    const i = this.#find(position)
    return i < this.#from.length ? Math.max(position, this.#from[i] as number) : 0
  }

  /** The ranges within `from..to` that are not in the set, at most `limit` of them, lowest first. */
  missing (from: number, to: number, limit = Number.POSITIVE_INFINITY): Range[] {
    const out: Range[] = []
    let position = from
    for (let i = this.#find(from); position <= to && out.length < limit; i++) {
      const next = i < this.#from.length ? this.#from[i] as number : Number.POSITIVE_INFINITY
      if (next > position) out.push({ from: position, to: Math.min(to, next - 1) })
      if (next > to) break
      position = (this.#to[i] as number) + 1
    }
    return out
  }

  /** How many of `from..to` are in the set. */
  countIn (from: number, to: number): number {
    let n = 0
    for (let i = this.#find(from); i < this.#from.length && (this.#from[i] as number) <= to; i++) {
      n += Math.min(to, this.#to[i] as number) - Math.max(from, this.#from[i] as number) + 1
    }
    return n
  }

  /** What is in both. */
  intersection (other: RangeSet): RangeSet {
    const out = new RangeSet()
    for (let i = 0, j = 0; i < this.#from.length && j < other.#from.length;) {
      const from = Math.max(this.#from[i] as number, other.#from[j] as number)
      const to = Math.min(this.#to[i] as number, other.#to[j] as number)
      out.add(from, to)
      if ((this.#to[i] as number) < (other.#to[j] as number)) i++
      else j++
    }
    return out
  }

  /** What is in this one and not in the other. */
  without (other: RangeSet): RangeSet {
    const out = new RangeSet()
    for (const { from, to } of this.ranges()) for (const part of other.missing(from, to)) out.add(part.from, part.to)
    return out
  }

  ranges (): Range[] {
    return this.#from.map((from, i) => ({ from, to: this.#to[i] as number }))
  }

  clone (): RangeSet {
    const copy = new RangeSet()
    copy.#from = this.#from.slice()
    copy.#to = this.#to.slice()
    copy.#count = this.#count
    return copy
  }

  equals (other: RangeSet): boolean {
    return this.#from.length === other.#from.length && this.#from.every((from, i) => from === other.#from[i] && this.#to[i] === other.#to[i])
  }

  /** Unsigned varints: in turn how many positions are skipped (counted from 1) and how many are in. */
  encode (): Uint8Array {
    let length = 0
    let next = 1
    for (let i = 0; i < this.#from.length; i++) {
      const from = this.#from[i] as number
      const to = this.#to[i] as number
      length += varintLength(from - next) + varintLength(to - from + 1)
      next = to + 1
    }
    const out = new Uint8Array(length)
    let offset = 0
    next = 1
    for (let i = 0; i < this.#from.length; i++) {
      const from = this.#from[i] as number
      const to = this.#to[i] as number
      offset = writeVarint(out, offset, from - next)
      offset = writeVarint(out, offset, to - from + 1)
      next = to + 1
    }
    return out
  }

  /** Throws `RangeError` on bytes that `encode` does not make, or on more than `maxRanges` ranges. */
  static decode (bytes: Uint8Array, maxRanges = 65_536): RangeSet {
    const set = new RangeSet()
    let offset = 0
    let next = 1
    while (offset < bytes.length) {
      if (set.size >= maxRanges) throw new RangeError('too many ranges')
      const skip = readVarint(bytes, offset)
      const take = readVarint(bytes, skip.offset)
      offset = take.offset
      const from = next + skip.value
      const to = from + take.value - 1
      if (take.value === 0 || (skip.value === 0 && set.size > 0) || !Number.isSafeInteger(from) || take.value - 1 > Number.MAX_SAFE_INTEGER - from) throw new RangeError('malformed ranges')
      set.add(from, to)
      next = to + 1
    }
    return set
  }

  toString (): string {
    return this.ranges().map(r => r.from === r.to ? `${r.from}` : `${r.from}-${r.to}`).join(',')
  }
}
