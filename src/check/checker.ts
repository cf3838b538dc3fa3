/** Takes histories line by line and comes to a verdict. What it keeps grows with messages and deliveries, not with the size of the lines. */
import type { HistoryEvent } from './event.js'
import { Facts } from './facts.js'
import { Reader } from './reader.js'
import { checkGaps } from './rules/gaps.js'
import { checkLost } from './rules/lost.js'
import { checkOrigin } from './rules/origin.js'
import { checkPublishIds } from './rules/publish-ids.js'
import { checkReceipts } from './rules/receipts.js'
import { checkTimes } from './rules/times.js'
import type { Counts, Finding, RuleName } from './verdict.js'

export interface CheckOptions {
  /** The end of each history counts as a `rest` line. Default false. */
  readonly atRest?: boolean
  /** How far apart the clocks of observers may be, ms: where times are compared, so much is left undecided. Default 5,000. */
  readonly clockSkewMs?: number
}

export const CLOCK_SKEW_MS = 5_000

export type Outcome = { readonly counts: Counts } & (
  | { readonly verdict: 'valid' }
  | { readonly verdict: 'invalid', readonly findings: readonly Finding[], readonly broken: ReadonlyMap<RuleName, number> }
  | { readonly verdict: 'unknown', readonly reasons: readonly string[] }
)

export class Checker {
  readonly #facts: Facts
  readonly #atRest: boolean

  constructor ({ atRest = false, clockSkewMs = CLOCK_SKEW_MS }: CheckOptions = {}) {
    this.#facts = new Facts(clockSkewMs)
    this.#atRest = atRest
  }

  /** Histories are read one after the other: `read` each line, then `end`. */
  history (name: string): { read (line: number, event: HistoryEvent): void, blind (reason: string): void, doubt (reason: string): void, end (): void } {
    const reader = new Reader(this.#facts, name)
    return {
      read: (line, event) => { reader.read(line, event) },
      blind: (reason) => { reader.blind(reason) },
      doubt: (reason) => { reader.doubt(reason) },
      end: () => { reader.end(this.#atRest) }
    }
  }

  finish (): Outcome {
    const facts = this.#facts
    const { findings, counts } = facts
    if (facts.counts.lines === 0) facts.doubts.add('there is nothing to check: no line of a history could be read')
    else if (counts.publishes + counts.deliveries === 0) facts.doubts.add('nothing was published or delivered')
    for (const { name } of facts.restless) facts.doubts.add(`${name}: no rest line after the last start, publish and delivery, so that what is missing may still have been under way; if nothing was, --at-rest says so`)
    if (facts.blind.size > 0) return { verdict: 'unknown', reasons: [...facts.blind, ...facts.doubts], counts }
    checkOrigin(facts)
    checkPublishIds(facts)
    checkLost(facts)
    checkTimes(facts)
    checkGaps(facts)
    checkReceipts(facts)
    findings.finish()
    if (findings.kept.length > 0) return { verdict: 'invalid', findings: findings.kept, broken: findings.counts, counts }
    if (facts.doubts.size > 0) return { verdict: 'unknown', reasons: [...facts.doubts], counts }
    return { verdict: 'valid', counts }
  }
}
