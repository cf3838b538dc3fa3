import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyStart, writeBatch } from '../../../src/message/batch-frame.js'
import { byteFields } from '../../../src/message/byte-fields.js'
import { Batch } from '../../../src/message/wire.js'

const some = fc.uint8Array({ maxLength: 200 }) as fc.Arbitrary<Uint8Array<ArrayBuffer>>

describe('a batch in gossip', () => {
  it('is written as the generated codec writes it, behind a free byte', () => {
    fc.assert(fc.property(some, some, fc.oneof(some, fc.constant(new Uint8Array(20_000).fill(3))), (header, signature, body) => {
      expect(Buffer.compare(writeBatch(header, signature, body).subarray(1), Batch.encode({ header, signature, body }))).toBe(0)
    }))
  })

  it('has its body where a receiver that opens it finds it, and nowhere in what no receiver opens', () => {
    const made = fc.tuple(fc.integer({ min: 0, max: 4 }), some, some, some, fc.uint8Array({ maxLength: 3 }), fc.nat(), fc.nat(300), fc.boolean()).map(([kind, header, signature, body, behind, at, byte, damage]) => {
      const frame = Uint8Array.from([...writeBatch(header, signature, body), ...behind])
      if (damage && frame.length > 1) frame[1 + at % (frame.length - 1)] = byte
      frame[0] = kind
      return frame
    })
    fc.assert(fc.property(fc.oneof(made, some), (frame) => {
      const start = bodyStart(frame)
      if (start === undefined) return
      expect([1, 2]).toContain(frame[0])
      let fields: Uint8Array[] = []
      try {
        fields = byteFields(frame.subarray(1), 3)
      } catch {
        return
      }
      expect(fields[2]?.byteOffset).toBe(frame.byteOffset + start)
      expect(fields[2]?.length).toBe(frame.length - start)
    }), { numRuns: 2000 })
    const whole = writeBatch(Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3))
    for (const kind of [1, 2]) {
      whole[0] = kind
      expect(bodyStart(whole)).toBe(whole.length - 1)
    }
  })

  it('written around its body is the one that is written beside it, and leaves what is before it alone', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.uint8Array({ maxLength: 2000 }), fc.integer({ min: 0, max: 500 }), (header, signature, body, room) => {
      const buffer = new Uint8Array(10 + room + body.length).fill(7)
      const view = buffer.subarray(10 + room)
      view.set(body)
      const expected = writeBatch(header, signature, body)
      const written = writeBatch(header, signature, view, room)
      expect(Buffer.compare(written, expected)).toBe(0)
      expect(buffer.subarray(0, 10).every(byte => byte === 7)).toBe(true)
      if (written.buffer !== buffer.buffer) expect(expected.length - body.length).toBeGreaterThan(room)
    }))
  })
})
