import { Checker, type CheckOptions } from './checker.js'
import type { HistoryEvent } from './event.js'
import { historyOf, lineOf, type Verdict, type Witness } from './verdict.js'

export type { CheckOptions } from './checker.js'
export type { HistoryEvent } from './event.js'
export type { Counts, Problem, RuleName, Verdict, Witness } from './verdict.js'

export interface History {
  /** What it is called in witnesses. */
  readonly name: string
  readonly events: Iterable<HistoryEvent>
}

/**
 * Whether the histories, all of one trial, keep what Skein promises. Lines count from 1 in the order of `events`, each of which
 * may be walked through once only.
 */
export function checkHistories (histories: readonly History[], options: CheckOptions = {}): Verdict {
  const checker = new Checker(options)
  const given = histories.map(({ name, events }) => ({ name, events: Array.isArray(events) ? events as HistoryEvent[] : [...events] }))
  for (const { name, events } of given) {
    const reader = checker.history(name)
    for (const [i, event] of events.entries()) reader.read(i + 1, event)
    reader.end()
  }
  const outcome = checker.finish()
  if (outcome.verdict !== 'invalid') return outcome
  const witness = (ref: number): Witness => {
    const history = given[historyOf(ref)] as typeof given[number]
    return { history: history.name, line: lineOf(ref), event: history.events[lineOf(ref) - 1] as HistoryEvent }
  }
  return {
    verdict: 'invalid',
    problems: outcome.findings.map(({ rule, message, refs }) => ({ rule, message, witness: refs.map(witness) })),
    broken: Object.fromEntries(outcome.broken),
    counts: outcome.counts
  }
}
