/**
 * Rule `gap-unjustified`. A gap says why:
 *
 * | `expired`, `evicted` | the publisher has recorded a trim for this reason that reaches as far                                 |
 * | `restored`           | the publisher lost its store or got an older one                                                      |
 * | `forked`             | the publisher signed two histories                                                                    |
 * | `unrecoverable`      | the publisher lost its store, got an older one or is gone; or each message in the gap that the subscription is owed |
 * |                      | was trimmed, may have expired, or was delivered late all the same                                     |
 */
import type { Facts, Log, NodeFacts } from '../facts.js'
import { STORE_LOST, STORE_LOST_OR_GONE } from '../facts.js'
import type { Gap } from '../gaps.js'
import { channelOf } from '../names.js'
import type { SubLog, Subscription } from '../subscription.js'

export function checkGaps (facts: Facts): void {
  for (const subscription of facts.subscriptions.values()) {
    for (const sub of subscription.logs.values()) for (const gap of sub.gaps.list) checkGap(facts, subscription, sub, gap)
  }
}

function checkGap (facts: Facts, subscription: Subscription, sub: SubLog, gap: Gap): void {
  const { log } = sub
  const { from, to, reason, ref } = gap
  const publisher = facts.node(log.publisher)
  const what = `${subscription.name}: the gap ${from}–${to} of ${log.key}, ${reason},`
  const faulted = (kinds: readonly string[]): boolean => publisher.faults.some(({ kind }) => kinds.includes(kind))
  if (reason === 'forked') {
    if (!faulted(['forked'])) facts.findings.add('gap-unjustified', `${what} though nobody says that its publisher forked`, [ref])
    return
  }
  if (reason === 'restored') {
    if (!faulted(STORE_LOST)) facts.findings.add('gap-unjustified', `${what} though its publisher’s store was not lost or put back`, [ref])
    return
  }
  if (publisher.histories.size === 0) {
    if (!faulted(['forked'])) facts.doubts.add(`there is no history of the publisher ${log.publisher}, of which messages are missing`)
    return
  }
  if (reason !== 'unrecoverable') {
    const trims = log.trims.filter(trim => trim.reason === reason)
    if (trims.some(trim => trim.through >= to)) return
    const best = trims.reduce<typeof trims[number] | undefined>((high, trim) => high === undefined || trim.through > high.through ? trim : high, undefined)
    facts.findings.add('gap-unjustified', best === undefined ? `${what} without a trim by its publisher` : `${what} though its publisher trimmed up to ${best.through} only`, [ref, best?.ref ?? 0])
    return
  }
  if (!faulted(STORE_LOST_OR_GONE) && !faulted(['forked'])) checkUnrecoverable(facts, subscription, sub, gap, publisher, what)
}

function checkUnrecoverable (facts: Facts, subscription: Subscription, { log, states }: SubLog, { from, to, ref }: Gap, publisher: NodeFacts, what: string): void {
  const trimmed = log.trims.reduce((high, { through }) => Math.max(high, through), 0)
  let known = 0
  for (const position of positionsIn(log, Math.max(from, trimmed + 1), to)) {
    known++
    const made = log.made.get(position)
    const state = states.get(position)
    if (made === undefined || !subscription.matches(made.topic) || facts.mayHaveExpired(made.expiresAt) || (state !== undefined && state.last > ref)) continue
    facts.findings.add('gap-unjustified', `${what} has ${log.key}.${position}, which its publisher never lost, and which did not come later`, [made.publish, made.outcome, ref])
    return
  }
  if (log.made.size === 0 && publisher.earlier !== undefined) return
  // The rest must be operations of which nobody knows what they became.
  const possible = publisher.unknown.filter(op => channelOf(op.topic) === log.channel).length
  if (to - Math.max(from, trimmed + 1) + 1 - known > possible) facts.findings.add('gap-unjustified', `${what} has positions that were never published`, [ref])
}

/** Positions of messages in the range. */
function * positionsIn (log: Log, from: number, to: number): Generator<number, undefined> {
  if (to - from < log.made.size) {
    for (let position = from; position <= to; position++) if (log.made.has(position)) yield position
  } else {
    for (const position of log.made.keys()) if (position >= from && position <= to) yield position
  }
}
