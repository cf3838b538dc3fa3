/**
 * Nodes in processes of their own, on loopback. A peer keeps its data directory, its port and its journal over its lives;
 * whatever is left when a test ends is killed and removed.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DeadLetter, LogInfo, NodeOptions, NodeStatus, PeerInfo, PublishOptions, ReceiptState, SubscribeOptions, ConsumeOptions } from '../../src/node/api.js'

const CHILD = fileURLToPath(new URL('./mesh-child.mjs', import.meta.url))
/** For what should take a moment. Two cores may be shared with a lot of others. */
export const DEADLINE_MS = 40_000

/** Waits for a condition; fails with `what` and the last value after the deadline. */
export async function until<T> (what: string, look: () => T | Promise<T>, holds: (value: T) => boolean = Boolean, deadlineMs = DEADLINE_MS): Promise<T> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const value = await look()
    if (holds(value)) return value
    if (performance.now() > end) throw new Error(`waited in vain for: ${what}; last seen: ${JSON.stringify(value).slice(0, 2000)}`)
    await new Promise(resolve => { setTimeout(resolve, 20) })
  }
}

export class CallError extends Error {
  constructor (message: string, readonly code: string | undefined) { super(message) }
}

/** A process that holds one peer or more. */
export class MeshProcess {
  readonly #child: ChildProcess
  readonly #calls = new Map<number, { resolve: (value: unknown) => void, reject: (error: Error) => void }>()
  readonly ready: Promise<void>
  readonly gone: Promise<void>
  #next = 1
  #alive = true

  constructor (flags: readonly string[] = []) {
    const child = this.#child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [...flags], serialization: 'advanced' })
    let isReady = (): void => {}
    this.ready = new Promise((resolve, reject) => {
      isReady = resolve
      child.once('exit', (code, signal) => { reject(new Error(`the process ended at once: ${code ?? signal}`)) })
    })
    this.ready.catch(() => {})
    child.on('message', (message: { ready?: true, call?: number, value?: unknown, error?: { message: string, code?: string } }) => {
      if (message.ready === true) { isReady(); return }
      const call = this.#calls.get(message.call as number)
      this.#calls.delete(message.call as number)
      if (message.error === undefined) call?.resolve(message.value)
      else call?.reject(new CallError(message.error.message, message.error.code))
    })
    this.gone = once(child, 'exit').then(() => {
      this.#alive = false
      for (const { reject } of this.#calls.values()) reject(new CallError('the process has ended', 'GONE'))
      this.#calls.clear()
    })
  }

  get alive (): boolean { return this.#alive }

  async call<T> (command: string, args: object, deadlineMs = DEADLINE_MS): Promise<T> {
    await this.ready
    if (!this.#alive) throw new CallError('the process has ended', 'GONE')
    const call = this.#next++
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#calls.set(call, { resolve: resolve as (value: unknown) => void, reject })
        timer = setTimeout(() => { reject(new Error(`no answer to ${command} within ${deadlineMs} ms`)) }, deadlineMs)
        this.#child.send({ call, command, args })
      })
    } finally {
      clearTimeout(timer)
      this.#calls.delete(call)
    }
  }

  signal (name: 'SIGSTOP' | 'SIGCONT'): void { this.#child.kill(name) }

  async kill (): Promise<void> {
    if (this.#alive) this.#child.kill('SIGKILL')
    await this.gone
  }
}

export interface Line {
  readonly event: 'started' | 'published' | 'refused' | 'delivered' | 'acked' | 'nacked' | 'rejected' | 'unsettled' | 'gap' | 'buried' | 'failed' | 'forked' | 'duplicate' | 'begun' | 'handled' | 'threw'
  readonly sub: string
  readonly id: string
  readonly tag: string
  readonly topic: string
  readonly attempt: number
  readonly key?: string
  readonly late?: true
  readonly ephemeral?: true
  readonly duplicate?: true
  readonly publisher: string
  readonly incarnation: string
  readonly position: number
  readonly code?: string
  readonly from: number
  readonly to: number
  readonly reason: string
  readonly subscription: string
  readonly running: number
  readonly stays: boolean
}

export interface Load {
  readonly name?: string
  readonly topics: readonly string[]
  readonly count: number
  readonly bytes?: number
  readonly outstanding?: number
  /** Messages are tagged `LABEL:N`. */
  readonly label: string
  readonly options?: PublishOptions
  /** So many keys, in turn. */
  readonly keys?: number
  /** Gives each message its tag as the caller's id. */
  readonly ids?: boolean
  /** The first N. */
  readonly from?: number
  readonly stopOn?: readonly string[]
  readonly retryOn?: readonly string[]
  /** Turns of the event loop before each publish. */
  readonly perTurn?: number
}

export interface Progress {
  readonly published: number
  readonly refused: number
  readonly delivered: number
  readonly acked: number
  readonly gaps: number
  readonly buried: number
  readonly loads: Readonly<Record<string, { readonly next: number, readonly running: number, readonly done: boolean, readonly code?: string }>>
}

/** 'ack', 'reject', 'nack:DELAY', 'hold', or one for each attempt. */
export type Settle = string | readonly string[]

type Wait = { readonly timeoutMs?: number }

/** A node over its lives. */
export class MeshPeer {
  #process: MeshProcess | undefined
  #listen: readonly string[]
  address = ''
  peerId = ''

  constructor (readonly name: string, readonly dir: string, readonly journalPath: string, private readonly options: NodeOptions, private readonly spawn: () => MeshProcess, private readonly shared: boolean) {
    this.#listen = options.listen ?? ['/ip4/127.0.0.1/tcp/0']
  }

  get process (): MeshProcess {
    if (this.#process === undefined) throw new Error(`${this.name} does not run`)
    return this.#process
  }

  /** Starts it, again on the port it had. */
  async start (more: NodeOptions = {}): Promise<this> {
    const process = this.#process = this.spawn()
    // Between two lives the port may have been lent to somebody's outgoing connection.
    const info = await until(`${this.name} to start`, async () => {
      try {
        return await process.call<{ peerId: string, addresses: string[] }>('start', { peer: this.name, journal: this.journalPath, options: { ...this.options, dataDir: this.dir, listen: this.#listen, ...more } })
      } catch (error) {
        if (error instanceof CallError && error.code === 'ERR_PORT_IN_USE') return undefined
        throw error
      }
    }) as { peerId: string, addresses: string[] }
    this.peerId = info.peerId
    this.address = info.addresses[0] ?? ''
    if (this.address !== '') this.#listen = [this.address.replace(/\/p2p\/.*$/, '')]
    return this
  }

  async #call<T> (command: string, args: object = {}, deadlineMs?: number): Promise<T> {
    return await this.process.call<T>(command, { ...args, peer: this.name }, deadlineMs)
  }

  async kill (): Promise<void> { await this.process.kill() }

  async close (): Promise<void> {
    await this.#call('close')
    if (!this.shared) await this.process.kill()
  }

  async drain (options: { timeoutMs?: number } = {}): Promise<void> { await this.#call('drain', options) }
  async publish (topic: string, body: string, options: PublishOptions = {}): Promise<{ id: string, position: number, incarnation: string, duplicate: boolean, time: number }> { return await this.#call('publish', { topic, body, options }) }
  async load (load: Load): Promise<void> { await this.#call('load', load) }
  async stopLoad (name?: string): Promise<void> { await this.#call('stopLoad', { name }) }
  async subscribe (filters: string | readonly string[], options: Omit<SubscribeOptions, 'from'> & { from?: 'earliest' | 'latest', fromTime?: number }, { settle = 'ack', as, limit }: { settle?: Settle, as?: string, limit?: number } = {}): Promise<void> { await this.#call('subscribe', { filters, options, settle, ...(as === undefined ? {} : { as }), ...(limit === undefined ? {} : { limit }) }) }
  async consume (filters: string | readonly string[], options: ConsumeOptions, more: { failFirst?: number } = {}): Promise<void> { await this.#call('consume', { filters, options, ...more }) }
  async release (as: string, settle: Settle, count?: number): Promise<void> { await this.#call('release', { as, settle, count }) }
  async closeSubscription (as: string): Promise<void> { await this.#call('closeSubscription', { as }) }
  async removeSubscription (name: string): Promise<void> { await this.#call('removeSubscription', { name }) }
  async progress (): Promise<Progress> { return await this.#call('progress') }
  async status (): Promise<NodeStatus> { return await this.#call('status') }
  async peers (): Promise<PeerInfo[]> { return await this.#call('peers') }
  async notices (): Promise<Array<{ code: string, message: string, peerId?: string, address?: string }>> { return await this.#call('notices') }
  async outboxLogs (): Promise<LogInfo[]> { return await this.#call('outboxLogs') }
  async inboxLogs (): Promise<LogInfo[]> { return await this.#call('inboxLogs') }
  async deadLetters (options: object = {}): Promise<Array<Omit<DeadLetter, 'body'> & { text: string }>> { return await this.#call('deadLetters', options) }
  async redrive (deadId: string): Promise<void> { await this.#call('redrive', { deadId }) }
  async addBootstrap (address: string): Promise<void> { await this.#call('addBootstrap', { address }) }
  async state (id: string): Promise<ReceiptState> { return await this.#call('state', { id }) }
  async stored (id: string, options: { by?: number | string } & Wait = {}): Promise<ReceiptState> { return await this.#call('stored', { id, timeoutMs: DEADLINE_MS - 5_000, ...options }) }
  async processed (id: string, options: { by: string } & Wait): Promise<ReceiptState> { return await this.#call('processed', { id, timeoutMs: DEADLINE_MS - 5_000, ...options }) }
  async watchMemory (): Promise<void> { await this.#call('watchMemory') }
  /** Bytes of the heap and outside of it after a collection. The process needs `--expose-gc`. */
  async used (): Promise<{ used: number, resident: number }> { return await this.#call('used') }
  async memory (): Promise<{ first: { own: number, all: number }, most: { own: number, all: number } }> { return await this.#call('memory') }

  async joinedBy (...others: MeshPeer[]): Promise<void> {
    await until(`${this.name} to be joined by ${others.map(({ name }) => name).join(', ')}`, () => this.peers(), peers => others.every(({ peerId }) => peers.some(peer => peer.peerId === peerId)))
  }

  async untilPublished (count: number): Promise<void> { await until(`${this.name} to have published ${count}`, () => this.progress(), progress => progress.published >= count) }
  async untilDelivered (count: number): Promise<void> { await until(`${this.name} to have had ${count} deliveries`, () => this.progress(), progress => progress.delivered >= count) }
  async untilAcked (count: number): Promise<void> { await until(`${this.name} to have acked ${count}`, () => this.progress(), progress => progress.acked >= count) }
  async untilLoaded (name = 'load'): Promise<void> { await until(`${this.name} to have published its load`, () => this.progress(), progress => progress.loads[name]?.done === true) }

  /** All that this node has heard of is settled for this subscription. More may exist. */
  async untilSettled (name: string): Promise<void> {
    await until(`${this.name} to have settled all for ${name}`, () => this.status(), status => status.subscriptions.some(subscription => subscription.name === name && subscription.lag === 0 && subscription.inFlight === 0))
  }

  /** What happened in all lives. */
  journal (): Line[] {
    if (!existsSync(this.journalPath)) return []
    const lines = readFileSync(this.journalPath, 'utf8').split('\n')
    // The kill may have cut the last line short.
    lines.pop()
    return lines.map(line => JSON.parse(line) as Line)
  }

  lines (event: Line['event'], sub?: string): Line[] { return this.journal().filter(line => line.event === event && (sub === undefined || line.sub === sub)) }
}

export class MeshBench {
  readonly dir = mkdtempSync(join(tmpdir(), 'skein-mesh-'))
  readonly #processes: MeshProcess[] = []

  process (...flags: string[]): MeshProcess {
    const process = new MeshProcess(flags)
    this.#processes.push(process)
    return process
  }

  /** A peer in a process of its own, or in one that it shares. Not started yet. */
  peer (name: string, options: NodeOptions & { readonly in?: MeshProcess } = {}): MeshPeer {
    const { in: host, dataDir, ...rest } = options
    return new MeshPeer(name, dataDir ?? join(this.dir, name), join(this.dir, `${name}.journal`), { mesh: 'bench', ...rest }, () => host ?? this.process(), host !== undefined)
  }

  async close (): Promise<void> {
    for (const process of this.#processes) if (process.alive) process.signal('SIGCONT')
    await Promise.all(this.#processes.map(async process => { await process.kill() }))
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 })
  }
}
