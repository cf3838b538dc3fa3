/**
 * A subscriber process: notes each flight that matches its filters in a journal and acks it when the note is on disk.
 * After a kill it opens the same journal and goes on under the same name where its cursor was.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createNode } from 'skein'
import { Totals } from './flights.mjs'
import { Journal } from './journal.mjs'
import { tell, untilOrphaned } from './child.mjs'

const PROGRESS_MS = 100
const { dataDir, relay, mesh, name, filters } = JSON.parse(process.argv[2])

await mkdir(dataDir, { recursive: true })
const totals = new Totals()
const journal = await Journal.open(join(dataDir, 'journal.ndjson'), entry => totals.add(entry))
const node = await createNode({ dataDir: join(dataDir, 'node'), mesh, bootstrap: [relay] })
const troubles = []
node.on('gap:reported', gap => { troubles.push(`gap: ${gap.reason} ${gap.from}–${gap.to} of ${gap.publisher}`) })
node.on('message:buried', letter => { troubles.push(`buried: ${letter.id}: ${letter.reason}`) })

// Many handlers at a time, so that many notes share one sync. Order does not matter for a sum.
const consumer = await node.consume(filters, { name, from: 'earliest', concurrency: 64 }, async (delivery) => {
  const [, origin] = delivery.topic.split('/')
  const { delay } = delivery.json()
  if (await journal.append(delivery.id, { origin, delay })) totals.add({ origin, delay })
})
await tell({ event: 'subscribed', resumedWith: journal.size })

const progress = setInterval(() => {
  const lag = node.subscriptions().reduce((sum, subscription) => sum + subscription.lag, 0)
  void tell({ event: 'received', count: journal.size, lag })
}, PROGRESS_MS)

await new Promise(resolve => {
  process.once('message', resolve)
  untilOrphaned().addEventListener('abort', resolve)
})
clearInterval(progress)
await consumer.drain()
await node.close()
await journal.close()
await tell({ event: 'totals', byOrigin: totals.byOrigin, repeated: journal.repeated, troubles })
process.disconnect?.()
