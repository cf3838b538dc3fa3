import { multiaddr } from '@multiformats/multiaddr'
import { createHost, PROTOCOL } from './stream-host.mjs'

export async function sendFor ({ address, size, seconds }) {
  const host = await createHost([])
  try {
    const stream = await host.dialProtocol(multiaddr(address), PROTOCOL)
    const arrived = new Promise((resolve) => {
      stream.addEventListener('message', (event) => { const bytes = event.data.subarray()
        resolve(Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))) })
    })
    const frame = new Uint8Array(64 * (size + 4))
    const started = performance.now()
    while (performance.now() - started < seconds * 1000) {
      if (!stream.send(frame.slice())) await new Promise(resolve => { stream.addEventListener('drain', resolve, { once: true }) })
    }
    await stream.close()
    return await arrived / (size + 4) / ((performance.now() - started) / 1000)
  } finally {
    await host.stop()
  }
}
