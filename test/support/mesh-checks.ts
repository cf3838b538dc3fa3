/** What must be true of journals, whoever was killed when. */
import { expect } from 'vitest'
import type { Line, MeshPeer } from './mesh-bench.js'

/** First deliveries, in the order in which they came. */
export function effects (peer: MeshPeer, sub: string): Line[] {
  const seen = new Set<string>()
  return peer.lines('delivered', sub).filter(({ id }) => !seen.has(id) && seen.add(id))
}

/** Every publish that resolved was delivered, as what it was; nothing that was never published was. */
export function expectAllOf (publishers: readonly MeshPeer[], subscriber: MeshPeer, sub: string, wanted: (line: Line) => boolean = () => true): void {
  const got = new Map(effects(subscriber, sub).map(line => [line.id, line]))
  const lost: string[] = []
  for (const line of publishers.flatMap(peer => peer.lines('published')).filter(wanted)) {
    const delivered = got.get(line.id)
    if (delivered === undefined) lost.push(`${line.tag} at ${line.position}`)
    else expect([delivered.tag, delivered.topic]).toEqual([line.tag, line.topic])
  }
  expect(lost).toEqual([])
  const tags = [...got.values()].map(({ tag }) => tag)
  expect(new Set(tags).size).toBe(tags.length)
}

/** First deliveries of each publisher came in the order of positions, one incarnation after the other. */
export function expectInOrder (subscriber: MeshPeer, sub: string, { from = 1, holes = false }: { from?: number, holes?: boolean } = {}): void {
  const last = new Map<string, { incarnation: string, position: number }>()
  for (const { publisher, incarnation, position, topic, tag } of effects(subscriber, sub)) {
    const key = `${publisher} ${topic.split('/')[0]}`
    const before = last.get(key)
    if (before === undefined || before.incarnation !== incarnation) {
      if (before !== undefined) expect(Number(incarnation.split('-')[0]), `${tag} belongs to an earlier incarnation`).toBeGreaterThan(Number(before.incarnation.split('-')[0]))
      if (!holes) expect(position, `${tag} begins its incarnation`).toBe(before === undefined ? from : 1)
    } else if (holes) expect(position, tag).toBeGreaterThan(before.position)
    else expect(position, tag).toBe(before.position + 1)
    last.set(key, { incarnation, position })
  }
}

/** What had been acked never came again. */
export function expectNoneAfterAck (subscriber: MeshPeer, sub: string): void {
  const acked = new Set<string>()
  const again: string[] = []
  for (const line of subscriber.journal()) {
    if (line.sub !== sub) continue
    if (line.event === 'acked' || line.event === 'handled') acked.add(line.id)
    if (line.event === 'delivered' && acked.has(line.id)) again.push(`${line.tag} attempt ${line.attempt}`)
  }
  expect(again).toEqual([])
}

export const count = (from: number, to: number, label: string): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${label}:${from + i}`)
