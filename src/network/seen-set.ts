import type { Clock } from '../base/clock.js'

const GENERATION_MS = 60_000
const GENERATION_SIZE_MAX = 50_000

/** Remembers what was seen in the last minute or two, within bounds: two generations, the older one forgotten as a whole. */
export class SeenSet {
  private young = new Set<string>()
  private old = new Set<string>()
  private sinceMs: number

  constructor (private readonly clock: Clock) {
    this.sinceMs = clock.nowMs()
  }

  /** False when it was seen before. */
  add (id: string): boolean {
    const nowMs = this.clock.nowMs()
    if (nowMs - this.sinceMs >= GENERATION_MS || this.young.size >= GENERATION_SIZE_MAX) {
      this.old = this.young
      this.young = new Set()
      this.sinceMs = nowMs
    }
    if (this.young.has(id) || this.old.has(id)) return false
    this.young.add(id)
    return true
  }
}
