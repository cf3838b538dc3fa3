import { describe, expect, it } from 'vitest'
import { seededRandom } from '../contract/network-clock.js'
import { CHANNEL_IDLE_MS } from '../../src/node/channels.js'
import { World } from './world.js'

describe('a channel of which a node has heard and has nothing', () => {
  it('is not forgotten before a subscription was told that what it waits for will not come', async () => {
    const world = new World(seededRandom(4))
    const between = world.add('between')
    const publisher = world.add('publisher', { bootstrap: [between] })
    const subscriber = world.add('subscriber', { bootstrap: [between] })
    for (const node of world.nodes) await node.start()
    subscriber.subscribe('all', ['+/x'])
    await world.clock.run(5_000)
    publisher.publish('c/x', 'only its publisher had it')
    // The node between takes no part in the channel: it passes on that there is something, and not what.
    expect(await world.clock.run(120_000, () => (subscriber.engine?.inbox.info()[0]?.lag ?? 0) > 0)).toBe(true)
    publisher.crash()
    publisher.gone = true
    // With the link everyone’s word is gone, and the time for which nobody had it begins anew.
    await world.clock.run(CHANNEL_IDLE_MS / 2)
    between.crash()
    await world.clock.run(120_000)
    await between.start()
    await world.clock.run(3 * CHANNEL_IDLE_MS)
    expect(subscriber.gaps.map(({ channel, from, to, reason }) => `${channel} ${from}-${to} ${reason}`)).toEqual(['c 1-1 unrecoverable'])
    expect(subscriber.engine?.inbox.info()[0]?.lag).toBe(0)
    // Then it is forgotten like any other.
    await world.clock.run(CHANNEL_IDLE_MS)
    expect(subscriber.engine?.channels.isJoined('c')).toBe(false)
    expect(world.nodes.flatMap(node => node.failures)).toEqual([])
  })
})
