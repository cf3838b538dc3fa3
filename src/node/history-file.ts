/**
 * The file that a history is written to: JSON lines, appended. Lines are collected for one turn of the event loop at most, and are with the
 * operating system before any commit begins that they may have led to: what is killed has lost no line of which anything else is left.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import type { Clock } from '../base/clock.js'
import { SkeinError } from '../base/errors.js'

/** One line: its type and fields, as `docs/histories.md` has them. */
export type HistoryLine = Readonly<Record<string, unknown>> & { readonly type: string }

/** Where a history goes. */
export interface HistoryWriter {
  write (line: HistoryLine): void
  /** What was written is with the operating system when it returns, or is lost, and the writer has said so. */
  flush (): void
  close (): void
}

export interface HistoryFileOptions {
  readonly path: string
  readonly clock: Clock
  /** A line could not be written. Called once, however many follow. */
  readonly lost: (error: Error) => void
  /** Writes some of the bytes from `at` on and returns how many. Default: `fs.writeSync`. */
  readonly put?: (fd: number, bytes: Uint8Array, at: number) => number
}

/** So much is collected before it is written at once. */
const BUFFER_LENGTH = 64 * 1024

export class HistoryFile implements HistoryWriter {
  readonly #o: HistoryFileOptions
  readonly #fd: number
  #buffer = ''
  #due = false
  #lost = false
  #told = false
  #closed = false
  /** The file had lines before. */
  readonly isContinued: boolean

  /** Throws `ERR_BAD_ARGUMENT` when the file cannot be opened. */
  constructor (options: HistoryFileOptions) {
    this.#o = options
    try {
      this.#fd = openSync(options.path, 'a+', 0o600)
      const { size } = fstatSync(this.#fd)
      this.isContinued = size > 0
      const last = Buffer.alloc(1)
      // The last life may have been cut in the middle of a line.
      if (size > 0 && readSync(this.#fd, last, 0, 1, size - 1) === 1 && last[0] !== 10) this.#buffer = '\n'
    } catch (error) {
      throw new SkeinError('ERR_BAD_ARGUMENT', `the history cannot be written: ${(error as Error).message}`, { cause: error, hint: 'Name a file in a directory that exists and may be written.' })
    }
  }

  write (line: HistoryLine): void {
    if (this.#closed) return
    this.#buffer += `${JSON.stringify({ ...line, t: Math.floor(this.#o.clock.wallMs()) })}\n`
    if (this.#buffer.length >= BUFFER_LENGTH) this.flush()
    else if (!this.#due) {
      this.#due = true
      this.#o.clock.soon(() => {
        this.#due = false
        this.flush()
      })
    }
  }

  flush (): void {
    if (this.#buffer === '' || this.#closed) return
    const text = this.#lost ? `\n${JSON.stringify({ type: 'fault', fault: 'history-lost', t: Math.floor(this.#o.clock.wallMs()) })}\n${this.#buffer}` : this.#buffer
    this.#buffer = ''
    try {
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length;) at += (this.#o.put ?? writeSync)(this.#fd, bytes, at)
      this.#lost = false
    } catch (error) {
      // The node goes on. As soon as there is room again the history says that lines are missing.
      this.#lost = true
      if (!this.#told) {
        this.#told = true
        this.#o.lost(error as Error)
      }
    }
  }

  close (): void {
    if (this.#closed) return
    this.flush()
    this.#closed = true
    closeSync(this.#fd)
  }
}
