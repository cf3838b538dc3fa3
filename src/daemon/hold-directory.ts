/**
 * One directory, one process: who gets a data directory that somebody else may hold. A daemon has a command make room for
 * it and gives way to another daemon; a command joins whoever listens there, and waits a while for a holder that does not
 * listen yet.
 */
import { SkeinError, isSkeinError } from '../base/errors.js'
import type { MeshNode, NodeOptions } from '../node/api.js'
import { openDataDir, readLockHolder } from '../store/data-dir.js'
import { ControlClient } from './control-client.js'
import { hasNode } from './data-dir.js'

export type OpenNode = (options: NodeOptions) => Promise<MeshNode>

/** How long a lock may stay in the way before its finder gives up. */
export const LOCK_WAIT_MS = 10_000
const RETRY_MS = 100

export interface HoldOptions {
  readonly signal?: AbortSignal
  readonly waitMs?: number
  /** Called once when there is a reason to wait. */
  readonly waiting?: (why: string) => void
}

export async function openAsDaemon (dataDir: string, open: () => Promise<MeshNode>, options: HoldOptions = {}): Promise<MeshNode> {
  let asked = false
  return await retry(options, async (tell) => {
    try {
      return await open()
    } catch (error) {
      if (!isSkeinError(error, 'ERR_DATA_DIR_IN_USE')) throw error
      const client = await ControlClient.connect(dataDir)
      try {
        const role = client?.hello.role ?? readLockHolder(dataDir)?.role
        if (role === 'daemon') {
          throw new SkeinError('ERR_DATA_DIR_IN_USE', `a daemon (process id ${client?.hello.pid ?? readLockHolder(dataDir)?.pid}) already works on ${dataDir}`, {
            hint: 'Use it, stop it first, or choose another directory with --data.',
            cause: error
          })
        }
        tell(role === 'command' ? 'asking a command that works on the directory to make room' : error.message)
        if (client !== undefined && !asked) {
          asked = true
          await client.call('yield').catch(() => {})
        }
      } finally {
        client?.close()
      }
      return error
    }
  })
}

export type Holding =
  | { readonly kind: 'guest', readonly client: ControlClient }
  | { readonly kind: 'owner', readonly node: MeshNode }

export interface JoinOptions extends HoldOptions {
  /** Makes this process the node when nobody holds the directory. */
  readonly open?: (() => Promise<MeshNode>) | undefined
  /** Give a daemon that has asked for the directory so long before taking it back. */
  readonly preferGuestMs?: number
}

/** Rejects with `ERR_UNREACHABLE` when nobody listens and `open` is not given. */
export async function joinDirectory (dataDir: string, options: JoinOptions): Promise<Holding> {
  const { open, preferGuestMs = 0 } = options
  const ownAfter = performance.now() + preferGuestMs
  const waitMs = Math.max(options.waitMs ?? LOCK_WAIT_MS, preferGuestMs === 0 ? 0 : preferGuestMs + 1_000)
  return await retry<Holding>({ ...options, waitMs }, async (tell) => {
    const client = await ControlClient.connect(dataDir)
    if (client !== undefined) return { kind: 'guest', client }
    if (performance.now() < ownAfter) return new SkeinError('ERR_UNREACHABLE', `no node answers on ${dataDir}`)
    if (open === undefined) return await whyNobodyAnswers(dataDir)
    try {
      return { kind: 'owner', node: await open() }
    } catch (error) {
      if (!isSkeinError(error, 'ERR_DATA_DIR_IN_USE')) throw error
      tell(error.message)
      return error
    }
  })
}

/** Throws when nobody has the lock; gives the error to wait on when somebody has it and does not listen yet. */
async function whyNobodyAnswers (dataDir: string): Promise<SkeinError> {
  if (!hasNode(dataDir)) {
    throw new SkeinError('ERR_UNREACHABLE', `no node has ever run on ${dataDir}`, { hint: `Start one: skein daemon --data ${dataDir}` })
  }
  try {
    const lock = await openDataDir(dataDir, { role: 'command' })
    lock.release(lock.wasReleased)
  } catch (error) {
    if (!isSkeinError(error, 'ERR_DATA_DIR_IN_USE')) throw error
    if (readLockHolder(dataDir)?.role !== 'embedded') return error
    throw new SkeinError('ERR_DATA_DIR_IN_USE', error.message, { hint: 'A node inside another program does not answer commands.', cause: error })
  }
  throw new SkeinError('ERR_UNREACHABLE', `no node runs on ${dataDir}`, { hint: `Start one: skein daemon --data ${dataDir}` })
}

/** Waits for a node to listen again, without ever being one. */
export async function rejoinDirectory (dataDir: string, options: HoldOptions): Promise<ControlClient> {
  return await retry(options, async () => await ControlClient.connect(dataDir) ?? new SkeinError('ERR_UNREACHABLE', `no node answers on ${dataDir}`))
}

/** Tries until it gets something other than an error; an error that is thrown ends it, one that is returned is tried again. */
async function retry<T extends object> (options: HoldOptions, attempt: (tell: (why: string) => void) => Promise<T | SkeinError>): Promise<T> {
  const { signal, waitMs = LOCK_WAIT_MS, waiting } = options
  const giveUpAt = performance.now() + waitMs
  let told = false
  const tell = (why: string): void => {
    if (!told) waiting?.(why)
    told = true
  }
  for (;;) {
    signal?.throwIfAborted()
    const result = await attempt(tell)
    if (!(result instanceof SkeinError)) return result
    if (performance.now() >= giveUpAt) throw result
    await pause(RETRY_MS, signal)
  }
}

async function pause (ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
    function done (): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
  })
}
