import type { ConsumerHandle } from '../inbox/inbox.js'
import type { Subscription } from './api.js'
import { NodeDelivery } from './delivery.js'

/** A loop over deliveries that are there already would keep the event loop to itself; after so long it lets others in. */
const TURN_MS = 5
/** Deliveries between two looks at the clock. */
const LOOK_EVERY = 8

/** Deliveries as an async iterable, pulled one at a time: nothing is buffered between the inbox and the application. */
export class NodeSubscription implements Subscription {
  readonly #handle: ConsumerHandle
  readonly #waiting = new Set<() => void>()
  #closed = false
  #error: Error | undefined
  #turnEnd = 0
  #taken = 0

  constructor (readonly name: string | undefined, readonly filters: readonly string[], attach: (callbacks: { ready: () => void, closed: (error?: Error) => void }) => ConsumerHandle, private readonly onClose: () => void) {
    this.#handle = attach({ ready: () => { this.#wake() }, closed: (error) => { this.#end(error) } })
  }

  #wake (): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  #end (error?: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#error = error
    this.onClose()
    this.#wake()
  }

  #next (): Promise<IteratorResult<NodeDelivery, undefined>> {
    // Mostly there is one, and this is all there is to do.
    if (!this.#closed && (++this.#taken % LOOK_EVERY !== 0 || performance.now() <= this.#turnEnd)) {
      const raw = this.#handle.next()
      if (raw !== undefined) return Promise.resolve({ done: false, value: new NodeDelivery(raw, this.#handle) })
    }
    return this.#wait()
  }

  async #wait (): Promise<IteratorResult<NodeDelivery, undefined>> {
    if (performance.now() > this.#turnEnd) {
      if (this.#turnEnd !== 0) await new Promise<void>(resolve => setImmediate(resolve))
      this.#turnEnd = performance.now() + TURN_MS
    }
    for (;;) {
      if (this.#closed) {
        if (this.#error !== undefined) throw this.#error
        return { done: true, value: undefined }
      }
      const raw = this.#handle.next()
      if (raw !== undefined) return { done: false, value: new NodeDelivery(raw, this.#handle) }
      await new Promise<void>(resolve => { this.#waiting.add(resolve) })
      this.#turnEnd = performance.now() + TURN_MS
    }
  }

  [Symbol.asyncIterator] (): AsyncIterator<NodeDelivery, undefined> & AsyncIterable<NodeDelivery> {
    const iterator = {
      next: () => this.#next(),
      return: async () => {
        await this.close()
        return { done: true as const, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator
    }
    return iterator
  }

  async close (): Promise<void> {
    if (this.#closed) return
    this.#end()
    this.#handle.close()
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.close() }
}
