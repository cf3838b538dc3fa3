/** How `skein sub` writes a delivery. */
import type { WireDelivery } from '../daemon/control-protocol.js'
import { printable } from './output.js'

export type DeliveryFormat = (delivery: WireDelivery) => Uint8Array

const NEWLINE = Buffer.from('\n')
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** One JSON object: `body` for text, `bodyBase64` for what is not UTF-8. */
export function asJson (delivery: WireDelivery): Uint8Array {
  const { topic, body, headers, key, publisher, position, id, time, attempt, channel, incarnation, contentType, expiresAt, late, ephemeral } = delivery
  const text = decode(Buffer.from(body, 'base64'))
  return Buffer.from(JSON.stringify({
    topic,
    ...(text === undefined ? { bodyBase64: body } : { body: text }),
    headers,
    key: key ?? null,
    publisher,
    position,
    id,
    time,
    attempt,
    channel,
    incarnation,
    contentType,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(late ? { late } : {}),
    ...(ephemeral ? { ephemeral } : {})
  }) + '\n')
}

/** The body and a newline, with the topic before it if `verbose`. Bytes are left as they are, but not for a terminal to obey. */
export function asText (verbose: boolean, terminal: boolean): DeliveryFormat {
  return ({ topic, body }) => {
    const bytes = Buffer.from(body, 'base64')
    const prefix = verbose ? `${topic} ` : ''
    if (terminal) return Buffer.from(`${prefix}${printable(bytes.toString('utf8'), '\n\t')}\n`)
    return Buffer.concat([Buffer.from(prefix), bytes, NEWLINE])
  }
}

function decode (bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
