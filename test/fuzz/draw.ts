/** Seeded chance: the same numbers for the same seed (sfc32), fast enough for millions of inputs. */
export class Draw {
  #a: number
  #b: number
  #c: number
  #d = 1

  constructor (a: number, b = 0, c = 0) {
    this.#a = a | 0
    this.#b = b | 0
    this.#c = c | 0
    for (let i = 0; i < 12; i++) this.u32()
  }

  u32 (): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0
    return t >>> 0
  }

  /** 0 to n − 1. */
  int (n: number): number { return n <= 1 ? 0 : Math.floor(this.u32() / 2 ** 32 * n) }
  chance (p: number): boolean { return this.u32() < p * 2 ** 32 }
  pick<T> (list: readonly T[]): T { return list[this.int(list.length)] as T }
  bytes (length: number): Uint8Array<ArrayBuffer> { return Uint8Array.from({ length }, () => this.u32() & 0xff) }
  list<T> (max: number, make: (i: number) => T): T[] { return Array.from({ length: this.int(max + 1) }, (_, i) => make(i)) }

  /** A whole number from 0 on, mostly small, sometimes at an edge. */
  whole (max = Number.MAX_SAFE_INTEGER): number {
    if (this.chance(0.1)) return max - this.int(Math.min(max, 3))
    return Math.min(max, Math.floor(2 ** (this.int(54) + this.u32() / 2 ** 32) - 1))
  }

  /** Well-formed text without control characters, of `min` to `max` characters. */
  text (max: number, min = 0): string {
    let out = ''
    for (let n = min + this.int(max - min + 1); n > 0; n--) out += this.pick(LETTERS)
    return out
  }

  /** A name that may stand in a topic. */
  level (): string { return this.text(8, 1).replace(/[/+#$.]/g, 'x') }
}

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz'.split(''), '-', '_', ' ', '.', '/', '+', '#', '$', 'é', 'ß', '\u{feff}', '漢', '\u{1f600}', '\u{10ffff}', '"', '\\']

/** A seed from a text, so that each target has inputs of its own (FNV-1a). */
export function seedOf (text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
