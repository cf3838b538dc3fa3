import { checkHistories, type HistoryEvent } from '../../src/check/check.js'
import type { FaultClass } from './chaos.js'
import type { World } from './world.js'

/** What is wrong with a run that has come to rest. */
export function verdict (world: World, faults: readonly FaultClass[]): string[] {
  const wrong: string[] = [...world.problems]
  const nodes = world.nodes.filter(node => !node.lies)
  for (const node of nodes) wrong.push(...node.failures)
  // The checker takes a gap that its publisher's fault explains; here it is known that there was no such fault. To what a dishonest node publishes nobody has a right.
  if (!faults.some(({ destroys, trims }) => destroys === true || trims === true)) {
    for (const node of nodes) {
      for (const { subscription, publisher, channel, from, to, reason } of node.gaps) if (world.node(publisher)?.lies !== true) wrong.push(`${node.name} has a gap that nothing explains: ${subscription}, ${world.nameOf(publisher)} ${channel} ${from}-${to} ${reason}`)
    }
  }
  wrong.push(...judged(world))
  return wrong
}

/** What the checker says of the histories of all honest nodes. */
function judged (world: World): string[] {
  const rest: HistoryEvent = { type: 'rest', t: world.clock.wallMs() }
  const histories = world.nodes.filter(node => !node.lies && node.history.length > 0).map(node => ({ name: node.name, events: [...node.history, rest] }))
  const outcome = checkHistories([...histories, { name: 'world', events: world.faults }], { clockSkewMs: world.clockSkewMs })
  if (outcome.verdict === 'valid' || outcome.counts.publishes + outcome.counts.deliveries === 0) return []
  if (outcome.verdict === 'unknown') return outcome.reasons.map(reason => `the checker does not know: ${reason}`)
  return outcome.problems.map(({ rule, message, witness }) => `${rule}: ${readable(world, message)}${witness.map(({ history, line, event }) => `\n      ${history}:${line} ${readable(world, JSON.stringify(event))}`).join('')}`)
}

/** With the nodes' names in it instead of their peer ids. */
const readable = (world: World, text: string): string => text.replace(/12D3KooW\w+/g, id => world.nameOf(id))
