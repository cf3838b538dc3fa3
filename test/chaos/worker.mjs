/**
 * An application with a node embedded: it publishes at a rate, consumes everything under a durable name, and is told what to do over
 * IPC. What it saw is in the history that its node writes.
 */
import { createNode } from '../../dist/index.js'
import { seeded } from './random.mjs'

const options = JSON.parse(process.argv[2])
const random = seeded(options.seed)
let publishing = true
let outstanding = 0
let n = 0
const counts = { ok: 0, refused: {}, handled: 0, waited: 0 }

const node = await createNode(options.node)
node.on('node:failed', (error) => {
  process.send?.({ failed: `${error.code} ${error.message}` })
  process.exit(1)
})
for (const [name, filters, settings] of options.subscriptions) {
  await node.consume(filters, { name, from: 'earliest', backoffMs: 20, backoffMaxMs: 500, maxAttempts: 1000, ...settings }, async () => {
    counts.handled++
    // Some handlers fail, some take turns of the event loop.
    if (random.chance(0.02)) throw new Error('not this time')
    if (random.chance(0.2)) await new Promise(resolve => { setImmediate(resolve) })
  })
}

const one = async () => {
  outstanding++
  const topic = random.pick(options.topics)
  const body = Buffer.alloc(random.int(1, options.bodyBytesMax), `${options.name} ${options.life} ${n} `)
  const id = random.chance(0.2) ? `${options.name}-${options.life}-${n}` : undefined
  n++
  try {
    const published = await node.publish(topic, body, { ...(id === undefined ? {} : { id }), ...(random.chance(0.5) ? { key: `k${random.int(0, 5)}` } : {}) })
    counts.ok++
    if (random.chance(0.01)) void published.stored({ by: 1, timeoutMs: 30_000 }).then(() => { counts.waited++ }, () => {})
  } catch (error) {
    counts.refused[error.code] = (counts.refused[error.code] ?? 0) + 1
  } finally {
    outstanding--
  }
}

const PERIOD_MS = 20
setInterval(() => {
  if (!publishing) return
  const burst = random.chance(0.02) ? 50 : 1
  for (let i = 0; i < options.perSecond * PERIOD_MS / 1000 * burst; i++) if (outstanding < 512) void one()
}, PERIOD_MS).unref()

const COMMANDS = {
  quiet: () => { publishing = false },
  look: () => ({ status: node.status(), outbox: node.outboxLogs(), inbox: node.inboxLogs(), counts, outstanding }),
  close: async () => { await node.close() }
}
process.on('message', async ({ call, command }) => {
  try {
    process.send({ call, value: await COMMANDS[command]() })
  } catch (error) {
    process.send({ call, error: String(error.message) })
  }
})
process.on('disconnect', () => { process.exit(1) })
process.send({ ready: { peerId: node.peerId, addresses: node.addresses() } })
