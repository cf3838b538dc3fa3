import type { FaultClass } from '../chaos.js'

/**
 * What is above its quotas a custodian refuses, and fetches when there is room. What all subscriptions that it had heard of have settled it drops, and
 * does not fetch again for one that it hears of later, which then has a gap that no fault explains: so this happens only when it is asked for.
 */
export const smallCustody: FaultClass = {
  name: 'small-custody',
  what: 'relays keep little of what others publish',
  asked: true,
  begin ({ world, random }) {
    for (const node of world.nodes) if (node.relay && random.chance(0.7)) node.settings = { custody: { bytesPerPublisher: 65_536 } }
  }
}
