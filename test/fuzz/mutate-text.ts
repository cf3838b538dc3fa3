import type { Draw } from './draw.js'
import { replaced, type Bytes } from './splice.js'

const PARTS = [
  '\0', '\n', '\r\n', '\t', ' ', '\u0085', '\u2028', '\ufeff', '\u202e', '\ud7ff', '\uffff', '\u{1f600}', '%', '$', '+', '#', '/', '//', '.', '..', '-', '--', '=', ',', ':', '"', '\'', '\\', '`',
  '{', '}', '[', ']', '{}', '[]', '&a ', '*a', '<<: *a', '!!binary ', '!!set ', '? ', '- ', '| ', '> ', '---\n', '...\n', '%YAML 1.1\n---\n', '!<tag:yaml.org,2002:js/function> ', '~',
  'null', 'true', 'false', 'NaN', '.nan', '.inf', '-1', '-0', '0', '0x10', '1e308', '1e999', '9007199254740993', '99999999999999999999999', '0.1', 'undefined',
  '__proto__', '"__proto__":{"a":1}', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'length'
].map(part => new Uint8Array(Buffer.from(part)))

/** Not UTF-8: a lone continuation, a cut sequence, an overlong one, a surrogate, beyond the last code point. */
const BROKEN = [[0x80], [0xc3], [0xe2, 0x82], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xfe]].map(list => Uint8Array.from(list))

const NESTED = ['[', '{"a":', '{a: ', '- ', '? ', '((', '"\\u', '&a [', '!a '].map(part => new Uint8Array(Buffer.from(part)))

export function mutateText (draw: Draw, bytes: Bytes): Bytes {
  const at = draw.int(bytes.length + 1)
  const to = draw.chance(0.5) ? at : Math.min(bytes.length, at + 1 + draw.int(8))
  switch (draw.int(6)) {
    case 0: return replaced(bytes, at, to, draw.pick(BROKEN))
    case 1: {
      const part = draw.pick(NESTED)
      const times = 1 << draw.int(draw.chance(0.02) ? 14 : 9)
      return replaced(bytes, at, at, new Uint8Array(Buffer.concat(Array.from({ length: times }, () => part))))
    }
    case 2: {
      // A line moves or is said twice.
      const lines = Buffer.from(bytes).toString('latin1').split('\n')
      lines.splice(draw.int(lines.length + 1), draw.int(2), draw.pick(lines))
      return new Uint8Array(Buffer.from(lines.join('\n'), 'latin1'))
    }
    default: return replaced(bytes, at, to, draw.pick(PARTS))
  }
}
