/** What all histories together say: nodes, logs, what was published and what was seen of it, and the subscriptions. */
import type { HistoryEvent } from './event.js'
import { logKeyOf, splitLogKey } from './names.js'
import type { Subscription } from './subscription.js'
import { Findings, noCounts, type Counts, type Ref } from './verdict.js'

export interface Content {
  readonly topic: string
  readonly body: string
  readonly key: string | undefined
}

/** A message that was published, `ok`. */
export interface Made extends Content {
  readonly expiresAt: number | undefined
  readonly t: number | undefined
  /** Its `publish` and its `published` line. */
  readonly publish: Ref
  readonly outcome: Ref
}

/** What the first delivery of a message, to whom ever, showed of it. */
export interface Seen extends Content {
  readonly ref: Ref
  /** The latest delivery that says when it was, redriven ones left out. */
  latestMs: number
  latestRef: Ref
}

export interface Trim { readonly through: number, readonly reason: string, readonly t: number | undefined, readonly ref: Ref }

/** One publisher, one incarnation, one channel. */
export interface Log {
  readonly key: string
  readonly publisher: string
  readonly incarnation: string
  readonly channel: string
  readonly made: Map<number, Made>
  readonly seen: Map<number, Seen>
  /** Deliveries that showed something else than the first. */
  odd?: Array<Content & { readonly position: number, readonly ref: Ref }>
  readonly trims: Trim[]
  /** By node: the highest position that a receipt says is on its disk. */
  readonly stored: Map<string, number>
}

export interface Fault { readonly kind: string, readonly ref: Ref, readonly history: number }

/** An operation whose outcome is not `ok`. */
export interface Op extends Content {
  readonly id: string | undefined
  readonly expiresAt?: number | undefined
  readonly ref: Ref
  readonly outcome?: Ref
}

/** One `publish` with an id of the caller's. */
export interface IdUse extends Content {
  readonly publish: Ref
  readonly outcome: Ref
  /** What it was answered with. */
  readonly message: string | undefined
  readonly duplicate: boolean
}

export interface NodeFacts {
  readonly id: string
  /** Histories that observe it. */
  readonly histories: Set<number>
  readonly faults: Fault[]
  readonly refused: Op[]
  readonly unknown: Op[]
  readonly ids: Map<string, IdUse[]>
  /** It lived before its history began: at this time, or at one that is not known. */
  earlier: { readonly untilMs: number | undefined } | undefined
}

/** What one history comes to as a whole. */
export interface HistoryFacts {
  readonly name: string
  /** The node of its last life. */
  node: string | undefined
  lives: number
  /** By life, from 1: whether it writes `settle` lines. */
  readonly settles: boolean[]
  rest: Ref
  /** The last line after which something may be under way. */
  active: Ref
}

export type ReceiptEvent = Extract<HistoryEvent, { type: 'receipt' }>

export const STORE_LOST: readonly string[] = ['disk-lost', 'restored']
/** Stored messages may be gone, whatever became of the rest of the store. */
export const MESSAGES_LOST: readonly string[] = [...STORE_LOST, 'rotten']
export const STORE_LOST_OR_GONE: readonly string[] = [...MESSAGES_LOST, 'gone']

export class Facts {
  readonly nodes = new Map<string, NodeFacts>()
  readonly logs = new Map<string, Log>()
  readonly histories: HistoryFacts[] = []
  readonly subscriptions = new Map<string, Subscription>()
  readonly receipts: Array<{ readonly event: ReceiptEvent, readonly node: string, readonly ref: Ref }> = []
  /** Deliveries marked late, of what was in no gap. */
  readonly lates: Array<{ readonly log: Log, readonly position: number, readonly ref: Ref, readonly subscription: Subscription }> = []
  readonly findings = new Findings(node => this.storeLostUnseen(node))
  readonly counts: Counts = noCounts()
  /** Why nothing can be said, whatever was found: lines are missing, or are not what they should be. */
  readonly blind = new Set<string>()
  /** Why it cannot be said that all is well. */
  readonly doubts = new Set<string>()
  /** The latest time that any line has. */
  latestMs: number | undefined

  /** `skewMs`: how far apart the observers' clocks may be. */
  constructor (readonly skewMs: number) {}

  node (id: string): NodeFacts {
    let node = this.nodes.get(id)
    if (node === undefined) this.nodes.set(id, node = { id, histories: new Set(), faults: [], refused: [], unknown: [], ids: new Map(), earlier: undefined })
    return node
  }

  /** The log of a key `PEER.INCARNATION.CHANNEL`; undefined when it is none. */
  log (key: string): Log | undefined {
    const known = this.logs.get(key)
    if (known !== undefined) return known
    const parts = splitLogKey(key)
    if (parts === undefined) return undefined
    const log: Log = { key, ...parts, made: new Map(), seen: new Map(), trims: [], stored: new Map() }
    this.logs.set(key, log)
    return log
  }

  logOf (publisher: string, incarnation: string, channel: string): Log | undefined { return this.log(logKeyOf(publisher, incarnation, channel)) }

  /** Log and position of a message id; undefined when it is none. */
  place (message: string): { log: Log, position: number } | undefined {
    const dot = message.lastIndexOf('.')
    const position = Number(message.slice(dot + 1))
    if (dot < 1 || !Number.isSafeInteger(position) || position < 1) return undefined
    const log = this.log(message.slice(0, dot))
    return log === undefined ? undefined : { log, position }
  }

  isObserved (node: string): boolean { return (this.nodes.get(node)?.histories.size ?? 0) > 0 }

  fault (node: string, kinds: readonly string[]): Fault | undefined { return this.nodes.get(node)?.faults.find(fault => kinds.includes(fault.kind)) }

  /** Whether the node lost its store, in part or whole, and another history than its own says so: when, cannot be told. */
  storeLostUnseen (node: string): boolean {
    const facts = this.nodes.get(node)
    return facts?.faults.some(fault => STORE_LOST.includes(fault.kind) && !facts.histories.has(fault.history)) === true
  }

  /** The first fault of these kinds that may have come after this line. */
  faultAfter (node: string, kinds: readonly string[], history: number, ref: Ref): Fault | undefined {
    return this.nodes.get(node)?.faults.find(fault => kinds.includes(fault.kind) && (fault.history !== history || fault.ref > ref))
  }

  /** Histories after whose end something may have been under way. */
  get restless (): HistoryFacts[] {
    return this.histories.filter(({ node, active, rest }) => active !== 0 && rest <= active && !(node !== undefined && this.fault(node, ['gone']) !== undefined))
  }

  get isAtRest (): boolean { return this.restless.length === 0 }

  /** Whether a message that expires then may be past it. */
  mayHaveExpired (expiresAt: number | undefined): boolean {
    return expiresAt !== undefined && (this.latestMs === undefined || this.latestMs + this.skewMs >= expiresAt)
  }
}
