/**
 * Publishes each line that you type.
 *
 *   node examples/two-terminals/publisher.mjs [DIRECTORY]        (after npm install, which also builds)
 *
 * It prints what to type in a second terminal. What you type here is kept in the directory, also while nobody listens.
 */
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode } from 'skein'

const dataDir = process.argv[2] ?? join(tmpdir(), 'skein-two-terminals', 'publisher')
const node = await createNode({ dataDir, mesh: 'two-terminals' })
node.on('peer:joined', () => { console.log('(a subscriber is here)') })
node.on('peer:left', () => { console.log('(a subscriber has left; what you type now it gets when it is back)') })

console.log('In a second terminal, type:')
console.log(`  node examples/two-terminals/subscriber.mjs ${node.addresses()[0]}`)
console.log('Then type lines here. Ctrl-D ends it.')

try {
  for await (const line of createInterface({ input: process.stdin })) {
    await node.publish('notes/line', line)
  }
  await node.drain()
} finally {
  await node.close()
}
