/**
 * Lines of JSON over a stream, with bounds both ways: what is written in one turn leaves in few chunks, `congested`
 * tells a writer to wait, and a reader that pauses gets no further line.
 */
import type { Duplex } from 'node:stream'
import { LineSplitter, type Line } from './line-splitter.js'
import { UNSENT_BYTES_HIGH_WATER } from './control-protocol.js'

/** Strings are joined up to this before they are handed to the stream. */
const CHUNK_CHARS = 64 * 1024
const END_WAIT_MS = 1_000

export interface WireHandlers {
  line (message: Readonly<Record<string, unknown>>): void
  /** Called once, when nothing more will come. `error` is undefined at an orderly end. */
  closed (error: Error | undefined): void
}

export class ControlWire {
  private readonly splitter: LineSplitter
  private readonly unread: Line[] = []
  private unreadAt = 0
  private pending: string[] = []
  private pendingChars = 0
  private flushing = false
  private paused = false
  private over = false
  private ending = false
  private waiting: Array<() => void> = []

  constructor (private readonly stream: Duplex, lineBytesMax: number, private readonly handlers: WireHandlers) {
    this.splitter = new LineSplitter(lineBytesMax)
    stream.on('data', (chunk: Buffer) => {
      if (this.ending) return
      this.unread.push(...this.splitter.push(chunk))
      this.readOn()
      if (this.splitter.overLimit) this.break(new Error('a line is too long'))
    })
    stream.on('drain', () => this.release())
    stream.on('error', (error) => this.finish(error))
    stream.on('end', () => this.finish(undefined))
    stream.on('close', () => this.finish(undefined))
  }

  get closed (): boolean { return this.over }

  /** Unsent bytes are above the high-water mark: wait for `drained` before you send much more. */
  get congested (): boolean {
    return !this.over && this.pendingChars + this.stream.writableLength > UNSENT_BYTES_HIGH_WATER
  }

  send (message: object): void {
    if (!this.over && !this.ending) this.queue(`${JSON.stringify(message)}\n`)
  }

  /** Sends it if its line is short enough for the other side. */
  sendWithin (message: object, lineBytesMax: number): boolean {
    const line = `${JSON.stringify(message)}\n`
    if (Buffer.byteLength(line) > lineBytesMax) return false
    if (!this.over && !this.ending) this.queue(line)
    return true
  }

  private queue (line: string): void {
    this.pending.push(line)
    this.pendingChars += line.length
    if (this.pendingChars >= CHUNK_CHARS) {
      this.flush()
    } else if (!this.flushing) {
      this.flushing = true
      setImmediate(() => {
        this.flushing = false
        this.flush()
      })
    }
  }

  /** Resolves when the wire is no longer congested, or is closed. */
  async drained (): Promise<void> {
    while (this.congested) {
      this.flush()
      if (this.congested) await new Promise<void>((resolve) => { this.waiting.push(resolve) })
    }
  }

  pause (): void {
    this.paused = true
    this.stream.pause()
  }

  resume (): void {
    if (!this.paused || this.over) return
    this.paused = false
    // Not at once: whoever resumes may stand in the middle of handling a line.
    setImmediate(() => this.readOn())
  }

  /**
   * Sends what is queued, then closes. What still comes in is read and dropped until the other side has closed too:
   * closing on it would make its writes fail before it has read the last line.
   */
  end (): void {
    if (this.over || this.ending) return
    this.flush()
    this.ending = true
    this.unread.length = 0
    this.unreadAt = 0
    this.resume()
    this.stream.end()
    // An other side that never reads must not keep the stream for ever.
    const timer = setTimeout(() => this.destroy(), END_WAIT_MS)
    this.stream.once('close', () => clearTimeout(timer))
  }

  destroy (): void {
    this.stream.destroy()
    this.finish(undefined)
  }

  private flush (): void {
    if (this.pending.length === 0 || this.over) return
    const text = this.pending.length === 1 ? this.pending[0] : this.pending.join('')
    this.pending = []
    this.pendingChars = 0
    this.stream.write(text)
  }

  private readOn (): void {
    while (!this.paused && !this.over) {
      const line = this.unread[this.unreadAt]
      if (line === undefined) {
        this.unread.length = 0
        this.unreadAt = 0
        this.stream.resume()
        return
      }
      this.unreadAt++
      this.handle(line)
    }
  }

  private handle (line: Line): void {
    if ('tooLong' in line) return this.break(new Error('a line is too long'))
    let message: unknown
    try {
      message = JSON.parse(line.bytes.toString('utf8'))
    } catch {
      return this.break(new Error('a line is not JSON'))
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) return this.break(new Error('a line is not a JSON object'))
    this.handlers.line(message as Record<string, unknown>)
  }

  private break (error: Error): void {
    this.finish(error)
    this.stream.destroy()
  }

  private release (): void {
    if (this.congested) return
    const waiting = this.waiting
    this.waiting = []
    for (const resolve of waiting) resolve()
  }

  private finish (error: Error | undefined): void {
    if (this.over) return
    this.over = true
    this.unread.length = 0
    this.pending = []
    this.release()
    if (!this.stream.writableEnded) this.stream.end()
    this.handlers.closed(error)
  }
}
