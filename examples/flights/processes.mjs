/** The processes of the demonstration: started, listened to, killed, and ended by their ids whatever happens. */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const STDERR_KEPT = 2_000
/** The exit status with which the command line says: try again. A port may be in use for a moment longer. */
const TRY_AGAIN = 75

export class Processes {
  #running = new Set()
  #ending = false
  #fail

  /** Rejects when a process ends that should not have. */
  failed = new Promise((_, reject) => { this.#fail = reject })

  constructor () { this.failed.catch(() => {}) }

  /** A file of this folder, with its options as JSON. `onMessage` gets what it tells. */
  start (file, options, onMessage) {
    const child = fork(new URL(file, import.meta.url), [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    child.on('message', onMessage)
    return this.#watch(file, child)
  }

  /** `skein daemon --relay`. Resolves with the address it listens on. */
  async startRelay ({ dataDir, mesh, listen }) {
    for (;;) {
      const child = spawn(process.execPath, [CLI, 'daemon', '--relay', '--json', '--log-level', 'error', '--data', dataDir, '--mesh', mesh, '--listen', listen], { stdio: ['ignore', 'pipe', 'pipe'] })
      const relay = this.#watch('relay', child, [TRY_AGAIN])
      const ready = await Promise.race([firstLine(child.stdout), this.failed])
      if (ready === undefined && await relay.ended === TRY_AGAIN) continue
      if (ready === undefined) throw new Error('the relay ended before it was ready')
      const { event, addresses } = JSON.parse(ready)
      if (event !== 'ready' || addresses.length === 0) throw new Error(`the relay said ${ready}`)
      return { ...relay, address: addresses[0] }
    }
  }

  /** SIGKILL: no handler runs, nothing is flushed. */
  async kill (started) {
    started.expected.killed = true
    started.child.kill('SIGKILL')
    await started.ended
  }

  async endAll () {
    this.#ending = true
    const ended = [...this.#running].map(async started => { await this.kill(started) })
    await Promise.all(ended)
  }

  #watch (name, child, fineStatuses = []) {
    if (this.#ending) child.kill('SIGKILL')
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', text => { stderr = (stderr + text).slice(-STDERR_KEPT) })
    const expected = { killed: false }
    const ended = once(child, 'close').then(([code, signal]) => {
      this.#running.delete(started)
      if (!expected.killed && code !== 0 && !fineStatuses.includes(code)) {
        this.#fail(new Error(`${name} ended with ${signal ?? `status ${code}`}${stderr === '' ? '' : `\n${stderr.trimEnd()}`}`))
      }
      return code
    }, error => {
      this.#running.delete(started)
      this.#fail(new Error(`${name} could not be started: ${error.message}`))
    })
    const started = { child, ended, expected }
    this.#running.add(started)
    return started
  }
}

async function firstLine (stream) {
  const lines = createInterface({ input: stream })
  // The lines after the first are read and dropped: a full pipe would stop the process behind it.
  return await new Promise(resolve => { lines.once('line', resolve).once('close', () => resolve(undefined)) })
}
