import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareIncarnations, formatMessageId, fromLogRef, meshHash, parseMessageId, toLogRef, type LogId } from '../../../src/message/ids.js'
import { peerIdFromBytes, peerIdOfPublicKey, peerIdToBytes, publicKeyOf } from '../../../src/message/peer-id.js'
import { isChannel } from '../../../src/message/topic.js'
import { fakeCrypto, peerOf } from '../../support/fake-crypto.js'

const hex16 = fc.uint8Array({ minLength: 8, maxLength: 8 }).map(bytes => Buffer.from(bytes).toString('hex'))
const channel = fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), fc.string({ unit: fc.constantFrom('.', 'a', '1', '-', '\ufeff', '𝒳'), minLength: 1, maxLength: 8 })).filter(isChannel)
const position = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.constant(Number.MAX_SAFE_INTEGER))
const logId: fc.Arbitrary<LogId> = fc.record({
  publisher: fc.nat(255).map(peerOf),
  incarnation: fc.record({ number: fc.oneof(fc.integer({ min: 1, max: 99 }), fc.constant(1_700_000_000_000)), random: hex16 }),
  channel
})

describe('a message id', () => {
  it('names its log and position again, whatever dots the channel has', () => {
    fc.assert(fc.property(logId, position, (log, at) => {
      expect(parseMessageId(formatMessageId(log, at))).toEqual({ log, position: at })
    }), { numRuns: 500 })
  })

  it('has one form only', () => {
    const peer = peerOf(1)
    for (const bad of ['', 'a', `${peer}.1-0000000000000001.press.0`, `${peer}.01-0000000000000001.press.1`, `${peer}.1-0000000000000001.press.01`, `${peer}.0-0000000000000001.press.1`,
      `${peer}.1-0000000000000001..1`, `${peer}.1-000000000000000A.press.1`, `${peer}.1-0000000000000001.a/b.1`, `${peer}.1-0000000000000001.$x.1`, `${peer}.1-0000000000000001.press.9999999999999999`,
      `x${peer}.1-0000000000000001.press.1`, `${peer}.1-0000000000000001.press.1 `]) {
      expect(() => parseMessageId(bad), bad).toThrowError(expect.objectContaining({ code: 'ERR_BAD_MESSAGE_ID' }))
    }
  })

  it('never brings anything but its own error out of a text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(() => parseMessageId(text)).toThrowError(expect.objectContaining({ code: 'ERR_BAD_MESSAGE_ID' }))
    }))
  })
})

describe('a reference to a log', () => {
  it('comes back from the wire, and is nothing when it could be no log', () => {
    fc.assert(fc.property(logId, (log) => { expect(fromLogRef(toLogRef(log))).toEqual(log) }))
    const good = toLogRef({ publisher: peerOf(1), incarnation: { number: 1, random: '0000000000000001' }, channel: 'press' })
    expect(fromLogRef(undefined)).toBeUndefined()
    for (const bad of [{ publisher: new Uint8Array(38) }, { incarnation: 0 }, { incarnation: 2 ** 53 }, { incarnationRandom: new Uint8Array(7) }, { channel: '' }, { channel: 'a/b' }, { channel: '$x' }, { channel: '+' }]) {
      expect(fromLogRef({ ...good, ...bad })).toBeUndefined()
    }
  })

  it('orders incarnations by number, then by their random part', () => {
    const at = (number: number, random: string): { number: number, random: string } => ({ number, random })
    expect(compareIncarnations(at(1, 'b'), at(2, 'a'))).toBeLessThan(0)
    expect(compareIncarnations(at(2, 'b'), at(2, 'a'))).toBeGreaterThan(0)
    expect(compareIncarnations(at(2, 'a'), at(2, 'a'))).toBe(0)
  })
})

describe('a peer id', () => {
  it('is its public key in another form', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
      const text = peerIdOfPublicKey(key)
      expect(text.startsWith('12D3Koo')).toBe(true)
      expect(publicKeyOf(text)).toEqual(key)
      expect(peerIdFromBytes(peerIdToBytes(text) as Uint8Array)).toBe(text)
    }))
  })

  it('does not change with the buffer it was read from', () => {
    const bytes = Buffer.from(peerIdToBytes(peerOf(200)) as Uint8Array)
    bytes[37] = 99
    const text = peerIdFromBytes(bytes) as string
    bytes.fill(0)
    expect(peerIdFromBytes(peerIdToBytes(text) as Uint8Array)).toBe(text)
  })

  it('is nothing else', () => {
    const bytes = peerIdToBytes(peerOf(1)) as Uint8Array
    for (let i = 0; i < 6; i++) expect(peerIdFromBytes(Uint8Array.from(bytes, (byte, j) => i === j ? byte ^ 1 : byte))).toBeUndefined()
    expect(peerIdFromBytes(bytes.subarray(1))).toBeUndefined()
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 70 }), (text) => { expect(peerIdToBytes(text)).toBeUndefined() }))
    expect(peerIdToBytes('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N')).toBeUndefined()
    expect(peerIdToBytes(`1${peerOf(1)}`)).toBeUndefined()
  })
})

it('the mesh hash stands for the mesh id', () => {
  const crypto = fakeCrypto(peerOf(1))
  expect(meshHash(crypto, 'a')).toEqual(meshHash(crypto, 'a'))
  expect(meshHash(crypto, 'a')).not.toEqual(meshHash(crypto, 'b'))
  expect(meshHash(crypto, 'a').length).toBe(16)
})
