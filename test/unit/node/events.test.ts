import { describe, expect, it } from 'vitest'
import type { Engine, EngineListener } from '../../../src/node/engine.js'
import { SkeinNode, type NodeParts } from '../../../src/node/mesh-node.js'
import { ManualClock } from '../../support/manual-clock.js'

function nodeWithListener (): { node: SkeinNode, listener: EngineListener } {
  let listener: EngineListener | undefined
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const node = new SkeinNode({ clock: new ManualClock(), log, mesh: 'events', options: {} } as unknown as NodeParts, (given) => {
    listener = given
    return {} as Engine
  })
  return { node, listener: listener as unknown as EngineListener }
}

describe('a listener that hears an event once', () => {
  it('hears each event that it was added to once, and the others still', () => {
    const { node, listener } = nodeWithListener()
    const heard: unknown[] = []
    const hear = (event: unknown): void => { heard.push(event) }
    const left = { peerId: 'a', reason: 'gone' }
    const notice = { code: 'ERR_LIMIT', message: 'full' } as const
    node.once('peer:left', hear)
    node.once('peer:notice', hear)
    for (let i = 0; i < 2; i++) listener.peerDown('a', 'gone')
    expect(heard).toEqual([left])
    for (let i = 0; i < 2; i++) listener.notice(notice)
    expect(heard).toEqual([left, notice])
  })

  it('can be taken off before, from the one event and not from the other', () => {
    const { node, listener } = nodeWithListener()
    let heard = 0
    const hear = (): void => { heard++ }
    node.once('peer:left', hear).once('peer:notice', hear).off('peer:left', hear)
    listener.peerDown('a', 'gone')
    expect(heard).toBe(0)
    listener.notice({ code: 'ERR_LIMIT', message: 'full' })
    expect(heard).toBe(1)
  })
})
