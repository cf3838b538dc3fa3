/**
 * What goes to stdout. It is written with the file descriptor's own calls, off the event loop: `process.stdout` blocks
 * the whole process on a pipe that nobody reads, and with it a node and its neighbours.
 */
import { fstatSync, write } from 'node:fs'
import { isatty } from 'node:tty'

/** A pipe that another process has made non-blocking says EAGAIN when it is full. */
const RETRY_MS = 5

export class Output {
  private last: Promise<void> = Promise.resolve()
  private broken = false

  constructor (private readonly fd: number = 1, private readonly env: Readonly<Record<string, string | undefined>> = process.env) {}

  get isTerminal (): boolean { return isatty(this.fd) }

  get columns (): number { return this.isTerminal ? process.stdout.columns || 80 : 80 }

  get colours (): boolean { return this.isTerminal && !this.env['NO_COLOR'] && this.env['TERM'] !== 'dumb' }

  /** The reader has gone. Further writes do nothing. */
  get closed (): boolean { return this.broken }

  /** Resolves when the system has it, or when nobody reads any more. Writes happen in the order of the calls. */
  async write (data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    this.last = this.last.then(async () => this.writeAll(bytes))
    await this.last
  }

  async line (text: string): Promise<void> {
    await this.write(`${text}\n`)
  }

  async json (value: unknown): Promise<void> {
    await this.line(JSON.stringify(value))
  }

  private async writeAll (bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length && !this.broken;) {
      try {
        done += await writeSome(this.fd, bytes, done)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EAGAIN') {
          await new Promise((resolve) => { setTimeout(resolve, RETRY_MS) })
        } else if (code === 'EPIPE' || code === 'EIO' || (code === 'EBADF' && isClosed(this.fd))) {
          // EIO: the terminal is no more.
          this.broken = true
        } else {
          throw error
        }
      }
    }
  }
}

async function writeSome (fd: number, bytes: Uint8Array, from: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    write(fd, bytes, from, bytes.length - from, null, (error, written) => { if (error === null) resolve(written); else reject(error) })
  })
}

function isClosed (fd: number): boolean {
  try {
    fstatSync(fd)
    return false
  } catch {
    return true
  }
}

/** Text of others, safe for a terminal: control characters are shown and not obeyed. */
export function printable (text: string, keep = ''): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return keep.includes(character) ? character : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
