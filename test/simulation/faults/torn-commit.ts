import type { FaultClass } from '../chaos.js'

/**
 * A crash while commits are on their way to the disk. The store commits to new pages and then turns one root page over, and
 * waits for the disk in between: writes that are torn or overtake one another are to pages that no root names yet. So what a crash leaves is the
 * state after some commit: of those that were not done the first few are there as a whole, and the rest is not there at all.
 * That the embedded store does so is for its own tests; what the nodes make of it is tested here.
 */
export const tornCommit: FaultClass = {
  name: 'torn-commit',
  what: 'a crash in the middle of commits: some that nobody was told of are on disk',
  begin (chaos) {
    const { world, random } = chaos
    chaos.every(random.pick([1_500, 5_000, 15_000]), () => {
      const node = chaos.some(each => each.isAwake && (each.store?.underWay ?? 0) > 0) ?? chaos.some()
      if (node === undefined) return
      const kept = random.whole(0, node.store?.underWay ?? 0)
      world.fault('torn-commit', node, `${kept} kept`)
      node.crash({ kept, silently: random.chance(0.5) })
      chaos.restart(node)
    })
  }
}
