/** Where the bodies of `skein pub` come from: an argument, a file, stdin as one message, or stdin line by line. */
import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { SkeinError } from '../base/errors.js'
import { MESSAGE_BYTES_HARD_MAX } from '../base/limits.js'
import { formatBytes } from '../daemon/duration.js'
import { LineSplitter, type Line } from '../daemon/line-splitter.js'

export interface Body {
  /** From 1, of `-l`. */
  readonly line?: number
  readonly bytes: Buffer
  readonly contentType: string
}

/** A line that cannot be sent, whatever the node says. */
export interface BadLine {
  readonly line: number
  readonly error: SkeinError
}

export type BodyOrBadLine = Body | BadLine

export function bodyOf (bytes: Buffer, contentType: string | undefined, line?: number): Body {
  return { ...(line === undefined ? {} : { line }), bytes, contentType: contentType ?? (isUtf8(bytes) ? 'text/plain' : 'application/octet-stream') }
}

export async function readFileBody (path: string): Promise<Buffer> {
  let file
  try {
    file = await open(path)
    const stats = await file.stat()
    if (stats.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' })
    if (stats.isFile() && stats.size > MESSAGE_BYTES_HARD_MAX) throw tooLarge(path, stats.size)
    return await readAll(file.createReadStream({ autoClose: false }), path)
  } catch (error) {
    if (error instanceof SkeinError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    throw new SkeinError('ERR_NOT_FOUND', `cannot read ${path}: ${code ?? message}`, { cause: error })
  } finally {
    await file?.close()
  }
}

/** Reads a stream to its end, but no further than a message can be long. */
export async function readAll (stream: Readable, name: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MESSAGE_BYTES_HARD_MAX) throw tooLarge(name, length)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

export async function * readLines (stream: Readable, contentType: string | undefined): AsyncGenerator<BodyOrBadLine[]> {
  const splitter = new LineSplitter(MESSAGE_BYTES_HARD_MAX)
  let number = 0
  const next = (line: Line): BodyOrBadLine => {
    number++
    return 'bytes' in line
      ? bodyOf(line.bytes, contentType, number)
      : { line: number, error: tooLarge(`line ${number}`, line.tooLong) }
  }
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = splitter.push(chunk)
    if (lines.length > 0) yield lines.map(next)
  }
  const last = splitter.end()
  if (last !== undefined) yield [next(last)]
}

function tooLarge (what: string, bytes: number): SkeinError {
  return new SkeinError('ERR_MESSAGE_TOO_LARGE', `${what} has more than ${formatBytes(MESSAGE_BYTES_HARD_MAX)}: at least ${bytes} bytes`, {
    hint: 'Split it, or send where to find it.'
  })
}
