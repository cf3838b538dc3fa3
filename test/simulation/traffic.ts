import { GOSSIP } from '../../src/message/gossip-kinds.js'
import { FRAME } from '../../src/repair/frames.js'

/** What reached nodes, counted: bytes, and for each gossiped batch how far it had come and how often it came again. */
export class Traffic {
  bytes = 0
  /** Of these, gossip on channels, all other gossip, and frames of links by their kind. */
  channelBytes = 0
  directoryBytes = 0
  readonly frames = new Map<string, { count: number, bytes: number }>()
  /** First arrivals of gossiped batches by the number of hops they took. */
  readonly hops: number[] = []
  duplicates = 0
  /** A message goes on as the same bytes, so that these stand for it. */
  readonly #seen = new WeakMap<Uint8Array, Map<string, number>>()

  readonly observe = (what: string, from: string, to: string, data: Uint8Array | undefined): void => {
    if (data === undefined) return
    this.bytes += data.length
    if (what === 'frame') this.#frame(data)
    else if (what === 'gossip') this.#gossip(from, to, data)
  }

  reset (): void {
    this.bytes = this.channelBytes = this.directoryBytes = this.duplicates = 0
    this.hops.length = 0
    this.frames.clear()
  }

  get arrivals (): number { return this.hops.reduce((sum, n) => sum + (n ?? 0), 0) }

  #frame (data: Uint8Array): void {
    const kind = NAMES.get(data[0] as number) ?? 'other'
    let entry = this.frames.get(kind)
    if (entry === undefined) this.frames.set(kind, entry = { count: 0, bytes: 0 })
    entry.count++
    entry.bytes += data.length
  }

  #gossip (from: string, to: string, data: Uint8Array): void {
    if (data[0] !== GOSSIP.batch) {
      this.directoryBytes += data.length
      return
    }
    this.channelBytes += data.length
    let at = this.#seen.get(data)
    // Whoever sends it first has it from nobody.
    if (at === undefined) this.#seen.set(data, at = new Map([[from, 0]]))
    if (at.has(to)) {
      this.duplicates++
      return
    }
    const hops = (at.get(from) ?? 0) + 1
    at.set(to, hops)
    this.hops[hops] = (this.hops[hops] ?? 0) + 1
  }
}

const NAMES = new Map(Object.entries(FRAME).map(([name, byte]) => [byte as number, name]))
