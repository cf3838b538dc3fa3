/** What is under way of one subscription: records handed out, waiting, held back or ready to come again. `entry.ts` has the states. */
import { Cursor } from './cursor.js'
import { DueHeap } from '../base/due-heap.js'
import type { Entry } from './entry.js'
import { KeyLanes } from './key-lanes.js'

const byPosition = (cursor: Cursor): Entry[] => cursor.entries.values().sort((a, b) => a.position - b.position)

export interface WorkParts {
  cursors (): Iterable<Cursor>
  /** The cursor may have something to hand out. */
  activate (cursor: Cursor): void
  /** There may be something for consumers that wait. */
  tell (): void
  /** The cursor's watermark moved. */
  moved (cursor: Cursor): void
  wakeAt (atMs: number): void
  timedOut (entry: Entry, nowMs: number): void
}

export class Work {
  readonly lanes = new KeyLanes()
  /** Records come in order per key, not per log. */
  keyed = false
  /** Entries of all cursors. */
  count = 0
  /** Some cursor stopped because there were too many entries. */
  crowded = false
  readonly #parts: WorkParts
  readonly #due = new DueHeap<Entry | Cursor>()
  #ready: Entry[] = []
  /** Ready, but not before what was judged of their logs is on disk. */
  #aside: Entry[] = []

  constructor (parts: WorkParts) { this.#parts = parts }

  get nextDueAt (): number { return this.#due.nextAt }
  get readyCount (): number { return this.#ready.length }
  takeReady (): Entry | undefined { return this.#ready.shift() }

  keep (entry: Entry): void {
    const { cursor, position } = entry
    if (cursor.entries.get(position) === entry) return
    cursor.entries.set(position, entry)
    if (position > cursor.top && cursor.pending === undefined) cursor.top = position
    this.count++
  }

  wait (item: Entry | Cursor, dueAt: number): void {
    if (!(item instanceof Cursor) && item.state === 'free') item.state = 'waiting'
    this.#due.set(item, dueAt)
    this.#parts.wakeAt(dueAt)
  }

  unwait (item: Entry | Cursor): void { this.#due.remove(item) }

  /** What is due: time-outs, redeliveries, waits for earlier logs. */
  wake (nowMs: number): void {
    for (let due = this.#due.takeDue(nowMs); due !== undefined; due = this.#due.takeDue(nowMs)) {
      if (due instanceof Cursor) this.#parts.activate(due)
      else if (due.state === 'in-flight') this.#parts.timedOut(due, nowMs)
      else if (this.keyed) this.#makeReady(due)
      else this.#parts.activate(due.cursor)
    }
  }

  #makeReady (entry: Entry): void {
    entry.state = 'ready'
    this.#ready.push(entry)
    this.#parts.tell()
  }

  setAside (entry: Entry): void { this.#aside.push(entry) }

  hasAside (cursor: Cursor): boolean { return this.#aside.some(entry => entry.cursor === cursor) }

  /** What was judged of this log is on disk. */
  resume (cursor: Cursor): void {
    if (this.#aside.length === 0) return
    const back = this.#aside.filter(entry => entry.cursor === cursor)
    this.#aside = this.#aside.filter(entry => entry.cursor !== cursor)
    for (const entry of back) this.#makeReady(entry)
  }

  /** Nacked or timed out: it holds back its log or its key until it is settled, and may come again at `dueAt`. */
  hold (entry: Entry, dueAt: number): void {
    entry.held = true
    entry.record = undefined
    if (!this.keyed) entry.cursor.holdBack(entry)
    entry.state = 'waiting'
    this.wait(entry, dueAt)
  }

  /** Back for anyone, at once. */
  free (entry: Entry, nowMs: number): void {
    entry.record = undefined
    if (entry.held) this.hold(entry, nowMs)
    else if (this.keyed) this.#makeReady(entry)
    else this.#rewind(entry)
  }

  /** To be found again by looking from its position. */
  #rewind (entry: Entry): void {
    const { cursor, position } = entry
    entry.state = 'free'
    if (entry.late) cursor.turnedUp.add(position, position)
    else cursor.next = Math.min(cursor.next, position)
    this.#parts.activate(cursor)
  }

  /** Its record cannot be read any more: the cursor goes back to it, and waits there like at any hole. */
  unread (entry: Entry): void {
    const { cursor, position } = entry
    this.#due.remove(entry)
    cursor.letGo(entry)
    entry.state = 'free'
    cursor.next = Math.min(cursor.next, position)
    this.#parts.activate(cursor)
  }

  settle (entry: Entry): void {
    const { cursor, position } = entry
    this.drop(entry)
    if (cursor.pending !== undefined) {
      cursor.pending.remove(position, position)
      cursor.unwritten.set(position, {})
    } else if (entry.late) {
      cursor.lost.remove(position, position)
    } else {
      if (cursor.doomed.size > 0) cursor.undoom(position, position)
      if (cursor.settle(position, position)) this.#parts.moved(cursor)
    }
  }

  /** Forgets an entry; whoever waited behind it goes on. */
  drop (entry: Entry): void {
    const { cursor } = entry
    if (cursor.entries.get(entry.position) === entry) {
      cursor.entries.delete(entry.position)
      this.count--
      if (this.crowded) this.#uncrowd()
    }
    this.#due.remove(entry)
    if (entry.held) {
      cursor.letGo(entry)
      this.#parts.activate(cursor)
    }
    const next = this.lanes.leave(entry)
    if (next !== undefined) this.#makeReady(next)
  }

  #uncrowd (): void {
    this.crowded = false
    for (const cursor of this.#parts.cursors()) if (cursor.stall === 'crowded') this.#parts.activate(cursor)
  }

  /** Forgets what is under way of a cursor; none of it is in flight any more. */
  forget (cursor: Cursor): void {
    this.#due.remove(cursor)
    for (const entry of byPosition(cursor)) {
      if (entry.state === 'blocked') this.lanes.withdraw(entry)
      this.drop(entry)
    }
    this.#ready = this.#ready.filter(entry => entry.cursor !== cursor)
    this.#aside = this.#aside.filter(entry => entry.cursor !== cursor)
  }

  setKeyed (keyed: boolean): void {
    if (keyed === this.keyed) return
    this.keyed = keyed
    this.lanes.clear()
    this.#ready = []
    this.#aside = []
    for (const cursor of this.#parts.cursors()) {
      cursor.heldBack = []
      if (cursor.entries.size === 0) continue
      for (const entry of byPosition(cursor)) this.#remode(entry)
      this.#parts.activate(cursor)
    }
  }

  #remode (entry: Entry): void {
    entry.holdsKey = false
    if (entry.state === 'free') return
    const inFlight = entry.state === 'in-flight'
    if (!inFlight && !entry.held) {
      this.#rewind(entry)
      return
    }
    if (this.keyed && entry.key !== undefined) this.lanes.share(entry, entry.key)
    if (!inFlight) this.hold(entry, entry.dueAt)
    else if (entry.held && !this.keyed) entry.cursor.holdBack(entry)
  }
}
