/** How a command says what went wrong, and with which status it ends. */
import { SkeinError } from '../base/errors.js'
import { printable } from './output.js'

export function exitStatusOf (error: unknown): number {
  return error instanceof SkeinError ? error.exitStatus : 1
}

/** The lines for stderr. A stack trace is for those who debug Skein, not for those who mistype a flag. */
export function describe (error: unknown, debug: boolean): string {
  const { code, message, hint } = explain(error)
  const lines = [`skein: ${printable(message, '\n')} [${code}]`]
  if (hint !== undefined) lines.push(`  hint: ${printable(hint, '\n')}`)
  if (debug && error instanceof Error) lines.push(stackOf(error))
  return lines.join('\n')
}

function explain (error: unknown): { readonly code: string, readonly message: string, readonly hint: string | undefined } {
  if (error instanceof SkeinError) return error
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'ERR_INTERNAL', message: `a fault in Skein itself: ${message}`, hint: 'Run it again with --log-level debug to see where, and report it.' }
}

function stackOf (error: Error): string {
  const lines: string[] = []
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    lines.push(`${depth === 0 ? '' : 'caused by '}${at.stack ?? String(at)}`)
  }
  return lines.join('\n')
}
