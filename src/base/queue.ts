/** Below so many gone items nothing is moved. */
const COMPACT_MIN = 1024

/** First in, first out, however long it gets: taking the first of a large array moves all the others. */
export class Queue<T> {
  #items: Array<T | undefined> = []
  #first = 0

  get length (): number { return this.#items.length - this.#first }

  push (item: T): void { this.#items.push(item) }

  /** Takes the first; undefined when there is none. */
  shift (): T | undefined {
    const item = this.#items[this.#first]
    if (this.#first === this.#items.length) return undefined
    this.#items[this.#first++] = undefined
    if (this.#first === this.#items.length) this.clear()
    else if (this.#first >= COMPACT_MIN && this.#first * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#first)
      this.#first = 0
    }
    return item
  }

  clear (): void {
    this.#items = []
    this.#first = 0
  }
}
