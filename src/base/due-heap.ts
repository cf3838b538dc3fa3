export interface Due {
  /** Monotonic ms. Only changed through the heap while it is in one. */
  dueAt: number
  /** Where it is in the heap; −1 when it is in none. */
  heapIndex: number
}

/** What is due at some time, earliest first. Each knows its place, so that taking one out costs O(log n). */
export class DueHeap<T extends Due> {
  readonly #items: T[] = []

  get size (): number { return this.#items.length }
  /** When the earliest is due; infinite when there is none. */
  get nextAt (): number { return this.#items[0]?.dueAt ?? Number.POSITIVE_INFINITY }

  /** Puts it in, or moves it to another time. */
  set (item: T, dueAt: number): void {
    item.dueAt = dueAt
    if (item.heapIndex === -1) {
      this.#items.push(item)
      item.heapIndex = this.#items.length - 1
    }
    this.#settle(item)
  }

  remove (item: T): void {
    const i = item.heapIndex
    if (i === -1) return
    item.heapIndex = -1
    const last = this.#items.pop() as T
    if (last === item) return
    this.#items[i] = last
    last.heapIndex = i
    this.#settle(last)
  }

  /** Takes out the earliest when it is due. */
  takeDue (nowMs: number): T | undefined {
    const first = this.#items[0]
    if (first === undefined || first.dueAt > nowMs) return undefined
    this.remove(first)
    return first
  }

  clear (): void {
    for (const item of this.#items) item.heapIndex = -1
    this.#items.length = 0
  }

  #settle (item: T): void {
    const items = this.#items
    let i = item.heapIndex
    while (i > 0) {
      const up = (i - 1) >> 1
      const parent = items[up] as T
      if (parent.dueAt <= item.dueAt) break
      items[i] = parent
      parent.heapIndex = i
      i = up
    }
    for (;;) {
      let down = 2 * i + 1
      if (down >= items.length) break
      if (down + 1 < items.length && (items[down + 1] as T).dueAt < (items[down] as T).dueAt) down++
      const child = items[down] as T
      if (child.dueAt >= item.dueAt) break
      items[i] = child
      child.heapIndex = i
      i = down
    }
    items[i] = item
    item.heapIndex = i
  }
}
