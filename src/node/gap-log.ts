import { fromUtf8, utf8 } from '../base/bytes.js'
import type { Clock } from '../base/clock.js'
import type { Gap, GapReason, GapReport } from '../message/reports.js'
import type { Store, StoreOp } from '../store/store.js'

const KEY = utf8('gaps')
/** Gaps that are remembered. */
const RECENT_GAPS_MAX = 100
/** Within which they are on disk. */
const WRITE_MS = 250

/** The latest gaps, and positions by reason: for whoever looks later. What each subscription has counted stands in its cursors. */
export class GapLog {
  readonly #clock: Clock
  readonly #store: Store
  #recent: GapReport[] = []
  readonly #positions: Record<GapReason, number> = { expired: 0, evicted: 0, unrecoverable: 0, restored: 0, forked: 0 }
  #dirty = false

  constructor (clock: Clock, store: Store) {
    this.#clock = clock
    this.#store = store
    const row = store.get('meta', KEY)
    if (row === undefined) return
    try {
      const { recent, positions } = JSON.parse(fromUtf8(row)) as { recent: GapReport[], positions: Record<GapReason, number> }
      this.#recent = recent
      Object.assign(this.#positions, positions)
    } catch {
      // A damaged row: the log begins anew.
    }
  }

  get byReason (): Readonly<Record<GapReason, number>> { return { ...this.#positions } }

  /** The newest first. */
  recent (count = RECENT_GAPS_MAX): GapReport[] { return this.#recent.slice(-count).reverse() }

  add (gap: Gap): void {
    this.#positions[gap.reason] += gap.to - gap.from + 1
    this.#recent.push({ ...gap, time: Math.floor(this.#clock.wallMs()) })
    if (this.#recent.length > RECENT_GAPS_MAX) this.#recent.shift()
    if (this.#dirty) return
    this.#dirty = true
    this.#clock.after(WRITE_MS, () => {
      const ops = this.takeDirty()
      if (ops.length > 0) this.#store.commit(ops, () => {})
    })
  }

  takeDirty (): StoreOp[] {
    if (!this.#dirty) return []
    this.#dirty = false
    return [{ type: 'put', table: 'meta', key: KEY, value: utf8(JSON.stringify({ recent: this.#recent, positions: this.#positions })) }]
  }
}
