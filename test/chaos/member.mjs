/**
 * One member of the mesh over its lives: a process that is started, killed, stopped, continued and asked. An application with a node
 * embedded (`worker.mjs`), or a daemon with clients of the command line beside it.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url))
const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const START_MS = 60_000

export class Member {
  lives = 0
  kills = 0
  peerId = undefined
  port = undefined
  isUp = false
  isStopped = false
  failures = []
  totals = { ok: 0, refused: {}, handled: 0 }
  #child
  #clients = []
  #calls = new Map()
  #nextCall = 1

  /** `setup`: name, index, kind, ground, dataDir, history, mesh, seed, load. `bootstrap()`: addresses to dial. */
  constructor (setup) { this.setup = setup }

  get isDaemon () { return this.setup.kind === 'daemon' }

  async start () {
    this.lives++
    const ready = this.isDaemon ? await this.#startDaemon() : await this.#startWorker()
    this.peerId = ready.peerId
    this.port = Number(/\/tcp\/(\d+)/.exec(ready.addresses[0])?.[1])
    this.isUp = true
    this.isStopped = false
    if (this.isDaemon) this.#startClients()
    return ready
  }

  get #listen () {
    const { ground, index } = this.setup
    return `/ip4/${ground.hostOf(index)}/tcp/${this.port ?? ground.portOf(index)}`
  }

  #spawn (command, options) {
    const [file, ...args] = this.setup.ground.wrap(this.setup.index, command)
    return spawn(file, args, options)
  }

  #startWorker () {
    const { name, dataDir, history, mesh, seed, load, bootstrap } = this.setup
    const options = {
      name, life: this.lives, seed: seed + this.lives * 7919, ...load,
      node: { dataDir, mesh, listen: [this.#listen], bootstrap: bootstrap(), history, publishWaitMs: 2_000 }
    }
    const child = this.#child = this.#spawn([process.execPath, WORKER, JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    return this.#awaitReady(child, (resolve) => {
      child.on('message', ({ ready, failed, call, value, error }) => {
        if (ready !== undefined) resolve(ready)
        if (failed !== undefined) this.failures.push(failed)
        if (call !== undefined) this.#answer(call, value, error)
      })
    })
  }

  #startDaemon () {
    const { dataDir, history, mesh, bootstrap } = this.setup
    const child = this.#child = this.#spawn([process.execPath, CLI, 'daemon', '--data', dataDir, '--mesh', mesh, '--listen', this.#listen, ...bootstrap().flatMap(address => ['--bootstrap', address]), '--json'],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, SKEIN_HISTORY: history } })
    return this.#awaitReady(child, (resolve) => {
      let text = ''
      child.stdout.on('data', (chunk) => {
        text += chunk
        const lines = text.split('\n')
        text = lines.pop()
        for (const line of lines) {
          const event = JSON.parse(line)
          if (event.event === 'ready') resolve(event)
        }
      })
    })
  }

  #awaitReady (child, listen) {
    let errors = ''
    child.stderr.on('data', (chunk) => { errors = (errors + chunk).slice(-2_000) })
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { reject(new Error(`${this.setup.name} did not start: ${errors}`)) }, START_MS)
      listen((ready) => { clearTimeout(timer); resolve(ready) })
      child.on('exit', (code, signal) => {
        clearTimeout(timer)
        const wasUp = this.#child === child && this.isUp
        if (this.#child === child) this.isUp = false
        this.#endClients()
        for (const { reject: failed } of this.#calls.values()) failed(new Error('the process has ended'))
        this.#calls.clear()
        // One that could not start is started again; one that ends by itself later has failed.
        if (signal === null && code !== 0 && wasUp) this.failures.push(`${this.setup.name} ended with ${code}: ${errors.trim().split('\n').at(-1)}`)
        reject(new Error(`${this.setup.name} ended with ${code ?? signal}: ${errors}`))
      })
    })
  }

  /** `pub -l` fed at a rate, and a durable `sub`, for as long as the daemon lives. */
  #startClients () {
    const { dataDir, load, name } = this.setup
    const life = this.lives
    const client = (...args) => {
      const child = this.#spawn([process.execPath, CLI, ...args, '--data', dataDir], { stdio: ['pipe', 'ignore', 'ignore'] })
      child.on('error', () => {})
      child.stdin.on('error', () => {})
      this.#clients.push(child)
      return child
    }
    for (const [subscription, filters] of load.subscriptions) client('sub', ...filters, '--durable', subscription, '--from', 'earliest', '--max-attempts', '1000')
    if (load.perSecond === 0) return
    const pub = client('pub', '-l', load.topics[0])
    let n = 0
    this.feed = setInterval(() => {
      if (pub.stdin.writable && pub.stdin.writableLength < 65_536) pub.stdin.write(Array.from({ length: Math.ceil(load.perSecond / 10) }, () => `${name} ${life} ${n++}\n`).join(''))
    }, 100)
  }

  quiet () {
    clearInterval(this.feed)
    return this.isDaemon ? undefined : this.#ask('quiet')
  }

  /** What the node says of itself: status and logs. */
  async look () {
    if (!this.isDaemon) {
      const seen = await this.#ask('look')
      this.last = seen.counts
      return seen
    }
    const [status, outbox, inbox] = await Promise.all([['status'], ['outbox', 'ls'], ['inbox', 'ls']].map(args => this.#json(args)))
    return { status: status[0], outbox, inbox, outstanding: 0 }
  }

  #json (args) {
    const child = this.#spawn([process.execPath, CLI, ...args, '--json', '--data', this.setup.dataDir], { stdio: ['ignore', 'pipe', 'ignore'] })
    let text = ''
    child.stdout.on('data', (chunk) => { text += chunk })
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => { if (code === 0) resolve(text.trim().split('\n').filter(Boolean).map(line => JSON.parse(line))); else reject(new Error(`${args.join(' ')} ended with ${code}`)) })
    })
  }

  #ask (command) {
    const call = this.#nextCall++
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject })
      this.#child.send({ call, command }, (error) => { if (error) reject(error) })
    })
  }

  #answer (call, value, error) {
    const waiting = this.#calls.get(call)
    this.#calls.delete(call)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new Error(error))
  }

  pause () {
    this.isStopped = true
    this.#child.kill('SIGSTOP')
  }

  resume () {
    this.isStopped = false
    this.#child.kill('SIGCONT')
  }

  /** kill -9. Its clients, which find the daemon gone, go too. */
  async kill () {
    this.kills++
    await this.#end('SIGKILL')
  }

  async #end (signal) {
    const child = this.#child
    this.#endClients()
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => { child.once('exit', resolve) })
    child.kill('SIGCONT')
    child.kill(signal)
    await ended
    this.isUp = false
  }

  #endClients () {
    clearInterval(this.feed)
    for (const client of this.#clients.splice(0)) client.kill('SIGKILL')
  }

  /** Closes the node as it should be closed. */
  async close () {
    if (!this.isUp) return
    if (!this.isDaemon) await this.#ask('close').catch(() => {})
    await this.#end('SIGTERM')
  }

  async end () { await this.#end('SIGKILL') }
}
