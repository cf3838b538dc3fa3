/**
 * Two nodes in one process: one publishes, one subscribes, and the publisher learns how far its message got.
 *
 *   node examples/hello.mjs        (after npm install, which also builds)
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode } from 'skein'

const dir = await mkdtemp(join(tmpdir(), 'skein-hello-'))
const sensor = await createNode({ dataDir: join(dir, 'sensor'), mesh: 'hello' })
const desk = await createNode({ dataDir: join(dir, 'desk'), mesh: 'hello', bootstrap: sensor.addresses() })
try {
  // A durable subscription has a name; `from: 'earliest'` takes what was published before it was made, too.
  const consumer = await desk.consume('press/+/temperature', { name: 'historian', from: 'earliest' }, delivery => {
    console.log(`received ${delivery.topic}: ${delivery.json().celsius} °${delivery.headers.unit}`)
  })

  const message = await sensor.publish('press/4/temperature', { celsius: 81.2 }, { headers: { unit: 'C' } })
  console.log('published: it is on the disk of the sensor')

  await message.stored({ by: desk.peerId, timeoutMs: 10_000 })
  console.log('stored: it is on the disk of the desk')

  await message.processed({ by: 'historian', timeoutMs: 10_000 })
  console.log('processed: the historian has handled it')
  await consumer.drain()
} finally {
  await desk.close()
  await sensor.close()
  await rm(dir, { recursive: true })
}
