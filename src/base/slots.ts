/**
 * Values by number, for numbers that come and go in rising order, such as positions and tokens: most of them lie in a ring at
 * their number, and only those that were overtaken by far are in a map.
 *
 * A `Map` of which as much is deleted as is added makes a new table every few entries, and each table that is done with keeps the
 * next one, and what is in it, from the young generation's collector.
 */
const CAPACITY_MIN = 4
/** Above this the ring is given back when nothing is in it. */
const CAPACITY_KEPT = 64

export class Slots<T> {
  #keys: number[] = []
  #values: Array<T | undefined> = []
  #mask = -1
  /** Those whose place in the ring another has. */
  #others: Map<number, T> | undefined
  #size = 0

  get size (): number { return this.#size }

  get (key: number): T | undefined {
    const i = key & this.#mask
    if (this.#mask !== -1 && this.#keys[i] === key) return this.#values[i]
    return this.#others?.get(key)
  }

  set (key: number, value: T): void {
    if (this.#others?.has(key) === true) {
      this.#others.set(key, value)
      return
    }
    if (this.#mask === -1) this.#grow(CAPACITY_MIN)
    for (;;) {
      const i = key & this.#mask
      if (this.#values[i] === undefined) {
        this.#size++
      } else if (this.#keys[i] !== key) {
        if (this.#mask < 4 * this.#size) {
          this.#grow(2 * (this.#mask + 1))
          continue
        }
        this.#others ??= new Map()
        this.#others.set(key, value)
        this.#size++
        return
      }
      this.#keys[i] = key
      this.#values[i] = value
      return
    }
  }

  delete (key: number): boolean {
    const i = key & this.#mask
    if (this.#mask !== -1 && this.#keys[i] === key && this.#values[i] !== undefined) this.#values[i] = undefined
    else if (this.#others?.delete(key) !== true) return false
    else if (this.#others.size === 0) this.#others = undefined
    if (--this.#size === 0 && this.#mask >= CAPACITY_KEPT) {
      this.#mask = -1
      this.#keys = []
      this.#values = []
    }
    return true
  }

  /** All values as they are now, in no order to rely on. */
  values (): T[] {
    const found: T[] = [...this.#others?.values() ?? []]
    if (this.#size > found.length) for (const value of this.#values) if (value !== undefined) found.push(value)
    return found
  }

  #grow (capacity: number): void {
    const keys = this.#keys
    const values = this.#values
    this.#mask = capacity - 1
    this.#keys = Array.from({ length: capacity }, () => -1)
    this.#values = Array.from({ length: capacity })
    for (const [i, value] of values.entries()) {
      if (value === undefined) continue
      const key = keys[i] as number
      this.#keys[key & this.#mask] = key
      this.#values[key & this.#mask] = value
    }
  }
}
