/** Durations and sizes as people write them: `500ms`, `10s`, `2m`, `7d`; `64KiB`, `1GiB`. */
import { SkeinError } from '../base/errors.js'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 }

/** Timers of Node count in 32 bits: a longer one would fire at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1

/** Milliseconds. A bare number is refused, since mosquitto means seconds by it and JavaScript milliseconds. `what` names it in the message. */
export function parseDuration (text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
  const ms = match === null ? NaN : Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? NaN))
  if (!Number.isSafeInteger(ms)) {
    throw new SkeinError('ERR_BAD_ARGUMENT', `${what}: '${text}' is not a duration`, { hint: 'Write a number and a unit: 500ms, 10s, 2m, 1h, 7d.' })
  }
  return ms
}

/** A duration that a timer is set to. */
export function parseWait (text: string, what: string): number {
  const ms = parseDuration(text, what)
  if (ms > TIMER_MS_MAX) throw new SkeinError('ERR_BAD_ARGUMENT', `${what}: '${text}' is too long`, { hint: 'At most 24d.' })
  return ms
}

/** Bytes. A bare number is bytes. */
export function parseBytes (text: string, what: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|TiB|)$/.exec(text.trim())
  const bytes = match === null ? NaN : Math.round(Number(match[1]) * (UNIT_BYTES[match[2] ?? ''] ?? NaN))
  if (!Number.isSafeInteger(bytes)) {
    throw new SkeinError('ERR_BAD_ARGUMENT', `${what}: '${text}' is not a size`, { hint: 'Write a number of bytes, or one with a unit: 64KiB, 1MiB, 1GiB.' })
  }
  return bytes
}

export function formatDuration (ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${trim(ms / 1_000)}s`
  const parts: string[] = []
  let rest = Math.round(ms / 1_000)
  for (const [unit, seconds] of [['d', 86_400], ['h', 3_600], ['m', 60], ['s', 1]] as const) {
    const count = Math.floor(rest / seconds)
    rest -= count * seconds
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`)
  }
  return parts.join(' ')
}

export function formatBytes (bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    const size = UNIT_BYTES[unit] ?? 1
    if (bytes >= size) return `${trim(bytes / size)} ${unit}`
  }
  return `${bytes} B`
}

const trim = (value: number): string => value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '')
