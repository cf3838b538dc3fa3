import { equalBytes } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'
import type { Rival } from '../directory/own-lives.js'
import { STALE_MS, type AnnouncedLogHead } from '../directory/directory.js'
import { encodeFrame } from '../repair/frames.js'
import type { LogState } from '../store/log-state.js'
import type { Engine } from './engine.js'

/** Between two moves to a higher incarnation within one life: two machines with one key must not outbid each other all the time. */
const MOVE_INTERVAL_MS = 30_000
/** Channels of which a neighbour is told where its own logs end. */
const TOLD_MAX = 4096
/** Heads and trims in one frame. */
const TOLD_ITEMS = 256

/** A node that has to stop goes on announcing itself for so long. */
const STOP_AFTER_MS = 2_000

type Bytes = Uint8Array<ArrayBuffer>

/** The lives of this node as a publisher, as far as others remember them, and those of others, as far as this node does. */
export class Lives {
  readonly #e: Engine
  #movedMs = Number.NEGATIVE_INFINITY
  #above = 0
  #sharedMs = Number.NEGATIVE_INFINITY
  #rivals: Uint8Array[] = []

  constructor (engine: Engine) {
    this.#e = engine
  }

  /** Another process has shown lately that it works with this node's key. */
  get isShared (): boolean { return this.#e.options.clock.nowMs() - this.#sharedMs < STALE_MS }

  // ---- incarnations

  /** A log of this node's was heard of. */
  learned (log: LogState): void {
    this.#e.channels.published(log.channel)
    if (!this.#e.own.isPresent(log.incarnation)) this.moveAbove(log.incarnation.number)
  }

  /** Heads of this node's logs, by an announcement that it signed in another life: what is not here is to be had from others. */
  heardHeads (heads: readonly AnnouncedLogHead[]): void {
    const { book } = this.#e
    for (const { publisher, channel, incarnation, position, hash } of heads) {
      const id = { publisher, incarnation, channel }
      if (this.#e.own.isPresent(incarnation)) continue
      this.moveAbove(incarnation.number)
      if (!book.isForgotten(id)) book.noteHead(book.ensure(id), position, hash)
    }
  }

  /**
   * There is, or was, an incarnation of this node with this number: what it publishes from now on has a higher one, else those that
   * know that life would take it for what came before it.
   */
  moveAbove (number: number): void {
    const { own, outbox, options } = this.#e
    own.heardOf(number)
    if (own.incarnation === undefined || own.incarnation.number > number || number <= this.#above) return
    const isMoving = this.#above >= own.incarnation.number
    this.#above = number
    if (isMoving) return
    const { clock } = options
    const waitMs = Math.max(0, this.#movedMs + MOVE_INTERVAL_MS - clock.nowMs())
    this.#movedMs = clock.nowMs() + waitMs
    // Between two commits of the outbox: the log that ends belongs to its lane until then.
    clock.after(waitMs, () => {
      if (this.#e.isClosed) return
      outbox.housekeep(() => {
        if (own.incarnation !== undefined && own.incarnation.number <= this.#above) {
          options.log.warn({ incarnation: own.incarnationText, above: this.#above }, 'others know of a later life of this node: it goes on in a new one')
          own.renew()
        }
        return []
      })
    })
  }

  /** Tells a neighbour where its own latest log of each channel ends: it may have lost them, and must not begin below them. */
  tell (peerId: string): void {
    const latest = new Map<string, LogState>()
    for (const log of this.#e.book.publishedBy(peerId)) {
      if (latest.size > TOLD_MAX || (log.headBytes.length === 0 && log.trimBytes.length === 0)) continue
      const other = latest.get(log.channel)
      if (other === undefined || other.incarnation.number < log.incarnation.number) latest.set(log.channel, log)
    }
    const heads = [...latest.values()].map(({ headBytes }) => headBytes)
    const trims = [...latest.values()].map(({ trimBytes }) => trimBytes)
    for (const { kind, bytes } of this.#e.book.past(peerId, TOLD_MAX)) (kind === 'head' ? heads : trims).push(bytes)
    const items = [...heads.map(bytes => ({ bytes, head: true })), ...trims.map(bytes => ({ bytes, head: false }))].filter(({ bytes }) => bytes.length > 0)
    for (let i = 0; i < items.length; i += TOLD_ITEMS) {
      const part = items.slice(i, i + TOLD_ITEMS)
      const of = (head: boolean): Bytes[] => part.filter(item => item.head === head).map(({ bytes }) => bytes as Bytes)
      this.#e.options.network.send(peerId, encodeFrame('heads', { channel: '', heads: of(true), trims: of(false) }))
    }
  }

  // ---- one key, two processes

  /** Another process works with this node's key at the same time, beyond doubt. */
  duplicate ({ life, startedAt, isLater, isCopy }: Rival): void {
    const { log, listener, clock } = this.#e.options
    this.#sharedMs = clock.nowMs()
    if (this.#rivals.some(known => equalBytes(known, life))) return
    this.#rivals = [...this.#rivals.slice(-15), life]
    this.#e.counters.add('duplicates')
    const rival = { startedAt, stays: !isLater }
    listener.duplicate?.(rival)
    if (isCopy) {
      log.error(rival, 'a copy of this process works with this node’s key, incarnation and all: it goes on as another life in a new one')
      if (this.#e.own.incarnation !== undefined) this.moveAbove(this.#e.own.incarnation.number)
    } else if (isLater) {
      log.error(rival, 'another process works with this node’s key; it started later, and has to stop')
    } else {
      const error = new SkeinError('ERR_IDENTITY_IN_USE', 'another process, which started earlier, works with this node’s key', { hint: 'One key, one node: stop one of the two for good, and give it a data directory of its own.' })
      log.error(rival, error.message)
      // The other one is to hear of this one first.
      clock.after(STOP_AFTER_MS, () => { if (!this.#e.isClosed) listener.failed(error) })
    }
  }
}
