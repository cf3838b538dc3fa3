/**
 * A subscriber goes away, comes back, and gets what it missed: all of it, in order, each once.
 *
 *   node examples/catch-up/run.mjs        (after npm install, which also builds)
 *
 * What makes it so: the subscription has a name, and its node has a data directory. The publisher keeps what it has
 * published (7 days by default), whether the subscriber is there or not.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode } from 'skein'

const dir = await mkdtemp(join(tmpdir(), 'skein-catch-up-'))
const shop = await createNode({ dataDir: join(dir, 'shop'), mesh: 'catch-up' })

/** A visit of the subscriber: a node on its own directory for as long as it takes to receive `count` orders. */
async function visit (count) {
  const office = await createNode({ dataDir: join(dir, 'office'), mesh: 'catch-up', bootstrap: shop.addresses() })
  const received = []
  try {
    const subscription = await office.subscribe('orders/#', { name: 'accounts', from: 'earliest' })
    for await (const delivery of subscription) {
      received.push(delivery.json().number)
      await delivery.ack()
      if (received.length === count) break
    }
  } finally {
    await office.close()
  }
  return received
}

const order = number => shop.publish('orders/new', { number })

try {
  for (const number of [1, 2, 3]) await order(number)
  console.log('the office was there and received', await visit(3))

  for (const number of [4, 5, 6, 7, 8]) await order(number)
  console.log('while it was away, the shop published 4 to 8')

  const later = visit(6)
  await order(9)
  console.log('the office came back and received', await later)
} finally {
  await shop.close()
  await rm(dir, { recursive: true })
}
