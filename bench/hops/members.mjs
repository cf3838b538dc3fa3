// So many nodes in one process, each with a data directory of its own, that subscribe the channel durably and count what they get.
import { join } from 'node:path'
import { createNode } from 'skein'

const { dir, bootstraps, links, first, count } = JSON.parse(process.argv[2])
const nodes = []
const latencies = []
let delivered = 0
let bytes = 0
const known = [...bootstraps]
for (let i = 0; i < count; i++) {
  // Each links to some of those that were there before it, taken evenly.
  const bootstrap = []
  for (let k = 0; k < Math.min(links, known.length); k++) bootstrap.push(known[(first * 7 + i * 3 + k * Math.max(1, Math.floor(known.length / links))) % known.length])
  const node = await createNode({ dataDir: join(dir, `${first + i}`), mesh: 'bench', bootstrap })
  known.push(node.addresses()[0])
  nodes.push(node)
  const subscription = await node.subscribe('bench/#', { name: 'all', from: 'earliest', maxInFlight: 256 })
  void (async () => {
    for await (const delivery of subscription) {
      const view = new DataView(delivery.body.buffer, delivery.body.byteOffset)
      latencies.push(Number(process.hrtime.bigint() / 1000n - view.getBigUint64(0)))
      delivered++
      bytes += delivery.body.length
      delivery.ack().catch((error) => { console.error(error); process.exit(1) })
    }
  })()
}
process.send({ type: 'ready', addresses: nodes.map(node => node.addresses()[0]) })
let cpu
process.on('message', (message) => {
  if (message.type === 'go') { latencies.length = 0; delivered = 0; bytes = 0; cpu = process.cpuUsage(); process.send({ type: 'gone' }) }
  if (message.type === 'count') process.send({ type: 'count', delivered, peers: nodes.map(node => node.peers().length) })
  if (message.type === 'report') process.send({ type: 'report', delivered, bytes, latencies: latencies.sort((a, b) => a - b), cpu: process.cpuUsage(cpu), rss: process.memoryUsage().rss })
  if (message.type === 'stop') void Promise.all(nodes.map(node => node.close())).then(() => { process.exit(0) })
})
