/** Runs the built command as real processes, in directories of their own, and cleans up after them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

const DEADLINE_MS = 30_000

export interface Finished {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export class Run {
  out = ''
  err = ''
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  private readonly watchers = new Set<() => void>()

  constructor (args: readonly string[], { input, env, program = MAIN }: RunOptions) {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SKEIN_') && name !== 'npm_lifecycle_event'))
    this.child = spawn(process.execPath, [program, ...args], { env: { ...inherited, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    this.child.stdout?.on('data', (chunk: Buffer) => { this.out += chunk.toString(); this.changed() })
    this.child.stderr?.on('data', (chunk: Buffer) => { this.err += chunk.toString(); this.changed() })
    this.child.stdin?.on('error', () => {})
    if (input !== undefined) this.child.stdin?.end(input)
    this.finished = new Promise((resolve) => {
      this.child.on('close', (status, signal) => {
        resolve({ status, signal, out: this.out, err: this.err })
        this.changed()
      })
    })
  }

  get ended (): boolean { return this.child.exitCode !== null || this.child.signalCode !== null }

  /** JSON lines of stdout so far. */
  get lines (): Array<Record<string, any>> {
    return this.out.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Record<string, any>)
  }

  kill (signal: NodeJS.Signals): void { this.child.kill(signal) }

  /** Resolves when `check` is true of what it has written. */
  async until (what: string, check: () => boolean, ms = DEADLINE_MS): Promise<void> {
    const deadline = performance.now() + ms
    while (!check()) {
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`timed out waiting until ${what}\nstdout: ${this.out}\nstderr: ${this.err}`)
      if (this.ended && !check()) {
        await this.finished
        if (!check()) throw new Error(`it ended (${this.child.exitCode}) before ${what}\nstdout: ${this.out}\nstderr: ${this.err}`)
        return
      }
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          this.watchers.delete(done)
          resolve()
        }
        const timer = setTimeout(done, Math.min(left, 100))
        this.watchers.add(done)
      })
    }
  }

  private changed (): void {
    for (const watcher of [...this.watchers]) watcher()
  }
}

export interface RunOptions {
  /** Written to stdin, which is then closed; without it stdin stays open. */
  readonly input?: string | Buffer
  readonly env?: Readonly<Record<string, string>>
  readonly program?: string
}

export interface Daemon {
  readonly run: Run
  readonly dir: string
  readonly peerId: string
  readonly address: string
}

export class Lab {
  private readonly dirs: string[] = []
  private readonly runs: Run[] = []

  dir (name = 'node'): string {
    const root = mkdtempSync(join(tmpdir(), 'skein-test-'))
    this.dirs.push(root)
    return join(root, name)
  }

  start (args: readonly string[], options: RunOptions = {}): Run {
    const run = new Run(args, options)
    this.runs.push(run)
    return run
  }

  /** Runs it to its end. */
  async skein (args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const run = this.start(args, { input: '', ...options })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`skein ${args.join(' ')} does not end\nstdout: ${run.out}\nstderr: ${run.err}`)), DEADLINE_MS)
    })
    return await Promise.race([run.finished, late]).finally(() => clearTimeout(timer))
  }

  async daemon (dir: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Daemon> {
    const run = this.start(['daemon', '--json', '--data', dir, ...args], options)
    await run.until('it is ready', () => run.out.includes('\n'))
    const [ready] = run.lines
    return { run, dir, peerId: ready?.['peerId'], address: ready?.['addresses'][0] }
  }

  async clean (): Promise<void> {
    for (const run of this.runs) if (!run.ended) run.kill('SIGKILL')
    await Promise.all(this.runs.map(async (run) => run.finished))
    for (const dir of this.dirs) rmSync(dir, { recursive: true, force: true })
  }
}
