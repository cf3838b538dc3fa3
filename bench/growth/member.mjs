// A process of the growth bench: it does what it is asked, one thing at a time, on nodes that it embeds.
import { spawnSync } from 'node:child_process'
import { createNode } from 'skein'

const nodes = new Map()
let received = 0
let acked = 0

/** Each topic in turn, `count` messages in all, so many outstanding. */
async function publish ({ node = 'a', channel = 'bench', topics, count, size, outstanding, shuffled = false }) {
  const name = (i) => typeof topics === 'number' ? `${channel}/t${i}` : topics[i]
  const many = typeof topics === 'number' ? topics : topics.length
  const body = new Uint8Array(size)
  // A step that has no divisor in common with their number goes through all of them in an order that is not the one in which they were made.
  const step = shuffled ? 7919 : 1
  let next = 0
  const worker = async () => {
    while (next < count) await nodes.get(node).publish(name(next++ * step % many), body)
  }
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: Math.min(outstanding, count) }, worker))
  return { seconds: (performance.now() - startedAt) / 1000, cpu: used(cpu) }
}

const used = (before) => { const { user, system } = process.cpuUsage(before); return (user + system) / 1e6 }

async function consume (node, filter, options) {
  const subscription = await nodes.get(node).subscribe(filter, { from: 'earliest', maxInFlight: 1024, ...options })
  void (async () => {
    for await (const delivery of subscription) {
      received++
      delivery.ack().then(() => { acked++ }, (error) => { if (error.code !== 'ERR_CLOSED') { console.error(error); process.exit(1) } })
    }
  })()
  return subscription
}

const does = {
  async open ({ node = 'a', ...options }) {
    const startedAt = performance.now()
    const cpu = process.cpuUsage()
    nodes.set(node, await createNode({ mesh: 'bench', ...options }))
    return { addresses: nodes.get(node).addresses(), ms: performance.now() - startedAt, cpu: used(cpu) }
  },
  async close ({ node = 'a' }) {
    const startedAt = performance.now()
    await nodes.get(node).close()
    nodes.delete(node)
    return { ms: performance.now() - startedAt }
  },
  publish,
  async consume ({ node = 'a', filter, ...options }) { await consume(node, filter, options) },
  /** So many durable subscriptions, each to a topic of its own. */
  async consumeEach ({ node = 'a', channel = 'bench', from, to }) {
    const startedAt = performance.now()
    for (let i = from; i < to; i++) await consume(node, `${channel}/t${i}`, { name: `s${i}` })
    return { ms: performance.now() - startedAt }
  },
  /** A durable subscription without a consumer. */
  async prepare ({ node = 'a', filter, name }) { await (await nodes.get(node).subscribe(filter, { name, from: 'earliest', maxInFlight: 1024 })).close() },
  /** Waits until so many more than at the last mark were acked. */
  async acked ({ count, timeoutMs = 600_000 }) {
    const deadline = performance.now() + timeoutMs
    const cpu = process.cpuUsage()
    const startedAt = performance.now()
    while (acked < count) {
      if (performance.now() > deadline) throw new Error(`${count - acked} of ${count} did not come`)
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    return { seconds: (performance.now() - startedAt) / 1000, cpu: used(cpu) }
  },
  mark () { const before = { received, acked }; received = acked = 0; return before },
  /** Processor while nothing is asked of it, s per second. */
  async idle ({ seconds }) {
    const cpu = process.cpuUsage()
    await new Promise(resolve => setTimeout(resolve, seconds * 1000))
    return { cpu: used(cpu) / seconds }
  },
  async status ({ node = 'a' }) {
    global.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    const { inbox, outbox, store, peers } = nodes.get(node).status()
    return { rss, heapUsed, external, logs: inbox.logs, records: inbox.records + outbox.records, bytes: inbox.bytes + outbox.bytes, missing: inbox.missing, peers: peers.length, store }
  },
  disk ({ dir }) { return { bytes: Number(spawnSync('du', ['-s', '-B1', dir], { encoding: 'utf8' }).stdout.split('\t')[0]) } }
}

process.on('message', (message) => {
  if (message.type === 'stop') return void Promise.all([...nodes.values()].map(node => node.close())).finally(() => { process.exit(0) })
  const { type, ...options } = message
  Promise.resolve().then(() => does[type](options)).then(
    (answer) => { process.send({ type: 'answer', ...answer }) },
    (error) => { process.send({ type: 'answer', error: error.stack }) })
})
