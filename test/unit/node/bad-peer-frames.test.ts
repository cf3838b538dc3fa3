/** One attack each: what comes from a neighbour by frames and gossip. Honest nodes deliver everything between them meanwhile. */
import { describe, expect, it } from 'vitest'
import type { Crypto } from '../../../src/base/crypto.js'
import { EPHEMERAL_TAG, headBytes, sealBatch } from '../../../src/message/batch.js'
import { toLogRef, type LogId } from '../../../src/message/ids.js'
import { signReceipt, signTrim } from '../../../src/message/signed.js'
import { encodeRecords } from '../../../src/message/record.js'
import { RangeSet } from '../../../src/base/range-set.js'
import { BAN_MS } from '../../../src/node/conduct.js'
import { GOSSIP_TOPICS } from '../../../src/node/channels.js'
import { GOSSIP } from '../../../src/message/gossip-kinds.js'
import { FRAME } from '../../../src/repair/frames.js'
import { ForkProof } from '../../../src/message/wire.js'
import { peerOf, testMesh } from '../../support/fake-crypto.js'
import { recordOf } from '../../support/written-log.js'
import { flipped, Mallory } from './mallory.js'
import { Town, type Townsman } from './town.js'

type Bytes = Uint8Array<ArrayBuffer>
const CHANNEL = 'press'
const TOPIC = GOSSIP_TOPICS.ofChannel(CHANNEL)
/** An attacker that goes on is cut off within so long, each time it comes back. */
const CUT_WITHIN_MS = 8_000

interface Scene { readonly town: Town, readonly alice: Townsman, readonly bob: Townsman, readonly mallory: Mallory }

async function scene (): Promise<Scene> {
  const town = new Town()
  const alice = await town.node()
  const bob = await town.node({ relay: true, bootstrap: [alice] })
  bob.subscribe('all', `${CHANNEL}/#`)
  await town.until('alice and bob to be linked', () => bob.network.peers().length === 1)
  alice.publish(`${CHANNEL}/a`, 'first')
  await town.until('the first message', () => bob.bodies.get('all')?.length === 1)
  const mallory = await new Mallory(town, [bob]).start(CHANNEL)
  await town.until('mallory to be let in', () => mallory.up.size === 1)
  await town.run(1_000)
  return { town, alice, bob, mallory }
}

const aliceLog = ({ alice }: Scene): LogId => [...alice.engine.book.all()].find(log => log.own)?.id as LogId
const strangeLog = (n: number): LogId => ({ publisher: peerOf(99), incarnation: { number: n + 1, random: '00'.repeat(8) }, channel: CHANNEL })
const receiptOf = (s: Scene, by: { crypto: Crypto, peerId: string }, sequence: number): Bytes =>
  signReceipt(by.crypto, testMesh, { by: by.peerId, sequence, log: aliceLog(s), stored: RangeSet.of([1, 1]), processed: [] }) as Bytes

/** What it does every 10 ms. A few hundred of each are a flood many times over. */
const FLOOD = 160
const times = (n: number, fn: (i: number) => void): void => { for (let i = 0; i < n; i++) fn(i) }

const CUT: Record<string, (s: Scene) => void> = {
  'sends frames that do not decode': ({ mallory }) => { mallory.raw(Uint8Array.of(FRAME.summary, 0xff, 0xff, 0xff)) },
  'sends frames of kinds that there are not': ({ mallory }) => { times(FLOOD, () => { mallory.raw(Uint8Array.of(99, 1, 2, 3)) }) },
  'sends announcements that others are said to have signed': ({ mallory, alice }) => { mallory.send('announcements', { signed: [mallory.announcement({ as: alice.peerId, sequence: 1_700_000_500_000 + ++mallory.n })] }) },
  'sends what is no announcement': ({ mallory }) => { mallory.send('announcements', { signed: [new Uint8Array(40)] }) },
  'sends an announcement that is known, again and again': ({ mallory }) => { times(4, () => { mallory.send('announcements', { signed: Array<Bytes>(40).fill(mallory.announcement({ sequence: 1_700_000_000_000 })) }) }) },
  'asks for comparisons without end': ({ mallory }) => { times(FLOOD, () => { mallory.send('summary', { channels: [{ channel: CHANNEL, heads: new Uint8Array(8).fill(++mallory.n), receipts: new Uint8Array(8), headsCount: 1, receiptsCount: 1 }] }) }) },
  'asks for the items of buckets without end': ({ mallory }) => { times(FLOOD, () => { mallory.send('buckets', { channel: CHANNEL, heads: new Uint8Array(512).fill(++mallory.n), receipts: new Uint8Array(0) }) }) },
  'sends heads with a wrong signature': (s) => { s.mallory.send('heads', { channel: CHANNEL, heads: [headBytes(s.mallory.batch(CHANNEL, { as: s.alice.peerId, incarnation: 2_000_000_000_000 + ++s.mallory.n })) as Bytes], trims: [] }) },
  'sends what is no head': ({ mallory }) => { mallory.send('heads', { channel: CHANNEL, heads: [new Uint8Array(30)], trims: [] }) },
  'sends whole batches as heads': ({ mallory }) => { mallory.send('heads', { channel: CHANNEL, heads: [mallory.batch(CHANNEL).bytes as Bytes], trims: [] }) },
  'tells of heads that are known without end': (s) => {
    const head = [...s.bob.engine.book.all()].find(log => log.publisher === s.alice.peerId)?.headBytes as Bytes
    s.mallory.send('heads', { channel: CHANNEL, heads: Array<Bytes>(320).fill(head), trims: [] })
  },
  'sends trims that their publisher has not signed': (s) => { s.mallory.send('heads', { channel: CHANNEL, heads: [], trims: [signTrim(s.mallory.crypto, testMesh, { log: aliceLog(s), through: 1, reason: 'expired', time: 1 }) as Bytes] }) },
  'offers ranges that cannot be': (s) => { s.mallory.send('have', { ranges: [{ log: toLogRef(aliceLog(s)), from: 5, to: 2, head: new Uint8Array(0) }] }) },
  'offers what is here already without end': (s) => { times(1, () => { s.mallory.send('have', { ranges: Array.from({ length: 320 }, () => ({ log: toLogRef(aliceLog(s)), from: 1, to: 1, head: new Uint8Array(0) })) }) }) },
  'offers what nothing shows to be there without end': (s) => { times(1, () => { s.mallory.send('have', { ranges: Array.from({ length: 320 }, () => ({ log: toLogRef(aliceLog(s)), from: 2 ** 40, to: 2 ** 40 + ++s.mallory.n, head: new Uint8Array(0) })) }) }) },
  'wants logs that there are not without end': ({ mallory }) => { times(FLOOD, () => { mallory.send('want', { id: ++mallory.n, log: toLogRef(strangeLog(mallory.n)), from: 1, to: 2 ** 40, credit: 1, since: 0, skip: new Uint8Array(0) }) }) },
  'wants that are one too many without end': (s) => { times(FLOOD, () => { s.mallory.send('want', { id: ++s.mallory.n, log: toLogRef(aliceLog(s)), from: 2 ** 40, to: 2 ** 41, credit: 0, since: 0, skip: new Uint8Array(0) }) }) },
  'gives credit for no want without end': ({ mallory }) => { times(FLOOD, () => { mallory.send('credit', { id: ++mallory.n, bytes: 2 ** 31 }) }) },
  'sends data that nobody asked for without end': ({ mallory }) => { times(FLOOD, () => { mallory.send('data', { id: ++mallory.n, batch: new Uint8Array(1000) }) }) },
  'ends wants that there are not without end': ({ mallory }) => { times(FLOOD, () => { mallory.send('end', { id: ++mallory.n, through: 1, missing: new Uint8Array(0), busy: false }) }) },
  'sends receipts with a wrong signature': (s) => { s.mallory.send('receipts', { signed: [receiptOf(s, { crypto: s.mallory.crypto, peerId: s.alice.peerId }, 2 ** 42 + ++s.mallory.n)] }) },
  'sends what is no receipt': ({ mallory }) => { mallory.send('receipts', { signed: [new Uint8Array(30)] }) },
  'replays a receipt without end': (s) => {
    const receipt = receiptOf(s, s.mallory, 1)
    s.mallory.send('receipts', { signed: Array<Bytes>(320).fill(receipt) })
  },
  'says the same under ever new numbers without end': (s) => { s.mallory.send('receipts', { signed: Array.from({ length: 20 }, () => receiptOf(s, s.mallory, ++s.mallory.n)) }) },
  'accuses others of forks with proofs that prove nothing': (s) => {
    const head = headBytes(s.mallory.batch(CHANNEL, { as: s.alice.peerId })) as Bytes
    s.mallory.send('forks', { proofs: [ForkProof.encode({ first: head, second: headBytes(s.mallory.batch(CHANNEL, { as: s.alice.peerId, body: 'y' })) as Bytes }) as Bytes] })
  },
  'gossips batches with a wrong signature': (s) => { s.mallory.gossip(TOPIC, GOSSIP.batch, s.mallory.batch(CHANNEL, { as: s.alice.peerId, incarnation: 2_000_000_000_000 + ++s.mallory.n }).bytes) },
  'gossips batches whose body was changed': ({ mallory }) => { mallory.gossip(TOPIC, GOSSIP.batch, flipped(mallory.batch(CHANNEL, { body: `${++mallory.n}` }).bytes)) },
  'gossips rubbish': ({ mallory }) => { mallory.gossip(TOPIC, GOSSIP.batch, Buffer.from(`rubbish ${++mallory.n}`)) },
  'gossips batches of another channel': ({ mallory }) => { mallory.gossip(TOPIC, GOSSIP.batch, mallory.batch('other', { body: `${++mallory.n}` }).bytes) },
  'gossips kinds that there are not without end': ({ mallory }) => { times(100, () => { mallory.gossip(TOPIC, 77, Buffer.from(`${++mallory.n}`)) }) },
  'gossips ephemeral batches with a wrong signature': (s) => { s.mallory.gossip(TOPIC, GOSSIP.ephemeral, s.mallory.batch(CHANNEL, { as: s.alice.peerId, incarnation: ++s.mallory.n }).bytes) },
  'gossips a durable batch as an ephemeral one': ({ mallory }) => { mallory.gossip(TOPIC, GOSSIP.ephemeral, mallory.batch(CHANNEL, { incarnation: ++mallory.n }).bytes) },
  'gossips an ephemeral batch as a durable one': ({ mallory, town }) => {
    const log = { publisher: mallory.peerId, incarnation: { number: ++mallory.n, random: '00'.repeat(8) }, channel: CHANNEL }
    mallory.gossip(TOPIC, GOSSIP.batch, sealBatch(mallory.crypto, testMesh, { log, base: 1, count: 1, time: town.clock.wallMs(), previous: new Uint8Array(0), body: encodeRecords([recordOf(`${CHANNEL}/x`)]) }, EPHEMERAL_TAG).bytes)
  },
  'gossips announcements that others are said to have signed': ({ mallory, alice }) => { mallory.gossip(GOSSIP_TOPICS.directory, GOSSIP.announcement, mallory.announcement({ as: alice.peerId, sequence: 1_700_000_500_000 + ++mallory.n })) },
  'gossips proofs of forks that prove nothing': ({ mallory }) => { mallory.gossip(GOSSIP_TOPICS.directory, GOSSIP.fork, Buffer.from(`${++mallory.n}`)) }
}

/** What does no harm and is not punished. */
const HARMLESS: Record<string, (s: Scene) => void> = {
  'gossips what everyone has, again and again': (s) => {
    const log = [...s.bob.engine.book.all()].find(each => each.publisher === s.alice.peerId)
    const bytes = log === undefined ? undefined : s.bob.engine.book.readBytes(log, 1)?.value
    if (bytes !== undefined) s.mallory.gossip(TOPIC, GOSSIP.batch, bytes)
  },
  'sends announcements of the far future': ({ mallory }) => { mallory.send('announcements', { signed: [mallory.announcement({ sequence: 2 ** 50 })] }) },
  'wants a huge range with hardly any credit': (s) => { s.mallory.send('want', { id: 7, log: toLogRef(aliceLog(s)), from: 1, to: Number.MAX_SAFE_INTEGER - 1, credit: 1, since: 0, skip: new Uint8Array(0) }) },
  'says nothing at all': () => {},
  'signs two histories of its own': ({ mallory }) => {
    if (mallory.n++ > 0) return
    mallory.gossip(TOPIC, GOSSIP.batch, mallory.batch(CHANNEL, { body: 'one' }).bytes)
    mallory.gossip(TOPIC, GOSSIP.batch, mallory.batch(CHANNEL, { body: 'two' }).bytes)
  }
}

async function attack (s: Scene, act: (s: Scene) => void): Promise<void> {
  const { town, alice, bob, mallory } = s
  mallory.begins()
  for (let i = 0; i < 50; i++) {
    alice.publish(`${CHANNEL}/a`, `message ${i}`)
    for (let k = 0; k < 20; k++) {
      if (mallory.up.size > 0) act(s)
      town.clock.advance(10)
      await Promise.resolve()
    }
  }
  const wanted = Array.from({ length: 50 }, (_, i) => `message ${i}`)
  await town.until('bob to have all of alice', () => wanted.every(body => bob.bodies.get('all')?.includes(body)), 20_000)
  expect(bob.bodies.get('all')?.filter(body => body.startsWith('message'))).toEqual(wanted)
  expect([bob.gapTexts, bob.failures, alice.failures, bob.network.peers().some(({ id }) => id === alice.peerId)]).toEqual([[], [], [], true])
}

describe('a neighbour that', () => {
  it.each(Object.entries(CUT))('%s is cut off within seconds, and the others go on', async (_name, act) => {
    const s = await scene()
    await attack(s, act)
    const { alice, bob, mallory } = s
    expect(mallory.cutAfterMs.get(bob.peerId)).toBeLessThan(CUT_WITHIN_MS)
    expect([bob, alice].map(({ engine }) => engine.counters.all()['bans'])).toEqual([1, 0])
    await s.town.run(BAN_MS / 2)
    expect([bob.network.banned(mallory.peerId), bob.network.banned(alice.peerId), mallory.up.size]).toEqual([true, false, 0])
  }, 30_000)

  it.each(Object.entries(HARMLESS))('%s does no harm', async (_name, act) => {
    const s = await scene()
    await attack(s, act)
    expect([s.alice, s.bob].map(({ engine }) => engine.counters.all()['bans'])).toEqual([0, 0])
  }, 30_000)

  it('comes back as soon as it may is cut off for twice as long each time', async () => {
    const s = await scene()
    const { town, bob, mallory } = s
    const bans: number[] = []
    const act = CUT['sends frames that do not decode'] as (s: Scene) => void
    for (let i = 0; i < 3; i++) {
      await town.until('mallory to be let in', () => mallory.up.has(bob.peerId), 20 * BAN_MS)
      while (mallory.up.has(bob.peerId)) {
        act(s)
        await town.run(100)
      }
      const at = town.clock.now
      await town.until('the end of the ban', () => !bob.network.banned(mallory.peerId), 20 * BAN_MS)
      bans.push(Math.round((town.clock.now - at) / BAN_MS))
    }
    expect(bans).toEqual([1, 2, 4])
  }, 60_000)
})
