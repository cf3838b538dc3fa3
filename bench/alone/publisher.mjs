// A publisher in a process of its own: so many outstanding as fast as they are confirmed, or at a fixed rate.
import { createNode } from 'skein'

const { dataDir, bootstrap, count, size, outstanding, rate, until } = JSON.parse(process.argv[2])
const node = await createNode({ dataDir, mesh: 'bench', bootstrap })
if (bootstrap.length === 0) process.send({ type: 'address', addresses: node.addresses() })
await new Promise(resolve => { process.once('message', resolve) })

const confirms = []
const publish = async (i) => {
  const body = new Uint8Array(size)
  const view = new DataView(body.buffer)
  const started = process.hrtime.bigint() / 1000n
  view.setBigUint64(0, started)
  view.setUint32(8, i)
  const message = await node.publish('bench/a', body)
  if (until === 'stored') await message.stored()
  confirms.push(Number(process.hrtime.bigint() / 1000n - started))
}

const startedAt = performance.now()
const cpuBefore = process.cpuUsage()
let next = 0
if (rate > 0) {
  const running = []
  while (next < count) {
    const due = Math.floor((performance.now() - startedAt) / 1000 * rate)
    while (next < Math.min(due, count)) running.push(publish(next++))
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  await Promise.all(running)
} else {
  const worker = async () => { while (next < count) await publish(next++) }
  await Promise.all(Array.from({ length: outstanding }, worker))
}
process.send({ type: 'done', seconds: (performance.now() - startedAt) / 1000, confirms: confirms.sort((a, b) => a - b).filter((_, i, all) => i === Math.floor(all.length / 2) || i === Math.floor(all.length * 0.99)), rss: process.memoryUsage().rss, cpu: process.cpuUsage(cpuBefore) })
process.on('message', (message) => { if (message.type === 'stop') void node.close().then(() => { process.exit(0) }) })
