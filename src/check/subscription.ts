/** One durable subscription of one node, as its history tells of it, from its making to its removal. */
import type { HistoryEvent } from './event.js'
import type { Log } from './facts.js'
import { Gaps, type Gap } from './gaps.js'
import { Filters } from './names.js'
import type { OrderMark } from './rules/order.js'
import type { Ref } from './verdict.js'

export type SubscribeEvent = Extract<HistoryEvent, { type: 'subscribe' }>

/** One message, as this subscription saw it. */
export interface State {
  /** Its first delivery, and the last one. */
  first: Ref
  last: Ref
  /** The life in which it was delivered last. */
  life: number
  attempt: number
  /** `undone`: the node's store was lost or put back after it. */
  status: 'open' | 'acked' | 'dead' | 'undone'
  /** Its ack or its dead letter. */
  settled: Ref
  /** It was to be settled, and whether it was is not known yet. */
  asked: boolean
  nacked: Ref
  late: boolean
  redriven: boolean
  wasDead: boolean
}

/** What a subscription saw of one log. */
export interface SubLog {
  readonly log: Log
  readonly states: Map<number, State>
  readonly gaps: Gaps
  /** Those of this life that a crash could undo. */
  soft: Gap[]
  /** The lowest position that was delivered, or was in a gap: behind its start. */
  claimed: number
  /** Where the deliveries stand, by key; by no key for all when it is ordered. */
  readonly marks: Map<string | undefined, OrderMark>
  /** Nacked, and not delivered again yet, with the first delivery that overtook it. */
  readonly held: Map<number, { nack: Ref, key: string | undefined, overtaken: Ref }>
}

export class Subscription {
  readonly logs = new Map<Log, SubLog>()
  /** The latest incarnation delivered, by publisher and channel. */
  readonly latest = new Map<string, { incarnation: string, ref: Ref }>()
  /** All filters that it had. */
  readonly filters: Filters[]
  removed = false
  ordered: boolean
  maxAttempts: number | undefined
  from: 'earliest' | 'latest' | number
  /** When it was made, and when its filters were changed last. */
  createdMs: number | undefined
  changedMs: number | undefined
  subscribedMs: number | undefined
  /** The line that made it. */
  ref: Ref
  /** The store went after it was made: the next `subscribe` may make it anew. */
  undone = false

  constructor (readonly node: string, readonly name: string, readonly history: number, event: SubscribeEvent, ref: Ref, readonly isFirst: boolean) {
    this.filters = [new Filters(event.filters)]
    this.ordered = event.ordered
    this.maxAttempts = event.maxAttempts
    this.from = event.from
    this.createdMs = this.subscribedMs = event.t
    this.ref = ref
  }

  /** It goes on, is changed, or is made again. */
  again (event: SubscribeEvent, ref: Ref): void {
    if (this.undone) {
      this.undone = false
      this.from = event.from
      this.createdMs = event.t
      this.ref = ref
    }
    this.subscribedMs = event.t
    this.maxAttempts = event.maxAttempts
    if (this.ordered !== event.ordered) {
      this.ordered = event.ordered
      for (const log of this.logs.values()) {
        log.marks.clear()
        log.held.clear()
      }
    }
    if (!(this.filters.at(-1) as Filters).equals(event.filters)) {
      this.filters.push(new Filters(event.filters))
      this.changedMs = event.t
    }
  }

  /** Its node starts: consumers are gone. */
  started (): void {
    for (const log of this.logs.values()) {
      log.held.clear()
      log.soft = []
    }
  }

  /** The node's store was lost or put back: what was settled may come again. */
  storeLost (): void {
    this.undone = true
    this.latest.clear()
    for (const log of this.logs.values()) {
      log.claimed = Infinity
      log.marks.clear()
      log.held.clear()
      log.soft = []
      log.gaps.undo()
      for (const state of log.states.values()) {
        state.status = 'undone'
      }
    }
  }

  /** Every filter that it had takes the topic in. */
  alwaysMatched (topic: string): boolean { return this.filters.every(filters => filters.match(topic)) }
  everMatched (topic: string): boolean { return this.filters.some(filters => filters.match(topic)) }
  matches (topic: string): boolean { return (this.filters.at(-1) as Filters).match(topic) }

  of (log: Log): SubLog {
    let found = this.logs.get(log)
    if (found === undefined) this.logs.set(log, found = { log, states: new Map(), gaps: new Gaps(), soft: [], claimed: Infinity, marks: new Map(), held: new Map() })
    return found
  }
}
