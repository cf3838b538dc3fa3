// A relay in a process of its own, linked to the one before it.
import { createNode } from 'skein'

const { dataDir, bootstrap } = JSON.parse(process.argv[2])
const node = await createNode({ dataDir, mesh: 'bench', bootstrap, relay: true })
process.send({ type: 'address', addresses: node.addresses() })
const before = process.cpuUsage()
process.on('message', (message) => {
  if (message.type === 'cpu') process.send({ type: 'cpu', cpu: process.cpuUsage(before), rss: process.memoryUsage().rss })
  if (message.type === 'stop') void node.close().then(() => { process.exit(0) })
})
