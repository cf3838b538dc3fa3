/**
 * Cuts a stream of bytes into lines. A line ends at `\n`, which is not part of it; whatever follows the last one is a
 * line only if it is not empty. A line over the limit is dropped as it comes in and reported with its length, so that
 * memory stays bounded and the lines after it are not lost.
 */

export type Line =
  | { readonly bytes: Buffer }
  | { readonly tooLong: number }

const NEWLINE = 10

export class LineSplitter {
  private parts: Buffer[] = []
  private held = 0
  private length = 0

  constructor (private readonly bytesMax: number) {}

  /** The line that has not ended yet is over the limit already. */
  get overLimit (): boolean { return this.length > this.bytesMax }

  /** The lines that end in `chunk`. They may share memory with it. */
  push (chunk: Uint8Array): Line[] {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const lines: Line[] = []
    let start = 0
    for (let end = buffer.indexOf(NEWLINE); end >= 0; end = buffer.indexOf(NEWLINE, start)) {
      this.add(buffer.subarray(start, end))
      lines.push(this.take())
      start = end + 1
    }
    if (start < buffer.length) this.add(buffer.subarray(start))
    return lines
  }

  /** The last line, if the stream does not end in a newline. */
  end (): Line | undefined {
    return this.length === 0 ? undefined : this.take()
  }

  private add (part: Buffer): void {
    if (part.length === 0) return
    this.length += part.length
    if (this.length <= this.bytesMax) {
      this.parts.push(part)
      this.held += part.length
    } else {
      this.parts = []
      this.held = 0
    }
  }

  private take (): Line {
    const line: Line = this.length > this.bytesMax
      ? { tooLong: this.length }
      : { bytes: this.parts.length === 1 && this.parts[0] !== undefined ? this.parts[0] : Buffer.concat(this.parts, this.held) }
    this.parts = []
    this.held = 0
    this.length = 0
    return line
  }
}
