import { describe, expect, it } from 'vitest'
import { Announcing } from '../../../src/node/announcing.js'
import { Neighbours } from '../../../src/node/neighbours.js'
import { decodeFrame } from '../../../src/repair/frames.js'
import { peerOf } from '../../support/fake-crypto.js'
import { Town } from './town.js'

type Parts = ConstructorParameters<typeof Announcing>[0]

const B = peerOf(2)
const C = peerOf(3)

/** A page of so many bytes that can be told from others. */
const page = (n: number, bytes = 100): Uint8Array => {
  const out = new Uint8Array(bytes)
  new DataView(out.buffer).setUint32(0, n)
  return out
}

class Rig {
  readonly neighbours = new Neighbours()
  known: Uint8Array[] = []
  /** What was sent, by neighbour: each frame as the numbers of its pages. */
  readonly sent = new Map<string, number[][]>([[B, []], [C, []]])
  /** Frames that each link still takes before it is full. */
  readonly room = new Map<string, number>()
  readonly announcing: Announcing

  constructor () {
    const { neighbours } = this
    const known = (): Uint8Array[] => this.known
    this.announcing = new Announcing({
      neighbours,
      directory: { * everything () { yield * known() } },
      send: (peerId: string, bytes: Uint8Array) => {
        const frame = decodeFrame(bytes)
        if (frame?.type !== 'announcements') throw new Error('not announcements')
        this.sent.get(peerId)?.push(frame.value.signed.map(each => new DataView(each.buffer, each.byteOffset).getUint32(0)))
        const room = (this.room.get(peerId) ?? Number.POSITIVE_INFINITY) - 1
        this.room.set(peerId, room)
        if (room <= 0) neighbours.filled(peerId)
        return room > 0
      }
    } as unknown as Parts)
  }

  up (peerId: string): void {
    this.neighbours.up({ id: peerId, relay: false } as unknown as Parameters<Neighbours['up']>[0])
    this.announcing.peerUp(peerId)
  }

  drained (peerId: string, room = Number.POSITIVE_INFINITY): void {
    this.room.set(peerId, room)
    this.neighbours.drained(peerId)
    this.announcing.drained(peerId)
  }

  took (peerId: string): number[] { return this.sent.get(peerId)?.flat() ?? [] }
}

describe('announcements on their way to neighbours', () => {
  it('are not sent to a link that is full, whoever filled it, and go when it drains: all of them, once, in their order', () => {
    const rig = new Rig()
    rig.up(B)
    rig.up(C)
    rig.neighbours.filled(B)
    for (let n = 1; n <= 300; n++) rig.announcing.tell([page(n)])
    expect([rig.took(B), rig.took(C).length]).toEqual([[], 300])
    rig.drained(B)
    expect(rig.took(B)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1))
    rig.drained(B)
    expect(rig.took(B).length).toBe(300)
    expect(rig.announcing.waitingBytes).toBe(0)
  })

  it('take bounded memory for a link that takes nothing, and it has what is newest of everything when it drains', () => {
    const rig = new Rig()
    rig.up(B)
    rig.neighbours.filled(B)
    for (let n = 1; n <= 2_000; n++) {
      const each = page(n, 64 * 1024)
      rig.known = [...rig.known.slice(-9), each]
      rig.announcing.tell([each])
      expect(rig.announcing.waitingBytes).toBeLessThanOrEqual(1024 * 1024)
    }
    rig.drained(B)
    const latest = rig.known.map(each => new DataView(each.buffer).getUint32(0))
    expect(latest.every(n => rig.took(B).includes(n))).toBe(true)
    expect(rig.took(B).length).toBeLessThan(60)
  })

  it('are all told to a neighbour that comes, on from where its link broke off, and news before them', () => {
    const rig = new Rig()
    rig.known = Array.from({ length: 1_000 }, (_, i) => page(i + 1))
    rig.room.set(B, 1)
    rig.up(B)
    expect(rig.sent.get(B)?.length).toBe(1)
    rig.announcing.tell([page(5_000)])
    expect(rig.sent.get(B)?.length).toBe(1)
    while (rig.took(B).length < 1_001) {
      const before = rig.took(B).length
      rig.drained(B, 1)
      if (rig.took(B).length === before) throw new Error('it stands still')
    }
    expect(rig.sent.get(B)?.[1]).toEqual([5_000])
    expect(rig.took(B).filter(n => n !== 5_000)).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1))
  })

  it('are no more owed to a neighbour that has gone', () => {
    const rig = new Rig()
    rig.up(B)
    rig.neighbours.filled(B)
    rig.announcing.tell([page(1)])
    rig.neighbours.down(B)
    rig.announcing.peerDown(B)
    expect(rig.announcing.waitingBytes).toBe(0)
    rig.known = [page(2)]
    rig.up(B)
    expect(rig.took(B)).toEqual([2])
  })

  it('wait where repair has filled the link, until the network says that it takes more', async () => {
    const town = new Town()
    const a = await town.node()
    const b = await town.node({ bootstrap: [a] })
    await town.until('a link', () => b.network.peers().length === 1)
    await town.run(500)
    const frames: Array<string | undefined> = []
    const send = a.network.send.bind(a.network)
    a.network.send = (peerId, bytes) => {
      frames.push(decodeFrame(bytes)?.type)
      return send(peerId, bytes)
    }
    // More than the high-water mark, of a kind that nobody knows.
    for (let i = 0, room = true; room && i < 100; i++) room = a.engine.send(b.peerId, new Uint8Array(512 * 1024).fill(99))
    frames.length = 0
    a.subscribe('s', 'press/#')
    a.engine.announcing.tell([page(1)])
    expect(frames.filter(type => type === 'announcements')).toEqual([])
    await town.until('the link to drain', () => frames.includes('announcements'), 10_000)
  })
})
