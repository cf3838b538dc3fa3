import type { FaultClass } from './chaos.js'
import type { SimulatedNode } from './node.js'
import type { World } from './world.js'
import type { HistoryEvent } from '../../src/check/event.js'
import { FilterSet } from '../../src/message/filter.js'

type Event<T extends HistoryEvent['type']> = HistoryEvent & { readonly type: T }

/** What is wrong with a run that has come to rest. */
export function verdict (world: World, faults: readonly FaultClass[]): string[] {
  const wrong: string[] = [...world.problems]
  const nodes = world.nodes.filter(node => !node.lies)
  for (const node of nodes) wrong.push(...node.failures)
  const destroyed = faults.some(({ destroys }) => destroys === true)
  const trims = faults.some(fault => fault.trims === true)
  // A custodian that dropped what others still needed does not fetch it again.
  const dropped = world.faults.some(event => event.type === 'fault' && event.fault === 'small-quotas' && world.node(event.node ?? '')?.relay === true)
  for (const node of nodes) {
    for (const gap of node.gaps) {
      const explained = destroyed || (trims && (gap.reason === 'expired' || gap.reason === 'evicted')) || dropped
      if (!explained) wrong.push(`${node.name} has a gap that nothing explains: ${gap.subscription}, ${world.nameOf(gap.publisher)} ${gap.channel} ${gap.from}-${gap.to} ${gap.reason}`)
    }
  }
  wrong.push(...accounts(world, nodes))
  return wrong
}

/** Every message that was published has come to every subscription that claims it, once and as it was, or is accounted for. */
function accounts (world: World, nodes: readonly SimulatedNode[]): string[] {
  const wrong: string[] = []
  const published = new Map<string, { publish: Event<'publish'>, by: SimulatedNode }>()
  const refused = new Set<string>()
  const bodies = new Set<string>()
  for (const node of nodes) {
    const asked = new Map<string, Event<'publish'>>()
    for (const event of node.history) {
      if (event.type === 'publish') {
        asked.set(event.op, event)
        bodies.add(`${event.topic} ${event.body}`)
      }
      if (event.type !== 'published') continue
      const publish = asked.get(event.op) as Event<'publish'>
      if (event.outcome === 'ok' && event.message !== undefined) published.set(event.message, { publish, by: node })
      // What was refused, and what was said again under an id that got through, is another matter.
      if (event.outcome === 'refused' && publish.id === undefined) refused.add(`${publish.topic} ${publish.body}`)
    }
  }
  // Whoever has lost its disk may begin a life with a lower number than it had.
  const restored = new Set(world.faults.flatMap(fault => fault.type === 'fault' && (fault.fault === 'disk-lost' || fault.fault === 'restored') && fault.node !== undefined ? [fault.node] : []))
  for (const node of nodes) {
    const lost = world.faults.some(fault => fault.type === 'fault' && fault.node === node.peerId && (fault.fault === 'disk-lost' || fault.fault === 'restored'))
    for (const [name, plan] of node.subscriber.plans) {
      const where = `${node.name} ${name}`
      const acked = new Map<string, number>()
      const settled = new Set<string>()
      const done = new Set(node.subscriber.done.get(name))
      const last = new Map<string, number>()
      const lives = new Map<string, number>()
      for (const event of node.history) {
        if (!('subscription' in event) || event.subscription !== name) continue
        switch (event.type) {
          case 'deliver': {
            if (event.attempt >= plan.maxAttempts) done.add(event.message)
            if (plan.ordered && plan.from === 'earliest' && !lost && event.late !== true) {
              const [publisher = '', incarnation = '', channel = ''] = event.message.split('.')
              const life = Number.parseInt(incarnation)
              if (life < (lives.get(`${publisher} ${channel}`) ?? 0) && !restored.has(publisher)) wrong.push(`${where}: ${event.message} comes after a later life of its publisher`)
              lives.set(`${publisher} ${channel}`, life)
            }
            const source = published.get(event.message)?.publish
            if (source !== undefined && (source.body !== event.body || source.topic !== event.topic)) wrong.push(`${where}: ${event.message} is not what was published`)
            if (source === undefined && !bodies.has(`${event.topic} ${event.body}`)) wrong.push(`${where}: ${event.message} was never published`)
            if (refused.has(`${event.topic} ${event.body}`)) wrong.push(`${where}: ${event.message} was refused`)
            break
          }
          case 'ack': {
            acked.set(event.message, (acked.get(event.message) ?? 0) + 1)
            settled.add(event.message)
            if (plan.ordered && plan.maxInFlight === 1 && plan.nack === 0 && plan.reject === 0 && !lost) {
              const dot = event.message.lastIndexOf('.')
              const log = event.message.slice(0, dot)
              const position = Number(event.message.slice(dot + 1))
              if (position <= (last.get(log) ?? 0)) wrong.push(`${where}: ${event.message} is out of order`)
              last.set(log, position)
            }
            break
          }
          case 'dead': settled.add(event.message); break
          case 'gap': for (let at = event.from; at <= event.to; at++) settled.add(`${event.publisher}.${event.incarnation}.${event.channel}.${at}`); break
          default:
        }
      }
      for (const [message, times] of acked) if (times > 1 && !lost) wrong.push(`${where}: ${message} was acked ${times} times`)
      if (plan.from !== 'earliest' || node.gone || lost) continue
      const filter = new FilterSet(plan.filters)
      for (const [message, { publish, by }] of published) {
        if (settled.has(message) || !filter.matches(publish.topic) || publish.expiresAt !== undefined) continue
        // What went with its publisher went; a settle counts whose answer was lost in a crash.
        const destroyed = world.faults.some(fault => fault.type === 'fault' && fault.node === by.peerId && ['disk-lost', 'restored', 'gone'].includes(fault.fault))
        if (!destroyed && !(done.has(message) && hasSettled(node, name, message)) && !wasTrimmedBefore(by, node, name, message)) wrong.push(`${where}: ${message} (op ${publish.op}) of ${by.name} is missing`)
      }
    }
  }
  return wrong
}

function hasSettled (node: SimulatedNode, name: string, message: string): boolean {
  const dot = message.lastIndexOf('.')
  const log = node.engine?.book.get(message.slice(0, dot))
  return log !== undefined && node.engine?.inbox.processed(log).find(each => each.name === name)?.ranges.has(Number(message.slice(dot + 1))) === true
}

/** A subscription has no claim on what was trimmed before it was made. */
function wasTrimmedBefore (publisher: SimulatedNode, node: SimulatedNode, name: string, message: string): boolean {
  const [, incarnation, channel] = message.split('.')
  const position = Number(message.slice(message.lastIndexOf('.') + 1))
  const made = node.history.find(event => event.type === 'subscribe' && event.subscription === name)?.t ?? 0
  return publisher.history.some(event => event.type === 'trim' && event.incarnation === incarnation && event.channel === channel && event.through >= position && (event.t ?? 0) <= made + 5_000)
}
