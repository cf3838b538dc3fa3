import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('disk-shim.c', import.meta.url))

/** Compiles `disk-shim.c` into `dir`. Undefined where that is not possible: another system than Linux, or no compiler. */
export function compileShim (dir: string): string | undefined {
  if (process.platform !== 'linux') return undefined
  const library = join(dir, 'disk-shim.so')
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl', '-lpthread'], { stdio: 'ignore' })
    return library
  } catch {
    return undefined
  }
}

export const NO_SHIM = 'it takes Linux and a C compiler to stand between the store and its disk'

export interface DiskOp {
  /** Written, written and durable, all before is durable, said. */
  readonly kind: 'W' | 'D' | 'S' | 'T'
  /** To the journal, and not to the store file. */
  readonly journal: boolean
  readonly offset: number
  readonly bytes: Buffer
}

/** What the shim has logged. The last record may be cut. */
export function parseLog (log: Buffer): DiskOp[] {
  const ops: DiskOp[] = []
  for (let at = 0; at + 17 <= log.length;) {
    const length = Number(log.readBigUInt64LE(at + 9))
    if (at + 17 + length > log.length) break
    const letter = String.fromCharCode(log[at] as number)
    ops.push({ kind: letter.toUpperCase() as DiskOp['kind'], journal: letter !== letter.toUpperCase(), offset: Number(log.readBigUInt64LE(at + 1)), bytes: log.subarray(at + 17, at + 17 + length) })
    at += 17 + length
  }
  return ops
}
