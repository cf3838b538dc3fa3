import type { HistoryEvent } from './event.js'

/** One line of a history as evidence. */
export interface Witness {
  readonly history: string
  /** From 1. */
  readonly line: number
  readonly event: HistoryEvent
}

export interface Problem {
  /** Name of the broken rule, as in `docs/histories.md`. */
  readonly rule: RuleName
  readonly message: string
  /** The lines that prove it, and no others. */
  readonly witness: readonly Witness[]
}

export interface Counts {
  histories: number
  lines: number
  lives: number
  /** Operations, and what became of them. */
  publishes: number
  published: number
  refused: number
  unknown: number
  subscriptions: number
  deliveries: number
  acks: number
  deadLetters: number
  gaps: number
  /** Positions in gaps, those of two subscriptions counted twice. */
  missed: number
  faults: number
}

export type Verdict = { readonly counts: Counts } & (
  | { readonly verdict: 'valid' }
  /** `broken`: how often each rule is broken; `problems` has the first few of each. */
  | { readonly verdict: 'invalid', readonly problems: readonly Problem[], readonly broken: Readonly<Partial<Record<RuleName, number>>> }
  | { readonly verdict: 'unknown', readonly reasons: readonly string[] }
)

/** Every rule, in the order in which they are reported. */
export const RULES = [
  'phantom', 'altered', 'refused-seen', 'seen-twice', 'position-reused', 'publish-id',
  'lost', 'stuck', 'delivered-again', 'settled-again', 'settled-unseen', 'redriven-alive',
  'order', 'held-back', 'late-unjustified', 'not-asked-for', 'after-expiry',
  'gap-unjustified', 'gap-over-settled', 'delivered-after-gap', 'receipt-untrue'
] as const

export type RuleName = typeof RULES[number]

export const noCounts = (): Counts => ({ histories: 0, lines: 0, lives: 0, publishes: 0, published: 0, refused: 0, unknown: 0, subscriptions: 0, deliveries: 0, acks: 0, deadLetters: 0, gaps: 0, missed: 0, faults: 0 })

/** A line of a history as one number: millions of them are kept. */
export type Ref = number

const LINES_MAX = 2 ** 32
export const refOf = (history: number, line: number): Ref => history * LINES_MAX + line
export const historyOf = (ref: Ref): number => Math.floor(ref / LINES_MAX)
export const lineOf = (ref: Ref): number => ref % LINES_MAX

/** A broken rule, before its lines are looked up. */
export interface Finding {
  readonly rule: RuleName
  readonly message: string
  readonly refs: readonly Ref[]
  /** Is none when this node lost its store, in part or whole, at a time that cannot be told from its history. */
  readonly unlessLost?: string
}

/** Of each rule so many are kept; the others are counted. */
const KEPT = 10

export class Findings {
  readonly kept: Finding[] = []
  readonly counts = new Map<RuleName, number>()
  readonly #pending: Finding[] = []

  constructor (private readonly lostUnseen: (node: string) => boolean) {}

  /** `refs` may be a function where there are many of them: it is called for those that are kept only. */
  add (rule: RuleName, message: string, refs: readonly Ref[] | (() => readonly Ref[]), unlessLost?: string): void {
    const count = this.counts.get(rule) ?? 0
    if (unlessLost === undefined && count >= KEPT) {
      this.counts.set(rule, count + 1)
      return
    }
    const lines = typeof refs === 'function' ? refs() : refs
    const finding: Finding = { rule, message, refs: [...new Set(lines)].filter(ref => ref !== 0), ...(unlessLost === undefined ? {} : { unlessLost }) }
    // Other histories may still tell that the node lost its store.
    if (unlessLost !== undefined) this.#pending.push(finding)
    else this.#count(finding)
  }

  #count (finding: Finding): void {
    const count = (this.counts.get(finding.rule) ?? 0) + 1
    this.counts.set(finding.rule, count)
    if (count <= KEPT) this.kept.push(finding)
  }

  /** All histories are read. */
  finish (): void {
    for (const finding of this.#pending.splice(0)) if (!this.lostUnseen(finding.unlessLost as string)) this.#count(finding)
    this.kept.sort((a, b) => RULES.indexOf(a.rule) - RULES.indexOf(b.rule))
  }
}
