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

/** npm passes a signal on that the terminal has sent to both: one Ctrl-C comes twice. */
const NPM_ECHO_MS = 250

/** For the life of the process. A second signal ends it at once, and so does a second fault: stopping cleanly has failed. */
export function onStop ({ reload, describe, terminalGone }: StopHandlers): Stop {
  const echoMs = process.env['npm_lifecycle_event'] === undefined ? 0 : NPM_ECHO_MS
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
  let signalledAtMs: number | undefined
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (signalledAtMs !== undefined) {
        if (performance.now() - signalledAtMs >= echoMs) process.exit(128 + constants.signals[signal])
        return
      }
      signalledAtMs = performance.now()
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
