/**
 * JSON Schema of the configuration file (`--config FILE`, YAML or JSON). `docs/configuration.md` explains each key;
 * a test holds the two together.
 */

const duration = {
  type: 'string',
  pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$',
  description: 'A number and a unit: 500ms, 10s, 2m, 1h, 7d.'
} as const

/** What a node asks for at least, bytes. With a unit a size is a text, which settings.ts compares with the same. */
export const SIZE_MIN = { messageBytesMax: 1, retention: 64 * 1024, custody: 4 * 1024 * 1024 } as const

const size = (minimum: number) => ({
  anyOf: [
    { type: 'integer', minimum },
    { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*(B|KiB|MiB|GiB|TiB)?$' }
  ]
}) as const

const retention = {
  age: { ...duration, description: 'Records older than this are trimmed, settled or not. Default 7d.' },
  bytes: { ...size(SIZE_MIN.retention), description: 'Bytes kept per channel. Default 1GiB.' },
  records: { type: 'integer', minimum: 1, description: 'Records kept per channel. Default: no limit.' },
  until: { enum: ['age', 'processed'], description: 'Keep what is settled until it is too old or in the way, or only until all known durable subscriptions have settled it. Default age.' },
  onFull: { enum: ['refuse', 'evict'], description: 'At the quota: refuse new messages, or evict the oldest ones. Default refuse.' }
} as const

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = typeof LOG_LEVELS[number]

export const CONFIG_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Skein configuration',
  type: 'object',
  additionalProperties: false,
  examples: [{ mesh: 'factory' }],
  properties: {
    data: { type: 'string', minLength: 1, description: 'Data directory. A relative path counts from the directory of this file.' },
    mesh: { type: 'string', minLength: 1, maxLength: 128, description: 'Mesh id: only nodes with the same one talk to each other.' },
    listen: { type: 'array', maxItems: 64, items: { type: 'string', minLength: 1 }, description: 'Multiaddrs to listen on.' },
    bootstrap: { type: 'array', maxItems: 256, items: { type: 'string', minLength: 1 }, description: 'Addresses of nodes to join, each ending in /p2p/PEERID.' },
    relay: { type: 'boolean', description: 'Carry and keep every channel that neighbours use. Default true for a daemon.' },
    mdns: { type: 'boolean', description: 'Find nodes on the local network by multicast DNS. Default false.' },
    logLevel: { enum: LOG_LEVELS, description: 'What is logged to stderr. Read again on SIGHUP.' },
    messageBytesMax: { ...size(SIZE_MIN.messageBytesMax), description: 'Largest body of one message. Default 256KiB, at most 1MiB.' },
    publishWait: { ...duration, description: 'How long a publish waits for room at the quota. Default 5s.' },
    history: { type: 'string', minLength: 1, description: 'File to which what the node does is appended, for skein-check. A relative path counts from the directory of this file.' },
    retention: {
      type: 'object',
      additionalProperties: false,
      description: 'What is kept for how long, by default and per channel.',
      examples: [{ age: '7d' }],
      properties: {
        ...retention,
        channels: {
          type: 'object',
          maxProperties: 4096,
          propertyNames: { minLength: 1, maxLength: 256 },
          description: 'Channels that are kept otherwise, each with the keys that differ.',
          examples: [{ telemetry: { age: '1h' } }],
          additionalProperties: { type: 'object', additionalProperties: false, description: 'What differs for this channel.', examples: [{ age: '1h' }], properties: retention }
        }
      }
    },
    lapseAfter: { ...duration, description: 'After so long without a sign of it a durable subscription has no claim any more. Default 30d; 0s: never.' },
    custody: {
      type: 'object',
      additionalProperties: false,
      description: 'How much is kept of what others publish, whatever the channel.',
      examples: [{ bytes: '4GiB' }],
      properties: {
        bytes: { ...size(SIZE_MIN.custody), description: 'Bytes altogether. Default 4GiB.' },
        bytesPerPublisher: { ...size(SIZE_MIN.custody), description: 'Bytes of each publisher. Default 1GiB.' }
      }
    }
  }
} as const

/** What the schema lets through. */
export interface ConfigRetention {
  readonly age?: string
  readonly bytes?: number | string
  readonly records?: number
  readonly until?: 'age' | 'processed'
  readonly onFull?: 'refuse' | 'evict'
}

export interface ConfigFile {
  readonly data?: string
  readonly mesh?: string
  readonly listen?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly relay?: boolean
  readonly mdns?: boolean
  readonly logLevel?: LogLevel
  readonly messageBytesMax?: number | string
  readonly publishWait?: string
  readonly history?: string
  readonly retention?: ConfigRetention & { readonly channels?: Readonly<Record<string, ConfigRetention>> }
  readonly lapseAfter?: string
  readonly custody?: { readonly bytes?: number | string, readonly bytesPerPublisher?: number | string }
}
