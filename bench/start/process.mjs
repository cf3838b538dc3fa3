// One of the two processes that start: it says when it has reached each step.
const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1000
const mark = (name, value) => { process.send({ mark: name, at: nowMs(), value }) }

const [role, dataDir] = process.argv.slice(2)
let node
process.on('message', async (message) => {
  if (message.type === 'stop') {
    await node?.close()
    process.exit(0)
  }
  mark('told to open')
  const { createNode } = await import('skein')
  mark('imported')
  node = await createNode({ dataDir, mesh: 'bench', bootstrap: message.bootstrap, listen: ['/ip4/127.0.0.1/tcp/0'] })
  mark('node is there')
  node.on('peer:joined', () => { mark('peer up') })
  if (role === 'subscriber') {
    const subscription = await node.subscribe('bench/#', { name: 'bench', from: 'earliest' })
    mark('subscribed', node.addresses())
    for await (const delivery of subscription) {
      mark('delivered')
      await delivery.ack()
    }
  } else {
    await node.publish('bench/a', new Uint8Array(1024))
    mark('published')
  }
})
mark('running')
