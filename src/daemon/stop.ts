/** What makes a daemon stop: a signal, a client that may, a node that failed, or a fault that nobody caught. */
import { constants } from 'node:os'
import { SkeinError } from '../base/errors.js'

export type StopReason =
  | { readonly kind: 'signal', readonly signal: NodeJS.Signals }
  | { readonly kind: 'asked' }
  | { readonly kind: 'failed', readonly error: Error }
  | { readonly kind: 'fault', readonly error: unknown }

export interface StopHandlers {
  /** Whether SIGHUP came because the terminal that the daemon was started from is no more. */
  terminalGone (): boolean
  /** SIGHUP. */
  reload (): Promise<void>
  describe (error: unknown): void
}

export interface Stop {
  readonly reason: Promise<StopReason>
  /** Ends what waits while the daemon starts. */
  readonly signal: AbortSignal
  now (reason: StopReason): void
}

/** For the life of the process. A second signal ends it at once, and so does a second fault: stopping cleanly has failed. */
export function onStop ({ reload, describe, terminalGone }: StopHandlers): Stop {
  const aborter = new AbortController()
  let stopping: StopReason | undefined
  let resolve: (reason: StopReason) => void
  const reason = new Promise<StopReason>((settle) => { resolve = settle })
  const now = (why: StopReason): void => {
    if (stopping !== undefined) return
    stopping = why
    resolve(why)
    aborter.abort(new SkeinError('ERR_ABORTED', 'told to stop'))
  }
  let signalled = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (signalled) process.exit(128 + constants.signals[signal])
      signalled = true
      now({ kind: 'signal', signal })
    })
  }
  process.on('SIGHUP', () => {
    if (terminalGone()) now({ kind: 'signal', signal: 'SIGHUP' })
    else reload().catch(describe)
  })
  const fault = (error: unknown): void => {
    if (stopping?.kind === 'fault' || stopping?.kind === 'failed') {
      describe(error)
      process.exit(1)
    }
    if (stopping !== undefined) describe(error)
    now({ kind: 'fault', error })
  }
  process.on('uncaughtException', fault)
  process.on('unhandledRejection', fault)
  return { reason, signal: aborter.signal, now }
}
