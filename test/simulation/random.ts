import type { Random } from '../../src/base/clock.js'

/** Chance from a seed. Streams forked under different labels do not disturb one another: leaving one out leaves the others as they are. */
export class SeededRandom implements Random {
  #state: number
  readonly #seed: number

  constructor (seed: number) {
    this.#seed = seed >>> 0
    this.#state = seed >>> 0
  }

  fork (label: string): SeededRandom {
    let h = this.#seed ^ 0x9e3779b9
    for (let i = 0; i < label.length; i++) {
      h = Math.imul(h ^ label.charCodeAt(i), 0x85ebca6b)
      h ^= h >>> 13
    }
    h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35)
    return new SeededRandom(h ^ (h >>> 15))
  }

  /** mulberry32: small, and the same on every machine. */
  #next (): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  float (): number { return this.#next() / 4294967296 }

  bytes (length: number): Uint8Array {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i++) out[i] = this.#next() >>> 11
    return out
  }

  chance (p: number): boolean { return this.float() < p }
  between (low: number, high: number): number { return low + this.float() * (high - low) }
  whole (low: number, high: number): number { return low + Math.floor(this.float() * (high - low + 1)) }
  /** A time until the next of events that come every `meanMs` on average. */
  waitMs (meanMs: number): number { return -Math.log(1 - this.float()) * meanMs }

  pick<T> (list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from')
    return list[Math.floor(this.float() * list.length)] as T
  }

  shuffled<T> (list: readonly T[]): T[] {
    const out = [...list]
    for (let i = out.length - 1; i > 0; i--) {
      const j = Math.floor(this.float() * (i + 1))
      const at = out[i] as T
      out[i] = out[j] as T
      out[j] = at
    }
    return out
  }
}
