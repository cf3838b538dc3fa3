import type { Clock, Timer } from '../base/clock.js'
import { toLogRef } from '../message/ids.js'
import type { LogState } from '../store/log-state.js'
import { encodeFrame } from './frames.js'

/** What was pulled is offered on after so long, together. */
const HAVE_DELAY_MS = 20
/** Logs of which one neighbour did not get something by gossip. What it lacks of further ones the next comparison shows. */
const WITHHELD_MAX = 256
/** Between two times that a neighbour is told of it: a choice, a quarter of what it may cost it. */
const TOLD_MS = 200
/** Logs in one frame. */
const PAGE = 256

interface Span { from: number, to: number }

export interface OffersOptions {
  readonly clock: Clock
  readonly send: (peerId: string, frame: Uint8Array) => boolean
  readonly neighbours: () => Iterable<string>
  /** The neighbour takes in nothing of the channel. */
  readonly onlyPublishes: (peerId: string, channel: string) => boolean
}

/** What neighbours are told that it is here, because gossip did not bring it to them: they need not find out by themselves. */
export class Offers {
  readonly #o: OffersOptions
  readonly #pulled = new Map<LogState, Span & { except: string | undefined }>()
  readonly #withheld = new Map<string, Map<LogState, Span>>()
  /** Neighbours that were told of what was withheld just now. */
  readonly #told = new Map<string, Timer>()
  #timer: Timer | undefined
  #closed = false

  constructor (options: OffersOptions) { this.#o = options }

  /** What came by a pull did not go on by gossip. */
  pulled (log: LogState, from: number, to: number, source: string): void {
    const before = this.#pulled.get(log)
    if (before === undefined) this.#pulled.set(log, { from, to, except: source })
    else {
      widen(before, from, to)
      if (before.except !== source) before.except = undefined
    }
    this.#timer ??= this.#o.clock.after(HAVE_DELAY_MS, () => { this.#tell() })
  }

  #tell (): void {
    this.#timer = undefined
    if (this.#closed) return
    const entries = [...this.#pulled]
    this.#pulled.clear()
    for (const peerId of this.#o.neighbours()) {
      this.#send(peerId, entries.filter(([log, { except }]) => except !== peerId && log.publisher !== peerId && !this.#o.onlyPublishes(peerId, log.channel)))
    }
  }

  /** Gossip to the neighbour was full, and left this out: it is told as soon as it takes more. */
  withheld (peerId: string, log: LogState, from: number, to: number): void {
    let logs = this.#withheld.get(peerId)
    if (logs === undefined) this.#withheld.set(peerId, logs = new Map())
    const before = logs.get(log)
    if (before !== undefined) widen(before, from, to)
    else if (logs.size < WITHHELD_MAX) logs.set(log, { from, to })
  }

  /** The neighbour takes more. It is not told so often that it takes it for work for nothing. */
  drained (peerId: string): void {
    const withheld = this.#withheld.get(peerId)
    if (withheld === undefined || this.#told.has(peerId)) return
    this.#withheld.delete(peerId)
    this.#send(peerId, [...withheld])
    this.#told.set(peerId, this.#o.clock.after(TOLD_MS, () => {
      this.#told.delete(peerId)
      this.drained(peerId)
    }))
  }

  #send (peerId: string, entries: ReadonlyArray<readonly [LogState, Span]>): void {
    const ranges = entries.map(([log, { from, to }]) => ({ log: toLogRef(log.id), from, to, head: log.headBytes as Uint8Array<ArrayBuffer> }))
    for (let i = 0; i < ranges.length; i += PAGE) this.#o.send(peerId, encodeFrame('have', { ranges: ranges.slice(i, i + PAGE) }))
  }

  peerDown (peerId: string): void {
    this.#withheld.delete(peerId)
    this.#told.get(peerId)?.cancel()
    this.#told.delete(peerId)
  }

  /** The log is past. */
  forget (log: LogState): void {
    this.#pulled.delete(log)
    for (const logs of this.#withheld.values()) logs.delete(log)
  }

  close (): void {
    this.#closed = true
    this.#timer?.cancel()
    for (const timer of this.#told.values()) timer.cancel()
  }
}

function widen (span: Span, from: number, to: number): void {
  span.from = Math.min(span.from, from)
  span.to = Math.max(span.to, to)
}
