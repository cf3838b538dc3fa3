import type { LogState } from './log-state.js'

/** The logs of one publisher in one channel. */
interface Line {
  /** The one with the lowest incarnation; undefined when two share it. */
  earliest: LogState | undefined
  number: number
  /** How many say which log they go on from, and can close it. */
  closing: number
}

const closes = (log: LogState): boolean => log.linkKnown && log.head > 0

/** The earliest log of each publisher that a later one has closed, of the logs of one channel, in one pass over them. */
export function earliestClosed (logs: Iterable<LogState>): Set<LogState> {
  const lines = new Map<string, Line>()
  for (const log of logs) {
    const { number } = log.incarnation
    const line = lines.get(log.publisher)
    if (line === undefined) {
      lines.set(log.publisher, { earliest: log, number, closing: closes(log) ? 1 : 0 })
      continue
    }
    if (number === line.number) line.earliest = undefined
    else if (number < line.number) Object.assign(line, { earliest: log, number })
    if (closes(log)) line.closing++
  }
  const out = new Set<LogState>()
  for (const { earliest, closing } of lines.values()) if (earliest !== undefined && closing > (closes(earliest) ? 1 : 0)) out.add(earliest)
  return out
}
