/**
 * What a node is run with, and who said so. A flag wins over the environment, the environment over the file, the file
 * over the default.
 */
import { dirname, resolve } from 'node:path'
import { homedir } from 'node:os'
import { SkeinError } from '../base/errors.js'
import { isChannel } from '../message/topic.js'
import { loadConfigFile, type LoadedConfig } from './config-file.js'
import { LOG_LEVELS, SIZE_MIN, type ConfigFile, type ConfigRetention, type LogLevel } from './config-schema.js'
import { defaultDataDir } from './data-dir.js'
import { didYouMeanHint } from './did-you-mean.js'
import { formatBytes, parseBytes, parseDuration } from './duration.js'

export interface RetentionSettings {
  readonly ageMs?: number
  readonly bytes?: number
  readonly records?: number
  readonly until?: 'age' | 'processed'
  readonly onFull?: 'refuse' | 'evict'
}

export interface CustodySettings {
  readonly bytes?: number
  readonly bytesPerPublisher?: number
}

export interface Settings {
  readonly data: string
  readonly mesh: string | undefined
  readonly listen: readonly string[] | undefined
  readonly bootstrap: readonly string[]
  readonly relay: boolean
  readonly mdns: boolean
  readonly logLevel: LogLevel
  readonly messageBytesMax: number | undefined
  readonly publishWait: number | undefined
  readonly retention: (RetentionSettings & { readonly channels?: Readonly<Record<string, RetentionSettings>> }) | undefined
  readonly custody: CustodySettings | undefined
  readonly lapseAfter: number | undefined
  readonly history: string | undefined
  readonly acceptLoss: boolean
}

export type SettingName = keyof Settings

export type Origin = { readonly from: 'flag' | 'env' | 'file' | 'directory' | 'default', readonly name: string }

export interface ResolvedSettings {
  readonly values: Settings
  readonly origins: Readonly<Record<SettingName, Origin>>
  readonly configFile: string | undefined
}

type Kind = 'text' | 'path' | 'list' | 'switch' | 'level' | 'size' | 'duration' | 'retention' | 'custody'

interface Setting {
  readonly kind: Kind
  readonly flag?: string
  readonly env?: string
  readonly file?: keyof ConfigFile
}

/** Every setting, by where it can come from. */
export const SETTINGS: Readonly<Record<SettingName, Setting>> = {
  data: { kind: 'path', flag: 'data', env: 'SKEIN_DATA', file: 'data' },
  mesh: { kind: 'text', flag: 'mesh', env: 'SKEIN_MESH', file: 'mesh' },
  listen: { kind: 'list', flag: 'listen', env: 'SKEIN_LISTEN', file: 'listen' },
  bootstrap: { kind: 'list', flag: 'bootstrap', env: 'SKEIN_BOOTSTRAP', file: 'bootstrap' },
  relay: { kind: 'switch', flag: 'relay', env: 'SKEIN_RELAY', file: 'relay' },
  mdns: { kind: 'switch', flag: 'mdns', env: 'SKEIN_MDNS', file: 'mdns' },
  logLevel: { kind: 'level', flag: 'log-level', env: 'SKEIN_LOG_LEVEL', file: 'logLevel' },
  messageBytesMax: { kind: 'size', flag: 'message-bytes-max', env: 'SKEIN_MESSAGE_BYTES_MAX', file: 'messageBytesMax' },
  publishWait: { kind: 'duration', flag: 'publish-wait', env: 'SKEIN_PUBLISH_WAIT', file: 'publishWait' },
  retention: { kind: 'retention', file: 'retention' },
  custody: { kind: 'custody', file: 'custody' },
  lapseAfter: { kind: 'duration', file: 'lapseAfter' },
  history: { kind: 'path', flag: 'history', env: 'SKEIN_HISTORY', file: 'history' },
  acceptLoss: { kind: 'switch', flag: 'accept-loss', env: 'SKEIN_ACCEPT_LOSS' }
}

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]

/** What a node asks for at least, and at most. */
const RETENTION_AGE_MS_MIN = 1_000
const RETENTION_AGE_MS_MAX = 10_000_000_000_000

/** Variables that this program reads and that are no settings. */
const OTHER_VARIABLES = ['SKEIN_CONFIG', 'SKEIN_JSON']

export interface SettingSources {
  /** Values of flags by their long name. */
  readonly flags: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** A daemon relays and says more by default. */
  readonly role: 'daemon' | 'command'
}

export async function resolveSettings (sources: SettingSources): Promise<ResolvedSettings> {
  const configPath = (sources.flags['config'] as string | undefined) ?? (sources.env['SKEIN_CONFIG'] || undefined)
  const file = configPath === undefined ? undefined : await loadConfigFile(configPath)
  const values: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const name of SETTING_NAMES) {
    const { value, origin } = resolveOne(name, sources, file)
    values[name] = value
    origins[name] = origin
  }
  return { values: values as unknown as Settings, origins: origins as Record<SettingName, Origin>, configFile: configPath }
}

/** What Kubernetes tells every container of a service called skein, or skein-something. */
const OF_KUBERNETES = /_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/

/** Variables that look like ours and are not, with what was meant if that can be told: most likely misspelt. */
export function unknownVariables (env: Readonly<Record<string, string | undefined>>): Array<{ readonly name: string, readonly hint?: string }> {
  const known = [...SETTING_NAMES.flatMap((name) => SETTINGS[name].env ?? []), ...OTHER_VARIABLES]
  const isForeign = (name: string, value = ''): boolean => OF_KUBERNETES.test(name) || (name.endsWith('_PORT') && /^(tcp|udp|sctp):/.test(value))
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith('SKEIN_') && !known.includes(name) && !isForeign(name, value))
    .map(([name]) => {
      const hint = didYouMeanHint(name, known)
      return { name, ...(hint === undefined ? {} : { hint }) }
    })
}

function resolveOne (name: SettingName, { flags, env, role }: SettingSources, file: LoadedConfig | undefined): { value: unknown, origin: Origin } {
  const setting = SETTINGS[name]
  const flag = setting.flag === undefined ? undefined : flags[setting.flag]
  if (flag !== undefined) {
    const origin = { from: 'flag', name: `--${setting.flag}` } as const
    return { value: fromText(setting.kind, flag, origin.name, 'ERR_USAGE'), origin }
  }
  const variable = setting.env === undefined ? undefined : env[setting.env]
  // An empty variable is how a shell or a compose file says "not set".
  if (setting.env !== undefined && variable !== undefined && variable !== '') {
    return { value: fromText(setting.kind, variable, setting.env, 'ERR_BAD_CONFIG'), origin: { from: 'env', name: setting.env } }
  }
  const key = setting.file
  const inFile = key === undefined ? undefined : file?.values[key]
  if (file !== undefined && key !== undefined && inFile !== undefined) {
    const place = file.place([key])
    return { value: fromFile(setting.kind, inFile, key, file), origin: { from: 'file', name: place } }
  }
  return { value: defaultOf(name, env, role), origin: { from: 'default', name: 'default' } }
}

function defaultOf (name: SettingName, env: SettingSources['env'], role: SettingSources['role']): unknown {
  switch (name) {
    case 'data': return defaultDataDir(env)
    case 'bootstrap': return []
    case 'relay': return role === 'daemon'
    case 'logLevel': return role === 'daemon' ? 'info' : 'warn'
    case 'mdns': case 'acceptLoss': return false
    default: return undefined
  }
}

function fromText (kind: Kind, value: unknown, what: string, code: 'ERR_USAGE' | 'ERR_BAD_CONFIG'): unknown {
  const text = String(value)
  switch (kind) {
    case 'list': return Array.isArray(value) ? value : text.split(',').map((item) => item.trim()).filter((item) => item !== '')
    case 'path': return nonEmpty(text, what, code, resolve(text))
    case 'switch': return typeof value === 'boolean' ? value : parseSwitch(text, what, code)
    case 'level': return parseLogLevel(text, what, code)
    case 'size': return recode(code, () => parseBytes(text, what))
    case 'duration': return recode(code, () => parseDuration(text, what))
    default: return nonEmpty(text, what, code, text)
  }
}

function fromFile (kind: Kind, value: unknown, key: string, file: LoadedConfig): unknown {
  switch (kind) {
    case 'path': return resolve(dirname(file.path), String(value).replace(/^~(?=\/)/, homedir()))
    case 'size': case 'duration': return fromText(kind, value, placed(file, [key]), 'ERR_BAD_CONFIG')
    case 'custody': return custodyOf(value as NonNullable<ConfigFile['custody']>, file)
    case 'retention': return retentionOf(value as NonNullable<ConfigFile['retention']>, file)
    default: return value
  }
}

/** A key of the file, with its line, for the start of a message. */
const placed = (file: LoadedConfig, path: string[]): string => `${file.place(path)}: '${path.join('.')}'`

function retentionOf (config: NonNullable<ConfigFile['retention']>, file: LoadedConfig): NonNullable<Settings['retention']> {
  const one = ({ age, bytes, records, until, onFull }: ConfigRetention, path: string[]): RetentionSettings => ({
    ...(age === undefined ? {} : { ageMs: ageOf(age, placed(file, [...path, 'age'])) }),
    ...(bytes === undefined ? {} : { bytes: sizeOf(bytes, placed(file, [...path, 'bytes']), SIZE_MIN.retention) }),
    ...(records === undefined ? {} : { records }),
    ...(until === undefined ? {} : { until }),
    ...(onFull === undefined ? {} : { onFull })
  })
  const { channels } = config
  const path = ['retention', 'channels']
  const wrong = Object.keys(channels ?? {}).find((channel) => !isChannel(channel))
  if (wrong !== undefined) throw new SkeinError('ERR_BAD_CONFIG', `${file.place([...path, wrong])}: '${wrong}' is not a channel`, { hint: 'A channel is the first level of a topic: orders, not orders/new.' })
  return {
    ...one(config, ['retention']),
    ...(channels === undefined ? {} : { channels: Object.fromEntries(Object.entries(channels).map(([channel, of]) => [channel, one(of, [...path, channel])])) })
  }
}

function custodyOf ({ bytes, bytesPerPublisher }: NonNullable<ConfigFile['custody']>, file: LoadedConfig): CustodySettings {
  const size = (key: string, value: number | string): number => sizeOf(value, placed(file, ['custody', key]), SIZE_MIN.custody)
  return {
    ...(bytes === undefined ? {} : { bytes: size('bytes', bytes) }),
    ...(bytesPerPublisher === undefined ? {} : { bytesPerPublisher: size('bytesPerPublisher', bytesPerPublisher) })
  }
}

function ageOf (age: string, what: string): number {
  const ms = recode('ERR_BAD_CONFIG', () => parseDuration(age, what))
  if (ms < RETENTION_AGE_MS_MIN) throw new SkeinError('ERR_BAD_CONFIG', `${what}: ${age} is too short`, { hint: 'At least 1s.' })
  if (ms > RETENTION_AGE_MS_MAX) throw new SkeinError('ERR_BAD_CONFIG', `${what}: ${age} is too long`, { hint: 'At most 115740d.' })
  return ms
}

function sizeOf (size: number | string, what: string, least: number): number {
  const bytes = recode('ERR_BAD_CONFIG', () => parseBytes(String(size), what))
  if (bytes < least) throw new SkeinError('ERR_BAD_CONFIG', `${what}: ${size} is too little`, { hint: `At least ${formatBytes(least).replace(' ', '')}.` })
  return bytes
}

function parseSwitch (text: string, what: string, code: 'ERR_USAGE' | 'ERR_BAD_CONFIG'): boolean {
  if (/^(true|1|yes|on)$/i.test(text)) return true
  if (/^(false|0|no|off)$/i.test(text)) return false
  throw new SkeinError(code, `${what}: '${text}' is neither true nor false`, { hint: 'Use true or false.' })
}

function parseLogLevel (text: string, what: string, code: 'ERR_USAGE' | 'ERR_BAD_CONFIG'): LogLevel {
  const level = LOG_LEVELS.find((candidate) => candidate === text)
  if (level !== undefined) return level
  throw new SkeinError(code, `${what}: '${text}' is not a log level`, { hint: didYouMeanHint(text, LOG_LEVELS, `Use one of ${LOG_LEVELS.join(', ')}.`) })
}

function nonEmpty<T> (text: string, what: string, code: 'ERR_USAGE' | 'ERR_BAD_CONFIG', value: T): T {
  if (text === '') throw new SkeinError(code, `${what} is empty`)
  return value
}

/** A bad value is a usage error on the command line and a configuration error elsewhere. */
function recode<T> (code: 'ERR_USAGE' | 'ERR_BAD_CONFIG', parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof SkeinError) throw new SkeinError(code, error.message, { ...(error.hint === undefined ? {} : { hint: error.hint }), cause: error })
    throw error
  }
}
