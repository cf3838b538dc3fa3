import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { MessageIds } from '../../../src/network/message-ids.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
/** Data that begins with 1 has its body behind the fourth byte. */
const bodyStart = (data: Uint8Array): number | undefined => data[0] === 1 ? 4 : undefined
const data = (kind: number, ...rest: number[]): Uint8Array => Uint8Array.of(kind, ...rest)

describe('gossip’s message ids', () => {
  it('are twenty bytes of their own for every topic and every byte of the data', () => {
    const ids = new MessageIds(bodyStart)
    const all = [ids.of('a', data(1, 2, 3, 4, 5, 6)), ids.of('b', data(1, 2, 3, 4, 5, 6)), ids.of('a', data(1, 2, 3, 4, 5, 7)), ids.of('a', data(1, 2, 9, 4, 5, 6)), ids.of('a', data(2, 2, 3, 4, 5, 6)), ids.of('a', data(2, 2, 3, 4, 5, 7))].map(hex)
    expect(new Set(all).size).toBe(all.length)
    for (const id of all) expect(id).toHaveLength(40)
    expect(hex(new MessageIds(bodyStart).of('a', data(1, 2, 3, 4, 5, 6)))).toBe(all[0])
  })

  it('of data in parts cannot be that of other data, which has no parts', () => {
    const body = Uint8Array.of(5, 6)
    const posing = Uint8Array.from([1, 2, 3, 4, ...createHash('sha256').update(body).digest()])
    expect(hex(new MessageIds(() => undefined).of('a', posing))).not.toBe(hex(new MessageIds(bodyStart).of('a', data(1, 2, 3, 4, 5, 6))))
  })

  it('bring the hash of the body with them, and take it from whoever has it', () => {
    const ids = new MessageIds(bodyStart)
    const [one, other] = [data(1, 2, 3, 4, 5, 6), data(2, 2, 3, 4)]
    expect(ids.bodyHash(one)).toBeUndefined()
    const id = ids.of('a', one)
    ids.of('a', other)
    const expected = createHash('sha256').update(Uint8Array.of(5, 6)).digest()
    expect(hex(ids.bodyHash(one) as Uint8Array)).toBe(hex(expected))
    expect(ids.bodyHash(other)).toBeUndefined()
    const known = new MessageIds(bodyStart)
    const again = Uint8Array.from(one)
    known.know(again, expected)
    expect(hex(known.of('a', again))).toBe(hex(id))
  })
})
