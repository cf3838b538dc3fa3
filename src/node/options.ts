import { utf8Length } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'
import { MESSAGE_BYTES_DEFAULT, MESSAGE_BYTES_HARD_MAX, NAME_BYTES_MAX } from '../base/limits.js'
import { checkName } from '../message/record.js'
import { RETENTION_AGE_MS, RETENTION_BYTES } from '../outbox/retention-rules.js'
import type { ConsumeOptions, CustodyOptions, NodeOptions, PublishOptions, RetentionOptions, SubscribeOptions } from './api.js'
import { CUSTODY_BYTES, CUSTODY_PUBLISHER_BYTES } from './custodian.js'

/** Defaults of a node, in one place. */
export const DEFAULTS = {
  mesh: 'default',
  /** This machine only: nobody is let in by accident. */
  listen: ['/ip4/127.0.0.1/tcp/0'],
  messageBytesMax: MESSAGE_BYTES_DEFAULT,
  publishWaitMs: 5_000,
  /** 30 days: who was away for a month is not expected back. */
  lapseAfterMs: 30 * 24 * 3_600_000,
  retention: { ageMs: RETENTION_AGE_MS, bytes: RETENTION_BYTES, until: 'age', onFull: 'refuse' },
  custody: { bytes: CUSTODY_BYTES, bytesPerPublisher: CUSTODY_PUBLISHER_BYTES },
  /** Unacked deliveries of one consumer. A choice. */
  maxInFlight: 64,
  ackTimeoutMs: 60_000,
  maxAttempts: 10,
  backoffMs: 200,
  backoffMaxMs: 60_000,
  drainTimeoutMs: 5_000
} as const

const NODE_KEYS = ['dataDir', 'inMemory', 'mesh', 'listen', 'bootstrap', 'relay', 'mdns', 'messageBytesMax', 'retention', 'custody', 'lapseAfterMs', 'publishWaitMs', 'acceptLoss', 'history', 'logger', 'role']
const PUBLISH_KEYS = ['headers', 'key', 'expiresInMs', 'id', 'durability', 'contentType', 'signal']
const SUBSCRIBE_KEYS = ['name', 'from', 'maxInFlight', 'ackTimeoutMs', 'maxAttempts', 'backoffMs', 'backoffMaxMs', 'change']

function checkKeys (what: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw new SkeinError('ERR_BAD_ARGUMENT', `${what} options must be an object`)
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new SkeinError('ERR_BAD_ARGUMENT', `unknown ${what} option ${JSON.stringify(key)}`, { hint: `Known are ${known.join(', ')}.` })
  }
}

/** Throws `ERR_BAD_ARGUMENT` unless `value` is undefined or a number in the range, whole if `whole`. */
function checkNumber (name: string, value: unknown, min: number, max: number, whole = true): void {
  if (value === undefined) return
  if (typeof value !== 'number' || !(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
    throw new SkeinError('ERR_BAD_ARGUMENT', `${name} must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not ${JSON.stringify(value)}`)
  }
}

function checkBoolean (name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw new SkeinError('ERR_BAD_ARGUMENT', `${name} must be true or false`)
}

function checkTexts (name: string, value: unknown): void {
  if (value !== undefined && !(Array.isArray(value) && value.every(item => typeof item === 'string'))) throw new SkeinError('ERR_BAD_ARGUMENT', `${name} must be a list of addresses`)
}

/** Two ids that look the same would make two meshes, and nobody would see why: nothing that cannot be seen. */
export function isMeshId (text: string): boolean {
  return text !== '' && text.isWellFormed() && utf8Length(text) <= NAME_BYTES_MAX && !/[\s\p{Z}\p{Cc}\p{Cf}]/u.test(text)
}

/** Throws `ERR_BAD_ARGUMENT`. */
export function checkNodeOptions (options: NodeOptions): void {
  checkKeys('node', options, NODE_KEYS)
  if (options.dataDir !== undefined && (typeof options.dataDir !== 'string' || options.dataDir === '')) throw new SkeinError('ERR_BAD_ARGUMENT', 'dataDir must be the path of a directory')
  if (options.dataDir === undefined && options.inMemory !== true) throw new SkeinError('ERR_BAD_ARGUMENT', 'dataDir is needed', { hint: 'Give the node a directory of its own, or inMemory: true for one that keeps nothing.' })
  if (options.dataDir !== undefined && options.inMemory === true) throw new SkeinError('ERR_BAD_ARGUMENT', 'dataDir and inMemory exclude each other')
  if (options.history !== undefined && (typeof options.history !== 'string' || options.history === '')) throw new SkeinError('ERR_BAD_ARGUMENT', 'history must be the path of a file')
  checkName('mesh', options.mesh)
  if (options.mesh !== undefined && !isMeshId(options.mesh)) throw new SkeinError('ERR_BAD_ARGUMENT', 'mesh must have no blanks and no characters that cannot be seen')
  checkTexts('listen', options.listen)
  checkTexts('bootstrap', options.bootstrap)
  for (const name of ['inMemory', 'relay', 'mdns', 'acceptLoss'] as const) checkBoolean(name, options[name])
  checkNumber('messageBytesMax', options.messageBytesMax, 1, MESSAGE_BYTES_HARD_MAX)
  checkNumber('publishWaitMs', options.publishWaitMs, 0, 86_400_000)
  checkCustody(options.custody)
  if (options.lapseAfterMs !== 0) checkNumber('lapseAfterMs', options.lapseAfterMs, 60_000, 1e13)
  const { channels = {}, ...whole } = options.retention ?? {}
  checkRetention('retention', whole)
  for (const [channel, retention] of Object.entries(channels)) checkRetention(`retention.channels.${channel}`, retention)
}

/** The largest batch must fit with room to spare. */
const CUSTODY_BYTES_MIN = 4 * 1024 * 1024

function checkCustody (custody: CustodyOptions = {}): void {
  checkKeys('custody', custody, ['bytes', 'bytesPerPublisher'])
  checkNumber('custody.bytes', custody.bytes, CUSTODY_BYTES_MIN, Number.MAX_SAFE_INTEGER)
  checkNumber('custody.bytesPerPublisher', custody.bytesPerPublisher, CUSTODY_BYTES_MIN, Number.MAX_SAFE_INTEGER)
}

function checkRetention (name: string, retention: RetentionOptions): void {
  checkKeys(name, retention, ['ageMs', 'bytes', 'records', 'until', 'onFull'])
  checkNumber(`${name}.ageMs`, retention.ageMs, 1_000, 1e13)
  checkNumber(`${name}.bytes`, retention.bytes, 64 * 1024, Number.MAX_SAFE_INTEGER)
  checkNumber(`${name}.records`, retention.records, 1, Number.MAX_SAFE_INTEGER)
  if (retention.until !== undefined && !['age', 'processed'].includes(retention.until)) throw new SkeinError('ERR_BAD_ARGUMENT', `${name}.until must be 'age' or 'processed'`)
  if (retention.onFull !== undefined && !['refuse', 'evict'].includes(retention.onFull)) throw new SkeinError('ERR_BAD_ARGUMENT', `${name}.onFull must be 'refuse' or 'evict'`)
}

/** Throws `ERR_BAD_ARGUMENT`. */
export function checkPublishOptions (options: PublishOptions): void {
  checkKeys('publish', options, PUBLISH_KEYS)
  if (options.durability !== undefined && !['disk', 'none'].includes(options.durability)) throw new SkeinError('ERR_BAD_ARGUMENT', "durability must be 'disk' or 'none'")
}

export interface SubscriptionSettings {
  readonly maxInFlight: number
  readonly ackTimeoutMs: number
  readonly maxAttempts: number
  readonly backoffMs: number
  readonly backoffMaxMs: number
  readonly from: 'earliest' | 'latest' | number
  readonly concurrency: number
}

/** Checks and fills in. Throws `ERR_BAD_ARGUMENT`. */
export function subscriptionSettings (options: SubscribeOptions | ConsumeOptions, consume: boolean): SubscriptionSettings {
  checkKeys(consume ? 'consume' : 'subscribe', options, consume ? [...SUBSCRIBE_KEYS, 'concurrency'] : SUBSCRIBE_KEYS)
  checkName('name', options.name)
  if (options.name !== undefined && (options.name.includes('/') || options.name.startsWith('$'))) throw new SkeinError('ERR_BAD_ARGUMENT', 'a subscription name has no / and does not begin with $')
  checkBoolean('change', options.change)
  checkNumber('maxInFlight', options.maxInFlight, 1, 1024)
  checkNumber('ackTimeoutMs', options.ackTimeoutMs, 10, 86_400_000)
  checkNumber('maxAttempts', options.maxAttempts, 1, 1_000_000)
  checkNumber('backoffMs', options.backoffMs, 0, 86_400_000)
  checkNumber('backoffMaxMs', options.backoffMaxMs, 0, 86_400_000)
  const concurrency = 'concurrency' in options ? options.concurrency : undefined
  checkNumber('concurrency', concurrency, 1, 1024)
  return {
    maxInFlight: Math.max(options.maxInFlight ?? DEFAULTS.maxInFlight, concurrency ?? 1),
    ackTimeoutMs: options.ackTimeoutMs ?? DEFAULTS.ackTimeoutMs,
    maxAttempts: options.maxAttempts ?? DEFAULTS.maxAttempts,
    backoffMs: options.backoffMs ?? DEFAULTS.backoffMs,
    backoffMaxMs: options.backoffMaxMs ?? DEFAULTS.backoffMaxMs,
    from: startOf(options.from),
    concurrency: concurrency ?? 1
  }
}

function startOf (from: SubscribeOptions['from']): 'earliest' | 'latest' | number {
  if (from === undefined || from === 'latest' || from === 'earliest') return from ?? 'latest'
  if (from instanceof Date && !Number.isNaN(from.getTime())) return from.getTime()
  throw new SkeinError('ERR_BAD_ARGUMENT', "from must be 'earliest', 'latest' or a Date")
}
