import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let dir: string | undefined

/** A file with these bytes, in a directory that goes with the process. */
export function file (name: string, bytes: Uint8Array): string {
  if (dir === undefined) {
    const made = dir = mkdtempSync(join(tmpdir(), 'skein-fuzz-'))
    process.once('exit', () => { rmSync(made, { recursive: true, force: true }) })
  }
  const path = join(dir, name)
  writeFileSync(path, bytes)
  return path
}
