/** A link's bytes, with lengths before its frames, through the very code that reads a stream of libp2p. */
import type { Stream } from '@libp2p/interface'
import { FRAME, type FrameKind } from '../../../src/network/frames.js'
import { Handshake } from '../../../src/network/handshake.js'
import { shakeHands } from '../../../src/network/handshake-stream.js'
import { Link } from '../../../src/network/link.js'
import { meshNames } from '../../../src/network/names.js'
import { Slices } from '../../../src/network/slices.js'
import { systemClock } from '../../../src/base/system-clock.js'
import { varint } from '../mutate-fields.js'
import { join } from '../splice.js'
import { holds, type Target } from '../target.js'
import { turn } from './pipe.js'

/** A stream that takes all it is given, and says what it is told to. */
class FakeStream extends EventTarget {
  status = 'open'
  readStatus = 'readable'
  writeStatus = 'writable'
  writeBufferLength = 0
  sent = 0
  pause (): void { this.readStatus = 'paused' }
  resume (): void { this.readStatus = 'readable' }
  send (bytes: { byteLength: number }): boolean { this.sent += bytes.byteLength; return true }
  say (bytes: Uint8Array): void { this.dispatchEvent(Object.assign(new Event('message'), { data: bytes })) }
  over (): void {
    this.status = 'closed'
    this.dispatchEvent(new Event('end'))
    this.dispatchEvent(Object.assign(new Event('close'), { error: undefined }))
  }
}

const frame = (kind: number, payload: Uint8Array): Uint8Array => join(varint(payload.length + 1), Uint8Array.of(kind), payload)

export const link: Target = {
  name: 'link', what: 'the bytes of a link in pieces: frames in order, or the link closes; never an error, and no frame over the limit', shape: 'bytes', share: 10, bytesMax: 16_384,
  make: draw => join(...draw.list(6, () => frame(draw.int(8), draw.bytes(draw.int(draw.chance(0.1) ? 2000 : 40)))), frame(FRAME.bye, new Uint8Array(0))),
  words: [Uint8Array.of(0), Uint8Array.of(0xff, 0xff, 0xff, 0x7f), Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x01), Uint8Array.of(1, 9)],
  fussy: true,
  async run (bytes) {
    const stream = new FakeStream()
    let closed: string | undefined
    let read = 0
    const take = (payload: Uint8Array): void => {
      holds(closed === undefined, 'a frame comes after the end')
      read += payload.length + 2
    }
    let fault: unknown
    const guarded = (fn: () => void): void => { try { fn() } catch (error) { fault ??= error } }
    const events = { control: (kind: FrameKind, payload: Uint8Array) => { guarded(() => { holds(kind >= 1 && kind <= 7, 'a kind that there is not'); take(payload) }) }, data: (payload: Uint8Array) => { guarded(() => { take(payload) }) }, progress: () => {}, drained: () => {}, offence: () => {}, closed: (reason: string) => { closed = reason } }
    const tested = new Link(stream as unknown as Stream, new Slices(systemClock), systemClock, events)
    tested.start()
    for (let at = 0; at < bytes.length;) {
      const length = 1 + (bytes[at] as number) * 3
      stream.say(bytes.subarray(at, at + length))
      at += length
    }
    await turn()
    stream.over()
    for (let i = 0; i < 20 && closed === undefined; i++) await turn()
    if (fault !== undefined) throw fault
    holds(closed !== undefined, 'the link did not close with its stream')
    holds(read <= bytes.length, 'more was read than was sent')
    return closed === 'the peer closed the link'
  }
}

const MESH = meshNames('fuzz')

export const helloStream: Target = {
  name: 'hello-stream', what: 'the bytes of a handshake’s stream: a result or an error, always an end', shape: 'bytes', share: 5, bytesMax: 20_000,
  make: draw => join(...draw.list(3, () => { const message = draw.bytes(draw.int(40)); return join(varint(message.length), message) })),
  words: [Uint8Array.of(0), Uint8Array.of(0xff, 0xff, 0x7f), Uint8Array.of(0x81, 0x80, 0x00)],
  fussy: true,
  async run (bytes) {
    const stream = new FakeStream()
    const core = new Handshake('listener', { meshHash: MESH.hash, instance: new Uint8Array(16), versionMin: 1, versionMax: 1, relay: false, agent: 'a', addresses: [] })
    let settled: 'result' | 'error' | undefined
    shakeHands(stream as unknown as Stream, core, systemClock).then(() => { settled = 'result' }, () => { settled = 'error' })
    stream.say(bytes)
    await turn()
    stream.over()
    for (let i = 0; i < 20 && settled === undefined; i++) await turn()
    holds(settled !== undefined, 'the handshake does not end with its stream')
    holds(stream.sent < 4096, 'more is answered than there is to say')
    return settled === 'result'
  }
}
