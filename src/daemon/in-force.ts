/** What a node runs with when a setting is not given, and settings in the form of the configuration file. */
import { DEFAULTS } from '../node/options.js'
import { SETTINGS, SETTING_NAMES, type ResolvedSettings, type SettingName } from './settings.js'

export interface ShownSetting {
  readonly setting: SettingName
  /** Its keys in the file, from the outside in: `retention`, `age`. */
  readonly path: readonly string[]
  /** As the file would have it, with a unit. Undefined where there is none. */
  readonly value: unknown
  /** Not given, so that this is the default. */
  readonly byDefault: boolean
}

/** The values in force, those given and elsewhere the defaults of the node, each part on its own. */
export function settingsInForce ({ values, origins }: ResolvedSettings): ShownSetting[] {
  const inForce: Readonly<Record<SettingName, unknown>> = {
    ...values,
    mesh: values.mesh ?? DEFAULTS.mesh,
    listen: values.listen ?? DEFAULTS.listen,
    messageBytesMax: values.messageBytesMax ?? DEFAULTS.messageBytesMax,
    publishWait: values.publishWait ?? DEFAULTS.publishWaitMs,
    lapseAfter: values.lapseAfter ?? DEFAULTS.lapseAfterMs,
    retention: { ...DEFAULTS.retention, ...values.retention },
    custody: { ...DEFAULTS.custody, ...values.custody }
  }
  return SETTING_NAMES.flatMap((setting) => {
    const path = [SETTINGS[setting].file ?? setting]
    const value = inForce[setting]
    if (setting === 'retention' || setting === 'custody') return parts(setting, path, value as object, values[setting])
    return [{ setting, path, value: asWritten(setting, value), byDefault: origins[setting].from === 'default' }]
  })
}

function parts (setting: SettingName, path: readonly string[], values: object, given: object | undefined): ShownSetting[] {
  return Object.entries(values).flatMap(([part, value]: [string, unknown]) => {
    // Of a channel only what is given is there.
    if (part === 'channels') return Object.entries(value as object).flatMap(([channel, of]: [string, object]) => parts(setting, [...path, part, channel], of, of))
    return [{ setting, path: [...path, part.replace(/Ms$/, '')], value: asWritten(part, value), byDefault: given === undefined || !Object.hasOwn(given, part) }]
  })
}

function asWritten (name: string, value: unknown): unknown {
  if (/^(publishWait|lapseAfter|ageMs)$/.test(name)) return exact(value as number, [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1_000], ['ms', 1]])
  if (/^(bytes|bytesPerPublisher|messageBytesMax)$/.test(name)) return exact(value as number, [['GiB', 1024 ** 3], ['MiB', 1024 ** 2], ['KiB', 1024], ['', 1]])
  return value
}

/** In the largest unit of which it is a whole number. */
function exact (value: number, units: ReadonlyArray<readonly [string, number]>): string {
  const [unit, size] = units.find(([unit, size]) => value === 0 ? unit === 's' : value % size === 0) ?? units.at(-1) ?? ['', 1]
  return `${value / size}${unit}`
}
