import type { FaultClass } from '../chaos.js'

export const bandwidth: FaultClass = {
  name: 'bandwidth',
  what: 'some links carry a few kilobytes a second',
  begin (chaos) {
    const { world, random } = chaos
    const before = world.latencyMs
    const slow = new Map<string, number>()
    const share = random.pick([0.2, 0.6])
    world.latencyMs = (from, to, bytes) => {
      const ms = before(from, to, bytes)
      if (chaos.leftMs <= 0) return ms
      const link = `${from} ${to}`
      let perSecond = slow.get(link)
      if (perSecond === undefined) slow.set(link, perSecond = random.chance(share) ? random.between(2_000, 50_000) : Number.POSITIVE_INFINITY)
      return ms + bytes / perSecond * 1000
    }
  }
}
