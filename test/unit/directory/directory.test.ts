import { describe, expect, it } from 'vitest'
import { Directory, PAGE_BYTES_MAX, REFRESH_MS, STALE_MS, type AnnouncedLogHead, type OwnAnnouncement } from '../../../src/directory/directory.js'
import { NEIGHBOUR_BYTES_MAX } from '../../../src/directory/known-nodes.js'
import { openAnnouncement, signAnnouncement } from '../../../src/message/signed.js'
import { peerIdToBytes } from '../../../src/message/peer-id.js'
import type { Announcement, AnnouncedHead } from '../../../src/message/wire.js'
import { createMemoryDisk, createMemoryStore, type MemoryDisk } from '../../../src/store/memory-store.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock, seededRandom } from '../../support/manual-clock.js'

type Bytes = Uint8Array<ArrayBuffer>

class Node {
  readonly peerId: string
  readonly disk: MemoryDisk
  readonly toldByLink: Uint8Array[] = []
  readonly gossiped: Uint8Array[] = []
  readonly heard: Array<{ publisher: string, heads: AnnouncedLogHead[], joined: readonly string[] }> = []
  changes = 0
  own: OwnAnnouncement = { newestMs: 0, relay: false, addresses: [], joined: [], subscriptions: [], heads: () => [] }
  directory!: Directory

  constructor (readonly clock: ManualClock, readonly n: number) {
    this.peerId = peerOf(n)
    this.disk = createMemoryDisk()
    this.start()
  }

  start (): void {
    const { clock } = this
    this.directory = new Directory({
      clock, random: seededRandom(this.n), crypto: fakeCrypto(this.peerId), mesh: testMesh, self: this.peerId, store: createMemoryStore({ soon: (fn) => { clock.soon(fn) }, disk: this.disk }), own: () => this.own,
      gossip: (page) => { this.gossiped.push(page) }, tell: (pages) => { this.toldByLink.push(...pages) }, heard: (publisher, heads, joined) => { this.heard.push({ publisher, heads, joined }) }, subscriptionsChanged: () => { this.changes++ }
    })
  }

  get sequences (): number[] { return this.gossiped.map(page => openAnnouncement(page, testMesh)?.value.sequence ?? 0) }
}

const head = (n: number, over: Partial<AnnouncedHead> = {}): AnnouncedHead => ({ channel: `c${n}`, incarnation: 5, incarnationRandom: new Uint8Array(8), position: n + 1, hash: new Uint8Array(32), trimmed: 0, ...over })
const page = (by: number, sequence: number, over: Partial<Announcement> = {}, signer = by): Uint8Array => signAnnouncement(fakeCrypto(peerOf(signer)), {
  mesh: testMesh as Bytes, publisher: peerIdToBytes(peerOf(by)) as Bytes, sequence, time: sequence, page: 0, pages: 1, relay: false, addresses: [], joined: [], subscriptions: [], heads: [], ...over
})
const subscription = (name: string, ...filters: string[]): { name: string, filters: string[], createdAt: number } => ({ name, filters, createdAt: 3 })

describe('the directory', () => {
  it('announces at the start, at each refresh, and soon after a change, but not more often than it may', () => {
    const node = new Node(new ManualClock(), 1)
    node.directory.start()
    expect(node.gossiped.length).toBe(1)
    for (let i = 0; i < 100; i++) {
      node.directory.changed()
      node.clock.advance(10)
    }
    expect(node.gossiped.length).toBe(2)
    node.clock.advance(10_000)
    expect(node.gossiped.length).toBeLessThanOrEqual(3)
    const before = node.gossiped.length
    node.clock.advance(REFRESH_MS * 10)
    expect(node.gossiped.length - before).toBeGreaterThanOrEqual(8)
    expect(node.sequences).toEqual([...new Set(node.sequences)].sort((a, b) => a - b))
    node.directory.close()
    expect(node.clock.timers).toBe(0)
    node.directory.changed()
    expect(node.clock.timers).toBe(0)
  })

  it('tells another node what it has, and says all to a newcomer', () => {
    const clock = new ManualClock()
    const [a, b, c] = [new Node(clock, 1), new Node(clock, 2), new Node(clock, 3)]
    a.own = { newestMs: 0, relay: true, addresses: ['/ip4/1.2.3.4/tcp/1'], joined: ['press', 'a/b', '$x'], subscriptions: [subscription('orders', 'press/#')], heads: (all) => all ? [head(1), head(2)] : [head(2)] }
    a.directory.start()
    expect(b.directory.arrived(a.gossiped[0] as Uint8Array)).toBe('accept')
    expect(b.heard).toEqual([{ publisher: a.peerId, joined: ['press'], heads: [expect.objectContaining({ channel: 'c1', position: 2 }), expect.objectContaining({ channel: 'c2', position: 3 })] }])
    expect(b.directory.claims('press').map(({ peerId, name }) => [peerId, name])).toEqual([[a.peerId, 'orders']])
    a.directory.changed()
    clock.advance(2000)
    expect(openAnnouncement(a.gossiped[1] as Uint8Array, testMesh)?.value.heads.length).toBe(1)
    for (const bytes of a.directory.everything()) expect(c.directory.arrived(bytes)).toBe('accept')
    expect(c.heard[0]?.heads.length).toBe(2)
    for (const bytes of b.directory.everything()) expect(['ignore', 'accept']).toContain(c.directory.arrived(bytes))
  })

  it('splits many heads into pages and takes each page in once', () => {
    const clock = new ManualClock()
    const [a, b] = [new Node(clock, 1), new Node(clock, 2)]
    a.own = { ...a.own, subscriptions: [subscription('s', 'press')], heads: () => Array.from({ length: 5000 }, (_, i) => head(i)) }
    a.directory.start()
    const pages = a.gossiped.length
    expect(pages).toBeGreaterThan(1)
    for (const bytes of a.gossiped) expect(bytes.length).toBeLessThan(PAGE_BYTES_MAX)
    for (const bytes of [...a.gossiped].reverse()) expect(b.directory.arrived(bytes)).toBe('accept')
    for (const bytes of a.gossiped) expect(b.directory.arrived(bytes)).toBe('ignore')
    expect(b.heard.flatMap(({ heads }) => heads).length).toBe(5000)
    expect([...b.directory.everything()].length).toBe(pages)
    expect(b.changes).toBe(1)
    expect(b.directory.arrived(page(1, clock.wallMs() + 1))).toBe('accept')
    expect([...b.directory.everything()].length).toBe(1)
  })

  it('tells of a new subscription over links as well, at once, and tells newcomers of it', () => {
    const clock = new ManualClock()
    const [a, b] = [new Node(clock, 1), new Node(clock, 2)]
    a.directory.start()
    clock.advance(1_500)
    a.own = { ...a.own, subscriptions: [subscription('late', 'press')] }
    a.directory.changed(true)
    clock.advance(200)
    expect(a.toldByLink.length).toBe(1)
    // Gossip has lost it.
    for (const page of a.directory.everything()) b.directory.arrived(page)
    expect(b.directory.claims('press').map(({ name }) => name)).toEqual(['late'])
  })

  it('believes the newest, and nothing of the far future', () => {
    const node = new Node(new ManualClock(), 2)
    const now = node.clock.wallMs()
    expect(node.directory.arrived(page(1, now, { subscriptions: [subscription('new', 'press')] }))).toBe('accept')
    expect(node.directory.arrived(page(1, now - 1, { subscriptions: [subscription('old', 'press')] }))).toBe('ignore')
    expect(node.directory.arrived(page(1, now, { subscriptions: [subscription('same', 'press')] }))).toBe('ignore')
    expect(node.directory.claims('press').map(({ name }) => name)).toEqual(['new'])
    expect(node.directory.arrived(page(1, now + 25 * 3_600_000))).toBe('ignore')
    expect(node.directory.arrived(page(1, now + 1))).toBe('accept')
    expect(node.directory.claims('press')).toEqual([])
  })

  it('keeps no more than its bound of made-up nodes, and goes on with those it knows', () => {
    const node = new Node(new ManualClock(), 2)
    const now = node.clock.wallMs()
    const joined = Array.from({ length: 2000 }, (_, i) => `${i}`.padEnd(250, 'x'))
    const verdicts: string[] = []
    for (let n = 0; n < 160; n++) verdicts.push(node.directory.arrived(page(10 + n, now, { joined })))
    const kept = verdicts.filter(verdict => verdict === 'accept').length
    expect(kept * page(10, now, { joined }).length).toBeLessThanOrEqual(NEIGHBOUR_BYTES_MAX)
    expect(verdicts.slice(kept).filter(verdict => verdict !== 'ignore')).toEqual([])
    expect([kept > 25, kept < 160]).toEqual([true, true])
  })

  it('rejects what is forged or malformed, and is not changed by it', () => {
    const node = new Node(new ManualClock(), 2)
    const now = node.clock.wallMs()
    expect(node.directory.arrived(page(1, now, { subscriptions: [subscription('s', 'press')] }, 3))).toBe('reject')
    expect(node.directory.arrived(new Uint8Array(4))).toBe('reject')
    expect(node.directory.arrived(page(1, now, { mesh: new Uint8Array(16) }))).toBe('reject')
    expect([node.directory.size, node.heard, node.directory.claims('press')]).toEqual([0, [], []])
    expect(node.directory.arrived(page(1, now))).toBe('accept')
  })

  it('leaves out heads, channels and subscriptions that could be none', () => {
    const node = new Node(new ManualClock(), 2)
    const bad = [head(1, { channel: 'a/b' }), head(1, { position: 0 }), head(1, { hash: new Uint8Array(31) }), head(1, { incarnation: 0 }), head(1, { incarnationRandom: new Uint8Array(3) }), head(1, { position: Number.MAX_SAFE_INTEGER })]
    node.directory.arrived(page(1, node.clock.wallMs(), { heads: [...bad, head(7)], subscriptions: [subscription('', 'press'), subscription('x'.repeat(129), 'press'), subscription('a', 'press/#/b'), subscription('b'), subscription('good', 'press')] }))
    expect(node.heard[0]?.heads.map(({ channel }) => channel)).toEqual(['c7'])
    expect(node.directory.claims('press').map(({ name }) => name)).toEqual(['good'])
  })

  it('remembers subscriptions over a restart, of more than a thousand nodes, until they are taken back', () => {
    const node = new Node(new ManualClock(), 2)
    const now = node.clock.wallMs()
    const publisher = (i: number): Bytes => {
      const bytes = new Uint8Array(peerIdToBytes(peerOf(9)) as Uint8Array)
      new DataView(bytes.buffer).setUint32(34, i)
      return bytes
    }
    const crypto = { ...fakeCrypto(peerOf(1)), verify: () => true }
    node.start()
    Object.assign(node, { directory: new Directory({
      clock: node.clock, random: seededRandom(1), crypto, mesh: testMesh, self: node.peerId, store: createMemoryStore({ soon: (fn) => { node.clock.soon(fn) }, disk: node.disk }), own: () => node.own, gossip: () => {}, tell: () => {}, heard: () => {}, subscriptionsChanged: () => {}
    }) })
    for (let i = 0; i < 1500; i++) node.directory.arrived(page(1, now, { publisher: publisher(i), subscriptions: [subscription(`s${i}`, 'press/+')] }))
    node.clock.turn()
    node.start()
    expect(node.directory.claims('press').length).toBe(1500)
    expect(node.directory.size).toBe(0)
    node.directory.arrived(page(1, now, { subscriptions: [subscription('mine', 'press/+')] }))
    node.directory.arrived(page(1, now + 1))
    node.clock.turn()
    node.start()
    expect(node.directory.claims('press').length).toBe(1500)
  })

  it('starts though a row of what it remembers is damaged', () => {
    const node = new Node(new ManualClock(), 2)
    node.directory.arrived(page(1, node.clock.wallMs(), { subscriptions: [subscription('s', 'press')] }))
    node.clock.turn()
    const table = node.disk.tables.get('peer')
    table?.put(Buffer.from(peerOf(3)).toString('latin1'), Uint8Array.of(1, 0xff, 0xff, 0xff))
    node.start()
    expect(node.directory.claims('press').length).toBe(1)
  })

  it('drops a node that it has not heard of for long, but not its durable subscriptions', () => {
    const node = new Node(new ManualClock(), 2)
    node.directory.start()
    node.directory.arrived(page(1, node.clock.wallMs(), { subscriptions: [subscription('s', 'press')] }))
    node.clock.advance(STALE_MS - REFRESH_MS * 2)
    expect(node.directory.size).toBe(1)
    node.clock.advance(REFRESH_MS * 4)
    expect([node.directory.size, node.directory.claims('press').length]).toEqual([0, 1])
  })

  it('announces under a higher number than the times in its batches, though its clock went back since', () => {
    const clock = new ManualClock()
    const node = new Node(clock, 1)
    node.own = { ...node.own, newestMs: clock.wallMs() + 3_600_000 }
    node.directory.start()
    expect(node.sequences).toEqual([clock.wallMs() + 3_600_001])
    // But not so high that nobody believes it.
    const far = new Node(clock, 2)
    far.own = { ...far.own, newestMs: clock.wallMs() + 23 * 3_600_000 }
    far.directory.start()
    expect(far.sequences).toEqual([clock.wallMs()])
  })

  it('goes on from where peers remember it, when its clock went back', () => {
    const clock = new ManualClock()
    const [a, b] = [new Node(clock, 1), new Node(clock, 2)]
    a.directory.start()
    b.directory.arrived(a.gossiped[0] as Uint8Array)
    a.directory.close()
    clock.wallOffset -= 3_600_000
    a.start()
    a.directory.start()
    expect(b.directory.arrived(a.gossiped.at(-1) as Uint8Array)).toBe('ignore')
    for (const bytes of b.directory.everything()) expect(a.directory.arrived(bytes)).toBe('ignore')
    clock.advance(2000)
    expect(b.directory.arrived(a.gossiped.at(-1) as Uint8Array)).toBe('accept')
  })
})
