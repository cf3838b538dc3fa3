import { describe, expect, test } from 'vitest'
import { makeForkProof } from '../../../src/message/fork-proof.js'
import type { SealedBatch } from '../../../src/message/batch.js'
import { encodeFrame } from '../../../src/repair/frames.js'
import { fakeCrypto, peerOf } from '../../support/fake-crypto.js'
import { WrittenLog } from '../../support/written-log.js'
import { Town, type Townsman } from './town.js'

/** Two histories of one log of `publisher`, which part behind `common` batches of two records. */
function histories (common: number, each: number, publisher = 1): { left: SealedBatch[], right: SealedBatch[] } {
  const write = (body: string): SealedBatch[] => {
    const log = new WrittenLog(publisher)
    for (let i = 0; i < common; i++) log.write(2, undefined, 'common')
    for (let i = 0; i < each; i++) log.write(2, undefined, body)
    return log.batches
  }
  return { left: write('left'), right: write('right') }
}

const bytes = (text: string): string => text.replace(/\d+$/, '')
const own = (node: Townsman): Townsman['forks'] => node.forks.filter(fork => fork.own)

describe('a publisher that signs two histories', () => {
  test('is found by two honest nodes that hold the same number of records, and each reports it', async () => {
    const town = new Town()
    const a = await town.node()
    const b = await town.node()
    for (const node of [a, b]) node.subscribe('s', 'press/#')
    await town.run(200)
    const { left, right } = histories(2, 1)
    expect(a.takes(...left)).toEqual(['new', 'new', 'new'])
    expect(b.takes(...right)).toEqual(['new', 'new', 'new'])
    await town.run(200)
    expect([...a.forks, ...b.forks]).toEqual([])
    town.mesh.connect(a.peerId, b.peerId)
    await town.until('both to report it', () => a.forks.length === 1 && b.forks.length === 1)
    for (const node of [a, b]) expect(node.forks[0]).toMatchObject({ publisher: peerOf(1), channel: 'press', position: 5, own: false })
    expect(a.bodies.get('s')?.map(bytes)).toEqual(['common', 'common', 'common', 'common', 'left', 'left'])
    expect(b.bodies.get('s')?.map(bytes)).toEqual(['common', 'common', 'common', 'common', 'right', 'right'])
    expect([a.lag, b.lag, ...a.gaps, ...b.gaps]).toEqual([0, 0])
  })

  test('costs whoever tells of more and more of its forks, and one row is written at a time, also on a full disk', async () => {
    const town = new Town()
    const node = await town.node()
    const proof = (number: number): Uint8Array => {
      const [left, right] = ['left', 'right'].map(body => new WrittenLog(1, number).write(2, undefined, body)) as [SealedBatch, SealedBatch]
      return makeForkProof(fakeCrypto(peerOf(2)), left, right)?.bytes as Uint8Array
    }
    node.disk.full = true
    let commits = 0
    const { commit } = node.store
    node.store.commit = (ops, done): void => {
      if (ops.some(({ table }) => table === 'quarantine')) commits++
      commit.call(node.store, ops, done)
    }
    const charged = Array.from({ length: 100 }, (_, i) => node.engine.forks.told(peerOf(7), [proof(i + 1)]))
    expect(charged.slice(0, 3)).toEqual([0, 18, 2])
    await town.run(60_000)
    expect(commits).toBeLessThanOrEqual(1 + 60_000 / 5_000)
    expect(node.engine.forks.told(peerOf(7), [proof(200)])).toBe(18)
    node.disk.full = false
    await town.run(10_000)
    node.crash()
    await node.start()
    expect(node.engine.forks.list()).toMatchObject([{ publisher: peerOf(1), log: { incarnation: { number: 200 } } }])
  })

  test('has nothing of it compared from then on, neither heads nor receipts, also after a restart', async () => {
    const town = new Town()
    const a = await town.node({ relay: true })
    const b = await town.node({ relay: true })
    town.mesh.connect(a.peerId, b.peerId)
    for (const node of [a, b]) node.subscribe('s', 'press/#')
    await town.run(200)
    const { left, right } = histories(2, 1)
    a.takes(...left)
    const sizes = (): number[] => [a, b].flatMap(({ engine }) => [engine.repair.heads.size('press'), engine.receipts.digests().size('press')])
    await town.until('all to know of it', () => sizes().join() === '1,2,1,2', 60_000)
    a.takes(...right)
    await town.until('both to report it', () => a.forks.length === 1 && b.forks.length === 1)
    expect(sizes()).toEqual([0, 0, 0, 0])
    a.crash()
    await a.start()
    expect(sizes()).toEqual([0, 0, 0, 0])
  })

  test('is found where the next batch does not follow the one before, and nothing of the second history is taken', async () => {
    const town = new Town()
    const node = await town.node()
    node.subscribe('s', 'press/#')
    await town.run(200)
    const { left, right } = histories(1, 2)
    expect(node.takes(...left.slice(0, 2))).toEqual(['new', 'new'])
    // Still on its way to disk: the header taken last is what it is compared with.
    expect(node.takes(right[2] as SealedBatch)).toEqual(['forked'])
    await town.run(200)
    expect(node.forks).toMatchObject([{ publisher: peerOf(1), position: 5 }])
    expect(node.takes(left[2] as SealedBatch)).toEqual(['unwanted'])
    expect(node.delivered.get('s')).toHaveLength(4)
  })

  test('is found by a batch that closes a hole and does not lead to what is behind it', async () => {
    const town = new Town()
    const node = await town.node()
    node.subscribe('s', 'press/#')
    await town.run(200)
    const { left, right } = histories(1, 3)
    node.takes(left[0] as SealedBatch)
    node.takes(left[2] as SealedBatch, left[3] as SealedBatch)
    await town.run(200)
    // It follows the first, and the third does not follow it.
    expect(node.takes(right[1] as SealedBatch)).toEqual(['forked'])
    expect(node.forks).toHaveLength(1)
  })

  test('an honest publisher is never taken for one, whatever order its batches come in', async () => {
    const town = new Town()
    const { left } = histories(8, 0)
    for (let round = 0; round < 20; round++) {
      const node = await town.node()
      node.subscribe('s', 'press/#')
      await town.run(200)
      const batches = [...left]
      for (let i = batches.length - 1; i > 0; i--) {
        const j = Math.floor(town.random.float() * (i + 1));
        [batches[i], batches[j]] = [batches[j] as SealedBatch, batches[i] as SealedBatch]
      }
      for (const batch of batches) {
        node.takes(batch)
        if (town.random.float() < 0.5) await town.run(100)
      }
      await town.run(300)
      expect(node.forks).toEqual([])
      expect(node.delivered.get('s')).toEqual(Array.from({ length: 16 }, (_, i) => `1:${i + 1}`))
      node.crash()
    }
  })

  test('what is known to exist and is not held is a gap in order with what is held, and nothing is waited for', async () => {
    const town = new Town()
    const node = await town.node()
    node.subscribe('s', 'press/#')
    await town.run(200)
    const { left, right } = histories(1, 5)
    node.takes(left[0] as SealedBatch, left[2] as SealedBatch)
    await town.run(200)
    const log = node.engine.book.get((left[0] as SealedBatch).logKey)
    if (log === undefined) throw new Error('no log')
    node.engine.book.noteHeader(log, left[5] as SealedBatch)
    expect(node.lag).toBe(10)
    node.engine.forks.found(left[1] as SealedBatch, right[1] as SealedBatch)
    await town.until('nothing to be missing', () => node.lag === 0, 5_000)
    expect(node.gapTexts).toEqual(['1:3-4 forked', '1:7-12 forked'])
    expect(node.delivered.get('s')).toEqual(['1:1', '1:2', '1:5', '1:6'])
    // Its word no longer counts.
    node.engine.repair.takeHeads('x', { channel: 'press', heads: [new WrittenLog(1, 1).write(1).bytes as Uint8Array<ArrayBuffer>], trims: [] })
    expect(node.lag).toBe(0)
  })

  test('a subscription made later is told of the same gaps, and waits for nothing', async () => {
    const town = new Town()
    const node = await town.node()
    node.subscribe('s', 'press/#')
    await town.run(200)
    const { left, right } = histories(1, 3)
    node.takes(left[0] as SealedBatch, left[2] as SealedBatch)
    await town.run(200)
    node.engine.forks.found(left[1] as SealedBatch, right[1] as SealedBatch)
    await town.until('nothing to be missing', () => node.lag === 0, 5_000)
    node.subscribe('later', 'press/#')
    await town.until('the later one to have it all', () => node.delivered.get('later')?.length === 4, 5_000)
    await town.until('the later one to wait for nothing', () => node.lag === 0, 5_000)
    expect(node.gaps.map(({ subscription, from, to, reason }) => `${subscription}: ${from}-${to} ${reason}`)).toEqual(['s: 3-4 forked', 'later: 3-4 forked'])
  })

  test('stays out over a restart, without anybody telling again, and a subscription made later waits for nothing', async () => {
    const town = new Town()
    const node = await town.node()
    node.subscribe('s', 'press/#')
    await town.run(200)
    const { left, right } = histories(1, 2)
    node.takes(left[0] as SealedBatch, left[1] as SealedBatch)
    await town.run(200)
    const log = node.engine.book.get((left[0] as SealedBatch).logKey)
    if (log !== undefined) node.engine.book.noteHeader(log, left[2] as SealedBatch)
    node.takes(right[1] as SealedBatch)
    await town.run(200)
    node.crash()
    await node.start()
    node.subscribe('s', 'press/#')
    node.subscribe('later', 'press/#')
    await town.run(1_000)
    expect(node.takes(left[2] as SealedBatch)).toEqual(['unwanted'])
    expect(node.engine.forks.list()).toMatchObject([{ publisher: peerOf(1), position: 3 }])
    expect(node.lag).toBe(0)
    expect(node.delivered.get('later')).toEqual(['1:1', '1:2', '1:3', '1:4'])
    expect(node.forks).toHaveLength(1)
  })

  test('is told of over hops, and to who comes later; whoever is told takes nothing', async () => {
    const town = new Town()
    const a = await town.node()
    const b = await town.node({ bootstrap: [a] })
    const c = await town.node({ bootstrap: [b] })
    await town.run(1_000)
    const { left, right } = histories(0, 1)
    a.engine.forks.found(left[0] as SealedBatch, right[0] as SealedBatch)
    await town.until('the others to hear', () => b.forks.length === 1 && c.forks.length === 1)
    const d = await town.node({ bootstrap: [c] })
    await town.until('the newcomer to hear', () => d.forks.length === 1)
    d.subscribe('s', 'press/#')
    await town.run(200)
    expect(d.takes(...left)).toEqual(['unwanted'])
    for (const node of [a, b, c, d]) expect(node.forks).toHaveLength(1)
  })

  test('who lifted the quarantine for an earlier fork, and goes on to take in a life of which a neighbour has proof too, is shown that proof', async () => {
    const town = new Town()
    const a = await town.node()
    const b = await town.node({ bootstrap: [a] })
    const c = await town.node({ bootstrap: [b] })
    for (const node of [a, b, c]) node.subscribe('s', 'press/#')
    await town.run(1_000)
    const earlier = histories(0, 1)
    a.engine.forks.found(earlier.left[0] as SealedBatch, earlier.right[0] as SealedBatch)
    await town.until('all to know of the first', () => c.forks.length === 1)
    a.engine.forks.lift(peerOf(1), () => {})
    const [left, right] = ['left', 'right'].map(body => new WrittenLog(1, 2).write(1, undefined, body)) as [SealedBatch, SealedBatch]
    // At the others it is in quarantine already, for the first: they do not pass this one on.
    a.engine.forks.found(left, right)
    await town.run(1_000)
    c.engine.forks.lift(peerOf(1), () => {})
    expect(c.takes(left)).toEqual(['new'])
    await town.until('the other to be shown', () => c.forks.length === 2, 60_000)
    expect(c.engine.forks.isClosed(left.log)).toBe(true)
  })

  test('a lift pardons each life of which there was proof by then', async () => {
    const town = new Town()
    const a = await town.node()
    const b = await town.node({ bootstrap: [a] })
    for (const node of [a, b]) node.subscribe('s', 'press/#')
    await town.run(1_000)
    const earlier = histories(0, 1)
    a.engine.forks.found(earlier.left[0] as SealedBatch, earlier.right[0] as SealedBatch)
    await town.until('both to know of the first', () => b.forks.length === 1)
    const [left, right] = ['left', 'right'].map(body => new WrittenLog(1, 2).write(1, undefined, body)) as [SealedBatch, SealedBatch]
    b.engine.forks.found(left, right)
    expect(b.forks).toHaveLength(1)
    b.engine.forks.lift(peerOf(1), () => {})
    expect(b.takes(left)).toEqual(['unwanted'])
  })

  test('a false proof is an offence, convinces nobody, and after three of them the neighbour is cut off', async () => {
    const town = new Town()
    const a = await town.node()
    const liar = await town.node({ bootstrap: [a] })
    await town.run(1_000)
    const { left, right } = histories(0, 1)
    const proof = makeForkProof(fakeCrypto(a.peerId), left[0] as SealedBatch, right[0] as SealedBatch)?.bytes.slice() as Uint8Array<ArrayBuffer>
    proof[proof.length - 1] = (proof.at(-1) as number) ^ 1
    for (let i = 0; i < 3; i++) {
      liar.network.send(a.peerId, encodeFrame('forks', { proofs: [proof] }))
      await town.run(100)
    }
    expect(a.forks).toEqual([])
    expect(a.engine.neighbours.isUp(liar.peerId)).toBe(false)
  })

  test('nothing of it is forwarded: a node beyond one that has the proof gets nothing', async () => {
    const town = new Town()
    const relay = await town.node({ relay: true })
    const publisher = await town.node({ bootstrap: [relay] })
    const far = await town.node({ bootstrap: [relay] })
    far.subscribe('s', 'press/#')
    await town.run(1_000)
    publisher.publish('press/a')
    await town.until('the first to arrive', () => far.delivered.get('s')?.length === 1)
    const number = publisher.engine.own.incarnation?.number as number
    const twice = [1, 2].map(n => {
      const log = new WrittenLog(1, number)
      Object.assign(log.id, { publisher: publisher.peerId })
      Object.assign(log, { crypto: fakeCrypto(publisher.peerId) })
      return log.write(n)
    }) as [SealedBatch, SealedBatch]
    relay.engine.forks.found(...twice)
    await town.until('the publisher to hear that its own key forked', () => own(publisher).length === 1)
    expect(publisher.engine.forks.isSelfForked).toBe(true)
    expect(publisher.errors.join()).toContain('own key')
    publisher.publish('press/a')
    await town.run(20_000)
    expect(far.delivered.get('s')).toHaveLength(1)
    expect(relay.engine.book.size).toBe(1)
    expect(far.lag).toBe(0)

    // Pardoned, it is heard again: it has begun a new incarnation by itself.
    for (const node of [relay, far]) expect(node.engine.forks.lift(publisher.peerId, () => {})).toBe(true)
    await town.until('what came after to arrive', () => far.delivered.get('s')?.length === 2)
    publisher.publish('press/a')
    await town.until('what comes now to arrive', () => far.delivered.get('s')?.length === 3)
    expect(far.lag).toBe(0)
    expect(far.forks).toHaveLength(1)
    expect(new Set(publisher.published.map(id => id.split(':')[0])).size).toBe(2)
  })

  test('is closed, and opened again, without a look at the logs of others', async () => {
    const town = new Town()
    const node = await town.node()
    node.subscribe('s', 'press/#')
    await town.run(200)
    const { engine } = node
    for (let n = 2; n < 200; n++) node.takes(new WrittenLog(n).write(1))
    const { left, right } = histories(1, 2)
    node.takes(...left)
    await town.run(200)
    let looked = 0
    const all = engine.book.all.bind(engine.book)
    engine.book.all = function * () {
      for (const log of all()) {
        looked++
        yield log
      }
    }
    expect(node.takes(right[1] as SealedBatch)).toEqual(['forked'])
    expect(engine.forks.lift(peerOf(1), () => {})).toBe(true)
    expect([engine.book.size > 190, node.forks.length, looked]).toEqual([true, 1, 0])
  })
})
