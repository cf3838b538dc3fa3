import type { RecordFields } from '../message/record.js'
import type { Cursor } from './cursor.js'
import type { Due } from '../base/due-heap.js'

/**
 * A record that was looked at and is not settled.
 *
 *     free ──handed out──► in-flight ──ack, reject──► (gone)
 *      ▲ ▲                  │     │
 *      │ └──consumer closed─┘     └──nack, time-out──► waiting ──due──► handed out again
 *      │
 *     blocked, behind its key (keyed only) ──key free──► ready ──► handed out
 *
 * `free` is found again by looking from the cursor's next position; `ready` is in the subscription's list.
 */
export type EntryState = 'free' | 'in-flight' | 'waiting' | 'blocked' | 'ready'

export class Entry implements Due {
  state: EntryState = 'free'
  /** Deliveries so far, the one in flight included. */
  attempts = 0
  /** It was nacked or timed out: it holds back its log, or its key. */
  held = false
  key: string | undefined = undefined
  /** Others of its key wait for it. */
  holdsKey = false
  /** It was given up as unrecoverable, and turned up. */
  late = false
  token = 0
  /** The consumer that has it. */
  owner: object | undefined = undefined
  /** While in flight: what is buried if it comes to that, whatever becomes of the batch. */
  record: RecordFields | undefined
  /** Time-out while in flight, next attempt while waiting. */
  dueAt = 0
  heapIndex = -1

  constructor (readonly cursor: Cursor, readonly position: number) {}
}
