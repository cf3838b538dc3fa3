import { fromHex, toHex, utf8 } from '../base/bytes.js'
import type { Crypto } from '../base/crypto.js'
import { SkeinError } from '../base/errors.js'
import { peerIdFromBytes, peerIdToBytes } from './peer-id.js'
import { isChannel } from './topic.js'
import type { LogRef } from './wire.js'

/** One life of a node as a publisher. Later lives have higher numbers; the random part keeps two with one number apart. */
export interface Incarnation {
  readonly number: number
  /** 16 hex digits. */
  readonly random: string
}

export const INCARNATION_RANDOM_BYTES = 8

/** Names a log: one publisher, one incarnation, one channel. */
export interface LogId {
  readonly publisher: string
  readonly incarnation: Incarnation
  readonly channel: string
}

export const formatIncarnation = (incarnation: Incarnation): string => `${incarnation.number}-${incarnation.random}`

export function compareIncarnations (a: Incarnation, b: Incarnation): number {
  return a.number - b.number || (a.random < b.random ? -1 : a.random > b.random ? 1 : 0)
}

/** `PEER.INCARNATION.CHANNEL`: the same for everyone, used as a map key. */
export function logKey (id: LogId): string {
  return `${id.publisher}.${id.incarnation.number}-${id.incarnation.random}.${id.channel}`
}

/** `PEER.INCARNATION.CHANNEL.POSITION`. */
export function formatMessageId (id: LogId, position: number): string {
  return `${logKey(id)}.${position}`
}

/** Throws `ERR_BAD_MESSAGE_ID`. */
export function parseMessageId (text: string): { log: LogId, position: number } {
  const match = /^([^.]+)\.([1-9]\d{0,15})-([0-9a-f]{16})\.(.+)\.([1-9]\d{0,15})$/.exec(text)
  const [, publisher = '', number = '', random = '', channel = '', position = ''] = match ?? []
  if (match === null || peerIdToBytes(publisher) === undefined || !isChannel(channel) || !Number.isSafeInteger(+number) || !Number.isSafeInteger(+position) ) {
    throw new SkeinError('ERR_BAD_MESSAGE_ID', `not a message id: ${JSON.stringify(text)}`, { hint: 'It reads PEER.INCARNATION.CHANNEL.POSITION, as publish and skein pub --json give it.' })
  }
  return { log: { publisher, incarnation: { number: +number, random }, channel }, position: +position }
}

export function toLogRef (id: LogId): LogRef {
  return {
    publisher: peerIdToBytes(id.publisher) as LogRef['publisher'],
    incarnation: id.incarnation.number,
    incarnationRandom: fromHex(id.incarnation.random) as LogRef['incarnationRandom'],
    channel: id.channel
  }
}

/** Undefined when it names no log that could be. */
export function fromLogRef (ref: LogRef | undefined): LogId | undefined {
  if (ref === undefined) return undefined
  const publisher = peerIdFromBytes(ref.publisher)
  if (publisher === undefined || ref.incarnationRandom.length !== INCARNATION_RANDOM_BYTES || !Number.isSafeInteger(ref.incarnation) || ref.incarnation < 1 || !isChannel(ref.channel)) return undefined
  return { publisher, incarnation: { number: ref.incarnation, random: toHex(ref.incarnationRandom) }, channel: ref.channel }
}

/** What stands for the mesh id in signed statements and protocol names: the first 16 bytes of the hash of `"skein/mesh/1\0" + id`. */
export function meshHash (crypto: Pick<Crypto, 'hash'>, mesh: string): Uint8Array {
  return crypto.hash(utf8(`skein/mesh/1\0${mesh}`)).slice(0, 16)
}
