import type { FaultClass } from '../chaos.js'

export const flapping: FaultClass = {
  name: 'flapping',
  what: 'links are reset again and again',
  begin (chaos) {
    const { world, random } = chaos
    chaos.every(random.pick([200, 1_000, 4_000]), () => {
      const pair = chaos.somePair()
      if (pair === undefined) return
      world.trace.note(pair[0].name, 'reset', `the link to ${pair[1].name}`)
      world.mesh.disconnect(pair[0].peerId, pair[1].peerId)
    })
  }
}
