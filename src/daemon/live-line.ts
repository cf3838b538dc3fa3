/** The line that tells what passes: every second on a terminal, elsewhere when something has changed, at most every 10 s. */
import type { MeshNode, NodeStatus } from '../node/api.js'
import { formatBytes } from './duration.js'
import type { Screen } from './screen.js'

const TERMINAL_MS = 1_000
const ELSEWHERE_MS = 10_000

/** Columns that the long form fits in. */
const WIDE = 110
const LONG = { published: 'published', received: 'received', delivered: 'delivered' }
const SHORT: Names = { published: 'out', received: 'in', delivered: 'done' }

type Names = typeof LONG

interface Totals {
  readonly atMs: number
  readonly published: number
  readonly received: number
  readonly delivered: number
}

export function startLiveLine (node: MeshNode, screen: Screen): { stop (): void } {
  let last = totalsOf(node.status(), performance.now())
  let shown = ''
  const show = (): void => {
    const status = node.status()
    const now = totalsOf(status, performance.now())
    const text = describeTraffic(status, now, last, screen.isTerminal && screen.columns < WIDE ? SHORT : LONG)
    last = now
    if (screen.isTerminal) {
      screen.setLive(text)
    } else if (factsOf(text) !== shown) {
      shown = factsOf(text)
      screen.line(text)
    }
  }
  if (screen.isTerminal) show()
  const timer = setInterval(show, screen.isTerminal ? TERMINAL_MS : ELSEWHERE_MS)
  return {
    stop: () => {
      clearInterval(timer)
      screen.endLive()
    }
  }
}

function describeTraffic (status: NodeStatus, now: Totals, before: Totals, names: Names = LONG): string {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1_000)
  const flow = (name: string, total: number, earlier: number): string => `${name} ${total.toLocaleString('en')} (${rate((total - earlier) / seconds)}/s)`
  const lag = status.subscriptions.reduce((sum, subscription) => sum + subscription.lag, 0)
  return [
    `${status.peers.length} peer${status.peers.length === 1 ? '' : 's'}`,
    flow(names.published, now.published, before.published),
    flow(names.received, now.received, before.received),
    flow(names.delivered, now.delivered, before.delivered),
    `lag ${lag.toLocaleString('en')}`,
    `store ${formatBytes(status.store.usedBytes)}`,
    ...(status.gaps > 0 ? [`gaps ${status.gaps}`] : []),
    ...(status.deadLetters > 0 ? [`dead ${status.deadLetters}`] : [])
  ].join(' · ')
}

export function totalsOf ({ counters, subscriptions }: NodeStatus, atMs: number): Totals {
  const sum = (...names: string[]): number => names.reduce((total, name) => total + (counters[name] ?? 0), 0)
  return {
    atMs,
    published: sum('published_messages', 'published_ephemeral'),
    received: sum('received_messages', 'received_ephemeral'),
    delivered: counters['delivered_messages'] ?? subscriptions.reduce((total, { acked }) => total + acked, 0)
  }
}

/** Rates and bytes in the store move by themselves: they are no news. */
const factsOf = (text: string): string => text.replace(/ \([^)]*\)| · store [^·]*/g, '')

const rate = (perSecond: number): string => perSecond >= 100 ? Math.round(perSecond).toLocaleString('en') : perSecond.toFixed(1).replace(/\.0$/, '')
