import type { FaultClass } from '../chaos.js'

export const pauses: FaultClass = {
  name: 'pauses',
  what: 'a process stands still for up to a minute (SIGSTOP), then does everything at once',
  begin (chaos) {
    const { world, random } = chaos
    const lastsMs = random.pick([1_000, 10_000, 60_000])
    chaos.every(random.between(2_000, 12_000), () => {
      const node = chaos.some()
      if (node === undefined) return
      world.fault('pause', node)
      node.pause()
      chaos.after(random.between(100, lastsMs), () => { node.resume() })
    })
    chaos.onHeal(() => { for (const node of world.nodes) node.resume() })
  }
}
