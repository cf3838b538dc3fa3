/**
 * A store that can no longer be read stops the node. Reads are made in the middle of decisions, at the call of a timer, a commit, a
 * link or the application. What they throw goes to the application where that is who called; elsewhere it ends here. In both cases
 * the node is told, once.
 */
import type { Clock } from '../base/clock.js'
import { isSkeinError } from '../base/errors.js'
import type { NetworkHandlers } from '../network/network.js'
import type { Store } from '../store/store.js'

export class FailStop {
  readonly clock: Clock
  readonly store: Store
  readonly #failed: (error: Error) => void
  /** What fails before the node has started fails its start. */
  #armed = false
  #told = false

  constructor (clock: Clock, store: Store, failed: (error: Error) => void) {
    this.#failed = failed
    this.clock = {
      wallMs: () => clock.wallMs(),
      nowMs: () => clock.nowMs(),
      after: (delayMs, fn) => clock.after(delayMs, this.#guarded(fn, undefined)),
      soon: (fn) => { clock.soon(this.#guarded(fn, undefined)) }
    }
    this.store = {
      get: (table, key) => this.#read(() => store.get(table, key)),
      entries: (table, range) => this.#read(() => store.entries(table, range)),
      keys: (table, range) => this.#read(() => store.keys(table, range)),
      commit: (ops, done) => { store.commit(ops, this.#guarded(done, undefined)) },
      stats: () => store.stats(),
      close: () => store.close(),
      ...(store.hasSpareRoom === undefined ? {} : { hasSpareRoom: () => store.hasSpareRoom?.() ?? true })
    }
  }

  arm (): void { this.#armed = true }

  handlers (handlers: NetworkHandlers): NetworkHandlers {
    type Handler = (...args: never[]) => unknown
    const guarded = Object.entries(handlers as unknown as Record<string, Handler>).map(([name, handler]) => [name, this.#guarded(handler, name === 'gossip' ? 'ignore' : undefined)])
    return Object.fromEntries(guarded) as NetworkHandlers
  }

  #read<R> (fn: () => R): R {
    try {
      return fn()
    } catch (error) {
      if (isFault(error)) this.#tell(error)
      throw error
    }
  }

  #guarded<A extends unknown[], R> (fn: (...args: A) => R, otherwise: R): (...args: A) => R {
    return (...args) => {
      try {
        return fn(...args)
      } catch (error) {
        // A fault of the store has been told where it was read.
        if (!this.#armed || !isFault(error)) throw error
        return otherwise
      }
    }
  }

  #tell (error: Error): void {
    if (!this.#armed || this.#told) return
    this.#told = true
    // The decision that met it comes to its end first.
    this.clock.soon(() => { this.#failed(error) })
  }
}

function isFault (error: unknown): error is Error {
  return isSkeinError(error, 'ERR_STORE_CORRUPT') || isSkeinError(error, 'ERR_STORE')
}
