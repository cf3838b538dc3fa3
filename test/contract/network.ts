/** What every Network promises, sentence by sentence of the port's header. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isSkeinError } from '../../src/base/errors.js'
import { FRAME_BYTES_MAX, GOSSIP_BUFFER_BYTES_MAX, LINK_BUFFER_BYTES_MAX, LINK_BUFFER_HIGH_WATER_BYTES } from '../../src/base/limits.js'
import { bytes, type Node } from './network-support.js'

export interface NodeWish {
  readonly mesh?: string
  readonly relay?: boolean
  readonly agent?: string
  readonly bootstrap?: readonly string[]
}

/** One implementation and the world around it. */
export interface NetworkHarness {
  /** Not started. */
  create (wish?: NodeWish): Promise<Node>
  /** A node of the same identity, and the same address where it has one; its former self must be gone. */
  recreate (node: Node): Promise<Node>
  /** Lets the world run until the condition holds. */
  until (condition: () => boolean, what: string): Promise<void>
  /** Lets the world run for a while. */
  settle (): Promise<void>
  /** A pair whose first does not read while `stalled` runs; linked when it resolves. */
  stallable (): Promise<{ reader: Node, writer: Node, stall: () => void, resume: () => void }>
  /** Cuts all links between two nodes, as a network would. */
  cut (a: Node, b: Node): Promise<void>
  /** Stops `node` without a word. */
  kill (node: Node): Promise<void>
  badAddresses: readonly string[]
  /** An address of the right form where nobody is. */
  deadAddress (): Promise<string>
  close (): Promise<void>
}

export function networkContract (name: string, makeHarness: () => Promise<NetworkHarness>): void {
  describe(`${name} keeps the Network port`, () => {
    let harness: NetworkHarness
    let all: Node[]

    beforeEach(async () => {
      harness = await makeHarness()
      all = []
    })

    afterEach(async () => {
      await harness.close()
      for (const node of all) expect(node.told.faults).toEqual([])
    })

    const start = async (wish: NodeWish = {}): Promise<Node> => {
      const node = await harness.create(wish)
      all.push(node)
      await node.start()
      return node
    }
    const linked = (a: Node, b: Node): Promise<void> => harness.until(() => a.isUp(b) && b.isUp(a), 'a link')
    const pair = async (): Promise<[Node, Node]> => {
      const a = await start()
      const b = await start({ bootstrap: [a.address] })
      await linked(a, b)
      return [a, b]
    }
    const join = async (topic: string, ...nodes: Node[]): Promise<void> => {
      for (const node of nodes) node.call((network) => { network.join(topic) })
      await harness.until(() => nodes.every((a) => nodes.every((b) => a === b || !a.isUp(b) || a.knows(b, topic))), `all to know of ${topic}`)
    }

    it('tells both sides who the other is', async () => {
      const a = await start({ relay: true, agent: 'one' })
      const b = await start({ bootstrap: [a.address], agent: 'two' })
      await linked(a, b)
      expect(a.network.peers()).toEqual([a.told.up.get(b.id)])
      expect(a.told.up.get(b.id)).toMatchObject({ id: b.id, relay: false, agent: 'two', direction: 'inbound' })
      expect(b.told.up.get(a.id)).toMatchObject({ id: a.id, relay: true, agent: 'one', direction: 'outbound' })
      expect(Math.abs(b.told.up.get(a.id)?.clockOffsetMs ?? Infinity)).toBeLessThan(500)
      expect(b.told.up.get(a.id)?.address).toContain(`/p2p/${a.id}`)
    })

    it('has addresses with the peer id while it runs, and none before', async () => {
      const node = await harness.create()
      expect(node.network.addresses()).toEqual([])
      await node.start()
      expect(node.network.addresses().length).toBeGreaterThan(0)
      for (const address of node.network.addresses()) expect(address.endsWith(`/p2p/${node.id}`)).toBe(true)
    })

    it('carries frames whole, unaltered, in order and once, both ways', async () => {
      const [a, b] = await pair()
      const sizes = [0, 1, 127, 128, 4096, 4097, 70_000, 300_000]
      const frames = Array.from({ length: 200 }, (_, i) => {
        const frame = new Uint8Array((sizes[i % sizes.length] as number) + 4)
        new DataView(frame.buffer).setUint32(0, i)
        frame.fill(i & 0xff, 4)
        return frame
      })
      const pump = async (from: Node, to: Node): Promise<void> => {
        for (const frame of frames) {
          if (!from.call((network) => network.send(to.id, frame))) {
            const drains = from.told.drains.length
            await harness.until(() => from.told.drains.length > drains, 'room on the link')
          }
        }
      }
      await Promise.all([pump(a, b), pump(b, a)])
      await harness.until(() => a.told.frames.get(b.id)?.length === 200 && b.told.frames.get(a.id)?.length === 200, 'all frames')
      await harness.settle()
      for (const got of [a.told.frames.get(b.id), b.told.frames.get(a.id)]) {
        expect(got?.length).toBe(200)
        expect(got?.every((frame, i) => Buffer.compare(frame, frames[i] as Uint8Array) === 0)).toBe(true)
      }
    })

    it('carries a frame of the greatest size and refuses a larger one', async () => {
      const [a, b] = await pair()
      const largest = new Uint8Array(FRAME_BYTES_MAX).fill(7)
      a.call((network) => network.send(b.id, largest))
      await harness.until(() => b.told.frames.get(a.id)?.length === 1, 'the frame')
      expect(Buffer.compare(b.told.frames.get(a.id)?.[0] as Uint8Array, largest)).toBe(0)
      expect(() => a.network.send(b.id, new Uint8Array(FRAME_BYTES_MAX + 1))).toThrow(expect.objectContaining({ code: 'ERR_MESSAGE_TOO_LARGE' }))
    })

    it('drops frames to a peer that is not up', async () => {
      const a = await start()
      expect(a.call((network) => network.send('12D3KooWNobody', bytes('x')))).toBe(true)
    })

    it('lets only nodes of the same mesh come up, and tells both why', async () => {
      const a = await start({ mesh: 'red' })
      const b = await start({ mesh: 'blue', bootstrap: [a.address] })
      await harness.until(() => a.told.notices.length > 0 && b.told.notices.length > 0, 'notices on both sides')
      for (const [self, other] of [[a, b], [b, a]] as const) {
        expect(self.told.notices[0]).toMatchObject({ code: 'ERR_HANDSHAKE_REFUSED', peerId: other.id })
        expect(self.told.notices[0]?.message).toBe(`peer ${other.id} is of another mesh`)
        expect(self.told.events.filter((event) => event.startsWith('up'))).toEqual([])
      }
    })

    it('gossips to neighbours that joined the topic, and only to those', async () => {
      const [a, b] = await pair()
      const c = await start({ bootstrap: [a.address] })
      await linked(a, c)
      await join('t', a, b)
      expect(a.call((network) => network.gossip('t', bytes('one')))).toEqual({ recipients: 1, withheld: [], full: false })
      await harness.until(() => b.told.gossiped('t').includes('one'), 'gossip')
      expect(b.told.heard[0]?.from).toBe(a.id)
      expect(a.told.heard).toEqual([])
      await harness.settle()
      expect(c.told.heard).toEqual([])
      b.call((network) => { network.leave('t') })
      await harness.until(() => !a.knows(b, 't'), 'b to have left')
      expect(a.call((network) => network.gossip('t', bytes('two'))).recipients).toBe(0)
    })

    it('forwards what a handler accepts, and not what it ignores or rejects', async () => {
      const a = await start()
      const middle = await start({ bootstrap: [a.address] })
      const c = await start({ bootstrap: [middle.address] })
      await linked(a, middle)
      await linked(middle, c)
      await join('t', a, middle, c)
      middle.told.verdict = ({ data }) => Buffer.from(data).toString() as 'accept'
      for (const verdict of ['ignore', 'reject', 'accept']) a.call((network) => network.gossip('t', bytes(verdict)))
      await harness.until(() => c.told.heard.length > 0, 'gossip over two hops')
      await harness.settle()
      expect(middle.told.heard.length).toBe(3)
      expect(c.told.gossiped('t')).toEqual(['accept'])
      expect(c.told.heard[0]?.from).toBe(middle.id)
    })

    it('passes over a neighbour whose gossip is rejected again and again', async () => {
      const [a, b] = await pair()
      await join('t', a, b)
      b.told.verdict = () => 'reject'
      let sent = 0
      let looks = 0
      await harness.until(() => {
        if (sent !== b.told.heard.length) return ++looks === 100
        looks = 0
        a.network.gossip('t', bytes(`bad ${sent++}`))
        return sent === 1000
      }, 'silence, or too many rejects')
      expect(b.told.heard.length).toBeLessThan(500)
    })

    it('takes no verdict for a handler that throws', async () => {
      const [a, b] = await pair()
      await join('t', a, b)
      b.told.verdict = ({ data }) => {
        if (Buffer.from(data).toString() === 'bad') throw new Error('a fault of the handler')
        return 'accept'
      }
      a.network.gossip('t', bytes('bad'))
      a.network.gossip('t', bytes('good'))
      await harness.until(() => b.told.gossiped('t').includes('good'), 'gossip after the fault')
    })

    it('links again after a link was cut, with peerDown between', async () => {
      const [a, b] = await pair()
      await harness.cut(a, b)
      await harness.until(() => a.told.events.filter((event) => event === `up ${b.id}`).length === 2 && b.told.events.filter((event) => event === `up ${a.id}`).length === 2, 'a second link')
      expect(a.told.events.filter((event) => event.endsWith(b.id))).toEqual([`up ${b.id}`, `down ${b.id}`, `up ${b.id}`])
      a.network.send(b.id, bytes('again'))
      await harness.until(() => b.told.texts(a.id).includes('again'), 'a frame on the second link')
    })

    it('finds a bootstrap peer that starts later, and says once that it is missing', async () => {
      const first = await start()
      const { address } = first
      await harness.kill(first)
      const b = await start({ bootstrap: [address] })
      await harness.until(() => b.told.notices.length > 0, 'a notice')
      expect(b.told.notices[0]).toMatchObject({ code: 'ERR_UNREACHABLE', address })
      await harness.settle()
      expect(b.told.notices.length).toBe(1)
      const again = await harness.recreate(first)
      all.push(again)
      await again.start()
      await linked(again, b)
    })

    it('links anew to a peer that was killed and restarted, and gossip with it works', async () => {
      const [a, b] = await pair()
      await join('t', a, b)
      await harness.kill(a)
      const again = await harness.recreate(a)
      all.push(again)
      await again.start()
      await linked(again, b)
      await join('t', again, b)
      b.network.gossip('t', bytes('there'))
      again.network.gossip('t', bytes('back'))
      await harness.until(() => again.told.gossiped('t').includes('there') && b.told.gossiped('t').includes('back'), 'gossip both ways')
    })

    it('adds bootstrap addresses at any time and refuses bad ones', async () => {
      const a = await start()
      const b = await start()
      for (const bad of harness.badAddresses) {
        let thrown: unknown
        try { b.network.addBootstrap(bad) } catch (error) { thrown = error }
        expect(isSkeinError(thrown, 'ERR_BAD_ADDRESS') && thrown.hint !== undefined, bad).toBe(true)
      }
      b.call((network) => { network.addBootstrap(a.address) })
      b.call((network) => { network.addBootstrap(b.address) })
      await linked(a, b)
    })

    it('cuts a peer on request, and keeps a banned one out for so long', async () => {
      const [a, b] = await pair()
      a.call((network) => { network.disconnect(b.id, 'misbehaved', 3_600_000) })
      await harness.until(() => !a.isUp(b) && !b.isUp(a), 'both down')
      expect(a.told.downs).toEqual([{ peerId: b.id, reason: 'misbehaved' }])
      await harness.until(() => b.told.notices.some(({ code }) => code === 'ERR_HANDSHAKE_REFUSED'), 'b to be told')
      expect(a.isUp(b)).toBe(false)
    })

    it('tells of a full link, holds what it was given, and says when it drains', async () => {
      const { reader, writer, stall, resume } = await harness.stallable()
      all.push(reader, writer)
      stall()
      const frame = new Uint8Array(64 * 1024)
      let sent = 0
      while (writer.call((network) => network.send(reader.id, frame)) && sent < 500) sent++
      sent++
      expect(sent * frame.length).toBeGreaterThan(LINK_BUFFER_HIGH_WATER_BYTES / 2)
      expect(sent * frame.length).toBeLessThan(LINK_BUFFER_BYTES_MAX * 2)
      expect(writer.call((network) => network.send(reader.id, frame))).toBe(false)
      resume()
      await harness.until(() => writer.told.drains.includes(reader.id), 'the link to drain')
      await harness.until(() => reader.told.frames.get(writer.id)?.length === sent + 1, 'every frame')
    })

    it('cuts a link that would pass its bound', async () => {
      const { reader, writer, stall } = await harness.stallable()
      all.push(reader, writer)
      stall()
      const frame = new Uint8Array(512 * 1024)
      for (let i = 0; i < 64; i++) writer.call((network) => network.send(reader.id, frame))
      await harness.until(() => writer.told.downs.length > 0, 'the link to be cut')
      expect(writer.told.downs[0]?.reason).toBe('the peer does not take what it is sent')
    })

    it('withholds gossip from a peer that does not keep up, delays nobody else, and says when it drains', async () => {
      const { reader, writer, stall, resume } = await harness.stallable()
      all.push(reader, writer)
      const other = await start({ bootstrap: [writer.address] })
      await linked(other, writer)
      await join('t', reader, writer, other)
      stall()
      const data = new Uint8Array(128 * 1024)
      let withheld: readonly string[] = []
      let sent = 0
      while (withheld.length === 0 && sent < 200) {
        new DataView(data.buffer).setUint32(0, sent++)
        const became = writer.call((network) => network.gossip('t', data.slice()))
        ;({ withheld } = became)
        expect(became.full, 'the other takes more').toBe(false)
        await harness.until(() => other.told.heard.length === sent, 'the other to hear at once')
      }
      expect(withheld).toEqual([reader.id])
      expect(sent * data.length).toBeGreaterThan(GOSSIP_BUFFER_BYTES_MAX / 2)
      resume()
      await harness.until(() => writer.told.drains.includes(reader.id), 'gossip to drain')
      writer.network.gossip('t', bytes('after'))
      await harness.until(() => reader.told.gossiped('t').includes('after'), 'gossip after the stall')
    })

    it('says when nobody takes more gossip, before anything is withheld, and when somebody does', async () => {
      const { reader, writer, stall, resume } = await harness.stallable()
      all.push(reader, writer)
      await join('t', reader, writer)
      stall()
      const data = new Uint8Array(128 * 1024)
      let full = false
      for (let sent = 0; !full && sent < 200; sent++) {
        new DataView(data.buffer).setUint32(0, sent)
        const became = writer.call((network) => network.gossip('t', data.slice()))
        expect(became.withheld).toEqual([])
        ;({ full } = became)
      }
      expect(full).toBe(true)
      resume()
      await harness.until(() => writer.told.drains.includes(reader.id), 'gossip to drain')
      expect(writer.call((network) => network.gossip('t', bytes('after'))).full).toBe(false)
    })

    it('sends what is queued before it stops, and tells the peer', async () => {
      const [a, b] = await pair()
      for (let i = 0; i < 100; i++) a.network.send(b.id, new Uint8Array(8 * 1024).fill(i))
      const stopped = a.network.stop()
      let over = false
      void stopped.then(() => { over = true })
      await harness.until(() => over, 'the stop')
      await harness.until(() => b.told.downs.length === 1, 'b to notice')
      expect(b.told.frames.get(a.id)?.length).toBe(100)
      expect(a.network.addresses()).toEqual([])
      expect(a.network.peers()).toEqual([])
    })

    it('calls no handler from within a call, and none after it stopped', async () => {
      const [a, b] = await pair()
      await join('t', a, b)
      let over = false
      void a.call((network) => network.stop()).then(() => { over = true })
      await harness.until(() => over, 'the stop')
      const before = a.told.events.length
      b.network.gossip('t', bytes('late'))
      b.network.send(a.id, bytes('late'))
      await harness.settle()
      expect(a.told.events.length).toBe(before)
    })
  })
}
