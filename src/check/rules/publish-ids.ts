/**
 * Rule `publish-id`: publishing again under an id of the caller's gives the message that was published first, as long as it is kept; and what is said to
 * be a repetition repeats something.
 */
import type { Facts, IdUse, Log, NodeFacts } from '../facts.js'
import { STORE_LOST } from '../facts.js'
import { historyOf, type Ref } from '../verdict.js'

export function checkPublishIds (facts: Facts): void {
  for (const node of facts.nodes.values()) for (const [id, uses] of node.ids) checkId(facts, node, id, uses)
}

function checkId (facts: Facts, node: NodeFacts, id: string, uses: readonly IdUse[]): void {
  let before: IdUse | undefined
  for (const use of uses) {
    if (use.message === undefined) continue
    if (before === undefined) {
      const isFirst = node.earlier === undefined && !uses.some(other => other !== use) && !node.unknown.some(op => op.id === id)
      if (use.duplicate && isFirst) facts.findings.add('publish-id', `${use.message} is said to repeat an earlier publish under ${JSON.stringify(id)}, and there was none`, [use.publish, use.outcome])
    } else if (use.message !== before.message && !isFree(facts, node, before, use)) {
      facts.findings.add('publish-id', `the id ${JSON.stringify(id)} was given to two messages`, [before.publish, before.outcome, use.publish, use.outcome])
    } else if (use.message === before.message && !use.duplicate) {
      facts.findings.add('position-reused', `${use.message} was given to two publishes`, [before.publish, before.outcome, use.publish, use.outcome])
    }
    before = use
  }
}

/** Whether the id may have been forgotten: its message was trimmed, or the store was lost. */
export function isFree (facts: Facts, node: NodeFacts, before: IdUse, after: { readonly outcome: Ref }): boolean {
  const place = facts.place(before.message as string)
  if (place !== undefined && place.log.trims.some(trim => trim.through >= place.position && trim.ref < after.outcome)) return true
  return isLostBetween(node, before.publish, after.outcome)
}

/** The same for an operation of unknown outcome, which may have been any message of its channel. */
export function isFreeSince (facts: Facts, node: NodeFacts, op: { readonly ref: Ref, readonly topic: string }, after: { readonly outcome: Ref }): boolean {
  return logsOf(facts, node, op.topic).some(log => log.trims.some(({ ref, through }) => ref > op.ref && ref < after.outcome && through > answeredThrough(log, op.ref))) ||
    isLostBetween(node, op.ref, after.outcome)
}

/** The logs in which this node published on the topic. */
export function logsOf (facts: Facts, node: NodeFacts, topic: string): Log[] {
  const channel = topic.split('/', 1)[0]
  return [...facts.logs.values()].filter(log => log.publisher === node.id && log.channel === channel)
}

/** The highest position of a publish that was answered before: what is published later has a higher one. */
function answeredThrough (log: Log, before: Ref): number {
  let through = 0
  for (const [position, { outcome }] of log.made) if (outcome < before) through = Math.max(through, position)
  return through
}

/** Whether the store, and with it what ids were used, was lost or put back between two lines. */
function isLostBetween (node: NodeFacts, from: Ref, to: Ref): boolean {
  return node.faults.some(fault => STORE_LOST.includes(fault.kind) && (fault.history !== historyOf(from) || (fault.ref > from && fault.ref < to)))
}
