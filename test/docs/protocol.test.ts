import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.js'
import { RangeSet } from '../../src/base/range-set.js'
import { bodyHolds, EPHEMERAL_TAG, headBytes, MalformedBatch, openBatch, signatureHolds } from '../../src/message/batch.js'
import { formatMessageId, meshHash } from '../../src/message/ids.js'
import { decodeRecords } from '../../src/message/record.js'
import { FRAME as LINK_FRAME } from '../../src/network/frames.js'
import { meshNames } from '../../src/network/names.js'
import { REFUSAL, refusalSentence, type RefusalCode } from '../../src/network/refusal.js'
import { GOSSIP_TOPICS } from '../../src/node/channels.js'
import { GOSSIP } from '../../src/message/gossip-kinds.js'
import { FRAME } from '../../src/repair/frames.js'
import { createCrypto } from '../../src/security/ed25519.js'
import { formatExample, makeExample, MESH, SEED } from './protocol-example.js'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const doc = read('docs/protocol.md')

/** The block of the document that begins with `seed`, as names and values. */
function exampleInDoc (): Record<string, string> {
  const block = [...doc.matchAll(/```text\n([\s\S]*?)```/g)].map(([, text = '']) => text).find(text => text.startsWith('seed ')) ?? ''
  const values: Record<string, string> = {}
  let name = ''
  for (const line of block.trimEnd().split('\n')) {
    const [, key = '', value = ''] = /^(\S*)\s+(\S+)$/.exec(line) ?? []
    if (key !== '') name = key
    values[name] = (values[name] ?? '') + value
  }
  return values
}

/** Messages and enums of a .proto file with their fields, without comments. */
function declared (proto: string): Array<{ readonly name: string, readonly fields: string[] }> {
  const text = proto.replace(/\/\/[^\n]*/g, '')
  return [...text.matchAll(/\b(?:message|enum)\s+(\w+)\s*\{([^}]*)\}/g)].map(([, name = '', body = '']) => ({
    name,
    fields: [...body.matchAll(/(\w+)\s*=\s*\d+/g)].map(([, field = '']) => field)
  }))
}

/** What the document says of one message: from the line with its name in bold to the next such line or heading. */
function saidOf (name: string): string {
  const start = doc.search(new RegExp(`^\\*\\*\`${name}\`\\*\\*`, 'm'))
  if (start === -1) return ''
  const rest = doc.slice(start + 1)
  const end = rest.search(/^(?:\*\*`|#)/m)
  return end === -1 ? rest : rest.slice(0, end)
}

describe('the worked example', () => {
  test('is what the code makes', () => {
    expect(formatExample(exampleInDoc())).toBe(formatExample(makeExample()))
  })

  test('opens, and its signature and its body hold', () => {
    const example = exampleInDoc()
    const crypto = createCrypto(SEED)
    const mesh = fromHex(example['mesh-hash'] ?? '')
    expect(toHex(meshHash(crypto, MESH))).toBe(example['mesh-hash'])
    const batch = openBatch(fromHex(example['batch'] ?? ''), mesh)
    expect(batch.log.publisher).toBe(example['peer-id'])
    expect(signatureHolds(crypto, batch)).toBe(true)
    expect(bodyHolds(crypto, batch)).toBe(true)
    expect(signatureHolds(crypto, batch, EPHEMERAL_TAG)).toBe(false)
    expect(formatMessageId(batch.log, batch.base)).toBe(example['message-id'])
    const [record] = decodeRecords(batch.body, batch.count, batch.log.channel)
    expect(record?.topic).toBe('press/4/temperature')
    expect(openBatch(headBytes(batch), mesh).body).toHaveLength(0)
    expect(RangeSet.decode(fromHex(example['ranges'] ?? '')).toString()).toBe('1-3,7,200-499')
  })

  test('does not hold when a bit is changed', () => {
    const example = exampleInDoc()
    const crypto = createCrypto(SEED)
    const bytes = fromHex(example['batch'] ?? '')
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice()
      changed[i] = (changed[i] as number) ^ 1
      let holds: boolean
      try {
        const batch = openBatch(changed, fromHex(example['mesh-hash'] ?? ''))
        holds = signatureHolds(crypto, batch) && bodyHolds(crypto, batch)
      } catch (error) {
        if (!(error instanceof MalformedBatch)) throw error
        holds = false
      }
      expect(holds, `byte ${i}`).toBe(false)
    }
  })
})

describe('the document', () => {
  const messages = [...declared(read('src/message/wire.proto')), ...declared(read('src/network/hello.proto'))]

  test('the .proto files are read', () => {
    expect(messages.map(({ name }) => name)).toEqual(expect.arrayContaining(['Record', 'BatchHeader', 'Want', 'TrimReason', 'Hello']))
    expect(messages.find(({ name }) => name === 'LogRow')?.fields.length).toBeGreaterThan(5)
  })

  test.each(messages)('explains $name and each of its fields', ({ name, fields }) => {
    const said = saidOf(name)
    expect(said, `**\`${name}\`** begins no paragraph`).not.toBe('')
    expect(fields.filter(field => !said.includes(`\`${field}\``))).toEqual([])
  })

  test('names the frames, the kinds and the refusals by their numbers', () => {
    for (const [name, byte] of Object.entries(FRAME)) expect(doc).toMatch(new RegExp(`\\| \`0x${byte.toString(16).padStart(2, '0')}\` \\| ${name} `))
    for (const [name, kind] of Object.entries(LINK_FRAME)) expect(doc).toMatch(new RegExp(`\\| ${kind} \\| ${name} `))
    for (const [name, kind] of Object.entries(GOSSIP)) expect(doc).toMatch(new RegExp(`\\| \`0x0${kind}\` \\| ${name} `))
    for (const code of Object.values(REFUSAL)) expect(doc).toContain(`| ${code} | ${refusalSentence(code as RefusalCode)} |`)
  })

  test('gives the names that carry the mesh', () => {
    const { link, gossip, mdns, topicPrefix } = meshNames(MESH)
    for (const name of [link, gossip, mdns, topicPrefix + GOSSIP_TOPICS.directory, topicPrefix + GOSSIP_TOPICS.ofChannel('press')]) expect(doc).toContain(`\`${name}\``)
  })
})
