import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let dir: string | undefined

/** A file with these bytes, in a directory that goes with the process. */
export function file (name: string, bytes: Uint8Array): string {
  if (dir === undefined) {
    dir = mkdtempSync(join(tmpdir(), 'skein-fuzz-'))
    process.once('exit', removeFiles)
  }
  const path = join(dir, name)
  writeFileSync(path, bytes)
  return path
}

/** At the end of the process by itself, unless that is ended from outside. */
export function removeFiles (): void {
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true })
  dir = undefined
}
