/** A process that a test starts: what it writes is waited for with a deadline, and it is ended by its id. */
import { spawn, type ChildProcess } from 'node:child_process'

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

export class Run {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #name: string
  readonly #watchers = new Set<() => void>()
  #ended: Ended | undefined

  constructor (command: string, args: readonly string[], { cwd, env = {} }: RunOptions) {
    this.#name = [command, ...args].join(' ')
    // A group of its own: a shell and what it starts are signalled together, as Ctrl-C in a terminal does.
    this.#child = spawn(command, args, { cwd, env: { ...process.env, NO_COLOR: '1', ...env }, detached: true, stdio: 'pipe' })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => { this.stdout += text; this.#changed() })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => { this.stderr += text; this.#changed() })
    this.#child.stdin?.on('error', () => {})
    this.#child.once('error', error => { this.stderr += String(error); this.#ended = { status: null, signal: null }; this.#changed() })
    this.#child.once('close', (status, signal) => { this.#ended = { status, signal }; this.#changed() })
  }

  write (text: string): void { this.#child.stdin?.write(text) }
  endInput (): void { this.#child.stdin?.end() }

  /** Resolves with the match when stdout has it. Rejects at the deadline, and when the process ends without it. */
  async until (pattern: RegExp, timeoutMs = 20_000): Promise<RegExpExecArray> {
    return await this.#wait(`/${pattern.source}/`, timeoutMs, () => {
      const match = pattern.exec(this.stdout)
      if (match === null && this.#ended !== undefined) throw new Error(`'${this.#name}' ended with ${this.#ended.signal ?? this.#ended.status} and without /${pattern.source}/\n${this.#said()}`)
      return match ?? undefined
    })
  }

  /** As `until`, for what it writes on stderr. */
  async untilSaid (pattern: RegExp, timeoutMs = 20_000): Promise<void> {
    await this.#wait(`/${pattern.source}/ on stderr`, timeoutMs, () => pattern.test(this.stderr) || this.#ended !== undefined ? true : undefined)
  }

  async ended (timeoutMs = 20_000): Promise<Ended> {
    return await this.#wait('its end', timeoutMs, () => this.#ended)
  }

  /** Throws unless it ends with status 0. */
  async succeeded (timeoutMs = 20_000): Promise<void> {
    const { status, signal } = await this.ended(timeoutMs)
    if (status !== 0) throw new Error(`'${this.#name}' ended with ${signal ?? status}\n${this.#said()}`)
  }

  signal (signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, signal)
    } catch {
      // The group has gone.
    }
  }

  /** Ends it and what it has started. */
  async kill (): Promise<void> {
    this.signal('SIGKILL')
    await this.ended()
  }

  #said (): string { return `stdout:\n${this.stdout}\nstderr:\n${this.stderr}` }

  #changed (): void { for (const watcher of this.#watchers) watcher() }

  async #wait<T> (what: string, timeoutMs: number, look: () => T | undefined): Promise<T> {
    return await new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#watchers.delete(check)
      }
      const check = (): void => {
        try {
          const found = look()
          if (found === undefined) return
          done()
          resolve(found)
        } catch (error) {
          done()
          reject(error as Error)
        }
      }
      const timer = setTimeout(() => {
        done()
        reject(new Error(`waited ${timeoutMs} ms for ${what} of '${this.#name}'\n${this.#said()}`))
      }, timeoutMs)
      this.#watchers.add(check)
      check()
    })
  }
}
