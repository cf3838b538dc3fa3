import { SkeinError } from '../base/errors.js'
import { peerIdToBytes } from '../message/peer-id.js'
import type { Placed } from '../outbox/outbox.js'
import type { LogState } from '../store/log-state.js'
import type { ProcessedOptions, Published, Receipt, ReceiptState, StoredOptions, WaitOptions } from './api.js'
import type { Closing } from './closing.js'
import type { Engine } from './engine.js'
import type { History } from './history.js'

/** How far one message of this node got. */
export class NodeReceipt implements Receipt {
  readonly id: string

  constructor (protected readonly engine: Engine, protected readonly log: LogState, readonly position: number, private readonly closing: Closing, private readonly history?: History) {
    this.id = `${log.key}.${position}`
  }

  state (): ReceiptState { return this.engine.receipts.state(this.log, this.position) }

  async stored (options: StoredOptions = {}): Promise<ReceiptState> {
    const by = options.by ?? 1
    if (typeof by === 'number') {
      if (!Number.isInteger(by) || by < 1 || by > 1_000_000) throw new SkeinError('ERR_BAD_ARGUMENT', 'stored by must be a whole number of nodes from 1, or a peer id')
      return this.#told('stored', await this.#wait(state => state.stored.length >= by, options))
    }
    if (peerIdToBytes(by) === undefined) throw new SkeinError('ERR_BAD_ARGUMENT', `not a peer id: ${JSON.stringify(by)}`)
    return this.#told('stored', await this.#wait(state => by === this.engine.self || state.stored.includes(by), options))
  }

  async processed (options: ProcessedOptions): Promise<ReceiptState> {
    if (typeof options?.by !== 'string' || options.by === '') throw new SkeinError('ERR_BAD_ARGUMENT', 'processed needs the name of a subscription, as by')
    return this.#told('processed', await this.#wait(state => state.processed.some(({ name }) => name === options.by), options))
  }

  #told (level: 'stored' | 'processed', state: ReceiptState): ReceiptState {
    this.history?.receipt(this.id, level, state)
    return state
  }

  #wait (holds: (state: ReceiptState) => boolean, { signal, timeoutMs }: WaitOptions): Promise<ReceiptState> {
    return new Promise((resolve, reject) => {
      const ended = (): SkeinError | undefined => signal?.aborted === true
        ? new SkeinError('ERR_ABORTED', 'the wait for a receipt was ended; the message stays in the outbox', { cause: signal.reason })
        : this.closing.closed ? new SkeinError('ERR_CLOSED', 'the node was closed while waiting for a receipt; the message stays in the outbox') : undefined
      const before = ended()
      if (before !== undefined) { reject(before); return }
      let timer: NodeJS.Timeout | undefined
      const onEnd = (): void => { giveUp(ended() as SkeinError) }
      const offClosing = this.closing.onClose(onEnd)
      const off = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onEnd)
        offClosing()
      }
      let stop = (): void => {}
      stop = this.engine.receipts.wait(this.log, this.position, holds, (state) => {
        off()
        resolve(state)
      })
      const giveUp = (error: SkeinError): void => {
        off()
        stop()
        reject(error)
      }
      signal?.addEventListener('abort', onEnd)
      if (timeoutMs !== undefined) timer = setTimeout(() => { giveUp(new SkeinError('ERR_TIMEOUT', `no receipt within ${timeoutMs} ms; the message stays in the outbox`)) }, timeoutMs)
    })
  }
}

/** A durable message just published. */
export class NodePublished extends NodeReceipt implements Published {
  readonly channel: string
  readonly incarnation: string
  readonly time: number
  readonly duplicate: boolean

  constructor (engine: Engine, readonly topic: string, placed: Placed, closing: Closing, history?: History) {
    super(engine, placed.log, placed.position, closing, history)
    this.channel = placed.log.channel
    this.incarnation = placed.log.incarnationText
    this.time = placed.time
    this.duplicate = placed.duplicate
  }
}

/** An ephemeral message: it has no position, and no receipt will ever come. */
export class EphemeralPublished implements Published {
  readonly id = ''
  readonly incarnation = ''
  readonly position = 0
  readonly duplicate = false

  constructor (readonly topic: string, readonly channel: string, readonly time: number) {}

  state (): ReceiptState { return { stored: [], processed: [] } }
  stored (): Promise<ReceiptState> { return Promise.reject(noReceipt()) }
  processed (): Promise<ReceiptState> { return Promise.reject(noReceipt()) }
}

const noReceipt = (): SkeinError => new SkeinError('ERR_BAD_ARGUMENT', 'an ephemeral message has no receipts', { hint: "Publish with durability: 'disk' to learn how far a message got." })
