import { concat, readU64, u64 } from './keys.js'
import type { Store } from './store.js'

const KEY = Buffer.from('lived')

/**
 * How long this node has lived, over all its starts, ms. Only the wall clock tells how long a node was away, and a wall clock may jump:
 * so each step counts for no more than `stepMaxMs`. A clock that is set ahead by a year ages nothing by a year, and neither does a year in
 * which the node did not run.
 *
 *     meta: lived  →  [lived u64][wall clock when it was written u64]
 */
export class Lived {
  readonly #store: Store
  readonly #wallMs: () => number
  readonly #stepMaxMs: number
  #ms = 0
  #lastWallMs: number
  #writtenMs = Number.NEGATIVE_INFINITY

  constructor (store: Store, wallMs: () => number, stepMaxMs: number) {
    this.#store = store
    this.#wallMs = wallMs
    this.#stepMaxMs = stepMaxMs
    this.#lastWallMs = wallMs()
    const row = store.get('meta', KEY)
    if (row?.length === 16) {
      this.#ms = this.#writtenMs = readU64(row)
      this.#lastWallMs = readU64(row, 8)
    }
  }

  get ms (): number { return this.#ms }

  /** Counts what has passed since the last call. It is on disk now and then. */
  tick (): void {
    const now = Math.floor(this.#wallMs())
    this.#ms += Math.min(this.#stepMaxMs, Math.max(0, now - this.#lastWallMs))
    this.#lastWallMs = now
    if (this.#ms - this.#writtenMs < this.#stepMaxMs) return
    this.#writtenMs = this.#ms
    // Not awaited: after a crash a step is counted again at most.
    this.#store.commit([{ type: 'put', table: 'meta', key: KEY, value: concat(u64(this.#ms), u64(now)) }], () => {})
  }
}
