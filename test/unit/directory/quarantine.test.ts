import { describe, expect, test } from 'vitest'
import { FORK_PROOFS_MAX, Quarantine, type Quarantined } from '../../../src/directory/quarantine.js'
import { sealBatch, type SealedBatch } from '../../../src/message/batch.js'
import { makeForkProof } from '../../../src/message/fork-proof.js'
import { encodeRecords } from '../../../src/message/record.js'
import { peerIdOfPublicKey } from '../../../src/message/peer-id.js'
import { createMemoryDisk, createMemoryStore } from '../../../src/store/memory-store.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock } from '../../support/manual-clock.js'
import { recordOf } from '../../support/written-log.js'

const self = peerOf(9)
const crypto = fakeCrypto(self)

/** Both signed by the publisher, of one log. */
function forked (publisher: string, number = 5, channel = 'press'): [SealedBatch, SealedBatch] {
  const log = { publisher, incarnation: { number, random: number.toString(16).padStart(16, '0') }, channel }
  const seal = (text: string): SealedBatch => sealBatch(fakeCrypto(publisher), testMesh, { log, base: 1, count: 1, time: 5, previous: new Uint8Array(0), body: encodeRecords([recordOf(`${channel}/a`, text)]) })
  return [seal('left'), seal('right')]
}
const proofOf = (publisher: string, number = 5, channel = 'press'): Uint8Array => makeForkProof(crypto, ...forked(publisher, number, channel))?.bytes as Uint8Array
const logOf = (publisher: string, number: number, channel = 'press'): Quarantined['log'] => forked(publisher, number, channel)[0].log

class Rig {
  readonly clock = new ManualClock()
  readonly disk = createMemoryDisk()
  readonly known = new Set<string>()
  store = this.#open()
  quarantine = this.#make()

  #open (): ReturnType<typeof createMemoryStore> { return createMemoryStore({ disk: this.disk, soon: (fn) => { this.clock.soon(fn) } }) }
  #make (): Quarantine { return new Quarantine({ crypto, mesh: testMesh, self, store: this.store, wallMs: () => this.clock.wallMs(), nowMs: () => this.clock.nowMs(), isKnown: (publisher) => this.known.has(publisher) }) }

  keep (publisher: string): void {
    this.store.commit(this.quarantine.rows(publisher), (error) => { if (error !== undefined) throw error })
    this.clock.turn()
  }

  restart (): void {
    this.store = this.#open()
    this.quarantine = this.#make()
  }
}

describe('the quarantine', () => {
  test('closes every log of a publisher that is proven to have forked, and nobody else’s', () => {
    const { quarantine } = new Rig()
    expect(quarantine.take(proofOf(peerOf(1)))).toMatchObject({ entry: { publisher: peerOf(1), position: 1, pardoned: 0 } })
    expect(quarantine.has(peerOf(1))).toBe(true)
    expect(quarantine.isClosed(logOf(peerOf(1), 4))).toBe(true)
    expect(quarantine.isClosed(logOf(peerOf(1), 900, 'other'))).toBe(true)
    expect(quarantine.has(peerOf(2))).toBe(false)
    expect(quarantine.isClosed(logOf(peerOf(2), 5))).toBe(false)
  })

  test('takes a proof once, and rubbish never', () => {
    const { quarantine } = new Rig()
    const bad = proofOf(peerOf(1)).slice()
    bad[bad.length - 1] = (bad.at(-1) as number) ^ 1
    expect(quarantine.take(bad)).toBe('bad')
    expect(quarantine.take(Uint8Array.of(1, 2, 3))).toBe('bad')
    expect(quarantine.has(peerOf(1))).toBe(false)
    quarantine.take(proofOf(peerOf(1)))
    expect(quarantine.take(proofOf(peerOf(1)))).toBe('ignored')
    expect(quarantine.take(proofOf(peerOf(1), 5, 'other'))).toBe('ignored')
    expect(quarantine.proofs()).toHaveLength(1)
  })

  test('outlives the process, with its pardons', () => {
    const rig = new Rig()
    for (const n of [1, 2]) {
      rig.quarantine.take(proofOf(peerOf(n)))
      rig.keep(peerOf(n))
    }
    rig.quarantine.lift(peerOf(2))
    rig.keep(peerOf(2))
    const before = rig.quarantine.list()
    rig.restart()
    expect(rig.quarantine.list()).toEqual(before)
    expect(rig.quarantine.has(peerOf(1))).toBe(true)
    expect(rig.quarantine.has(peerOf(2))).toBe(false)
    expect(rig.quarantine.isClosed(logOf(peerOf(2), 5))).toBe(true)
  })

  test('after a lift takes later incarnations only, knows the proofs of the earlier ones, and closes again for a later one', () => {
    const { quarantine } = new Rig()
    quarantine.take(proofOf(peerOf(1), 5))
    expect(quarantine.lift(peerOf(1))).toMatchObject({ pardoned: 5 })
    expect(quarantine.lift(peerOf(1))).toBeUndefined()
    expect(quarantine.lift(peerOf(2))).toBeUndefined()
    expect(quarantine.isClosed(logOf(peerOf(1), 5, 'other'))).toBe(true)
    expect(quarantine.isClosed(logOf(peerOf(1), 6))).toBe(false)
    expect(quarantine.take(proofOf(peerOf(1), 5))).toBe('ignored')
    expect(quarantine.take(proofOf(peerOf(1), 3, 'other'))).toBe('ignored')
    expect(quarantine.list()).toEqual([])
    expect(quarantine.proofs()).toEqual([])
    expect(quarantine.take(proofOf(peerOf(1), 6))).toMatchObject({ entry: { pardoned: 0 } })
    expect(quarantine.isClosed(logOf(peerOf(1), 7))).toBe(true)
  })

  test('keeps the proof about the latest incarnation of a publisher in quarantine, on disk too, so that a lift pardons all that is known of it', () => {
    const rig = new Rig()
    expect(rig.quarantine.take(proofOf(peerOf(1), 5))).toMatchObject({ isNew: true })
    expect(rig.quarantine.take(proofOf(peerOf(1), 8))).toMatchObject({ isNew: false })
    expect(rig.quarantine.take(proofOf(peerOf(1), 6))).toBe('ignored')
    rig.clock.advance(60_000)
    const forged = proofOf(peerOf(1), 9).slice()
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
    expect(rig.quarantine.take(forged)).toBe('bad')
    rig.keep(peerOf(1))
    rig.restart()
    expect(rig.quarantine.lift(peerOf(1))).toMatchObject({ pardoned: 8 })
    expect(rig.quarantine.isClosed(logOf(peerOf(1), 8))).toBe(true)
    expect(rig.quarantine.isClosed(logOf(peerOf(1), 9))).toBe(false)
  })

  test('looks at one proof a minute that would take the place of another, of each publisher', () => {
    const { quarantine, clock } = new Rig()
    for (const n of [1, 2]) expect(quarantine.take(proofOf(peerOf(n), 5))).toMatchObject({ isNew: true })
    expect(quarantine.take(proofOf(peerOf(1), 6))).toMatchObject({ isNew: false })
    for (let number = 7; number < 100; number++) expect(quarantine.take(proofOf(peerOf(1), number))).toBe('ignored')
    expect(quarantine.take(proofOf(peerOf(2), 6))).toMatchObject({ isNew: false })
    clock.advance(60_000)
    expect(quarantine.take(proofOf(peerOf(1), 100))).toMatchObject({ isNew: false })
    expect(quarantine.lift(peerOf(1))).toMatchObject({ pardoned: 100 })
    // One that closes its logs again is no replacement.
    expect(quarantine.take(proofOf(peerOf(1), 101))).toMatchObject({ isNew: true })
  })

  test('knows of a proof against this node itself, closes nothing for it, and shows it to nobody', () => {
    const { quarantine } = new Rig()
    expect(quarantine.take(proofOf(self))).toMatchObject({ entry: { publisher: self } })
    expect(quarantine.list().map(({ publisher }) => publisher)).toEqual([self])
    expect(quarantine.has(self)).toBe(false)
    expect(quarantine.isClosed(logOf(self, 5))).toBe(false)
    expect(quarantine.proofs()).toEqual([])
  })

  test('passes over a row that was altered', () => {
    const rig = new Rig()
    rig.quarantine.take(proofOf(peerOf(1)))
    const [op] = rig.quarantine.rows(peerOf(1))
    if (op?.type !== 'put') throw new Error('no row')
    const value = op.value.slice()
    value[value.length - 1] = (value.at(-1) as number) ^ 1
    rig.store.commit([{ ...op, value }], () => {})
    rig.clock.turn()
    rig.restart()
    expect(rig.quarantine.has(peerOf(1))).toBe(false)
    expect(rig.quarantine.take(proofOf(peerOf(1)))).toMatchObject({ entry: { publisher: peerOf(1) } })
  })

  test('is full at its limit: one more stranger is ignored, a publisher with logs here takes a stranger’s place, on disk too', () => {
    const rig = new Rig()
    const strangers = Array.from({ length: FORK_PROOFS_MAX }, (_, i) => peerIdOfPublicKey(Uint8Array.from({ length: 32 }, (_byte, at) => at === 0 ? i & 255 : at === 1 ? i >> 8 : 77)))
    for (const stranger of strangers) {
      rig.quarantine.take(proofOf(stranger))
      rig.store.commit(rig.quarantine.rows(stranger), () => {})
    }
    rig.clock.turn()
    expect(rig.quarantine.take(proofOf(peerOf(1)))).toBe('ignored')
    rig.known.add(peerOf(1))
    const forged = proofOf(peerOf(1)).slice()
    forged[forged.length - 1] = (forged.at(-1) as number) ^ 1
    expect(rig.quarantine.take(forged)).toBe('bad')
    expect(rig.quarantine.list()).toHaveLength(FORK_PROOFS_MAX)
    expect(rig.quarantine.take(proofOf(peerOf(1)))).toMatchObject({ entry: { publisher: peerOf(1) } })
    rig.keep(peerOf(1))
    rig.restart()
    expect(rig.quarantine.list()).toHaveLength(FORK_PROOFS_MAX)
    expect(rig.quarantine.has(peerOf(1))).toBe(true)
  })
})
