import { describe, expect, it } from 'vitest'
import { dialable, parseAddress } from '../../../src/network/addresses.js'
import { peerOf } from '../../support/fake-crypto.js'

describe('an address', () => {
  it('has a longest form, and beyond it is refused before it is read: that takes the square of its length', () => {
    const longest = `/dns4/${`${'a'.repeat(61)}.`.repeat(4)}example/tcp/65535/p2p/${peerOf(1)}`
    expect(parseAddress(longest, 'dial').peerId).toBe(peerOf(1))
    const started = performance.now()
    expect(() => parseAddress(`/ip4/10.0.0.1/tcp/1/p2p/12D3KooW${'8Hgh'.repeat(8_000)}`, 'dial')).toThrow(expect.objectContaining({ code: 'ERR_BAD_ADDRESS' }))
    expect(performance.now() - started).toBeLessThan(1_000)
    expect(dialable([`/ip4/10.0.0.1/tcp/1/p2p/${'1'.repeat(1000)}`, '/ip4/10.0.0.1/tcp/1'], peerOf(2))).toEqual([`/ip4/10.0.0.1/tcp/1/p2p/${peerOf(2)}`])
  })
})
