import type { FaultClass } from '../chaos.js'

/** Quotas of single channels, beside others that keep everything. */
export const channelQuotas: FaultClass = {
  name: 'channel-quotas',
  what: 'nodes keep little of some channels: so many records, what is processed no longer, or both',
  trims: true,
  begin ({ world, random }) {
    for (const node of world.nodes) {
      // What a custodian has dropped it does not fetch again for others, whatever its publisher still has.
      if (node.relay || random.chance(0.3)) continue
      const channels: Record<string, object> = {}
      for (const channel of ['a', 'b', 'c']) {
        if (random.chance(0.3)) continue
        channels[channel] = random.pick([{ records: 5 }, { records: 5, onFull: 'evict' as const }, { until: 'processed' as const }, { until: 'processed' as const, records: 5, onFull: 'evict' as const }])
      }
      node.retention = { ...node.retention, channels }
    }
  }
}
