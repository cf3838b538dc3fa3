import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CHILD = fileURLToPath(new URL('store-fault-node.mjs', import.meta.url))

export interface ChildPlan {
  readonly dataDir: string
  readonly name?: string
  readonly first?: number
  readonly count?: number
  readonly bytes?: number
  readonly outstanding?: number
  readonly settleMs?: number
  readonly bootstrap?: readonly string[]
  readonly retryFull?: boolean
  readonly stay?: boolean
  readonly ack?: boolean
}

/** One run of `store-fault-node.mjs`, and what it said. */
export class FaultRun {
  readonly child: ChildProcess
  readonly #path: string
  readonly #closed: Promise<[number | null, string | null]>
  stderr = ''

  constructor (path: string, plan: ChildPlan, env: Readonly<Record<string, string>> = {}) {
    this.#path = path
    this.child = spawn(process.execPath, [CHILD, JSON.stringify({ ...plan, said: path })], { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'pipe'] })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => { this.stderr += text })
    this.#closed = once(this.child, 'close') as Promise<[number | null, string | null]>
  }

  get lines (): string[] { return existsSync(this.#path) ? readFileSync(this.#path, 'utf8').split('\n').slice(0, -1) : [] }
  /** The numbers said with this word. */
  numbers (word: string): number[] { return this.lines.filter(line => line.startsWith(`${word} `)).map(line => Number(line.split(' ')[1])) }
  /** What was said last with this word, without the word. */
  last (word: string): string | undefined { return this.lines.findLast(line => line.startsWith(`${word} `) || line === word)?.slice(word.length + 1) }

  async ended (): Promise<{ code: number | null, signal: string | null }> {
    const [code, signal] = await this.#closed
    return { code, signal }
  }

  async until (what: string, holds: (run: this) => boolean, ms = 30_000): Promise<void> {
    const deadline = performance.now() + ms
    while (!holds(this)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error(`the node has ended without ${what}: ${this.lines.slice(-5).join(', ')} ${this.stderr}`)
      if (performance.now() > deadline) throw new Error(`no ${what} in ${ms} ms: ${this.lines.slice(-5).join(', ')} ${this.stderr}`)
      await new Promise(resolve => { setTimeout(resolve, 10) })
    }
  }

  async kill (): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.#closed
  }
}

/** Runs of nodes, each with a file of its own to say things in. */
export class FaultBench {
  readonly #runs: FaultRun[] = []
  constructor (readonly dir: string) {}

  run (plan: ChildPlan, env: Readonly<Record<string, string>> = {}): FaultRun {
    const run = new FaultRun(join(this.dir, `said.${this.#runs.length}`), plan, env)
    this.#runs.push(run)
    return run
  }

  async close (): Promise<void> { for (const run of this.#runs) await run.kill() }
}
