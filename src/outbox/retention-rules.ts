import type { RetentionOptions } from '../message/reports.js'

export const RETENTION_AGE_MS = 7 * 24 * 3_600_000
export const RETENTION_BYTES = 1024 * 1024 * 1024

/** How long and how much of a channel is kept, with all that was left open filled in. */
export interface ChannelRetention {
  readonly ageMs: number
  readonly bytes: number
  readonly records: number
  readonly until: 'age' | 'processed'
  readonly onFull: 'refuse' | 'evict'
}

export function retentionOf (options: { readonly channels?: Readonly<Record<string, RetentionOptions>> } & RetentionOptions, channel: string): ChannelRetention {
  const own = options.channels !== undefined && Object.hasOwn(options.channels, channel) ? options.channels[channel] : undefined
  return {
    ageMs: own?.ageMs ?? options.ageMs ?? RETENTION_AGE_MS,
    bytes: own?.bytes ?? options.bytes ?? RETENTION_BYTES,
    records: own?.records ?? options.records ?? Number.POSITIVE_INFINITY,
    until: own?.until ?? options.until ?? 'age',
    onFull: own?.onFull ?? options.onFull ?? 'refuse'
  }
}

/** The same for each channel in turn; what was found last is found again at once. */
export function retentions (options: Parameters<typeof retentionOf>[0]): (channel: string) => ChannelRetention {
  let last: string | undefined
  let found = retentionOf(options, '')
  return (channel) => {
    if (channel !== last) found = retentionOf(options, last = channel)
    return found
  }
}
