import type { ConsumerHandle } from '../../../src/inbox/inbox.js'
import type { FaultClass } from '../chaos.js'
import { Ephemerals, type Listener } from '../ephemerals.js'

const TOPICS = ['a/x', 'a/y', 'b/x', 'c']
const FILTERS = [['#'], ['a/#'], ['+/x', 'c']]

/** At most once, to whoever is attached, and never a gap. */
export const ephemeral: FaultClass = {
  name: 'ephemeral',
  what: 'applications publish without durability too, and consumers with and without a name come and go',
  begin (chaos) {
    const { world, random } = chaos
    const ephemerals = new Ephemerals(world)
    for (const node of world.nodes) node.subscriber.ephemeral = (listener, raw) => { ephemerals.took(listener, raw) }
    chaos.every(random.pick([100, 400, 1_500]), () => {
      const node = chaos.some()
      if (node === undefined) return
      for (let i = random.chance(0.1) ? random.whole(2, 80) : 1; i > 0; i--) ephemerals.publish(node, random.pick(TOPICS))
    })
    chaos.every(random.pick([1_000, 4_000]), () => {
      const node = chaos.some(each => each.isAwake && each.subscriber.plans.size > 0)
      if (node === undefined) return
      const name = random.pick([...node.subscriber.plans.keys()])
      node.subscriber.detach(name)
      chaos.after(random.between(10, 3_000), () => { node.subscriber.attach(name) })
    })
    chaos.onHeal(() => { for (const node of world.nodes) for (const name of node.subscriber.plans.keys()) node.subscriber.attach(name) })
    let lives = 0
    chaos.every(random.pick([1_000, 5_000]), () => {
      const node = chaos.some()
      const { engine } = node ?? {}
      if (node === undefined || engine === undefined || engine.isClosed || node.isStopping) return
      const filters = random.pick(FILTERS)
      let attached = true
      const listener: Listener = { node, name: `live-${lives++}`, filters, sinceMs: world.clock.nowMs(), isAttached: () => attached }
      let handle: ConsumerHandle | undefined
      const pump = (): void => {
        for (let raw = handle?.next(); raw !== undefined; raw = handle?.next()) if (raw.ephemeral) ephemerals.took(listener, raw)
      }
      handle = engine.inbox.attachLive(filters, { maxBuffered: random.pick([2, 64]), ready: pump, closed: () => { attached = false } })
      chaos.after(random.between(10, 5_000), () => {
        attached = false
        if (node.engine === engine) handle?.close()
      })
    })
  }
}
