/** One line of a history: its shape is checked to the last field, so that the rules need not look. */
import type { HistoryEvent } from './event.js'

type Kind = 'text' | 'number' | 'position' | 'flag' | 'texts' | 'from' | readonly string[]
interface Shape { readonly needs: Readonly<Record<string, Kind>>, readonly may: Readonly<Record<string, Kind>> }

const shape = (needs: Record<string, Kind>, may: Record<string, Kind> = {}): Shape => ({ needs, may: { ...may, t: 'number' } })
const settling = { subscription: 'text', message: 'text' } as const

const SHAPES: ReadonlyMap<string, Shape> = new Map(Object.entries({
  start: shape({ version: 'number', node: 'text' }, { settles: 'flag', earlier: 'flag' }),
  publish: shape({ op: 'text', topic: 'text', body: 'text' }, { key: 'text', id: 'text', expiresAt: 'number' }),
  published: shape({ op: 'text', outcome: ['ok', 'refused', 'unknown'] }, { message: 'text', duplicate: 'flag', code: 'text' }),
  receipt: shape({ message: 'text', level: ['stored', 'processed'], by: 'texts' }, { subscription: 'text' }),
  subscribe: shape({ subscription: 'text', filters: 'texts', from: 'from', ordered: 'flag' }, { maxAttempts: 'position' }),
  unsubscribe: shape({ subscription: 'text' }),
  deliver: shape({ ...settling, topic: 'text', body: 'text', attempt: 'position' }, { key: 'text', late: 'flag', redriven: 'flag' }),
  settle: shape(settling),
  ack: shape(settling),
  nack: shape(settling),
  dead: shape({ ...settling, reason: 'text' }),
  gap: shape({ subscription: 'text', publisher: 'text', incarnation: 'text', channel: 'text', from: 'position', to: 'position', reason: ['expired', 'evicted', 'unrecoverable', 'restored', 'forked'] }),
  trim: shape({ incarnation: 'text', channel: 'text', through: 'position', reason: ['expired', 'evicted'] }),
  fault: shape({ fault: 'text' }, { node: 'text', detail: 'text' }),
  rest: shape({})
} satisfies Record<HistoryEvent['type'], Shape>))

function fits (value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'text': return typeof value === 'string'
    case 'number': return typeof value === 'number'
    case 'position': return Number.isSafeInteger(value) && (value as number) >= 1
    case 'flag': return typeof value === 'boolean'
    case 'texts': return Array.isArray(value) && value.every(item => typeof item === 'string')
    case 'from': return value === 'earliest' || value === 'latest' || typeof value === 'number'
    default: return typeof value === 'string' && kind.includes(value)
  }
}

/** Why the value is no line of a history; undefined when it is one. Fields that nobody knows are let pass. */
export function lineFault (value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object'
  const line = value as Readonly<Record<string, unknown>>
  const { type } = line
  const known = typeof type === 'string' ? SHAPES.get(type) : undefined
  if (known === undefined) return `no line of type ${JSON.stringify(type) ?? 'undefined'} is known`
  for (const name in known.needs) if (!fits(line[name], known.needs[name] as Kind)) return line[name] === undefined ? `${String(type)} without ${name}` : `${String(type)} with a ${name} that is none`
  for (const name in known.may) if (line[name] !== undefined && !fits(line[name], known.may[name] as Kind)) return `${String(type)} with a ${name} that is none`
  return undefined
}

/** The event of a line, or why there is none. `cut`: the line is not even JSON, as when its writer was killed. */
export function parseLine (text: string): { readonly event: HistoryEvent } | { readonly fault: string, readonly cut: boolean } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { fault: 'not JSON', cut: true }
  }
  const fault = lineFault(value)
  return fault === undefined ? { event: value as HistoryEvent } : { fault, cut: false }
}
