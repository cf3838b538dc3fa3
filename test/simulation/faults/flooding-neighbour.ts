import type { FaultClass } from '../chaos.js'
import { FLOODS, uselessFrame } from '../flood.js'

/** More would only take longer: its neighbours' budgets are used up by fewer. */
const FRAMES_MAX = 2_000

/** Whoever floods is cut off; what honest nodes owe one another they must not owe any longer for that. */
export const floodingNeighbour: FaultClass = {
  name: 'flooding-neighbour',
  what: 'a node sends its neighbours more than they can use: false summaries, offers and heads, wants, made-up logs, receipts',
  begin (chaos) {
    const { world, random } = chaos
    const node = chaos.traitor()
    if (node === undefined) return
    const kinds = random.shuffled(FLOODS).slice(0, random.whole(1, FLOODS.length))
    // To the checker a publisher whose heads are not true is as one that forked.
    world.fault(kinds.includes('made-up') ? 'forked' : 'floods', node, kinds.join(' '))
    const most = random.pick([1, 5, 40])
    let number = 0
    chaos.every(random.pick([200, 1_000, 4_000]), () => {
      if (number >= FRAMES_MAX) return
      const kind = random.pick(kinds)
      for (const { id } of node.network?.peers() ?? []) {
        for (let n = random.whole(1, most); n > 0; n--) {
          const frame = uselessFrame(node, random, kind, ++number)
          if (frame !== undefined) node.network?.send(id, frame)
        }
      }
    })
  }
}
