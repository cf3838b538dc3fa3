import type { FaultClass } from '../chaos.js'

/** What is above its quotas a custodian refuses, and fetches when there is room. What all subscriptions that it had heard of have settled it drops, and fetches again for one that it hears of later. */
export const smallCustody: FaultClass = {
  name: 'small-custody',
  pins: true,
  what: 'relays keep little of what others publish',
  begin ({ world, random }) {
    for (const node of world.nodes) if (node.relay && random.chance(0.7)) node.settings = { custody: { bytesPerPublisher: 65_536 } }
  }
}
