/**
 * How statements about a log climb to its publisher: to the publisher itself where that is a neighbour, else to the neighbour that
 * leads there. Each neighbour on the way keeps a statement and passes it on by the same rule, so that what a wave of receipts costs
 * grows with the nodes and the hops, and not with the square of the nodes.
 *
 * A link loses nothing while it is up: whoever took a statement over answers for it as long as its link is up. When the link goes,
 * and while nobody leads to the publisher, what is known about the log is owed: it is sent, once, to the next neighbour that leads there.
 *
 * Ways change, so that what was handed over may come back. It is handed over again when the way is by a newer word of the publisher than
 * the last time: along a chain of hands the words never get older, and by one word nobody is led in a circle.
 */
import { framesOf } from '../repair/frames.js'
import type { LogState } from '../store/log-state.js'

/** What somebody said of a log, and as it was signed. */
export interface Statement {
  readonly content: { readonly by: string }
  readonly bytes: Uint8Array
}

/** Who leads to a publisher, by which word of it. */
export interface Way {
  readonly neighbour: string
  readonly wordMs: number
}

export interface ClimbOptions {
  readonly self: string
  /** This node keeps whole channels. */
  readonly relay: boolean
  readonly isUp: (peerId: string) => boolean
  readonly isRelay: (peerId: string) => boolean
  /** Neighbours that take part in the channel. */
  readonly neighbours: (channel: string) => string[]
  /** The way to the log's publisher, if that neighbour is up and takes in the channel. */
  readonly route: (log: LogState) => Way | undefined
  /** The neighbour that led to it does not. */
  readonly routeLost: (log: LogState) => void
  /** All newest statements about the log. */
  readonly about: (log: LogState) => Iterable<Statement>
  /** False: the link is full; what comes now is queued all the same, but no more should. */
  readonly send: (peerId: string, statements: Uint8Array[]) => boolean
}

interface Debt {
  readonly logs: Set<LogState>
  readonly frames: Iterator<Uint8Array[]>
}

export class Climb {
  readonly #o: ClimbOptions
  /** Statements that go out with the next flush, by neighbour. */
  #out = new Map<string, Array<{ log: LogState, bytes: Uint8Array }>>()
  /** By which word of the publisher a statement was handed over last. */
  readonly #passed = new WeakMap<object, number>()
  /** Logs of which a neighbour has taken statements over, for as long as it is up. */
  readonly #handed = new Map<string, Set<LogState>>()
  /** Logs of which not all that is known is with somebody who leads to the publisher, by publisher. */
  readonly #owed = new Map<string, Set<LogState>>()
  /** Publishers to whom the way may have changed. */
  readonly #due = new Set<string>()
  /** What is being sent to neighbours, as far as their links take it. */
  readonly #debts = new Map<string, Debt>()
  readonly #full = new Set<string>()

  constructor (options: ClimbOptions) {
    this.#o = options
  }

  /** A statement sets out. `from`: the neighbour that brought it. */
  post (log: LogState, statement: Statement, from?: string): void {
    const next = this.#next(log)
    if (next !== undefined && next.neighbour !== from) {
      // It comes again, and is with the next already.
      if (this.#passed.get(statement.content) === next.wordMs) return
      this.#passed.set(statement.content, next.wordMs)
      this.#hand(next.neighbour, log)
      this.#put(next.neighbour, log, statement.bytes)
      return
    }
    if (next !== undefined && this.#comparesNotClimbs(log, next.neighbour, statement.content.by)) {
      this.#hand(next.neighbour, log)
      return
    }
    // Who leads to the publisher for this node thinks the same of this node, or knows no way.
    if (next !== undefined) this.#o.routeLost(log)
    this.#owe(log)
    // Not twice: those who have it would pass it to and fro.
    if (this.#passed.has(statement.content)) return
    this.#passed.set(statement.content, 0)
    for (const peerId of this.#astray(log)) if (peerId !== from) this.#put(peerId, log, statement.bytes)
  }

  /** Who leads to the publisher brings a newer word than the one that went there: it came back, and that neighbour answers for it. */
  comesBack (log: LogState, earlier: Statement, from: string): boolean {
    if (this.#next(log)?.neighbour !== from || !this.#passed.has(earlier.content)) return false
    this.#hand(from, log)
    return true
  }

  answer (peerId: string, log: LogState, statement: Statement): void { this.#put(peerId, log, statement.bytes) }

  /** A statement from the neighbour that leads to the publisher may be here by comparison only, and then that one answers for it. */
  #comparesNotClimbs (log: LogState, from: string, by: string): boolean {
    if (from === log.publisher) return true
    const { relay, self } = this.#o
    const isRelay = this.#o.isRelay(from)
    return (relay && isRelay) || ((relay || isRelay) && (by === from || by === self))
  }

  #next (log: LogState): Way | undefined {
    return this.#o.isUp(log.publisher) ? { neighbour: log.publisher, wordMs: Number.POSITIVE_INFINITY } : this.#o.route(log)
  }

  /** Where nobody is known to lead to the publisher: to those that keep receipts for it, else to all, who may know more. */
  #astray (log: LogState): string[] {
    const all = this.#o.neighbours(log.channel)
    const relays = all.filter(this.#o.isRelay)
    return relays.length > 0 || this.#o.relay ? relays : all
  }

  #put (peerId: string, log: LogState, bytes: Uint8Array): void {
    const list = this.#out.get(peerId)
    if (list === undefined) this.#out.set(peerId, [{ log, bytes }])
    else list.push({ log, bytes })
  }

  #hand (peerId: string, log: LogState): void {
    const logs = this.#handed.get(peerId)
    if (logs === undefined) this.#handed.set(peerId, new Set([log]))
    else logs.add(log)
  }

  /** What is known about the log, or a part of it, is with nobody who leads to its publisher. */
  #owe (log: LogState): void {
    const logs = this.#owed.get(log.publisher)
    if (logs === undefined) this.#owed.set(log.publisher, new Set([log]))
    else logs.add(log)
  }

  /** As `#owe`, and perhaps there is somebody by now. */
  owe (log: LogState): void {
    this.#owe(log)
    this.#due.add(log.publisher)
  }

  /** The way to this publisher may have changed. Returns whether something is owed to it. */
  look (publisher: string): boolean {
    if (!this.#owed.has(publisher)) return false
    this.#due.add(publisher)
    return true
  }

  /** The way to anybody may have changed. */
  lookAll (): boolean {
    for (const publisher of this.#owed.keys()) this.#due.add(publisher)
    return this.#due.size > 0
  }

  /** Returns whether something is owed that was with this neighbour. */
  peerDown (peerId: string): boolean {
    const logs = this.#handed.get(peerId)
    this.#handed.delete(peerId)
    this.#debts.delete(peerId)
    this.#full.delete(peerId)
    this.#out.delete(peerId)
    for (const log of logs ?? []) this.owe(log)
    return logs !== undefined
  }

  /** The link takes more. */
  drained (peerId: string): void {
    if (this.#full.delete(peerId)) this.#pay(peerId)
  }

  flush (): void {
    this.#settle()
    const out = this.#out
    this.#out = new Map()
    for (const [peerId, statements] of out) {
      // A full link gets what is newest when it takes more.
      if (this.#full.has(peerId)) {
        for (const { log } of statements) this.#debt(peerId).add(log)
        continue
      }
      for (const part of framesOf(statements.map(({ bytes }) => bytes))) if (!this.#o.send(peerId, part)) this.#full.add(peerId)
    }
    for (const peerId of this.#debts.keys()) if (!this.#full.has(peerId)) this.#pay(peerId)
  }

  /** Gives what is owed to whoever leads to the publisher now. */
  #settle (): void {
    for (const publisher of this.#due) {
      const logs = this.#owed.get(publisher)
      for (const log of logs ?? []) {
        const next = this.#next(log)
        if (next === undefined) continue
        logs?.delete(log)
        this.#hand(next.neighbour, log)
        if (this.#isCompared(log, next.neighbour)) continue
        for (const { content } of this.#o.about(log)) this.#passed.set(content, next.wordMs)
        this.#debt(next.neighbour).add(log)
      }
      if (logs?.size === 0) this.#owed.delete(publisher)
    }
    this.#due.clear()
  }

  /** Comparison brings it all there anyway. */
  #isCompared (log: LogState, peerId: string): boolean {
    const isRelay = this.#o.isRelay(peerId)
    return this.#o.relay ? isRelay || peerId === log.publisher : isRelay && peerId === log.publisher
  }

  #debt (peerId: string): Set<LogState> {
    let debt = this.#debts.get(peerId)
    if (debt === undefined) {
      const logs = new Set<LogState>()
      this.#debts.set(peerId, debt = { logs, frames: framesOf(this.#statements(logs)) })
    }
    return debt.logs
  }

  /** Logs may be added while it runs. */
  * #statements (logs: Set<LogState>): Generator<Uint8Array> {
    for (const log of logs) {
      logs.delete(log)
      for (const { bytes } of this.#o.about(log)) yield bytes
    }
  }

  #pay (peerId: string): void {
    const debt = this.#debts.get(peerId)
    if (debt === undefined) return
    for (;;) {
      const { done, value } = debt.frames.next()
      if (done === true) break
      if (this.#o.send(peerId, value)) continue
      this.#full.add(peerId)
      return
    }
    this.#debts.delete(peerId)
  }

  /** The log is past. */
  forget (log: LogState): void {
    this.#owed.get(log.publisher)?.delete(log)
    for (const logs of this.#handed.values()) logs.delete(log)
    for (const { logs } of this.#debts.values()) logs.delete(log)
  }
}
