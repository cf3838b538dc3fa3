import type { Clock, Timer } from '../base/clock.js'
import type { OpenBatch } from '../store/batch-cache.js'
import type { LogState } from '../store/log-state.js'
import type { CursorIndex } from './cursor-index.js'
import type { Cursor } from './cursor.js'
import { PASS_MS_MAX } from './limits.js'
import type { Sieve } from './sieve.js'

export interface ArrivalsParts {
  readonly clock: Clock
  readonly index: CursorIndex
  readonly sieve: Sieve
  /** The batch that holds a position; it stays at hand for whoever delivers from it. */
  read (log: LogState, position: number): OpenBatch | undefined
}

/**
 * Tells the cursors of a log what has come. Those that take nothing of it and have nothing else to do are not woken for each batch: they
 * pass over it all together, a little later.
 */
export class Arrivals {
  readonly #p: ArrivalsParts
  readonly #behind = new Set<LogState>()
  #timer: Timer | undefined
  #stopped = false

  constructor (parts: ArrivalsParts) { this.#p = parts }

  held (log: LogState, from: number, to: number): void {
    const { index, sieve, read } = this.#p
    const cursors = index.of(log)
    // Where nobody has caught up nobody reads it now.
    const open = cursors.length > 1 && cursors.some(cursor => isIdle(cursor) || sieve.reaches(log, cursor.next)) ? read(log, from) : undefined
    if (open === undefined) {
      for (const cursor of cursors) cursor.core.arrived(cursor, from, to)
      return
    }
    const takes = sieve.take(log, from, open.records.slice(from - open.batch.base, to + 1 - open.batch.base))
    for (const cursor of cursors) {
      if (!isIdle(cursor)) cursor.core.arrived(cursor, from, to)
      // It may have passed over less than there is, and wait for what came before.
      else if (takes.has(cursor.core)) cursor.core.activate(cursor)
      else this.#behind.add(log)
    }
    if (this.#behind.size > 0 && !this.#stopped) this.#timer ??= this.#p.clock.after(Math.min(PASS_MS_MAX, cursors.length - 1), () => { this.#pass() })
  }

  #pass (): void {
    this.#timer = undefined
    const behind = [...this.#behind]
    this.#behind.clear()
    if (this.#stopped) return
    for (const log of behind) for (const cursor of this.#p.index.of(log)) if (isIdle(cursor)) cursor.core.activate(cursor)
  }

  /** The log is past. */
  forget (log: LogState): void { this.#behind.delete(log) }

  stop (): void {
    this.#stopped = true
    this.#timer?.cancel()
  }
}

/** It waits for what comes next, and for nothing else. */
const isIdle = (cursor: Cursor): boolean => cursor.stall === 'end' && !cursor.active && cursor.lost.isEmpty && cursor.doomed.size === 0
