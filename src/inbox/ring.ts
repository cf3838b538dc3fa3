import type { Cursor } from './cursor.js'
import { TURN_RECORDS } from './limits.js'

/** The cursors that may have something to hand out. They take turns, some records each. */
export class Ring {
  readonly #cursors: Cursor[] = []

  get size (): number { return this.#cursors.length }
  /** Whose turn it is. */
  get first (): Cursor | undefined { return this.#cursors[0] }

  /** Returns whether it was not in the ring before. */
  add (cursor: Cursor): boolean {
    if (cursor.active || cursor.gone) return false
    cursor.active = true
    cursor.turn = TURN_RECORDS
    this.#cursors.push(cursor)
    return true
  }

  /** The first has handed out a record. */
  used (): void {
    const first = this.#cursors[0] as Cursor
    if (--first.turn <= 0) this.rotate()
  }

  rotate (): void {
    const first = this.#cursors.shift() as Cursor
    first.turn = TURN_RECORDS
    this.#cursors.push(first)
  }

  /** The first has nothing at the moment. */
  leave (): void {
    (this.#cursors.shift() as Cursor).active = false
  }

  remove (cursor: Cursor): void {
    const i = this.#cursors.indexOf(cursor)
    if (i !== -1) this.#cursors.splice(i, 1)
    cursor.active = false
  }
}
