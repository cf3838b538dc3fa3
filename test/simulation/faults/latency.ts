import type { FaultClass } from '../chaos.js'

export const latency: FaultClass = {
  name: 'latency',
  what: 'links of very different and changing latency',
  begin (chaos) {
    const { world, random } = chaos
    const before = world.latencyMs
    const base = new Map<string, number>()
    const most = random.pick([30, 200, 1_500])
    const jitter = random.pick([0.1, 1, 5])
    world.latencyMs = (from, to, bytes) => {
      if (chaos.leftMs <= 0) return before(from, to, bytes)
      const link = `${from} ${to}`
      let ms = base.get(link)
      if (ms === undefined) base.set(link, ms = random.between(1, most))
      return ms * (1 + random.float() * jitter)
    }
  }
}
