import type { Logger } from '../base/logger.js'
import { isSkeinError } from '../base/errors.js'
import type { ConsumerHandle } from '../inbox/inbox.js'
import type { Consumer, DeliveryHandler } from './api.js'
import { NodeDelivery } from './delivery.js'

/** After so long of handlers that return at once, others get their turn. */
const TURN_MS = 5

/**
 * Runs a handler for each delivery, so many at a time: its return acks, its throw nacks. The next one is handled while that is on its way to the
 * disk, and as many at most as a crash may bring again.
 */
export class NodeConsumer implements Consumer {
  readonly #handle: ConsumerHandle
  #running = 0
  /** Handled, and the outcome is not on disk yet. */
  #settling = 0
  #pumping = false
  #draining = false
  #closed = false
  #idle: Array<() => void> = []

  constructor (
    readonly name: string | undefined, readonly filters: readonly string[], private readonly concurrency: number, private readonly maxInFlight: number, private readonly handler: DeliveryHandler, private readonly log: Logger,
    attach: (callbacks: { ready: () => void, closed: (error?: Error) => void }) => ConsumerHandle, private readonly onClose: () => void
  ) {
    this.#handle = attach({ ready: () => { this.#pump() }, closed: () => { this.#end() } })
    setImmediate(() => { this.#pump() })
  }

  #pump (): void {
    if (this.#pumping) return
    this.#pumping = true
    const until = performance.now() + TURN_MS
    while (this.#running < this.concurrency && this.#running + this.#settling < this.maxInFlight && !this.#draining && !this.#closed) {
      if (performance.now() > until) {
        setImmediate(() => { this.#pump() })
        break
      }
      const raw = this.#handle.next()
      if (raw === undefined) break
      this.#running++
      void this.#run(new NodeDelivery(raw, this.#handle))
    }
    this.#pumping = false
  }

  async #run (delivery: NodeDelivery): Promise<void> {
    let failed: { readonly error: unknown } | undefined
    try {
      await this.handler(delivery)
    } catch (error) {
      failed = { error }
    }
    const settled = this.#settle(delivery, failed)
    this.#running--
    this.#settling++
    this.#pump()
    await settled
    this.#settling--
    if (this.#running + this.#settling === 0) for (const idle of this.#idle.splice(0)) idle()
    this.#pump()
  }

  async #settle (delivery: NodeDelivery, failed: { readonly error: unknown } | undefined): Promise<void> {
    try {
      if (failed !== undefined) throw failed.error
      if (!delivery.isSettled) await delivery.ack()
    } catch (error) {
      if (isSkeinError(error, 'ERR_DELIVERY_SETTLED') || isSkeinError(error, 'ERR_CLOSED')) {
        this.log.debug({ id: delivery.id, code: error.code }, 'a delivery was over before its handler')
        return
      }
      if (delivery.isSettled) {
        this.log.warn({ id: delivery.id, reason: reasonOf(error) }, 'a handler failed after it had settled its delivery')
        return
      }
      await delivery.nack({ reason: reasonOf(error) }).catch((problem: unknown) => { this.log.debug({ id: delivery.id, reason: reasonOf(problem) }, 'a delivery was over before it could be nacked') })
    }
  }

  #end (): void {
    if (this.#closed) return
    this.#closed = true
    this.onClose()
    for (const idle of this.#idle.splice(0)) idle()
  }

  async drain (): Promise<void> {
    this.#draining = true
    if (this.#running + this.#settling > 0 && !this.#closed) await new Promise<void>(resolve => { this.#idle.push(resolve) })
    await this.close()
  }

  async close (): Promise<void> {
    if (this.#closed) return
    this.#end()
    this.#handle.close()
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.close() }
}

function reasonOf (error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 1024)
}
