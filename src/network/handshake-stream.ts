import type { Stream } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { Clock } from '../base/clock.js'
import type { Handshake, HandshakeOutput } from './handshake.js'
import { HELLO_BYTES_MAX } from './network-limits.js'
import { chunks, writeTo } from './streams.js'

export type HandshakeResult = Exclude<HandshakeOutput, { type: 'send' }>

/** Runs a handshake over a stream. Rejects when the stream ends before the handshake does. */
export async function shakeHands (stream: Stream, core: Handshake, clock: Clock): Promise<HandshakeResult> {
  let result: HandshakeResult | undefined

  async function * converse (messages: AsyncIterable<Uint8ArrayList>): AsyncGenerator<Uint8Array> {
    const out: HandshakeOutput[] = []
    core.handle(clock.wallMs(), { type: 'start' }, out)
    yield * sends(out)
    for await (const message of messages) {
      core.handle(clock.wallMs(), { type: 'message', bytes: message.subarray() }, out)
      yield * sends(out)
      if (core.over) return
    }
  }

  function * sends (out: HandshakeOutput[]): Generator<Uint8Array> {
    for (const output of out.splice(0)) {
      if (output.type === 'send') yield output.bytes
      else result = output
    }
  }

  await pipe(
    chunks(stream),
    (bytes) => decode(bytes, { maxDataLength: HELLO_BYTES_MAX, maxLengthLength: 3 }),
    converse,
    (messages) => encode(messages),
    (bytes) => writeTo(stream, bytes)
  )
  if (result === undefined) throw new Error('the stream ended in the handshake')
  return result
}
