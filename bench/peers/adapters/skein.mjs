// Skein: a node in each process, no broker. Everything is as people run it: signatures checked, Noise on each link, fsync at both ends.
import path from 'node:path'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { createNode } from '../../../dist/index.js'

export const title = 'Skein (in P3 one node a process, which its four consumers share)'
export const variants = { default: {}, stored: { until: 'stored' }, nodes: { nodePerConsumer: true } }
export const supports = v => v === 'stored' ? ['P2'] : v === 'nodes' ? ['P3'] : ['P1', 'P2', 'P3', 'P6', 'P7', 'P7pub', 'P8']
export const durability = v => v === 'stored'
  ? 'confirm after fsync in the publisher’s outbox and fsync in the subscriber’s inbox (stored:1); ack after fsync'
  : v === 'nodes' ? 'none in P3 (a node for each consumer)' : 'confirm after fsync in the publisher’s outbox (local); ack after fsync in the subscriber’s inbox; P1 and P3: none'
export const version = () => createRequire(import.meta.url)('../../../package.json').version

const shared = new Map()

/** One node a process, unless the variant wants one for each consumer. */
async function nodeOf (ctx) {
  const key = ctx.params.nodePerConsumer ? ctx.index : 'one'
  let entry = shared.get(key)
  if (entry === undefined) {
    const dataDir = path.join(ctx.stateDir, ctx.params.nodePerConsumer ? `node-${ctx.index}` : 'node')
    fs.mkdirSync(ctx.stateDir, { recursive: true })
    const node = await createNode({ dataDir, mesh: 'bench', listen: [`/ip4/127.0.0.1/tcp/${ctx.ports[ctx.index]}`], bootstrap: (ctx.peers ?? []).filter(Boolean).flat() })
    entry = { node, users: 0 }
    shared.set(key, entry)
  }
  entry.users++
  return { key, entry, node: entry.node }
}

export async function connect (ctx) {
  const { key, entry, node } = await nodeOf(ctx)
  const names = new Map()
  const full = topic => {
    let name = names.get(topic)
    if (name === undefined) names.set(topic, name = topic.includes('/') ? topic : `${topic}/a`)
    return name
  }
  const consumers = []
  // Only there the harness publishes again what was not confirmed.
  const repeats = ctx.work.startsWith('P7')
  let sent = 0; let last
  return {
    address: node.addresses(),
    async join (peers) {
      const own = new Set(node.addresses())
      for (const address of peers.flat()) if (address && !own.has(address)) node.addBootstrap(address)
    },
    publish (topic, b) {
      last = node.publish(full(topic), b, { durability: 'none' })
      last.catch(() => {})
      return ++sent % 256 === 0 ? last : undefined   // its promise is back-pressure
    },
    flush: () => last?.then(() => {}, () => {}),
    async subscribe (topic, cb) { consumers.push(pump(await node.subscribe(`${topic}/#`), m => cb(m.body))) },
    async prepare ({ topic, role }) {
      // As in a broker the queue is there before the first message, and stays when its consumer leaves.
      if (role === 'sub') await (await node.subscribe(`${topic}/#`, { name: 'c', maxInFlight: 1000, from: 'earliest' })).close()
    },
    sendDurable (topic, b, { id }) {
      const published = node.publish(full(topic), b, repeats ? { id: String(id) } : undefined)
      return ctx.params.until === 'stored' ? published.then(m => m.stored()) : published
    },
    async consumeDurable (topic, { prefetch }, cb) {
      consumers.push(pump(await node.subscribe(`${topic}/#`, { name: 'c', maxInFlight: Math.min(1024, prefetch), from: 'earliest' }), m => cb(m.body, () => m.ack())))
    },
    async close () {
      for (const c of consumers) await c.close()
      if (--entry.users === 0) { shared.delete(key); await node.close() }
    }
  }
}

function pump (subscription, each) {
  void (async () => { for await (const m of subscription) each(m) })().catch(() => {})
  return subscription
}
