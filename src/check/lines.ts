/** The lines of a file, without ever holding the file: a piece at a time. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const PIECE_BYTES = 256 * 1024
/** No line of a history is longer: what is, is passed over. */
const LINE_BYTES = 1024 * 1024

export class Unreadable extends Error {}

/** Each line with its number, from 1. `text` is undefined for one that is too long. Throws `Unreadable`. */
export function * linesOf (path: string): Generator<{ readonly line: number, readonly text: string | undefined }, undefined> {
  const fd = open(path)
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES)
    let rest: Buffer[] = []
    let restBytes = 0
    let line = 0
    const ended = (last: Buffer): { line: number, text: string | undefined } => {
      const bytes = restBytes + last.length
      const text = bytes > LINE_BYTES ? undefined : restBytes === 0 ? last.toString('utf8') : Buffer.concat([...rest, last]).toString('utf8')
      rest = []
      restBytes = 0
      return { line: ++line, text }
    }
    for (;;) {
      const count = read(fd, piece, path)
      if (count === 0) break
      let from = 0
      for (;;) {
        const to = piece.subarray(0, count).indexOf(10, from)
        if (to === -1) break
        yield ended(piece.subarray(from, to))
        from = to + 1
      }
      // Of a line that is too long only its length is kept.
      if (restBytes <= LINE_BYTES) rest.push(Buffer.from(piece.subarray(from, count)))
      restBytes += count - from
    }
    if (restBytes > 0) yield ended(Buffer.alloc(0))
  } finally {
    closeSync(fd)
  }
}

const reasonOf = (error: unknown): string => (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message

function open (path: string): number {
  try {
    const fd = openSync(path, 'r')
    // Witnesses are looked up in a second reading.
    if (fstatSync(fd).isFile()) return fd
    closeSync(fd)
  } catch (error) {
    throw new Unreadable(`${path}: ${reasonOf(error)}`)
  }
  throw new Unreadable(`${path}: not a file`)
}

function read (fd: number, into: Buffer, path: string): number {
  try {
    return readSync(fd, into, 0, into.length, null)
  } catch (error) {
    throw new Unreadable(`${path}: ${reasonOf(error)}`)
  }
}
