/**
 * The data directory of a node, and the lock that makes it one process's own.
 *
 *     <dir>/lock           who works here; locked in the kernel for the life of the process
 *     <dir>/identity.key   the node's key (security/)
 *     <dir>/store.mdb      the store; beside it LMDB's own store.mdb-lock
 *
 * The lock belongs to the open file and not to what is written in it: when the process dies, however it dies, the kernel lets
 * go of it. What is written in it is only for the message to whoever comes second. The file is never removed, since a
 * second process could then lock a new file of that name while the first still holds the old one.
 */
import { accessSync, closeSync, constants, existsSync, fchmodSync, fstatSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isSkeinError, SkeinError } from '../base/errors.js'
import { tryLockFile } from './file-lock.js'

export type DataDirRole = 'daemon' | 'command' | 'embedded'

export interface DataDir {
  readonly dir: string
  readonly storePath: string
  readonly keyPath: string
  /** Whoever had it last let go of it, and was not killed. */
  readonly wasReleased: boolean
  /** Lets go of the lock. Close the store first. `clean`: no commit of it was broken off. Default true. */
  release (clean?: boolean): void
}

export interface LockHolder {
  readonly pid: number
  readonly role: DataDirRole
}

const ROLES: Readonly<Record<DataDirRole, string>> = { daemon: 'a daemon', command: 'a command', embedded: 'an embedded node' }
/** The note has a fixed length, so that one write in place replaces it whole and a reader never meets half of it. */
const NOTE_BYTES = 64
/** How long a second process waits for the first to write its note, when the one it finds was left by the dead. */
const NOTE_WAIT_MS = 300
const NOTE_POLL_MS = 10

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Make it belong to the user that Skein runs as, or choose another with $SKEIN_DATA.',
  EPERM: 'Make it belong to the user that Skein runs as, or choose another with $SKEIN_DATA.',
  ENOTDIR: 'A part of this path is a file. Choose another directory with $SKEIN_DATA.',
  EEXIST: 'A part of this path is a file. Choose another directory with $SKEIN_DATA.',
  EISDIR: 'There is a directory where the lock file should be. Move it away.',
  EROFS: 'The file system is mounted read-only. Mount it for writing, or choose another directory with $SKEIN_DATA.',
  ENOSPC: 'The disk is full. Make room on it.',
  EDQUOT: 'The disk quota is used up. Make room, or have it raised.',
  ENOENT: 'A part of this path leads nowhere, such as a symbolic link to a disk that is not mounted. Choose another directory with $SKEIN_DATA.',
  ENAMETOOLONG: 'The path is too long. Choose a shorter one with $SKEIN_DATA.',
  ELOOP: 'The path goes through symbolic links in a circle.',
  ENOLCK: 'The file system has no locks. Choose a directory on a local disk.',
  ENOTSUP: 'The file system has no locks. Choose a directory on a local disk.',
  EOPNOTSUPP: 'The file system has no locks. Choose a directory on a local disk.'
}

/**
 * Makes the directory if it is missing, and locks it. Rejects with `ERR_DATA_DIR_IN_USE`, whose message names the process that
 * has it (`readLockHolder` gives the same as values), or with `ERR_DATA_DIR_UNUSABLE`.
 */
export async function openDataDir (dir: string, options: { readonly role: DataDirRole }): Promise<DataDir> {
  const path = resolve(dir)
  const fd = openLockFile(path)
  let wasReleased = false
  try {
    if (!await tryLockFile(fd)) throw await inUse(path)
    wasReleased = readNote(fd) === ''
    writeNote(fd, `${process.pid} ${options.role}`)
  } catch (error) {
    closeSync(fd)
    throw unusable(path, error)
  }
  let held = true
  return {
    dir: path,
    storePath: storePathOf(path),
    keyPath: join(path, 'identity.key'),
    wasReleased,
    release (clean = true) {
      if (!held) return
      held = false
      if (clean) clearNote(fd)
      closeSync(fd)
    }
  }
}

export const storePathOf = (dir: string): string => join(resolve(dir), 'store.mdb')

/** What the lock file says of the process that has, or last had, the directory. Says nothing about whether it is locked. */
export function readLockHolder (dir: string): LockHolder | undefined {
  const path = join(resolve(dir), 'lock')
  if (!existsSync(path)) return undefined
  const fd = openSync(path, 'r')
  try {
    const [pid, role] = readNote(fd).split(' ')
    if (role === undefined || !Object.hasOwn(ROLES, role) || !/^[1-9]\d*$/.test(pid ?? '')) return undefined
    return { pid: Number(pid), role: role as DataDirRole }
  } finally {
    closeSync(fd)
  }
}

/** Where it cannot be cleared, as on a disk that has become read-only, the next start looks the store through as after a crash. */
function clearNote (fd: number): void {
  try {
    writeNote(fd, '')
  } catch {}
}

function readNote (fd: number): string {
  const note = Buffer.alloc(NOTE_BYTES)
  return note.toString('latin1', 0, readSync(fd, note, 0, NOTE_BYTES, 0)).trim()
}

function openLockFile (dir: string): number {
  try {
    makeDirectory(dir)
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK)
    const fd = openSync(join(dir, 'lock'), constants.O_RDWR | constants.O_CREAT, 0o600)
    fchmodSync(fd, 0o600)
    return fd
  } catch (error) {
    throw unusable(dir, error)
  }
}

/**
 * Makes the directory and those above it. Node's own `recursive` never ends, and takes all memory, where a directory cannot be
 * made in one that is there: below a symbolic link that leads nowhere, in `/proc`.
 */
function makeDirectory (dir: string, withParents = true): void {
  try {
    mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && withParents && dirname(dir) !== dir) {
      makeDirectory(dirname(dir))
      makeDirectory(dir, false)
    } else if (code === 'EEXIST' ? !statSync(dir).isDirectory() : !existsSync(dir)) {
      throw error
    }
  }
}

/** A full disk is no reason not to go on with a directory that is in use already, and the lock holds without its note. */
function writeNote (fd: number, note: string): void {
  try {
    writeSync(fd, note.padEnd(NOTE_BYTES - 1) + '\n', 0, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if ((code !== 'ENOSPC' && code !== 'EDQUOT') || fstatSync(fd).size === 0) throw error
  }
}

async function inUse (dir: string): Promise<SkeinError> {
  let holder = readLockHolder(dir)
  for (let waitedMs = 0; waitedMs < NOTE_WAIT_MS && !(holder !== undefined && isAlive(holder.pid)); waitedMs += NOTE_POLL_MS) {
    await new Promise(resolve => { setTimeout(resolve, NOTE_POLL_MS) })
    holder = readLockHolder(dir)
  }
  const who = holder === undefined ? 'another process' : `${ROLES[holder.role]} with process id ${holder.pid}`
  return new SkeinError('ERR_DATA_DIR_IN_USE', `the data directory ${dir} is in use by ${who}`, {
    hint: 'Wait for it or stop it, or choose another directory with $SKEIN_DATA.'
  })
}

function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function unusable (dir: string, error: unknown): SkeinError {
  if (isSkeinError(error)) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  const hint = HINTS[code]
  return new SkeinError('ERR_DATA_DIR_UNUSABLE', `the data directory ${dir} cannot be used: ${message}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint })
  })
}
