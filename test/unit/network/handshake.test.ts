import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Handshake, type HandshakeOutput, type HandshakeSelf } from '../../../src/network/handshake.js'
import { Handshake as Message } from '../../../src/network/hello.js'
import { REFUSAL } from '../../../src/network/refusal.js'
import { meshNames } from '../../../src/network/names.js'

const self = (over: Partial<HandshakeSelf> = {}): HandshakeSelf => ({
  meshHash: meshNames('m').hash, instance: new Uint8Array(16).fill(1), versionMin: 1, versionMax: 1, relay: false, agent: 'test', addresses: ['/ip4/127.0.0.1/tcp/1'], ...over
})

/** Both sides with clocks that differ by `skewMs` and one-way delays. */
const meet = (dialler: Handshake, listener: Handshake, skewMs = 0, thereMs = 0, backMs = 0): [HandshakeOutput[], HandshakeOutput[]] => {
  let nowMs = 1_000_000
  const results: [HandshakeOutput[], HandshakeOutput[]] = [[], []]
  const run = (side: 0 | 1, bytes?: Uint8Array): void => {
    const out: HandshakeOutput[] = []
    const core = side === 0 ? dialler : listener
    core.handle(nowMs + (side === 1 ? skewMs : 0), bytes === undefined ? { type: 'start' } : { type: 'message', bytes }, out)
    for (const output of out) {
      if (output.type === 'send') {
        nowMs += side === 0 ? thereMs : backMs
        run(side === 0 ? 1 : 0, output.bytes)
      } else {
        results[side].push(output)
      }
    }
  }
  run(1)
  run(0)
  return results
}

describe('the handshake', () => {
  it('gives both sides the other’s facts and the clock offset', () => {
    const [a, b] = meet(new Handshake('dialler', self({ agent: 'a' })), new Handshake('listener', self({ agent: 'b\u0007\u202e', relay: true })), 5000, 20, 20)
    expect(a).toEqual([{ type: 'done', peer: { version: 1, instance: '01'.repeat(16), relay: true, agent: 'b', addresses: ['/ip4/127.0.0.1/tcp/1'], clockOffsetMs: 5000 } }])
    expect(b[0]).toMatchObject({ type: 'done', peer: { agent: 'a', clockOffsetMs: -5000 } })
  })

  it('is wrong about the clock by at most half the round trip, and takes clocks that may agree to agree', () => {
    fc.assert(fc.property(fc.oneof(fc.integer({ min: -500_000, max: 500_000 }), fc.integer({ min: -3000, max: 3000 })), fc.nat(2000), fc.nat(2000), (skewMs, thereMs, backMs) => {
      for (const [i, outputs] of meet(new Handshake('dialler', self()), new Handshake('listener', self()), skewMs, thereMs, backMs).entries()) {
        const [output] = outputs
        if (output?.type !== 'done') return false
        const truth = i === 0 ? skewMs : -skewMs
        const mayAgree = i === 0 ? -thereMs <= truth && truth <= backMs : -backMs <= truth && truth <= thereMs
        if (mayAgree ? output.peer.clockOffsetMs !== 0 : Math.abs(output.peer.clockOffsetMs - truth) > (thereMs + backMs) / 2 + 1) return false
      }
      return true
    }))
  })

  it('refuses another mesh, on both sides and in words', () => {
    const [a, b] = meet(new Handshake('dialler', self()), new Handshake('listener', self({ meshHash: meshNames('n').hash })))
    expect(a).toEqual([{ type: 'refused', code: REFUSAL.otherMesh, message: 'The nodes are of different meshes.', byUs: false }])
    expect(b).toEqual([{ type: 'refused', code: REFUSAL.otherMesh, message: 'The nodes are of different meshes.', byUs: true }])
  })

  it('agrees on the highest common version, or on none', () => {
    const [a] = meet(new Handshake('dialler', self({ versionMax: 7 })), new Handshake('listener', self({ versionMin: 3, versionMax: 5 })))
    expect(a[0]).toMatchObject({ type: 'done', peer: { version: 5 } })
    const [c, d] = meet(new Handshake('dialler', self()), new Handshake('listener', self({ versionMin: 2, versionMax: 5 })))
    expect([c[0], d[0]]).toMatchObject([{ code: REFUSAL.version, byUs: false }, { code: REFUSAL.version, byUs: true }])
  })

  it('refuses for a reason of its own', () => {
    for (const role of [0, 1] as const) {
      const reject = REFUSAL.banned
      const outputs = meet(new Handshake('dialler', self(), role === 0 ? reject : undefined), new Handshake('listener', self(), role === 1 ? reject : undefined))
      expect(outputs[role]).toMatchObject([{ type: 'refused', code: reject, byUs: true }])
      expect(outputs[role === 0 ? 1 : 0].at(-1)).toMatchObject({ type: 'refused', code: reject, byUs: false })
    }
  })

  it('calls anything else malformed, and never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, dialler) => {
      const core = new Handshake(dialler ? 'dialler' : 'listener', self())
      const out: HandshakeOutput[] = []
      core.handle(0, { type: 'start' }, out)
      core.handle(0, { type: 'message', bytes }, out)
      const last = out.at(-1)
      return last?.type === 'refused' && core.over
    }))
    const many = Message.encode({ hello: { versionMin: 1, versionMax: 1, mesh: self().meshHash as Uint8Array<ArrayBuffer>, instance: new Uint8Array(16), relay: false, agent: '', addresses: Array.from({ length: 17 }, () => '/x') }, times: { sentAtMs: 0, heardAtMs: 0 } })
    const out: HandshakeOutput[] = []
    new Handshake('listener', self()).handle(0, { type: 'message', bytes: many }, out)
    expect(out.at(-1)).toMatchObject({ type: 'refused', code: REFUSAL.malformed })
  })
})
