import fc from 'fast-check'
import { decode } from 'it-length-prefixed'
import { describe, expect, it } from 'vitest'
import { FRAME, FrameQueue } from '../../../src/network/frames.js'
import { carriesMessages, essential } from '../../../src/network/gossip-rpc.js'

const read = async (queue: FrameQueue): Promise<Uint8Array[]> => {
  const frames: Uint8Array[] = []
  for await (const frame of decode(queue.batches(), { maxDataLength: 1 << 24 })) frames.push(frame.subarray())
  return frames
}

describe('the frame queue', () => {
  it('writes what the length-prefixed decoder reads, in order', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 4000, max: 4200 }), fc.integer({ min: 16_000, max: 20_000 }), fc.constant(300_000)), { maxLength: 60 }), async (sizes) => {
      const queue = new FrameQueue()
      const frames = sizes.map((size, i) => new Uint8Array(size).fill(i))
      for (const frame of frames) queue.push(frame)
      queue.end({ kind: FRAME.bye, payload: Buffer.from('why') })
      const got = await read(queue)
      expect(got.length).toBe(frames.length + 1)
      frames.forEach((frame, i) => {
        expect(got[i]?.[0]).toBe(FRAME.data)
        expect(Buffer.compare(got[i]?.subarray(1) as Uint8Array, frame)).toBe(0)
      })
      expect(Buffer.from(got.at(-1) as Uint8Array).toString()).toBe('\u0006why')
      expect(queue.bytes).toBe(0)
    }), { numRuns: 50 })
  })

  it('lets pings go first', async () => {
    const queue = new FrameQueue()
    queue.push(new Uint8Array(10))
    queue.pushControl(FRAME.ping, new Uint8Array([9]))
    queue.end()
    expect((await read(queue)).map((frame) => frame[0])).toEqual([FRAME.ping, FRAME.data])
  })

  it('bounds the answers that a peer can ask for, and takes nothing after its end', async () => {
    const queue = new FrameQueue()
    let taken = 0
    while (queue.pushControl(FRAME.pong, new Uint8Array(16))) taken++
    expect(taken).toBeLessThan(4000)
    queue.clear()
    queue.push(new Uint8Array(5))
    expect(await read(queue)).toEqual([])
  })
})

describe('gossip RPCs', () => {
  it('keep subscriptions, grafts and prunes', () => {
    const subscription = [0x0a, 2, 8, 1]
    const message = [0x12, 3, 1, 2, 3]
    const control = [0x1a, 10, 0x0a, 1, 7, 0x1a, 1, 8, 0x22, 2, 9, 9]
    const rpc = new Uint8Array([...subscription, ...message, ...message, ...control])
    expect(carriesMessages(rpc)).toBe(true)
    expect([...essential(rpc) ?? []]).toEqual([...subscription, 0x1a, 7, 0x1a, 1, 8, 0x22, 2, 9, 9])
    expect(essential(new Uint8Array(message))).toBeUndefined()
    expect(essential(new Uint8Array([0x1a, 3, 0x2a, 1, 7]))).toBeUndefined()
    const whole = new Uint8Array(subscription)
    expect(essential(whole)).toBe(whole)
  })

  it('that are not well formed are an error, never a guess', () => {
    for (const bad of [[0x08, 1], [0x12, 5, 1], [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 1]]) expect(() => essential(new Uint8Array(bad))).toThrow('gossipsub RPC')
  })
})
