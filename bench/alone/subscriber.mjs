// A subscriber in a process of its own: takes part in the mesh, acks each delivery and reports what it saw.
import { createNode } from 'skein'

const { dataDir, bootstrap, count, warmup } = JSON.parse(process.argv[2])
const node = await createNode({ dataDir, mesh: 'bench', bootstrap })
const subscription = await node.subscribe('bench/#', { name: 'bench', from: 'earliest', maxInFlight: 1024 })
process.send({ type: 'ready' })

let n = 0
let startedAt = 0
let latencies = []
let acked = 0
let finish
const all = new Promise(resolve => { finish = resolve })
const seen = new Set()
process.on('message', (message) => {
  if (message.type === 'latencies') {
    process.send({ type: 'latencies', latencies })
    latencies = []
  }
})
void (async () => {
  for await (const delivery of subscription) {
    const { body } = delivery
    const view = new DataView(body.buffer, body.byteOffset)
    seen.add(view.getUint32(8))
    if (n >= warmup) latencies.push(Number(process.hrtime.bigint() / 1000n - view.getBigUint64(0)))
    if (++n === warmup) startedAt = performance.now()
    delivery.ack().then(() => { if (++acked === count) finish() }, (error) => { console.error(error); process.exit(1) })
  }
})()
await all
process.send({ type: 'done', seconds: (performance.now() - startedAt) / 1000, measured: count - warmup, unique: seen.size, rss: process.memoryUsage().rss, cpu: process.cpuUsage() })
process.on('message', (message) => { if (message.type === 'stop') void node.close().then(() => { process.exit(0) }) })
