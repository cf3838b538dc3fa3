/**
 * Group commit: takes commits one by one, hands them to `write` in groups, calls each `done` in the order of the calls.
 *
 *     idle ─push─► gathering ─end of the turn─► writing ─written─► done, done … ─► gathering (if more came) or idle
 *                                                  └────failed───► failed: all that wait and all that come get the same error
 *
 * A commit that is not admitted keeps its place, so that its refusal too is told in order. Groups are bounded, so that
 * a long queue does not turn into one transaction that all wait for.
 */
import type { SkeinError } from '../base/errors.js'
import { callDone } from './check.js'
import type { StoreOp } from './store.js'

/** Measured: above this a larger group is no faster, and those in it only wait longer. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024
const GROUP_OPS_MAX = 4096

export interface CommitQueueParts {
  /** Writes all of these commits as one; rejects with what the store has failed of. */
  readonly write: (groups: ReadonlyArray<readonly StoreOp[]>) => Promise<void>
  /** Why this commit is refused, if it is. `first`: nothing was admitted to this group before. Throws what the store has failed of. */
  readonly admit: (ops: readonly StoreOp[], first: boolean) => SkeinError | undefined
  /** Makes what room can be made at once, before something is refused for want of it. Undefined where there is nothing to gain. */
  readonly relieve?: () => Promise<void> | undefined
}

interface Pending {
  readonly ops: readonly StoreOp[]
  readonly done: (error?: Error) => void
  refusal: SkeinError | undefined
}

export class CommitQueue {
  readonly #parts: CommitQueueParts
  #waiting: Pending[] = []
  #writing: Pending[] | undefined
  #scheduled = false
  #failure: SkeinError | undefined
  #idle: Array<() => void> = []

  constructor (parts: CommitQueueParts) { this.#parts = parts }

  push (ops: readonly StoreOp[], done: (error?: Error) => void): void {
    this.#waiting.push({ ops, done, refusal: undefined })
    this.#schedule()
  }

  /** Settles the group under way, and all that wait, with `error`. The first failure stays. */
  fail (error: SkeinError): void {
    this.#failure ??= error
    this.#finish()
  }

  /** Resolves when nothing is under way. */
  async idle (): Promise<void> {
    if (this.#writing === undefined && this.#waiting.length === 0) return
    await new Promise<void>(resolve => { this.#idle.push(resolve) })
  }

  #schedule (): void {
    if (this.#scheduled || this.#writing !== undefined) return
    this.#scheduled = true
    // What is committed later in this turn of the event loop still comes along.
    setImmediate(() => {
      this.#scheduled = false
      this.#start()
    })
  }

  #start (): void {
    const group = this.#takeGroup()
    this.#writing = group
    const admitted = this.#admitted(group)
    const relief = group.some(({ refusal }) => refusal !== undefined) ? this.#parts.relieve?.() : undefined
    if (relief === undefined) this.#write(group, admitted)
    else relief.then(() => { if (this.#writing === group) this.#write(group, this.#admitted(group)) }, error => { this.fail(error as SkeinError) })
  }

  #write (group: Pending[], admitted: ReadonlyArray<readonly StoreOp[]>): void {
    if (this.#failure !== undefined || admitted.length === 0) {
      this.#finish()
      return
    }
    this.#parts.write(admitted).then(
      () => { if (this.#writing === group) this.#finish() },
      error => { this.fail(error as SkeinError) }
    )
  }

  #admitted (group: readonly Pending[]): Array<readonly StoreOp[]> {
    const admitted: Array<readonly StoreOp[]> = []
    for (const pending of group) {
      if (this.#failure !== undefined) return []
      // An empty commit writes nothing: it tells when those before it are on disk.
      if (pending.ops.length === 0) continue
      try {
        pending.refusal = this.#parts.admit(pending.ops, admitted.length === 0)
        if (pending.refusal === undefined) admitted.push(pending.ops)
      } catch (error) {
        this.#failure = error as SkeinError
      }
    }
    return admitted
  }

  #takeGroup (): Pending[] {
    let bytes = 0
    let ops = 0
    let count = 0
    for (const pending of this.#waiting) {
      ops += pending.ops.length
      for (const op of pending.ops) if (op.type === 'put') bytes += op.value.length
      if (count > 0 && (bytes > GROUP_BYTES_MAX || ops > GROUP_OPS_MAX)) break
      count++
    }
    if (count === this.#waiting.length) {
      const all = this.#waiting
      this.#waiting = []
      return all
    }
    return this.#waiting.splice(0, count)
  }

  #finish (): void {
    const group = this.#writing ?? []
    this.#writing = undefined
    for (const pending of group) callDone(pending.done, this.#failure ?? pending.refusal)
    if (this.#waiting.length > 0) {
      this.#schedule()
      return
    }
    if (this.#writing !== undefined) return
    const idle = this.#idle
    this.#idle = []
    for (const resolve of idle) resolve()
  }
}
