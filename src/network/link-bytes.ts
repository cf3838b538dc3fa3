/**
 * What stands between a frame and the socket, and leans on the inside of @libp2p/tcp 11, @libp2p/noise 17 and @libp2p/yamux 8.
 * `test/integration/network-link-bytes.test.ts` fails when an update changes it.
 *
 * libp2p's TCP transport writes each piece of a frame with a call of its own: the two bytes of its length, each part that was
 * encrypted, the tag. Each wakes the other side. Corked they go in one. And its noise joins the pieces of what it is
 * about to decrypt into a buffer that its own cipher then does not use: a copy of all that arrives. And its yamux answers each
 * frame with one of its own that opens the window again; others wait until half of the window is used, and so do we.
 */
import type { ConnectionEncrypter, MessageStream, MultiaddrConnection, StreamMuxerFactory } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'

interface Corkable { cork (): void, uncork (): void }
interface SendInside { readonly socket?: Corkable, sendData?: (data: Uint8ArrayList) => { sentBytes: number, canSendMore: boolean } }
type Bytes = Uint8Array | Uint8ArrayList
interface NoiseInside { handshake?: { decrypt (chunk: Bytes): Bytes }, decrypt?: (chunk: Bytes) => Uint8ArrayList }

const NOISE_MESSAGE_BYTES = 65_535
const NOISE_TAG_BYTES = 16

/** The encrypter, on connections whose frames go out in one write and come in without a copy. */
export function lean<T extends ConnectionEncrypter> (encrypter: T): T {
  const { secureInbound, secureOutbound } = encrypter
  encrypter.secureInbound = async (connection, options) => withoutCopies(await secureInbound.call(encrypter, inOneWrite(connection), options))
  encrypter.secureOutbound = async (connection, options) => withoutCopies(await secureOutbound.call(encrypter, inOneWrite(connection), options))
  return encrypter
}

interface MuxerInside { _newStream?: (...args: unknown[]) => WindowInside }
interface WindowInside { readonly state?: number, readonly recvWindow?: number, readonly recvWindowCapacity?: number, sendWindowUpdate: () => void }

/** What yamux calls a stream that both sides know of. */
const ESTABLISHED = 3

/** The muxer, with streams that open their window again when half of it is used. */
export function frugal<T extends StreamMuxerFactory> (factory: T): T {
  const { createStreamMuxer } = factory
  factory.createStreamMuxer = (connection) => {
    const muxer = createStreamMuxer.call(factory, connection)
    const inside = muxer as unknown as MuxerInside
    const { _newStream } = inside
    if (_newStream !== undefined) inside._newStream = (...args) => byHalves(_newStream.apply(muxer, args))
    return muxer
  }
  return factory
}

function byHalves (stream: WindowInside): WindowInside {
  const { sendWindowUpdate } = stream
  stream.sendWindowUpdate = () => {
    const { state, recvWindow = 0, recvWindowCapacity = 0 } = stream
    if (state === ESTABLISHED && recvWindowCapacity > recvWindow / 2) return
    sendWindowUpdate.call(stream)
  }
  return stream
}

function inOneWrite<C extends MessageStream | MultiaddrConnection> (connection: C): C {
  const inside = connection as unknown as SendInside
  const { socket, sendData } = inside
  if (socket === undefined || sendData === undefined) return connection
  inside.sendData = (data) => {
    socket.cork()
    try {
      return sendData.call(connection, data)
    } finally {
      socket.uncork()
    }
  }
  return connection
}

function withoutCopies<S extends { readonly connection: unknown }> (secured: S): S {
  const inside = secured.connection as NoiseInside
  const { handshake } = inside
  if (handshake === undefined || inside.decrypt === undefined) return secured
  inside.decrypt = (chunk) => {
    if (chunk.byteLength < NOISE_TAG_BYTES || chunk.byteLength > NOISE_MESSAGE_BYTES) throw new Error('Invalid chunk')
    return new Uint8ArrayList(handshake.decrypt(chunk))
  }
  return secured
}
