import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRecords, encodeRecords, headersOf, makeRecord, recordBytes, type MessageInput } from '../../../src/message/record.js'

const input = (over: Partial<MessageInput> = {}): MessageInput => ({ topic: 'press/a', body: 'x', time: 1000, ...over })
const make = (over: Partial<MessageInput> = {}): ReturnType<typeof makeRecord> => makeRecord(input(over), 1000)
const code = (name: string): unknown => expect.objectContaining({ code: name })
const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter(value => value.isWellFormed())

describe('a record', () => {
  it('carries a text, bytes or a JSON value, and says which', () => {
    for (const [body, type, bytes] of [
      ['é', 'text/plain', 'é'], ['', 'text/plain', ''], [new Uint8Array([1, 2]), 'application/octet-stream', '\x01\x02'], [new Uint8Array([1, 2]).buffer, 'application/octet-stream', '\x01\x02'],
      [{ a: 1 }, 'application/json', '{"a":1}'], [null, 'application/json', 'null'], [0, 'application/json', '0'], [[true], 'application/json', '[true]']
    ] as const) {
      const record = make({ body })
      expect(record.contentType).toBe(type)
      expect(Buffer.from(record.body).toString()).toBe(bytes)
    }
    expect(make({ contentType: 'text/csv' }).contentType).toBe('text/csv')
  })

  it('refuses a body that is no such thing', () => {
    const circle: Record<string, unknown> = {}
    circle['circle'] = circle
    for (const body of [undefined, () => 1, Symbol('a'), 1n, circle, 'a\ud800', { toJSON () { throw new Error('no') } }]) {
      expect(() => make({ body })).toThrowError(code('ERR_BAD_BODY'))
    }
  })

  it('keeps the bytes it was given, though the caller uses its buffer again', () => {
    for (const body of [Buffer.from('abc'), new Uint8Array([97, 98, 99]), Buffer.from('xabcx').subarray(1, 4)]) {
      const record = make({ body })
      body.fill(0)
      expect(Buffer.from(record.body).toString()).toBe('abc')
    }
  })

  it('has a body up to the limit and not above', () => {
    expect(make({ body: new Uint8Array(1000) }).body.length).toBe(1000)
    expect(() => make({ body: new Uint8Array(1001) })).toThrowError(code('ERR_MESSAGE_TOO_LARGE'))
    expect(() => make({ body: 'é'.repeat(501) })).toThrowError(code('ERR_MESSAGE_TOO_LARGE'))
  })

  it('has headers within their limits, and __proto__ is a name like any other', () => {
    const headers = JSON.parse('{"__proto__":"p","constructor":"c","a":""}') as Record<string, string>
    const out = headersOf(make({ headers }))
    expect(Object.entries(out)).toEqual([['__proto__', 'p'], ['constructor', 'c'], ['a', '']])
    expect(Object.getPrototypeOf(out)).toBeNull()
    expect(({} as Record<string, unknown>)['p']).toBeUndefined()
    const many = (n: number): Record<string, string> => Object.fromEntries(Array.from({ length: n }, (_, i) => [`h${i}`, '']))
    expect(make({ headers: many(64) }).headers.length).toBe(64)
    expect(make({ headers: { a: 'é'.repeat((16 * 1024 - 1 - 1) / 2) } }).headers.length).toBe(1)
    for (const bad of [many(65), { a: 'x'.repeat(16 * 1024) }, { '': 'x' }, { a: 1 }, { a: undefined }, { a: '\ud800' }, { '\udc00': 'a' }]) {
      expect(() => make({ headers: bad as unknown as Record<string, string> })).toThrowError(code('ERR_BAD_ARGUMENT'))
    }
  })

  it('has a key, an id and a content type of 1 to 128 bytes', () => {
    for (const field of ['key', 'id', 'contentType'] as const) {
      expect(make({ [field]: 'é'.repeat(64) })[field]).toBe('é'.repeat(64))
      for (const bad of ['', 'é'.repeat(65), '\ud800', 7, null]) expect(() => make({ [field]: bad as unknown as string })).toThrowError(code('ERR_BAD_ARGUMENT'))
    }
  })

  it('expires after a positive time or never', () => {
    expect(make().expiresAt).toBe(0)
    expect(make({ expiresInMs: 0.5 }).expiresAt).toBe(1001)
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 50]) expect(() => make({ expiresInMs: bad })).toThrowError(code('ERR_BAD_ARGUMENT'))
  })
})

describe('a batch body', () => {
  it('brings back the records that were put in, which take no more bytes than was counted', () => {
    const record = fc.record({
      topic: fc.constantFrom('press', 'press/a', 'press/é/漢字漢字漢字'), body: fc.oneof(text.filter(value => value.isWellFormed()), fc.uint8Array()), time: fc.maxSafeNat(),
      headers: fc.dictionary(name, name, { maxKeys: 3 }), key: fc.option(name, { nil: undefined }), id: fc.option(name, { nil: undefined }), expiresInMs: fc.option(fc.integer({ min: 1, max: 999 }), { nil: undefined })
    }).filter(({ time }) => time < 2 ** 52)
    fc.assert(fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), (inputs) => {
      const records = inputs.map(each => makeRecord(each, 1000))
      const bytes = encodeRecords(records)
      const back = decodeRecords(bytes, records.length, 'press')
      expect(back.map(each => ({ ...each, body: [...each.body] }))).toEqual(records.map(each => ({ ...each, body: [...each.body] })))
      expect(bytes.length).toBeLessThanOrEqual(records.reduce((sum, each) => sum + recordBytes(each), 0))
    }), { numRuns: 300 })
  })

  it('is refused with another number of records, or records of another channel', () => {
    const records = [make(), make({ topic: 'press' })]
    const bytes = encodeRecords(records)
    expect(decodeRecords(bytes, 2, 'press').length).toBe(2)
    for (const [count, channel] of [[1, 'press'], [3, 'press'], [2, 'pres'], [2, 'press/a'], [2, 'other']] as const) expect(() => decodeRecords(bytes, count, channel)).toThrow()
    for (const topic of ['press/', 'press//a', 'press/#', 'press/\n']) expect(() => decodeRecords(encodeRecords([{ ...make(), topic }]), 1, 'press')).toThrow()
  })

  it('is refused with times or texts that no publisher writes', () => {
    for (const field of ['time', 'expiresAt']) {
      const bytes = encodeRecords([{ ...make(), [field]: Number.MAX_SAFE_INTEGER }])
      expect(decodeRecords(bytes, 1, 'press')[0]?.body.length).toBe(1)
      // One bit more than a safe integer has.
      bytes[Buffer.from(bytes).indexOf(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)) + 7] = 0x1f
      expect(() => decodeRecords(bytes, 1, 'press')).toThrow()
    }
    // A lone surrogate, as a lenient encoder would write it.
    const bytes = encodeRecords([{ ...make(), key: 'abc' }])
    const at = Buffer.from(bytes).indexOf('abc')
    bytes.set([0xed, 0xa0, 0x80], at)
    expect(() => decodeRecords(bytes, 1, 'press')).toThrow()
  })

  it('throws and does no more on whatever bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (bytes, count) => {
      try {
        expect(decodeRecords(bytes, count, 'press').length).toBe(count)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }), { numRuns: 500 })
  })
})
