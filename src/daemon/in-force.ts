/** What a node runs with when a setting is not given, and settings in the words of the configuration file. */
import { DEFAULTS } from '../node/options.js'
import type { RetentionSettings, ResolvedSettings, SettingName } from './settings.js'

/** The values in force: those given, and elsewhere the defaults of the node. Of `mesh` a data directory that has one has its own. */
export function inForce ({ values }: ResolvedSettings): Readonly<Record<SettingName, unknown>> {
  return {
    ...values,
    mesh: values.mesh ?? DEFAULTS.mesh,
    listen: values.listen ?? DEFAULTS.listen,
    messageBytesMax: values.messageBytesMax ?? DEFAULTS.messageBytesMax,
    publishWait: values.publishWait ?? DEFAULTS.publishWaitMs,
    lapseAfter: values.lapseAfter ?? DEFAULTS.lapseAfterMs,
    retention: { ...DEFAULTS.retention, ...values.retention },
    custody: { ...DEFAULTS.custody, ...values.custody }
  }
}

export interface ShownSetting {
  /** As in the file, with dots: `retention.age`. */
  readonly name: string
  readonly text: string
  /** Not given, so that this is the default. */
  readonly byDefault: boolean
}

/** One setting in force, as somebody would write it, a line for each part. */
export function shownSetting (name: SettingName, fileKey: string, resolved: ResolvedSettings): ShownSetting[] {
  const value = inForce(resolved)[name]
  const given = resolved.values[name]
  const byDefault = resolved.origins[name].from === 'default'
  if (name === 'retention') {
    const { channels = {}, ...all } = value as NonNullable<ResolvedSettings['values']['retention']>
    return [
      ...parts(fileKey, all, given),
      ...Object.entries(channels).flatMap(([channel, of]) => parts(`${fileKey}.channels.${channel}`, of, of))
    ]
  }
  if (name === 'custody') return parts(fileKey, value as RetentionSettings, given)
  return [{ name: fileKey, text: textOf(name, value), byDefault }]
}

function parts (name: string, values: RetentionSettings, given: unknown): ShownSetting[] {
  return Object.entries(values).map(([part, value]: [string, unknown]) => ({
    name: `${name}.${part.replace(/Ms$/, '')}`, text: textOf(part, value), byDefault: (given as Record<string, unknown> | undefined)?.[part] === undefined
  }))
}

function textOf (name: string, value: unknown): string {
  if (name === 'publishWait' || name === 'lapseAfter' || name === 'ageMs') return exact(value as number, [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1_000], ['ms', 1]])
  if (/^(bytes|bytesPerPublisher|messageBytesMax)$/.test(name)) return exact(value as number, [['GiB', 1024 ** 3], ['MiB', 1024 ** 2], ['KiB', 1024], ['', 1]])
  if (value === undefined) return 'none'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** In the largest unit of which it is a whole number. */
function exact (value: number, units: ReadonlyArray<readonly [string, number]>): string {
  const [unit, size] = units.find(([, size]) => value !== 0 && value % size === 0) ?? units.at(-1) ?? ['', 1]
  return `${value / size}${unit}`
}
