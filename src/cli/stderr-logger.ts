/** What a node says while a command is the node: plain lines on stderr, as everything else that commands tell people. */
import type { Logger } from '../base/logger.js'
import { LOG_LEVELS, type LogLevel } from '../daemon/config-schema.js'
import { printable } from './output.js'

export function stderrLogger (level: LogLevel, write: (line: string) => void): Logger {
  const least = LOG_LEVELS.indexOf(level)
  const at = (name: LogLevel) => (fields: object, message: string): void => {
    if (LOG_LEVELS.indexOf(name) < least) return
    // What the message says already is not said again.
    const details = Object.entries(fields)
      .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const)
      .flatMap(([key, value]) => message.includes(value) || value === message ? [] : [` ${key}=${value}`])
    write(printable(`${name}: ${message}${details.join('')}`))
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
