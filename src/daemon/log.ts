/** The daemon's log: pino's JSON lines on stderr, or short lines for a person at a terminal. */
import { writeSync } from 'node:fs'
import type { Logger } from '../base/logger.js'
import type { LogLevel } from './config-schema.js'

export interface DaemonLog extends Logger {
  fatal (fields: object, message: string): void
  level: string
}

const NAMES: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }
const OWN: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'msg', 'name'])

export async function openLog (level: LogLevel, person: { write (line: string): void } | undefined): Promise<DaemonLog> {
  const { pino } = await import('pino')
  const options = { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: pino.stdSerializers.err, error: errorOf } }
  // Synchronously, so that the last line before the end is not lost.
  const stream = { write: person === undefined ? writeToStderr : (line: string): void => person.write(forPerson(line)) }
  return pino(options, stream) as DaemonLog
}

/** Somebody who closes or blocks the log must not stop the node. */
function writeToStderr (line: string): void {
  try {
    writeSync(2, line)
  } catch {
    // It has nowhere to go.
  }
}

function errorOf (error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code, message, stack } = error as Error & { code?: unknown }
  return { code, message, stack }
}

function forPerson (line: string): string {
  const entry = JSON.parse(line) as { level: number, time: string, msg: string } & Record<string, unknown>
  const details = Object.entries(entry).flatMap(([key, value]) => {
    if (OWN.has(key) || (typeof value === 'string' && entry.msg.includes(value))) return []
    const shown = typeof value === 'object' && value !== null && 'message' in value ? (value as { message: unknown }).message : value
    return [`${key}=${typeof shown === 'string' ? shown : JSON.stringify(shown)}`]
  })
  return [entry.time.slice(11, 19), (NAMES[entry.level] ?? '').padEnd(5), entry.msg, ...details].join(' ')
}
