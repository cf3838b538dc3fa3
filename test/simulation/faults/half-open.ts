import type { FaultClass } from '../chaos.js'

export const halfOpen: FaultClass = {
  name: 'half-open',
  what: 'one side has lost the link, the other believes in it',
  begin (chaos) {
    const { world, random } = chaos
    chaos.every(random.between(1_500, 8_000), () => {
      const pair = chaos.somePair()
      if (pair === undefined) return
      world.fault('half-open', pair[0], `to ${pair[1].name}`)
      world.mesh.halfOpen(pair[0].peerId, pair[1].peerId)
    })
  }
}
