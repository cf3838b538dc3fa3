/**
 * One exclusive lock in the kernel, on an open file. Node has none of its own. The native part is loaded when it is first
 * needed, and where there is none for the platform this fails: to run unlocked would be to risk two writers.
 */
import { SkeinError } from '../base/errors.js'

/** Far beyond the note: where locks are mandatory (Windows), the note must stay readable for others. */
const LOCK_OFFSET = 0x3fffffff

interface Native {
  tryLock (fd: number, offset: number, length: number): boolean
}

/** False if another open file has it, be it in this process or in another. Closing `fd` lets go of it. */
export async function tryLockFile (fd: number): Promise<boolean> {
  const native = await load()
  return native.tryLock(fd, LOCK_OFFSET, 1)
}

async function load (): Promise<Native> {
  try {
    // It has no types; the name in a variable keeps the compiler from looking for them.
    const name = 'fs-native-extensions'
    const module = await import(name) as { default: Native }
    return module.default
  } catch (error) {
    throw new SkeinError('ERR_DATA_DIR_UNUSABLE', `file locks are not available on ${process.platform}-${process.arch}: ${(error as Error).message}`, {
      cause: error,
      hint: 'Skein needs the native part of the package fs-native-extensions; see which platforms it comes for.'
    })
  }
}
