/** The operations that ask and are answered: no stream, no receipt. */
import { SkeinError } from '../base/errors.js'
import type { DeadLetter, MeshNode } from '../node/api.js'

type Args = Readonly<Record<string, unknown>>
type Query = (node: MeshNode, args: Args) => object | Promise<object>

/** A page of dead letters must fit an answer line. */
const DEAD_PAGE_MAX = 500
const REASON_CHARS_MAX = 512

export const QUERIES: ReadonlyMap<string, Query> = new Map<string, Query>([
  ['status', (node) => node.status()],
  ['id', (node) => ({ peerId: node.peerId, mesh: node.mesh, dataDir: node.dataDir, addresses: node.addresses() })],
  ['peers', (node) => ({ peers: node.peers() })],
  ['outbox', (node) => ({ logs: node.outboxLogs() })],
  ['inbox', (node) => ({ logs: node.inboxLogs() })],
  ['subscriptions', (node) => ({ subscriptions: node.subscriptions() })],
  ['subscription.rm', async (node, args) => {
    await node.removeSubscription(text(args, 'name'))
    return {}
  }],
  ['quarantine.ls', (node) => ({ publishers: node.quarantined() })],
  ['quarantine.lift', async (node, args) => {
    await node.liftQuarantine(text(args, 'peerId'))
    return {}
  }],
  ['dead.ls', (node, args) => {
    const limit = Math.min(optionalNumber(args, 'limit') ?? DEAD_PAGE_MAX, DEAD_PAGE_MAX)
    const subscription = optionalText(args, 'subscription')
    const after = optionalText(args, 'after')
    const letters = node.deadLetters({ limit, ...(subscription === undefined ? {} : { subscription }), ...(after === undefined ? {} : { after }) })
    return { letters: letters.map(summary) }
  }],
  ['dead.show', (node, args) => {
    const letter = node.deadLetter(text(args, 'deadId'))
    return { ...letter, body: toBase64(letter.body) }
  }],
  ['dead.redrive', async (node, args) => {
    await node.redrive(text(args, 'deadId'))
    return {}
  }]
])

/** A dead letter without what may be large. */
export type DeadLetterSummary = Omit<DeadLetter, 'body' | 'headers'> & { readonly bodyBytes: number }

function summary ({ body, headers: _, ...letter }: DeadLetter): DeadLetterSummary {
  return { ...letter, reason: letter.reason.slice(0, REASON_CHARS_MAX), bodyBytes: body.length }
}

export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

export function fromBase64 (args: Args, name: string): Buffer {
  const value = text(args, name)
  const bytes = Buffer.from(value, 'base64')
  // Buffer passes over characters that are not base64.
  const length = value.length / 4 * 3 - (value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0)
  if (bytes.length !== length) throw malformed(name, 'base64')
  return bytes
}

export function text (args: Args, name: string): string {
  const value = args[name]
  if (typeof value !== 'string') throw malformed(name, 'a string')
  return value
}

export const optionalText = (args: Args, name: string): string | undefined => args[name] === undefined ? undefined : text(args, name)

export function number (args: Args, name: string): number {
  const value = args[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw malformed(name, 'a whole number')
  return value
}

export const optionalNumber = (args: Args, name: string): number | undefined => args[name] === undefined ? undefined : number(args, name)

export function texts (args: Args, name: string): string[] {
  const value = args[name]
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw malformed(name, 'a list of strings')
  return value
}

export function optionalPairs (args: Args, name: string): Record<string, string> | undefined {
  const value = args[name]
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.values(value).every((item) => typeof item === 'string')) throw malformed(name, 'an object of strings')
  return value as Record<string, string>
}

const malformed = (name: string, what: string): SkeinError => new SkeinError('ERR_BAD_ARGUMENT', `'${name}' of the request must be ${what}`)
