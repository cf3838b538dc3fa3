import type { FaultClass } from '../chaos.js'

/** Quotas so small that messages are dropped before they are read, with the publisher's word for it. */
export const smallQuotas: FaultClass = {
  name: 'small-quotas',
  what: 'nodes keep little: by age, or by bytes with and without evicting',
  trims: true,
  begin ({ world, random }) {
    for (const node of world.nodes) {
      if (random.chance(0.3)) continue
      const ageMs = random.whole(5_000, 60_000)
      // What a custodian has dropped it does not fetch again for others, whatever its publisher still has.
      if (!node.relay) node.retention = random.pick([{ ageMs }, { bytes: 65_536 }, { bytes: 65_536, onFull: 'evict' as const }, { ageMs, bytes: 65_536, onFull: 'evict' as const }, { until: 'processed' as const }, { records: 10 }, { records: 10, onFull: 'evict' as const }])
    }
  }
}
