/**
 * How statements about a log climb to its publisher: to the publisher itself where that is a neighbour, else to the neighbour that
 * leads there. Each neighbour on the way keeps a statement and passes it on by the same rule, so that what a wave of receipts costs
 * grows with the nodes and the hops, and not with the square of the nodes.
 *
 * A link loses nothing while it is up: whoever took a statement over answers for it, and passes it on soon or gives it back. What it took
 * over just before its link goes, or before it leaves the channel, is owed, and so is what came while nobody leads to the publisher: it goes to
 * the next neighbour that leads there.
 *
 * Ways change, so that what was handed over may come back. It is handed over again when the way is by a newer word of the publisher than
 * the last time: along a chain of hands the words never get older, and by one word nobody is led in a circle.
 */
import type { Clock } from '../base/clock.js'
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

/** What was handed over so long before a link goes has been passed on. A choice: longer than it takes to notice that nobody is there. */
export const HANDED_MS = 60_000

export interface ClimbOptions {
  readonly clock: Clock
  readonly self: string
  /** This node keeps whole channels. */
  readonly relay: boolean
  readonly isUp: (peerId: string) => boolean
  readonly isRelay: (peerId: string) => boolean
  /** Neighbours that take part in the channel. */
  readonly neighbours: (channel: string) => string[]
  /** The way to the log's publisher, if that neighbour is up and takes in the channel. */
  readonly route: (log: LogState) => Way | undefined
  /** No neighbour leads to it, not even one of which it is not known yet that it takes in the channel. */
  readonly isAstray: (log: LogState) => boolean
  /** The neighbour that led to it does not. */
  readonly routeLost: (log: LogState) => void
  /** All newest statements about the log. */
  readonly about: (log: LogState) => Iterable<Statement>
  /** False: the link is full; what comes now is queued all the same, but no more should. */
  readonly send: (peerId: string, statements: Uint8Array[]) => boolean
}

/** A neighbour, from when its link comes up until it goes. */
interface Link {
  goneMs: number | undefined
  /** Logs of which it has taken statements over. */
  readonly logs: Map<LogState, number>
}

/** That a statement was handed over: by which word of the publisher, to whom and when. */
interface Hand {
  readonly wordMs: number
  readonly link: Link
  readonly atMs: number
}

interface Debt {
  readonly logs: Set<LogState>
  readonly frames: Iterator<Uint8Array[]>
}

export class Climb {
  readonly #o: ClimbOptions
  /** Statements that go out with the next flush, by neighbour. */
  #out = new Map<string, Array<{ log: LogState, statement: Statement }>>()
  /** How statements were handed over last. Those that never were are owed. */
  readonly #hands = new WeakMap<object, Hand>()
  readonly #links = new Map<string, Link>()
  /** Logs of which some statements are owed, by publisher. */
  readonly #owed = new Map<string, Set<LogState>>()
  /** Publishers to whom the way may have changed. */
  readonly #due = new Set<string>()
  /** What is being sent to neighbours, as far as their links take it. */
  readonly #debts = new Map<string, Debt>()
  readonly #full = new Set<string>()

  constructor (options: ClimbOptions) {
    this.#o = options
  }

  /** A statement sets out. `from`: the neighbour that brought it, and whether it was news. */
  post (log: LogState, statement: Statement, from?: string, isNews = true): void {
    const next = this.#next(log)
    if (next !== undefined) {
      const hand = this.#hands.get(statement.content)
      const isWithNext = hand?.wordMs === next.wordMs && hand.link.goneMs === undefined
      if (next.neighbour === from && this.#comparesNotClimbs(log, from, statement.content.by)) {
        this.#hand(next, log, statement)
        return
      }
      if (!isWithNext) {
        // Who leads there may have sent it before it did: it goes back.
        this.#hand(next, log, statement)
        this.#put(next.neighbour, log, statement)
        return
      }
      // It comes again, and is with the next already.
      if (next.neighbour !== from) return
      // Who was to lead there gives it back.
      this.#o.routeLost(log)
    }
    const wasHanded = this.#hands.delete(statement.content)
    this.#owe(log)
    const relays = this.#o.neighbours(log.channel).filter(peerId => peerId !== from && this.#o.isRelay(peerId))
    for (const peerId of relays) this.#put(peerId, log, statement)
    // A relay keeps it for the publisher. Others say that they do not lead there.
    if (relays.length === 0 && !this.#o.relay && from !== undefined && (isNews || wasHanded) && next === undefined && this.#o.isAstray(log)) this.#put(from, log, statement)
  }

  /** Who leads to the publisher brings a newer word than the one that went there: it came back, and that neighbour answers for it. */
  comesBack (log: LogState, earlier: Statement, statement: Statement, from: string): boolean {
    const next = this.#next(log)
    if (next?.neighbour !== from || !this.#hands.has(earlier.content)) return false
    this.#hand(next, log, statement)
    return true
  }

  answer (peerId: string, log: LogState, statement: Statement): void { this.#put(peerId, log, statement) }

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

  #put (peerId: string, log: LogState, statement: Statement): void {
    const list = this.#out.get(peerId)
    if (list === undefined) this.#out.set(peerId, [{ log, statement }])
    else list.push({ log, statement })
  }

  #hand ({ neighbour, wordMs }: Way, log: LogState, { content }: Statement): void {
    const atMs = this.#o.clock.nowMs()
    let link = this.#links.get(neighbour)
    if (link === undefined) this.#links.set(neighbour, link = { goneMs: undefined, logs: new Map() })
    link.logs.set(log, atMs)
    this.#hands.set(content, { wordMs, link, atMs })
  }

  #isOwed (log: LogState, { content }: Statement, to: string): boolean {
    const hand = this.#hands.get(content)
    if (hand === undefined) return true
    const { goneMs } = hand.link
    return goneMs !== undefined && (this.#asksAll(log, to) || goneMs - hand.atMs < HANDED_MS)
  }

  /** A publisher may have lost what it was told just before it stopped, and a relay answers for those that are away. */
  #asksAll (log: LogState, to: string): boolean { return this.#o.relay || to === log.publisher }

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
    const link = this.#links.get(peerId)
    const debt = this.#debts.get(peerId)
    this.#links.delete(peerId)
    this.#debts.delete(peerId)
    this.#full.delete(peerId)
    this.#out.delete(peerId)
    if (link === undefined) return false
    const nowMs = link.goneMs = this.#o.clock.nowMs()
    for (const [log, atMs] of link.logs) if (nowMs - atMs < HANDED_MS || this.#asksAll(log, peerId)) this.owe(log)
    for (const log of debt?.logs ?? []) this.owe(log)
    return true
  }

  /** The neighbour no longer takes in the channel: what it took over last may have come when it had left. Returns whether something is owed that was with it. */
  left (peerId: string, channel: string): boolean {
    const link = this.#links.get(peerId)
    const nowMs = this.#o.clock.nowMs()
    let isOwed = false
    for (const [log, atMs] of link?.logs ?? []) {
      if (log.channel !== channel || log.publisher === peerId || nowMs - atMs >= HANDED_MS) continue
      for (const { content } of this.#o.about(log)) if (this.#hands.get(content)?.link === link) this.#hands.delete(content)
      this.owe(log)
      isOwed = true
    }
    return isOwed
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
        for (const { log, statement } of statements) this.#postpone(peerId, log, statement)
        continue
      }
      for (const part of framesOf(statements.map(({ statement }) => statement.bytes))) if (!this.#o.send(peerId, part)) this.#full.add(peerId)
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
        if (!this.#isCompared(log, next.neighbour)) this.#debt(next.neighbour).add(log)
        else for (const statement of this.#o.about(log)) this.#hand(next, log, statement)
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
      this.#debts.set(peerId, debt = { logs, frames: framesOf(this.#statements(logs, peerId)) })
    }
    return debt.logs
  }

  #postpone (peerId: string, log: LogState, { content }: Statement): void {
    if (this.#hands.get(content)?.link !== this.#links.get(peerId)) return
    this.#hands.delete(content)
    this.#debt(peerId).add(log)
  }

  /** Logs may be added while it runs. */
  * #statements (logs: Set<LogState>, peerId: string): Generator<Uint8Array> {
    for (const log of logs) {
      logs.delete(log)
      const next = this.#next(log)
      if (next?.neighbour !== peerId) {
        this.owe(log)
        continue
      }
      for (const statement of this.#o.about(log)) {
        if (!this.#isOwed(log, statement, peerId)) continue
        this.#hand(next, log, statement)
        yield statement.bytes
      }
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
    const owed = this.#owed.get(log.publisher)
    owed?.delete(log)
    if (owed?.size === 0) this.#owed.delete(log.publisher)
    for (const { logs } of this.#links.values()) logs.delete(log)
    for (const { logs } of this.#debts.values()) logs.delete(log)
  }
}
