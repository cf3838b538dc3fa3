/**
 * Where the control socket is. A Unix socket path holds about 100 bytes; for a directory with a longer one the socket
 * lies in a private directory under the system's temporary one, and `control.path` in the data directory says where.
 */
import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { SkeinError } from '../base/errors.js'

/** macOS has 104 with the closing zero, Linux 108. */
export const SOCKET_PATH_BYTES_MAX = 100

const SOCKET = 'control.sock'
const POINTER = 'control.path'

export interface SocketPlace {
  readonly path: string
  /** Removes what was made beside the socket. */
  release (): void
}

/** Makes the place ready for a new socket. Only the holder of the directory's lock may call it: it removes a stale socket. */
export function prepareSocketPlace (dataDir: string): SocketPlace {
  const pointer = join(dataDir, POINTER)
  removeStale(dataDir, pointer)
  if (process.platform === 'win32') return { path: pipeName(dataDir), release: () => {} }
  const path = join(dataDir, SOCKET)
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return { path, release: () => {} }
  const directory = shortDirectory()
  const short = join(directory, 's')
  writeFileSync(`${pointer}.new`, short, { mode: 0o600 })
  renameSync(`${pointer}.new`, pointer)
  return {
    path: short,
    release: () => {
      // Another process may have the directory by now, with a pointer of its own.
      if (readPointer(pointer) === short) rmSync(pointer, { force: true })
      rmSync(directory, { recursive: true, force: true })
    }
  }
}

/** The socket to connect to, or undefined when there is none. Throws when what is there belongs to somebody else. */
export function findSocket (dataDir: string): string | undefined {
  if (process.platform === 'win32') return pipeName(dataDir)
  try {
    return look(dataDir)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    throw new SkeinError('ERR_DATA_DIR_UNUSABLE', `the data directory ${dataDir} cannot be read: ${code}`, {
      hint: 'It belongs to another user. Run the command as that user, or choose another directory with --data.',
      cause: error
    })
  }
}

function look (dataDir: string): string | undefined {
  const direct = join(dataDir, SOCKET)
  const path = Buffer.byteLength(direct) <= SOCKET_PATH_BYTES_MAX ? direct : readPointer(join(dataDir, POINTER))
  if (path === undefined) return undefined
  const socket = lstatSync(path, { throwIfNoEntry: false })
  if (socket === undefined) return undefined
  const owner = statSync(dataDir).uid
  if (!socket.isSocket() || socket.uid !== owner) throw foreign(path)
  if (path !== direct) {
    const directory = lstatSync(dirname(path))
    if (!directory.isDirectory() || directory.uid !== owner || (directory.mode & 0o077) !== 0) throw foreign(path)
  }
  return path
}

function removeStale (dataDir: string, pointer: string): void {
  rmSync(join(dataDir, SOCKET), { force: true })
  const old = readPointer(pointer)
  if (old !== undefined) {
    const directory = lstatSync(dirname(old), { throwIfNoEntry: false })
    if (directory?.isDirectory() === true && directory.uid === process.getuid?.() && baseOf(dirname(old)).startsWith('skein-')) {
      rmSync(dirname(old), { recursive: true, force: true })
    }
    rmSync(pointer, { force: true })
  }
}

function shortDirectory (): string {
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    if (Buffer.byteLength(join(parent, 'skein-XXXXXX', 's')) > SOCKET_PATH_BYTES_MAX) continue
    try {
      const directory = mkdtempSync(join(parent, 'skein-'))
      chmodSync(directory, 0o700)
      return directory
    } catch {
      // The next parent may do.
    }
  }
  throw new SkeinError('ERR_DATA_DIR_UNUSABLE', 'no place for the control socket: the paths of the data directory and of the temporary directory are too long', {
    hint: `Use a data directory whose path has fewer than ${SOCKET_PATH_BYTES_MAX - SOCKET.length} bytes.`
  })
}

function readPointer (pointer: string): string | undefined {
  try {
    const path = readFileSync(pointer, 'utf8')
    return isAbsolute(path) && Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX && baseOf(path) === 's' ? path : undefined
  } catch {
    return undefined
  }
}

const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const pipeName = (dataDir: string): string => `\\\\.\\pipe\\skein-${createHash('sha256').update(dataDir).digest('hex').slice(0, 32)}`

function foreign (path: string): SkeinError {
  return new SkeinError('ERR_DATA_DIR_UNUSABLE', `the control socket ${path} does not belong to the owner of the data directory`, {
    hint: 'Somebody else made it. Remove it, and look who can write there.'
  })
}
