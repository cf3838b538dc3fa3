import { RangeSet } from '../base/range-set.js'
import { Slots } from '../base/slots.js'
import { formatIncarnation } from '../message/ids.js'
import type { SkeinError } from '../base/errors.js'
import type { DeadLetter, GapReason } from '../message/reports.js'
import type { LogState } from '../store/log-state.js'
import type { Due } from '../base/due-heap.js'
import type { Entry } from './entry.js'
import { DOOMED_RANGES_MAX, LOST_RANGES_MAX } from './limits.js'
import type { SubscriptionCore } from './subscription-core.js'
import { Succession } from './succession.js'

export type SettleDone = (error?: SkeinError) => void

/** A dead letter on its way to the disk, in one commit with the cursor that lets go of the record. */
export interface PendingLetter {
  readonly sequence: number
  readonly row: Uint8Array
  readonly letter: DeadLetter
}

/** How a redriven letter was settled: acked, or buried again. */
export interface Resettled {
  readonly letter?: PendingLetter
}

/** Why a cursor hands out nothing at the moment. */
export type Stall = 'none' | 'end' | 'hole' | 'peek' | 'window' | 'crowded' | 'held' | 'gate' | 'judged'

/** Where one subscription stands in one log. */
export class Cursor implements Due {
  readonly incarnation: string
  /** The first position that the subscription claims. */
  start = 1
  /** While the start is still sought by time: ms since 1970; 0 when it is found. */
  since = 0
  /** Everything settled, what lies before the start included. */
  settled = new RangeSet()
  /** All up to here is settled. */
  mark = 0
  /** Settled as unrecoverable or lost by its publisher: delivered late when it turns up. */
  lost = new RangeSet()
  /** Of `lost`, what has turned up and was not looked at yet. */
  turnedUp = new RangeSet()
  /** Known not to come, and not reached yet. */
  readonly doomed = new Map<GapReason, RangeSet>()
  readonly entries = new Slots<Entry>()
  /** In order of position: nacked or timed out and not settled. Used when records are handed out in order. */
  heldBack: Entry[] = []
  /** Everything below was looked at. */
  next = 1
  /** Nothing above was ever settled or has an entry. */
  top = 0
  /** The publisher's earlier log is done with, as far as this one waits for it. */
  gateOpen = false
  gateDeadline = 0
  /** Of the earlier log all is settled up to here, and this one waits until so much of what was judged of it is on disk. */
  gate: { readonly earlier: Cursor, readonly through: number, readonly judged: number } | undefined
  readonly successors = new Set<Cursor>()
  /** A later log says that this one ends here: what lies beyond is late. */
  closedAt = Number.POSITIVE_INFINITY
  succession = new Succession()
  acked = 0
  redelivered = 0
  expired = 0
  gaps = 0

  active = false
  stall: Stall = 'none'
  /** The position that it waits for, when it stalls at a hole. */
  wanted = 0
  turn = 0
  dueAt = 0
  heapIndex = -1

  /**
   * How often positions were settled because they had expired, were lost or lie before the start, or the start was found: by what clocks or a
   * commit under way said. A crash may take that back, so what lies behind is handed out when it is on disk: else what was passed over
   * might come after it, and what was handed out might be passed over.
   */
  judged = 0
  judgedOnDisk = 0
  /** `judged` when what lies ahead was last judged too. */
  judgedAhead = 0

  /** As of the last durable commit. */
  durableMark = 0
  durableRanges: Uint8Array = new Uint8Array(0)
  /** A row of it is on disk, or under way there. */
  hasRow = false
  /** It is forgotten: nothing of it is written any more. */
  gone = false
  dirty = false
  acks: SettleDone[] = []
  /** Of `acks`, the one that answers for many, as long as more may join it. */
  #shared: Promise<void> | undefined
  letters: PendingLetter[] = []
  /** Redriven letters that are settled again, which is not on disk yet. What is on disk of them no longer holds. */
  readonly unwritten = new Map<number, Resettled>()
  /** Letters to redrive once it is on disk that they are dead again. */
  later: Array<{ readonly sequence: number, readonly done: SettleDone }> = []

  /** `pending` only in the cursor over redriven dead letters: their sequence numbers take the place of positions. */
  constructor (readonly log: LogState, readonly core: SubscriptionCore, readonly pending?: RangeSet) {
    this.incarnation = formatIncarnation(log.incarnation)
  }

  /** Settles `from..to`. Returns whether the watermark moved. */
  settle (from: number, to: number): boolean {
    this.settled.add(from, to)
    if (to > this.top) this.top = to
    if (from > this.mark + 1 || to <= this.mark) return false
    this.mark = this.settled.firstMissing(this.mark + 1) - 1
    return true
  }

  /** Everything up to `through` is no claim of the subscription. */
  skipThrough (through: number): void {
    if (through < 1) return
    this.settle(1, through)
    this.start = Math.max(this.start, through + 1)
    this.next = Math.max(this.next, through + 1)
    this.undoom(1, through)
  }

  get awaitsDisk (): boolean { return this.judged !== this.judgedOnDisk }

  /** Positions known and not settled. */
  get lag (): number { return Math.max(0, this.log.head - this.settled.countIn(1, this.log.head)) }

  /** Lowest position that must be kept for this cursor. */
  get floor (): number {
    const late = this.lateFloor()
    return Math.min(this.durableMark + 1, late)
  }

  lateFloor (): number {
    if (this.lost.isEmpty) return Number.POSITIVE_INFINITY
    for (const { from, to } of this.lost.ranges()) {
      const present = this.log.held.firstPresent(from)
      if (present !== 0 && present <= to) return present
    }
    return Number.POSITIVE_INFINITY
  }

  /** Everybody who waits for what is settled here to be on disk. */
  takeAcks (): SettleDone[] {
    const { acks } = this
    this.acks = []
    this.#shared = undefined
    return acks
  }

  /** As a `done` in `acks`, one for all who ask before the next commit takes them. */
  whenOnDisk (): Promise<void> {
    return this.#shared ??= new Promise((resolve, reject) => {
      this.acks.push((error) => { if (error === undefined) resolve(); else reject(error) })
    })
  }

  /** Marks what is missing of `from..to` as not coming. Returns whether that was news. */
  doom (from: number, to: number, reason: GapReason): boolean {
    let news = false
    for (const range of this.settled.missing(from, to)) {
      for (const { from: low, to: high } of this.log.held.missing(range.from, range.to)) {
        let set = this.doomed.get(reason)
        if (set === undefined) this.doomed.set(reason, set = new RangeSet())
        if (set.size >= DOOMED_RANGES_MAX && low > set.last) return news
        // The first reason stays: it is what is told.
        for (const free of this.#undoomed(low, high)) {
          set.add(free.from, free.to)
          news = true
        }
      }
    }
    return news
  }

  /** What of these positions it waits for: not settled, not here and not known to be lost. */
  awaited (ranges: RangeSet): RangeSet {
    let left = ranges.without(this.settled).without(this.log.held)
    for (const set of this.doomed.values()) left = left.without(set)
    return left
  }

  #undoomed (from: number, to: number): Array<{ from: number, to: number }> {
    if (this.doomed.size === 1) return [...this.doomed.values()][0]?.missing(from, to) ?? []
    const all = new RangeSet()
    for (const set of this.doomed.values()) all.addAll(set)
    return all.missing(from, to)
  }

  /** The run from `position` on that will not come: up to what is settled or doomed for another reason. What is held is not doomed. */
  doomedFrom (position: number): { to: number, reason: GapReason } | undefined {
    for (const [reason, set] of this.doomed) {
      if (!set.has(position)) continue
      let to = set.firstMissing(position) - 1
      const settled = this.settled.firstPresent(position)
      if (settled !== 0) to = Math.min(to, settled - 1)
      return { to, reason }
    }
    return undefined
  }

  undoom (from: number, to: number): void {
    for (const [reason, set] of this.doomed) {
      set.remove(from, to)
      if (set.isEmpty) this.doomed.delete(reason)
    }
  }

  /** Settles `from..to` as given up by this node itself, so that it is delivered late when it turns up. */
  lose (from: number, to: number): void {
    this.lost.add(from, to)
    while (this.lost.size > LOST_RANGES_MAX) this.lost.remove(this.lost.first, this.lost.firstMissing(this.lost.first) - 1)
  }

  /** What has turned up of what was given up. Returns whether there is any. */
  noteArrived (from: number, to: number): boolean {
    // Should it be lost again, that is another matter, and is to be told again.
    if (this.doomed.size > 0) this.undoom(from, to)
    if (this.lost.isEmpty || !this.lost.overlaps(from, to)) return false
    for (const range of this.lost.ranges()) {
      if (range.to < from || range.from > to) continue
      this.turnedUp.add(Math.max(from, range.from), Math.min(to, range.to))
    }
    return true
  }

  holdBack (entry: Entry): void {
    if (this.heldBack.includes(entry)) return
    let i = this.heldBack.length
    while (i > 0 && (this.heldBack[i - 1] as Entry).position > entry.position) i--
    this.heldBack.splice(i, 0, entry)
  }

  letGo (entry: Entry): void {
    const i = this.heldBack.indexOf(entry)
    if (i !== -1) this.heldBack.splice(i, 1)
  }
}
