/**
 * Prints what the publisher in the other terminal publishes.
 *
 *   node examples/two-terminals/subscriber.mjs ADDRESS [DIRECTORY]        (ADDRESS: as the publisher prints it)
 *
 * Stop it with Ctrl-C, type more lines in the other terminal, and start it again: it goes on where it was.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode } from 'skein'

const [address, dataDir = join(tmpdir(), 'skein-two-terminals', 'subscriber')] = process.argv.slice(2)
if (address === undefined) {
  console.error('Usage: node examples/two-terminals/subscriber.mjs ADDRESS [DIRECTORY]\nThe publisher prints the address.')
  process.exit(2)
}

const node = await createNode({ dataDir, mesh: 'two-terminals', bootstrap: [address] })
node.on('peer:notice', ({ message }) => { console.error(`(${message})`) })
const subscription = await node.subscribe('notes/#', { name: 'screen', from: 'earliest' })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { void subscription.close() })

console.log('Waiting for lines. Ctrl-C ends it.')
try {
  for await (const delivery of subscription) {
    console.log(delivery.text())
    await delivery.ack()
  }
} finally {
  await node.close()
}
