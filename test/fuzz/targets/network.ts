/** What the network room reads: gossip RPCs, frames with their lengths, the handshake, addresses. */
import { SkeinError } from '../../../src/base/errors.js'
import { dialable, parseAddress } from '../../../src/network/addresses.js'
import { carriesMessages, essential } from '../../../src/network/gossip-rpc.js'
import { Handshake, printable, type HandshakeOutput, type HandshakeSelf } from '../../../src/network/handshake.js'
import { Handshake as Message } from '../../../src/network/hello.js'
import { parseMemoryAddress } from '../../../src/network/memory-fabric.js'
import { meshNames } from '../../../src/network/names.js'
import { peerOf } from '../../support/fake-crypto.js'
import type { Draw } from '../draw.js'
import { varint } from '../mutate-fields.js'
import { join } from '../splice.js'
import { attempt, holds, type Target } from '../target.js'
import { same } from './samples.js'

type Bytes = Uint8Array<ArrayBuffer>

const field = (number: number, body: Uint8Array): Bytes => join(Uint8Array.of(number << 3 | 2), varint(body.length), body)

function someRpc (draw: Draw): Bytes {
  const control = (): Bytes => join(...draw.list(5, () => field(1 + draw.int(5), draw.bytes(draw.int(30)))))
  return join(...draw.list(6, () => {
    const number = 1 + draw.int(4)
    return field(number, number === 3 ? control() : draw.bytes(draw.int(60)))
  }))
}

export const rpc: Target = {
  name: 'gossip-rpc', what: 'what of a gossip RPC must arrive: Error, else shorter, without messages, and the same a second time', shape: 'fields',
  make: someRpc,
  run (bytes) {
    const kept = attempt(() => essential(bytes), error => error instanceof Error && error.message.startsWith('gossipsub RPC: '))
    if (kept === undefined) return false
    carriesMessages(bytes)
    if (kept.value === undefined) return true
    holds(kept.value.length <= bytes.length && !carriesMessages(kept.value), 'what is kept is too much')
    const again = essential(kept.value)
    holds(again !== undefined && same(again, kept.value), 'it is not the same a second time')
    return true
  }
}

const MESH = meshNames('fuzz').hash
const self: HandshakeSelf = { meshHash: MESH, instance: new Uint8Array(16).fill(3), versionMin: 1, versionMax: 1, relay: false, agent: 'skein/0', addresses: ['/ip4/127.0.0.1/tcp/1'] }
const WALL_MS = 1_700_000_000_000

function someHello (draw: Draw): Bytes {
  const times = { sentAtMs: WALL_MS + draw.int(1000), heardAtMs: draw.chance(0.5) ? 0 : WALL_MS + draw.int(1000) }
  if (draw.chance(0.1)) return Message.encode({ refusal: { code: draw.int(9), message: draw.text(40) } }) as Bytes
  if (draw.chance(0.2)) return Message.encode({ times }) as Bytes
  return Message.encode({ times, hello: { versionMin: 1, versionMax: 1 + draw.int(3), mesh: MESH as Bytes, instance: draw.bytes(16), relay: draw.chance(0.5), agent: draw.text(20), addresses: draw.list(4, () => `/ip4/10.0.0.1/tcp/${draw.int(65_536)}`) } }) as Bytes
}

/** Messages with their lengths before them, as they are on the stream. */
function messagesOf (bytes: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let at = 0; at + 2 <= bytes.length && out.length < 4;) {
    const length = (bytes[at] as number) | (bytes[at + 1] as number) << 8
    out.push(bytes.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return out
}

export const handshake: Target = {
  name: 'handshake', what: 'three messages to a dialler and a listener: never an error, one result at most, and what is kept of the peer is bounded', shape: 'fields',
  make: draw => join(...Array.from({ length: 1 + draw.int(3) }, () => {
    const message = someHello(draw)
    return join(Uint8Array.of(message.length & 0xff, message.length >> 8), message)
  })),
  run (bytes) {
    let done = false
    for (const role of ['dialler', 'listener'] as const) {
      const core = new Handshake(role, self)
      const out: HandshakeOutput[] = []
      core.handle(WALL_MS, { type: 'start' }, out)
      for (const [i, message] of messagesOf(bytes).entries()) core.handle(WALL_MS + i, { type: 'message', bytes: message }, out)
      const results = out.filter(({ type }) => type !== 'send')
      holds(results.length <= 1 && out.length <= 4, 'there is more than one result')
      holds(core.over === (results.length === 1), 'it is over without a result')
      const [result] = results
      if (result?.type === 'refused') holds(result.message.length <= 256 && printable(result.message, 256) === result.message, 'a refusal cannot be shown')
      if (result?.type !== 'done') continue
      done = true
      const { peer } = result
      holds(peer.addresses.length <= 16 && peer.addresses.every(address => address.length <= 256) && peer.agent.length <= 128 && printable(peer.agent, 128) === peer.agent, 'what is kept of the peer is not bounded')
      holds(peer.version === 1 && /^[0-9a-f]{32}$/.test(peer.instance), 'the peer is not one that can be')
      holds(Number.isSafeInteger(peer.clockOffsetMs), 'a clock is further off than numbers go')
    }
    return done
  },
  fussy: true
}

export const address: Target = {
  name: 'address', what: 'a multiaddr: ERR_BAD_ADDRESS, else it reads the same a second time, and a peer can be dialled at it', shape: 'text', share: 30, bytesMax: 2048,
  make: draw => new Uint8Array(Buffer.from(draw.pick([`/ip4/127.0.0.1/tcp/${1 + draw.int(65_535)}`, `/ip6/::1/tcp/4001`, `/dns4/example.org/tcp/4001/p2p/${peerOf(1 + draw.int(4))}`, `/ip4/10.0.0.1/tcp/1/p2p/${peerOf(3)}`]))),
  words: ['/ip4/', '/ip6/', '/dns/', '/tcp/', '/udp/', '/p2p/', '/p2p-circuit', '/unix/', '/ws', '/ip6zone/', '127.0.0.1', '::1', peerOf(2), 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', '/memory/1/p2p/'],
  run (bytes) {
    const text = Buffer.from(bytes).toString()
    const code = (error: unknown): boolean => error instanceof SkeinError && error.code === 'ERR_BAD_ADDRESS'
    attempt(() => parseMemoryAddress(text), code)
    const dial = attempt(() => parseAddress(text, 'dial'), code)
    const listen = attempt(() => parseAddress(text, 'listen'), code)
    if (dial !== undefined) {
      const again = parseAddress(dial.value.address, 'dial')
      holds(again.address === dial.value.address && again.peerId === dial.value.peerId, 'it reads differently a second time')
    }
    if (listen !== undefined) holds(parseAddress(listen.value.address, 'listen').address === listen.value.address, 'it reads differently a second time')
    for (const found of dialable([text], peerOf(1))) holds(parseAddress(found, 'dial').peerId === peerOf(1), 'what can be dialled is another peer')
    return dial !== undefined || listen !== undefined
  }
}

