import { Duplex } from 'node:stream'

/** The far end of a stream: what it is sent is kept up to a limit, and it says what it is told to. */
export class Pipe extends Duplex {
  text = ''
  written = 0

  constructor () { super({ allowHalfOpen: true, emitClose: true }) }

  override _read (): void {}

  override _write (chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.length
    if (this.text.length < 4 * 1024 * 1024) this.text += chunk.toString()
    done()
  }

  lines (): unknown[] { return this.text.split('\n').filter(line => line !== '').map(line => JSON.parse(line)) }
}

export const turn = async (): Promise<void> => new Promise(resolve => { setImmediate(resolve) })

/** Feeds `bytes` in pieces whose sizes hang on the bytes alone. */
export function feed (stream: Duplex, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const length = 1 + ((bytes[at] as number) * 7 % 96) * (1 + at % 7) * 16
    stream.push(bytes.subarray(at, at + length))
    at += length
  }
}
