import type { MultiaddrConnection } from '@libp2p/interface'
import type { Clock } from '../base/clock.js'
import { DOORSTEP_PER_HOST_MAX, SETUP_TIMEOUT_MS } from './network-limits.js'

type Waiting = Pick<MultiaddrConnection, 'addEventListener'>

/**
 * Connections that have not proven who they are. libp2p lets so many in at a time, whoever they are: an address that opens some and
 * says nothing must not keep all others out.
 */
export class Doorstep {
  readonly #waiting = new Map<string, number>()
  readonly #leave = new WeakMap<Waiting, () => void>()

  constructor (private readonly clock: Clock) {}

  /** Whether one more may come from this address. It counts until it has passed or is closed, or is out of time. */
  admits (host: string, connection: Waiting): boolean {
    const waiting = this.#waiting.get(host) ?? 0
    if (waiting >= DOORSTEP_PER_HOST_MAX) return false
    this.#waiting.set(host, waiting + 1)
    let counted = true
    const leave = (): void => {
      if (!counted) return
      counted = false
      late.cancel()
      const left = (this.#waiting.get(host) ?? 1) - 1
      if (left > 0) this.#waiting.set(host, left)
      else this.#waiting.delete(host)
    }
    const late = this.clock.after(SETUP_TIMEOUT_MS, leave)
    this.#leave.set(connection, leave)
    connection.addEventListener('close', leave)
    return true
  }

  /** It has proven who it is. */
  passed (connection: Waiting): void { this.#leave.get(connection)?.() }
}
