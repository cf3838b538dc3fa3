import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Broken, LIMITS, type Limits, type Target } from './target.js'

/** What one input did. */
export interface Trial {
  readonly accepted: boolean
  readonly ms: number
  /** Undefined: no finding. */
  readonly failure: Failure | undefined
}

export interface Failure {
  /** The same for failures that are most likely one: the kind of error and where it was thrown. */
  readonly kind: string
  readonly message: string
}

/** An input over its limit is measured again so often. */
const AGAIN = 4

/** Errors that came up outside of the call, in a callback or a promise that nobody waits for. */
const stray: unknown[] = []

/** From now on stray errors are findings of the input under way. Not in a test runner, which has its own way. */
export function catchStray (): void {
  process.on('uncaughtException', (error) => { stray.push(error) })
  process.on('unhandledRejection', (error) => { stray.push(error) })
}

export async function trial (target: Target, bytes: Uint8Array, valid: boolean, weigh: boolean): Promise<Trial> {
  const limits = { ...LIMITS, ...target.limits }
  let accepted = false
  if (weigh) collect()
  const used = weigh ? memory() : 0
  const started = performance.now()
  try {
    const verdict = target.run(bytes)
    accepted = typeof verdict === 'boolean' ? verdict : await verdict
  } catch (error) {
    return { accepted, ms: performance.now() - started, failure: failureOf(error) }
  }
  const ms = performance.now() - started
  const grown = weigh ? memory() - used : 0
  if (stray.length > 0) return { accepted, ms, failure: failureOf(stray.splice(0)[0]) }
  if (valid && !accepted && target.fussy !== true) return { accepted, ms, failure: { kind: 'a valid input is refused', message: 'what the target itself made was refused' } }
  if (ms > msAllowed(limits, bytes.length) || grown > bytesAllowed(limits, bytes.length)) return { accepted, ms, failure: await again(target, bytes, limits, ms, grown) }
  return { accepted, ms, failure: undefined }
}

const msAllowed = (limits: Limits, length: number): number => limits.ms + limits.msPerKib * length / 1024
const bytesAllowed = (limits: Limits, length: number): number => limits.bytes + limits.bytesPerByte * length

const memory = (): number => {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Frees what is free, so that what is measured next is not made up for by what goes meanwhile. */
function collect (): void {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc')
    gc = runInNewContext('gc') as () => void
  }
  gc()
}

let gc: (() => void) | undefined

/**
 * Some more measurements, since a busy machine is no finding: the least time counts. Of memory each that is over confirms the first,
 * for what is allocated can only seem less than it is, when it is freed at once.
 */
async function again (target: Target, bytes: Uint8Array, limits: Limits, ms: number, grown: number): Promise<Failure | undefined> {
  const slow = ms > msAllowed(limits, bytes.length)
  const large = grown > bytesAllowed(limits, bytes.length)
  for (let i = 0; i < AGAIN; i++) {
    collect()
    const used = memory()
    // Of the processor's time this time, which others' work does not make longer.
    const before = process.cpuUsage()
    await target.run(bytes)
    const { user, system } = process.cpuUsage(before)
    ms = Math.min(ms, (user + system) / 1000)
    grown = memory() - used
    if (large && grown > bytesAllowed(limits, bytes.length)) return { kind: 'too much memory', message: `${grown} bytes allocated for ${bytes.length} bytes` }
    if (!large && ms <= msAllowed(limits, bytes.length)) return undefined
  }
  return slow && ms > msAllowed(limits, bytes.length) ? { kind: 'too slow', message: `${ms.toFixed(1)} ms for ${bytes.length} bytes` } : undefined
}

function failureOf (error: unknown): Failure {
  if (!(error instanceof Error)) return { kind: 'not an error', message: String(error) }
  const place = error.stack?.split('\n').find(line => /^\s+at /.test(line) && !line.includes('node_modules'))?.trim().replace(/\(.*\/|:\d+\)?$|:\d+:\d+\)?$/g, '') ?? ''
  if (error instanceof Broken) return { kind: `broken: ${error.message.replace(/[\d"].*/, '')}`, message: error.message }
  return { kind: `${error.name} ${place}`, message: `${error.name}: ${error.message}\n${error.stack?.split('\n').slice(1, 8).join('\n') ?? ''}` }
}
