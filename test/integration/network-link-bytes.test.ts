/** Holds `link-bytes.ts` to the libp2p that is installed: each part of it works from the inside, and would do nothing, silently, after a change there. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Libp2pNodes, linked, type Libp2pNode } from '../contract/network-libp2p-support.js'
import { until } from '../contract/network-support.js'

const nodes = new Libp2pNodes()
afterEach(async () => {
  vi.restoreAllMocks()
  await nodes.stop()
})

const pair = async (): Promise<[Libp2pNode, Libp2pNode]> => {
  const a = await nodes.start()
  const b = await nodes.start({ bootstrap: [a.address] })
  await linked(a, b)
  return [a, b]
}

const received = (from: Libp2pNode, to: Libp2pNode): Uint8Array[] => to.told.frames.get(from.id) ?? []

interface Written { _writeGeneric: (...args: unknown[]) => unknown }

describe('bytes on a link', () => {
  it('are those of the versions that were looked at', () => {
    const version = (name: string): string => (JSON.parse(readFileSync(createRequire(import.meta.url).resolve(name).replace(/dist\/.*$/, 'package.json'), 'utf8')) as { version: string }).version
    expect(version('@libp2p/tcp')).toMatch(/^11\./)
    expect(version('@libp2p/noise')).toMatch(/^17\./)
    expect(version('@libp2p/yamux')).toMatch(/^8\./)
  })

  it('go to the socket frame by frame and not piece by piece, and windows open by halves', async () => {
    const [a, b] = await pair()
    const frames = 200
    let writes = 0
    const { _writeGeneric } = Socket.prototype as unknown as Written
    vi.spyOn(Socket.prototype as unknown as Written, '_writeGeneric').mockImplementation(function (this: unknown, ...args) {
      writes++
      return _writeGeneric.apply(this, args)
    })
    const frame = new Uint8Array(4000).fill(7)
    for (let i = 0; i < frames; i++) {
      frame[1] = i
      a.network.send(b.id, frame)
      await until(() => received(a, b).length === i + 1, `frame ${i}`)
    }
    expect(received(a, b).map((each) => each[1])).toEqual(Array.from({ length: frames }, (_, i) => i % 256))
    // One write each, and a few of the links' own and for windows: in pieces it would be more than four each, and a window update as well.
    expect(writes).toBeGreaterThanOrEqual(frames)
    expect(writes).toBeLessThan(1.5 * frames)
  })

  it('arrive whole, also when they are many times larger than what is encrypted at once or than a window', async () => {
    const [a, b] = await pair()
    const sizes = [1, 15, 16, 17, 1199, 1200, 65_502, 65_503, 65_504, 65_519, 65_520, 131_072, 300_000, 1_000_000]
    for (const [i, size] of sizes.entries()) {
      const frame = Uint8Array.from({ length: size }, (_, at) => (at * 31 + i) & 255)
      a.network.send(b.id, frame)
      await until(() => received(a, b).length === i + 1, `a frame of ${size} bytes`)
      expect(Buffer.compare(received(a, b)[i] as Uint8Array, frame)).toBe(0)
    }
  })
})
