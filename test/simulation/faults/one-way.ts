import type { FaultClass } from '../chaos.js'

export const oneWay: FaultClass = {
  name: 'one-way',
  what: 'a link carries nothing in one direction for a while',
  begin (chaos) {
    const { world, random } = chaos
    const lastsMs = random.pick([500, 5_000, 25_000])
    chaos.every(random.between(2_000, 10_000), () => {
      const pair = chaos.somePair()
      if (pair === undefined) return
      const [a, b] = pair
      world.fault('one-way', a, `to ${b.name}`)
      world.mesh.block(a.peerId, b.peerId)
      chaos.after(random.between(0, lastsMs), () => { world.mesh.unblock(a.peerId, b.peerId) })
    })
    chaos.onHeal(() => { world.mesh.heal() })
  }
}
