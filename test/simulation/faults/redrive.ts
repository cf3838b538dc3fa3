import type { FaultClass } from '../chaos.js'

/** A dead letter comes again as often as somebody asks for it and it dies again, and not once more. */
export const redrive: FaultClass = {
  name: 'redrive',
  what: 'dead letters are redriven, some twice at once, also just before a crash',
  begin (chaos) {
    const { world, random } = chaos
    chaos.every(random.pick([500, 2_000, 6_000]), () => {
      const node = chaos.some(each => each.isAwake && each.engine?.isClosed === false && !each.isStopping)
      const letters = node?.engine?.inbox.deadLetters({ limit: 50 }) ?? []
      if (node === undefined || letters.length === 0) return
      for (const { deadId } of random.shuffled(letters).slice(0, random.whole(1, 5))) {
        for (let i = random.chance(0.2) ? 2 : 1; i > 0; i--) node.subscriber.redrive(deadId)
      }
      if (!random.chance(0.1)) return
      world.fault('crash', node)
      node.crash()
      chaos.restart(node)
    })
  }
}
