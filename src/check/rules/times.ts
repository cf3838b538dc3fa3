/**
 * Rule `after-expiry`: what has expired is not delivered; a dead letter may be redriven all the same.
 * Rule `late-unjustified`: late is what was in a gap, or belongs to an incarnation that a later one has followed.
 */
import type { Facts, Log } from '../facts.js'
import { channelOf, compareIncarnations } from '../names.js'

export function checkTimes (facts: Facts): void {
  for (const log of facts.logs.values()) {
    for (const [position, made] of log.made) {
      const seen = made.expiresAt === undefined ? undefined : log.seen.get(position)
      if (made.expiresAt === undefined || seen === undefined || !(seen.latestMs > made.expiresAt + facts.skewMs)) continue
      facts.findings.add('after-expiry', `${log.key}.${position} was delivered ${seen.latestMs - made.expiresAt} ms after it had expired`, [made.publish, made.outcome, seen.latestRef])
    }
  }
  const last = lastIncarnations(facts)
  for (const { log, position, ref, subscription } of facts.lates) {
    // An incarnation of which nothing is known may have followed.
    if (facts.node(subscription.node).earlier !== undefined) continue
    const publisher = facts.node(log.publisher)
    if (publisher.histories.size === 0 || publisher.unknown.some(op => channelOf(op.topic) === log.channel)) continue
    if (last.get(`${log.publisher}.${log.channel}`) !== log.incarnation) continue
    facts.findings.add('late-unjustified', `${subscription.name}: ${log.key}.${position} was marked late, was in no gap, and no later incarnation has followed`, [ref])
  }
}

function lastIncarnations (facts: Facts): Map<string, string> {
  const last = new Map<string, string>()
  for (const log of facts.logs.values()) {
    if (!isThere(log)) continue
    const key = `${log.publisher}.${log.channel}`
    const known = last.get(key)
    if (known === undefined || compareIncarnations(log.incarnation, known) > 0) last.set(key, log.incarnation)
  }
  return last
}

const isThere = (log: Log): boolean => log.made.size > 0 || log.seen.size > 0 || log.trims.length > 0
