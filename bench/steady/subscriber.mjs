// Consumes durably, acks each message, and checks that each comes once and in order.
import { createNode } from 'skein'
import { watchSelf } from './self.mjs'

const { dataDir, bootstrap, retention } = JSON.parse(process.argv[2])
const node = await createNode({ dataDir, mesh: 'bench', bootstrap, retention })
const subscription = await node.subscribe('bench/#', { name: 'bench', from: 'earliest', maxInFlight: 1024 })
const self = watchSelf()
let delivered = 0
let acked = 0
let outOfOrder = 0
process.on('message', (message) => {
  if (message.type === 'report') process.send({ type: 'report', delivered, acked, outOfOrder, ...self.report() })
  if (message.type === 'stop') void node.close().then(() => { process.exit(0) })
})
process.send({ type: 'ready' })
for await (const delivery of subscription) {
  const view = new DataView(delivery.body.buffer, delivery.body.byteOffset)
  if (view.getUint32(8) !== delivered % 2 ** 32) outOfOrder++
  delivered++
  self.latency(Number(process.hrtime.bigint() / 1000n - view.getBigUint64(0)))
  delivery.ack().then(() => { acked++ }, (error) => { console.error(error); process.exit(1) })
}
