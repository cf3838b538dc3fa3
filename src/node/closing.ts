/** Tells everyone who waits that the node is closing. Unlike an AbortSignal it is made for thousands of waiters. */
export class Closing {
  readonly #waiting = new Set<() => void>()
  #closed = false

  get closed (): boolean { return this.#closed }

  /** Returns how to stop listening. */
  onClose (fn: () => void): () => void {
    this.#waiting.add(fn)
    return () => { this.#waiting.delete(fn) }
  }

  close (): void {
    this.#closed = true
    for (const fn of [...this.#waiting]) fn()
    this.#waiting.clear()
  }
}
