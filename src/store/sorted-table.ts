/**
 * One table in memory: a hash map for look-ups beside the sorted keys for ranges.
 *
 * Keys are held as strings of one character a byte, which the engine compares fast and in just the order that the port
 * asks for. The sorted keys are cut into chunks, so that an insert or a delete anywhere moves at most one chunk,
 * and appending at the end or trimming at the front stays cheap in a table of any size.
 */
const CHUNK_KEYS_MAX = 512

export class SortedTable {
  readonly #values = new Map<string, Uint8Array>()
  readonly #chunks: string[][] = []
  #bytes = 0

  get size (): number { return this.#values.size }
  get bytes (): number { return this.#bytes }

  get (key: string): Uint8Array | undefined { return this.#values.get(key) }

  put (key: string, value: Uint8Array): void {
    const before = this.#values.get(key)
    this.#values.set(key, value)
    if (before !== undefined) {
      this.#bytes += value.length - before.length
      return
    }
    this.#bytes += key.length + value.length
    this.#insert(key)
  }

  del (key: string): void {
    const before = this.#values.get(key)
    if (before === undefined) return
    this.#values.delete(key)
    this.#bytes -= key.length + before.length
    const at = this.#chunkFor(key)
    const chunk = this.#chunks[at] ?? []
    chunk.splice(lowerBound(chunk, key), 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** Keys with `gte` <= key < `lt`, from the low end or from the high one, at most `limit`. */
  keys (gte: string, lt: string | undefined, reverse: boolean, limit: number): string[] {
    return reverse ? this.#descending(gte, lt, limit) : this.#ascending(gte, lt, limit)
  }

  #ascending (gte: string, lt: string | undefined, limit: number): string[] {
    const out: string[] = []
    let at = this.#chunkFor(gte)
    let i = lowerBound(this.#chunks[at] ?? [], gte)
    for (; at < this.#chunks.length; at++, i = 0) {
      const chunk = this.#chunks[at] ?? []
      for (; i < chunk.length; i++) {
        const key = chunk[i] as string
        if (out.length >= limit || (lt !== undefined && key >= lt)) return out
        out.push(key)
      }
    }
    return out
  }

  #descending (gte: string, lt: string | undefined, limit: number): string[] {
    const out: string[] = []
    let at = lt === undefined ? this.#chunks.length - 1 : this.#chunkFor(lt)
    let i = lt === undefined ? Infinity : lowerBound(this.#chunks[at] ?? [], lt)
    for (; at >= 0; at--, i = Infinity) {
      const chunk = this.#chunks[at] ?? []
      for (i = Math.min(i, chunk.length) - 1; i >= 0; i--) {
        const key = chunk[i] as string
        if (out.length >= limit || key < gte) return out
        out.push(key)
      }
    }
    return out
  }

  #insert (key: string): void {
    const at = this.#chunkFor(key)
    const chunk = this.#chunks[at]
    if (chunk === undefined) {
      this.#chunks.push([key])
      return
    }
    const last = chunk[chunk.length - 1] as string
    if (key > last) chunk.push(key)
    else chunk.splice(lowerBound(chunk, key), 0, key)
    if (chunk.length <= CHUNK_KEYS_MAX) return
    // Splitting near the end after an append leaves full chunks behind keys that come in order, which is how positions come.
    const cut = key > last ? chunk.length - 1 : chunk.length >> 1
    this.#chunks.splice(at + 1, 0, chunk.splice(cut))
  }

  /** The last chunk that begins at or before `key`, or the first. */
  #chunkFor (key: string): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#chunks[middle]?.[0] as string) <= key) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Where the first of `keys` that is not less than `key` stands. */
function lowerBound (keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
