/**
 * A node that publishes and acks on a disk that may fail it, and says in a file what was done, by writes that have happened when
 * they return: `published N`, `acked N`, `delivered N`, `refused N CODE`, `unsettled N CODE`, `failed CODE`, `damaged`, `gap`, `ready`, `done`.
 * Ends with the exit status of the error that ended it, as the `skein` command does.
 *
 *     node store-fault-node.mjs '{"dataDir": …, "said": …, "name": …, "first": 0, "count": 100, "bytes": 100}'
 */
import { createHash } from 'node:crypto'
import { openSync, writeSync } from 'node:fs'
import { createNode } from '../../dist/index.js'

const { dataDir, said, name, first = 0, count = 0, bytes = 100, outstanding = 4, settleMs = 300, bootstrap = [], retryFull = false, retention, stay = false, ack = true } = JSON.parse(process.argv[2])
const file = openSync(said, 'a')
const say = (...words) => { writeSync(file, `${words.join(' ')}\n`) }

/** Of which each byte follows from the number. */
const bodyOf = (n) => {
  const body = Buffer.alloc(bytes)
  for (let at = 0, i = 0; at < bytes; i++) at += createHash('sha256').update(`${n} ${i}`).digest().copy(body, at)
  body.writeUInt32BE(n)
  return body
}

let quietSince = Date.now()
let failure
const end = (status) => { say('ended', status); process.exit(status) }
process.on('uncaughtException', (error) => { say('uncaught', error.code ?? error.message); console.error(error); process.exit(70) })

let node
try {
  node = await createNode({ dataDir, bootstrap, ...(retention === undefined ? {} : { retention }) })
} catch (error) {
  say('failed', error.code)
  console.error(error.message)
  end(error.exitStatus ?? 70)
}
node.on('node:failed', async (error) => {
  failure = error
  say('failed', error.code)
  await node.close().catch(() => {})
  end(error.exitStatus ?? 70)
})
node.on('store:damaged', ({ position }) => { say('damaged', position) })
node.on('gap:reported', ({ from, to, reason }) => { say('gap', from, to, reason) })
say('ready', node.addresses()[0])

const take = async (delivery) => {
  const n = Buffer.from(delivery.body).readUInt32BE()
  quietSince = Date.now()
  say(Buffer.compare(delivery.body, bodyOf(n)) === 0 ? 'delivered' : 'ALTERED', n)
  if (!ack) return
  try {
    await delivery.ack()
    say('acked', n)
  } catch (error) {
    say('unsettled', n, error.code)
  }
}
if (name !== undefined) {
  const subscription = await node.subscribe('orders/#', { name, from: 'earliest' })
  const loop = async () => { for await (const delivery of subscription) void take(delivery) }
  loop().catch(() => {})
}

const pause = (ms) => new Promise(resolve => { setTimeout(resolve, ms) })
let next = first
async function publish () {
  while (next < first + count && failure === undefined) {
    const n = next++
    for (;;) {
      try {
        await node.publish('orders/new', bodyOf(n), { id: `${n}` })
        say('published', n)
        break
      } catch (error) {
        say('refused', n, error.code)
        if (!retryFull || error.code !== 'ERR_STORE_FULL') break
        await pause(20)
      }
    }
    quietSince = Date.now()
  }
}
await Promise.all(Array.from({ length: outstanding }, publish))
/** Nothing is known that it has not settled. A busy machine may be silent for long before that. */
const isSettled = () => name === undefined || !ack || node.subscriptions().every(info => info.name !== name || info.lag === 0)
while (stay || Date.now() - quietSince < settleMs || (failure === undefined && !isSettled())) await pause(20)
if (failure === undefined) {
  await node.close()
  say('done')
  end(0)
}
