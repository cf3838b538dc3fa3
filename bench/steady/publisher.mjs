// Publishes durably at a fixed rate until it is told to stop, and tells of itself when asked.
import { createNode } from 'skein'
import { watchSelf } from './self.mjs'

const { dataDir, retention, size, rate, outstanding } = JSON.parse(process.argv[2])
const node = await createNode({ dataDir, mesh: 'bench', retention })
const self = watchSelf()
let confirmed = 0
let started = 0
let late = 0
let going = true
const publish = async (i) => {
  const body = new Uint8Array(size)
  const view = new DataView(body.buffer)
  const at = process.hrtime.bigint() / 1000n
  view.setBigUint64(0, at)
  view.setUint32(8, i)
  await node.publish('bench/a', body)
  self.latency(Number(process.hrtime.bigint() / 1000n - at))
  confirmed++
}
process.send({ type: 'address', addresses: node.addresses() })
process.on('message', (message) => {
  if (message.type === 'report') process.send({ type: 'report', confirmed, late, ...self.report() })
  if (message.type === 'end') going = false
  if (message.type === 'stop') void node.close().then(() => { process.exit(0) })
})
await new Promise(resolve => { process.once('message', resolve) })

const startedAt = performance.now()
while (going) {
  const due = Math.floor((performance.now() - startedAt) / 1000 * rate)
  // What cannot be outstanding waits for its turn, and counts as late.
  for (; started < due && started - confirmed < outstanding; started++) publish(started).catch((error) => { console.error(error); process.exit(1) })
  late = Math.max(late, due - started)
  await new Promise(resolve => setTimeout(resolve, 1))
}
while (confirmed < started) await new Promise(resolve => setTimeout(resolve, 10))
process.send({ type: 'ended', published: started })
