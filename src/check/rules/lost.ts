/**
 * Rule `lost`: at rest each message that was published and lies in the scope of a durable subscription has reached it, or is in a gap, or has expired.
 * Rule `stuck`: at rest what was delivered is settled.
 *
 * Not owed is what was trimmed before the subscription was made, and of a publisher that lost its store, or is gone, what no other node has had and this
 * one has not heard of: that it was lost can be told only by those that an announcement of its publisher reached.
 */
import type { Facts, HistoryFacts, Log, Made } from '../facts.js'
import { STORE_LOST_OR_GONE } from '../facts.js'
import { channelOf } from '../names.js'
import type { State, SubLog, Subscription } from '../subscription.js'
import { historyOf } from '../verdict.js'

export function checkLost (facts: Facts): void {
  const allAtRest = facts.isAtRest
  for (const subscription of facts.subscriptions.values()) {
    const history = facts.histories[subscription.history] as HistoryFacts
    if (subscription.removed || history.node !== subscription.node || !(history.rest > history.active) || facts.fault(subscription.node, ['gone']) !== undefined) continue
    for (const sub of subscription.logs.values()) checkStuck(facts, history, subscription, sub)
    // What was published after this node had come to rest it may not have been given yet.
    if (allAtRest) for (const log of facts.logs.values()) checkLog(facts, history, subscription, log)
  }
}

/** Whether the message may have been settled though no line says so. */
function isSettled (facts: Facts, history: HistoryFacts, subscription: Subscription, sub: SubLog, position: number, state: State): boolean {
  if (state.status === 'acked' || state.status === 'dead') return true
  if (state.status === 'undone') return state.settled !== 0 || isInDoubt(history, subscription, state)
  const gap = sub.gaps.first(position)
  if (gap !== undefined && gap.ref > state.last) return true
  const made = sub.log.made.get(position)
  if (facts.mayHaveExpired(made?.expiresAt)) return true
  const seen = made === undefined ? sub.log.seen.get(position) : undefined
  // Of a publish with an unknown outcome it is known what was asked for.
  if (seen !== undefined && facts.node(sub.log.publisher).unknown.some(op => op.topic === seen.topic && op.body === seen.body && facts.mayHaveExpired(op.expiresAt))) return true
  return state.life !== history.lives && isInDoubt(history, subscription, state)
}

/**
 * The node ended before it said how the delivery ended. A copy of its store that is put back later may hold that. One that was redriven is a dead
 * letter still when the node ended before the redrive was on disk.
 */
function isInDoubt (history: HistoryFacts, subscription: Subscription, state: State): boolean {
  return history.settles[state.life] !== true || state.asked || state.redriven || state.attempt >= (subscription.maxAttempts ?? 1)
}

function checkStuck (facts: Facts, history: HistoryFacts, subscription: Subscription, sub: SubLog): void {
  for (const [position, state] of sub.states) {
    if (state.status === 'undone' || isSettled(facts, history, subscription, sub, position, state)) continue
    if (state.life !== history.lives && !subscription.matches(sub.log.seen.get(position)?.topic ?? '')) continue
    const what = state.nacked !== 0 ? 'was nacked and did not come again' : state.life === history.lives ? 'was delivered and never settled' : 'was delivered, not settled before its node ended, and did not come again'
    facts.findings.add('stuck', `${subscription.name}: ${sub.log.key}.${position} ${what}`, [state.last, state.nacked, atRestRef(history)], subscription.node)
  }
}

const atRestRef = (history: HistoryFacts): number => history.rest === Infinity ? 0 : history.rest

function checkLog (facts: Facts, history: HistoryFacts, subscription: Subscription, log: Log): void {
  if (log.made.size === 0 || facts.fault(log.publisher, ['forked']) !== undefined) return
  const sub = subscription.logs.get(log)
  let heard: number | undefined
  for (const [position, made] of log.made) {
    const state = sub?.states.get(position)
    if (state !== undefined && (state.status !== 'undone' || isSettled(facts, history, subscription, sub as SubLog, position, state))) continue
    if (!subscription.matches(made.topic) || channelOf(made.topic) !== log.channel) continue
    if (sub?.gaps.first(position) !== undefined || facts.mayHaveExpired(made.expiresAt)) continue
    if (!isInScope(facts, subscription, sub, log, position, made)) continue
    if (facts.faultAfter(log.publisher, STORE_LOST_OR_GONE, historyOf(made.outcome), made.outcome) !== undefined) {
      heard ??= heardOf(facts, log, subscription.node)
      if (position > heard) continue
    }
    facts.findings.add('lost', `${subscription.name}: ${log.key}.${position} was published and neither came nor was reported missing`, [made.publish, made.outcome, subscription.ref, atRestRef(history)])
  }
}

/** Whether the subscription has a claim on the message. When that cannot be told it has none. */
function isInScope (facts: Facts, subscription: Subscription, sub: SubLog | undefined, log: Log, position: number, made: Made): boolean {
  const { skewMs } = facts
  const unseen = facts.storeLostUnseen(subscription.node)
  const createdMs = unseen ? subscription.subscribedMs : subscription.createdMs
  const after = (at: number | undefined, ms: number | undefined): boolean => at !== undefined && ms !== undefined && at > ms + skewMs
  const { earlier } = facts.node(subscription.node)
  if (earlier !== undefined && !after(made.t, earlier.untilMs)) return false
  // Under filters that it had before the message may have been passed over.
  if (!subscription.alwaysMatched(made.topic) && !after(made.t, subscription.changedMs)) return false
  const trim = log.trims.find(({ through }) => through >= position)
  if (trim !== undefined && !after(trim.t, createdMs)) return false
  if (subscription.from === 'earliest') return true
  if (!unseen && sub !== undefined && position >= sub.claimed) return true
  return after(made.t, subscription.from === 'latest' ? createdMs : subscription.from)
}

/** The highest position of the log that a node other than its publisher, which still has its store, has had, or that the publisher has trimmed; for `node`, also what that one was told is missing. */
function heardOf (facts: Facts, log: Log, node: string): number {
  let heard = 0
  const counts = (node: string): boolean => node !== log.publisher && facts.fault(node, STORE_LOST_OR_GONE) === undefined
  for (const [node, position] of log.stored) if (counts(node)) heard = Math.max(heard, position)
  for (const subscription of facts.subscriptions.values()) {
    const sub = subscription.logs.get(log)
    if (sub === undefined || !counts(subscription.node)) continue
    for (const position of sub.states.keys()) heard = Math.max(heard, position)
    // What others give up they may know from a word of the publisher that reached only them, and that they cannot prove to anybody.
    for (const { to, reason } of sub.gaps.list) if (subscription.node === node || reason === 'expired' || reason === 'evicted') heard = Math.max(heard, to)
  }
  return heard
}
