/**
 * What happened, in order: a hash of it always, the lines of it when asked for. Two runs of one seed that differ anywhere have
 * other hashes.
 */
export class Trace {
  readonly lines: string[] = []
  #a = 0x2545f491
  #b = 0x5bd1e995
  #count = 0

  constructor (private readonly nowMs: () => number, readonly keeps: boolean) {}

  get hash (): string { return (this.#a >>> 0).toString(16).padStart(8, '0') + (this.#b >>> 0).toString(16).padStart(8, '0') }
  get count (): number { return this.#count }

  note (where: string, what: string, detail = '', shown = detail): void {
    const atMs = this.nowMs()
    this.#count++
    this.#mix(Math.floor(atMs * 1000) | 0)
    this.#text(where)
    this.#text(what)
    this.#text(detail)
    if (this.keeps) this.lines.push(`${(atMs / 1000).toFixed(6).padStart(12)}  ${where.padEnd(8)}  ${what}${shown === '' ? '' : ` ${shown}`}`)
  }

  /** Bytes that reached a node: a few of them and their number stand for all. */
  bytes (where: string, what: string, from: string, data: Uint8Array | undefined): void {
    const length = data?.length ?? 0
    if (data !== undefined) {
      this.#mix((data[length >> 1] as number) | (data[length - 1] as number) << 8 | (data[Math.max(0, length - 40)] as number) << 16)
      this.#mix(length)
    }
    this.note(where, what, from, this.keeps ? `from ${from}${data === undefined ? '' : `, ${length} bytes`}` : '')
  }

  #mix (word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x85ebca6b)
    this.#a ^= this.#a >>> 13
    this.#b = Math.imul(this.#b + this.#a | 0, 0xc2b2ae35)
    this.#b ^= this.#b >>> 16
  }

  #text (text: string): void {
    let h = text.length
    for (let i = 0; i < text.length; i++) h = Math.imul(h, 31) + text.charCodeAt(i) | 0
    this.#mix(h)
  }
}
