import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, copyBytes, equalBytes, fromHex, fromStrictUtf8, fromUtf8, toHex, utf8, utf8Length } from '../../../src/base/bytes.js'
import { Emitter } from '../../../src/base/emitter.js'

describe('bytes', () => {
  it('carry every well-formed text there and back, a leading U+FEFF too', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }).filter(text => text.isWellFormed()), (text) => {
      expect(fromUtf8(utf8(text))).toBe(text)
      expect(fromStrictUtf8(utf8(text))).toBe(text)
      expect(utf8Length(text)).toBe(utf8(text).length)
    }))
    expect(fromStrictUtf8(utf8('\ufeffa'))).toBe('\ufeffa')
    expect(fromUtf8(utf8('\ufeffa'))).toBe('\ufeffa')
    expect(fromStrictUtf8(Uint8Array.of(0xff))).toBeUndefined()
  })

  it('are joined, compared and written in hex', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 8 })), (parts) => {
      const joined = concatBytes(parts)
      expect([...joined]).toEqual(parts.flatMap(part => [...part]))
      expect(fromHex(toHex(joined))).toEqual(joined)
      expect(equalBytes(joined, concatBytes([joined]))).toBe(true)
      expect(equalBytes(joined, concatBytes([joined, Uint8Array.of(0)]))).toBe(false)
    }))
  })

  it('are copied from a Buffer too', () => {
    const buffer = Buffer.from('abc')
    const copy = copyBytes(buffer)
    buffer[0] = 0
    expect(fromUtf8(copy)).toBe('abc')
  })
})

describe('an emitter', () => {
  it('tells all listeners, though one of them throws or leaves meanwhile', () => {
    const faults: unknown[] = []
    const heard: string[] = []
    const emitter = new Emitter<{ news: (text: string) => void }>((event, error) => { faults.push([event, (error as Error).message]) })
    const third = (text: string): void => { heard.push(`third ${text}`) }
    emitter.on('news', (text) => {
      heard.push(`first ${text}`)
      emitter.off('news', third)
    })
    emitter.on('news', () => { throw new Error('no') })
    emitter.on('news', third)
    emitter.emit('news', 'a')
    emitter.emit('news', 'b')
    expect(heard).toEqual(['first a', 'third a', 'first b'])
    expect(faults).toEqual([['news', 'no'], ['news', 'no']])
  })
})
