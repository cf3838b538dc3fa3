import { createHost, PROTOCOL } from './stream-host.mjs'

const host = await createHost(['/ip4/127.0.0.1/tcp/0'])
await host.handle(PROTOCOL, (stream) => {
  let bytes = 0
  stream.addEventListener('message', (event) => { bytes += event.data.byteLength })
  // The far end's own count of what arrived is what counts.
  stream.addEventListener('remoteCloseWrite', () => {
    const out = new Uint8Array(8)
    new DataView(out.buffer).setBigUint64(0, BigInt(bytes))
    stream.send(out)
    void stream.close()
  })
})
process.send(host.getMultiaddrs()[0].toString())
