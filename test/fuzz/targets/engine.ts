/** Sequences of hostile frames and gossip to a whole engine with an honest neighbour. */
import { sealBatch } from '../../../src/message/batch.js'
import { encodeRecords } from '../../../src/message/record.js'
import { fakeCrypto } from '../../support/fake-crypto.js'
import type { Draw } from '../draw.js'
import { mutate } from '../mutate.js'
import { join } from '../splice.js'
import type { Target } from '../target.js'
import { ATTACKERS, EngineRig, VICTIM } from './engine-rig.js'
import { SAMPLES } from './link-frames.js'
import { CHANNEL, mesh, someAnnouncement, someBatch, someLog, someRecord } from './samples.js'

/** What an attacker does: a frame on its link, gossip in the directory or the channel, a batch with this body, or nothing for a while. */
const STEPS = ['frame', 'directory', 'channel', 'sealed', 'wait'] as const

const CLOCKS_MS = [1_700_000_000_000, 0, 1_700_000_100_000, 1_000_000_000_000_000, Number.MAX_SAFE_INTEGER]

function someStep (draw: Draw): Uint8Array {
  const kind = draw.pick([0, 0, 0, 1, 2, 3, 4])
  const publisher = draw.pick(ATTACKERS)
  const log = someLog(draw, undefined, publisher)
  const samples = Object.values(SAMPLES)
  const payload = ((): Uint8Array => {
    switch (STEPS[kind]) {
      case 'frame': return draw.pick(samples)(draw)
      case 'directory': return join(Uint8Array.of(3), someAnnouncement(draw, publisher, 1_700_000_000_000 + draw.int(1000)))
      case 'channel': return join(Uint8Array.of(draw.pick([1, 2])), someBatch(draw, { ...log, channel: CHANNEL }).bytes)
      case 'sealed': return encodeRecords([someRecord(draw)])
      default: return Uint8Array.of(draw.int(256))
    }
  })()
  const bytes = draw.chance(0.6) ? mutate(draw, payload, draw.pick(samples)(draw), 'fields', [], 8192) : payload
  return join(Uint8Array.of(kind, draw.int(4), bytes.length >> 8, bytes.length & 0xff), bytes)
}

function * stepsOf (bytes: Uint8Array): Generator<{ kind: typeof STEPS[number], attacker: string, payload: Uint8Array }> {
  for (let at = 2, n = 0; at + 4 <= bytes.length && n < 64; n++) {
    const length = ((bytes[at + 2] as number) << 8) + (bytes[at + 3] as number)
    yield { kind: STEPS[(bytes[at] as number) % STEPS.length] as typeof STEPS[number], attacker: ATTACKERS[(bytes[at + 1] as number) % 4] as string, payload: bytes.slice(at + 4, at + 4 + length) }
    at += 4 + length
  }
}

export const engine: Target = {
  name: 'engine', what: 'hostile frames and gossip to a whole engine: nothing is thrown, nothing grows, and what an honest node publishes arrives', shape: 'bytes', share: 3, bytesMax: 60_000,
  limits: { ms: 1500, msPerKib: 100, bytes: 128 * 1024 * 1024, bytesPerByte: 16_384 },
  make: draw => join(Uint8Array.of(draw.int(2), draw.int(CLOCKS_MS.length)), ...Array.from({ length: 1 + draw.int(16) }, () => someStep(draw))),
  async run (bytes) {
    const rig = new EngineRig()
    await rig.start(bytes[0] === 1, CLOCKS_MS[(bytes[1] ?? 0) % CLOCKS_MS.length] as number)
    let steps = 0
    for (const { kind, attacker, payload } of stepsOf(bytes)) {
      const network = rig.attackers.get(attacker)
      if (network === undefined) continue
      if (kind === 'wait') rig.clock.advance(((payload[0] ?? 0) % 16) ** 3)
      else if (kind === 'frame') network.send(VICTIM, payload)
      else if (kind === 'sealed') network.gossip(`c/${CHANNEL}`, join(Uint8Array.of(1), sealed(attacker, steps, payload)))
      else network.gossip(kind === 'directory' ? 'directory' : `c/${CHANNEL}`, payload)
      rig.clock.advance(1)
      steps++
    }
    rig.check(steps)
    return rig.victim.counters.all()['strikes'] === 0
  },
  fussy: true
}

function sealed (publisher: string, n: number, body: Uint8Array): Uint8Array {
  if (body.length === 0) return body
  return sealBatch(fakeCrypto(publisher), mesh, { log: { publisher, incarnation: { number: 1000 + n, random: '00'.repeat(8) }, channel: CHANNEL }, base: 1, count: 1, time: 1_700_000_000_000, previous: new Uint8Array(0), body }).bytes
}
