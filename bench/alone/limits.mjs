// The limits of the same machine in the same run: appending to a file with one fdatasync per group, and a raw libp2p
// stream between two processes. Neither is a product; they say what there is to be had.
import { open, rm } from 'node:fs/promises'
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Messages a second appended durably, `outstanding` waiting at a time: each fdatasync confirms all that came meanwhile. */
export async function fileLimit ({ path, size, outstanding, seconds }) {
  const file = await open(path, 'w')
  const body = Buffer.alloc(size, 1)
  let confirmed = 0
  const end = performance.now() + seconds * 1000
  const started = performance.now()
  while (performance.now() < end) {
    await file.write(Buffer.concat(Array.from({ length: outstanding }, () => body)))
    await file.datasync()
    confirmed += outstanding
  }
  const elapsed = (performance.now() - started) / 1000
  await file.close()
  await rm(path)
  return confirmed / elapsed
}

/** Messages a second over one libp2p stream (TCP, noise, yamux), 64 to a write. */
export async function streamLimit ({ size, seconds }) {
  const child = fork(fileURLToPath(new URL('./stream-sink.mjs', import.meta.url)), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  try {
    const address = await new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', () => { reject(new Error('the sink ended')) })
    })
    const { sendFor } = await import('./stream-source.mjs')
    return await sendFor({ address, size, seconds })
  } finally {
    child.kill('SIGKILL')
  }
}
