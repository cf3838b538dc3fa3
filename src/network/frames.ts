/**
 * What crosses a link, after `/skein/<mesh>/link/1` is agreed on:
 *
 * ```
 * ┌───────────────────────────┬──────────┬───────────────────┐
 * │ length: unsigned varint   │ kind: u8 │ payload           │   length counts kind and payload
 * └───────────────────────────┴──────────┴───────────────────┘
 * ```
 *
 * kind 0 data      a frame of the port's user
 *      1 ping      0–16 bytes, any
 *      2 pong      the ping's bytes
 *      3 choose    the peer with the smaller id chose this link of perhaps several: does it work?
 *      4 chosen    it does
 *      5 up        the link is in use from here on; data only after this
 *      6 bye       the last frame of a sender that wants to close; UTF-8, why. Who reads it closes the connection, or
 *                  answers with 7 when it has frames of its own under way before its own bye
 *      7 heard     the bye was read
 */
import { Uint8ArrayList } from 'uint8arraylist'
import { CONTROL_BYTES_MAX, WRITE_BATCH_BYTES } from './network-limits.js'

export const FRAME = { data: 0, ping: 1, pong: 2, choose: 3, chosen: 4, up: 5, bye: 6, heard: 7 } as const
export type FrameKind = typeof FRAME[keyof typeof FRAME]

const NOTHING = new Uint8Array(0)
/** Smaller frames are copied together, since each buffer of a list costs more than the copy. */
const COPY_BYTES_MAX = 4096
/** Longest prefix: a varint of four bytes and the kind. */
const PREFIX_BYTES_MAX = 5

interface Entry { readonly kind: FrameKind, readonly payload: Uint8Array }

/** Frames that wait to be written: pings and the like first, data in the order given. An async iterable of batches. */
export class FrameQueue {
  private control: Entry[] = []
  private data: Uint8Array[] = []
  private next = 0
  private controlBytes = 0
  private ended = false
  private last: Entry | undefined
  private wake: (() => void) | undefined
  /** Bytes of data that wait. */
  bytes = 0

  /** Takes over `frame`: the caller must not change it afterwards. */
  push (frame: Uint8Array): void {
    if (this.ended) return
    this.data.push(frame)
    this.bytes += frame.length + PREFIX_BYTES_MAX
    this.signal()
  }

  /** False when too many wait: the peer asks for more than it takes. */
  pushControl (kind: FrameKind, payload: Uint8Array = NOTHING): boolean {
    if (this.ended) return true
    this.controlBytes += payload.length + PREFIX_BYTES_MAX
    if (this.controlBytes > CONTROL_BYTES_MAX) return false
    this.control.push({ kind, payload })
    this.signal()
    return true
  }

  /** What waits is still read, then `last`, then the iteration ends. */
  end (last?: Entry): void {
    this.ended = true
    this.last = last
    this.signal()
  }

  /** Forgets what waits and ends. */
  clear (): void {
    this.control = []
    this.data = []
    this.next = 0
    this.bytes = 0
    this.controlBytes = 0
    this.end()
  }

  async * batches (): AsyncGenerator<Uint8ArrayList> {
    while (true) {
      if (this.control.length > 0 || this.next < this.data.length || this.last !== undefined) yield this.batch()
      else if (this.ended) return
      else await new Promise<void>((resolve) => { this.wake = resolve })
    }
  }

  private signal (): void {
    this.wake?.()
    this.wake = undefined
  }

  private batch (): Uint8ArrayList {
    const batch = new BatchWriter()
    for (const { kind, payload } of this.control) batch.add(kind, payload)
    this.control = []
    this.controlBytes = 0
    while (this.next < this.data.length && batch.bytes < WRITE_BATCH_BYTES) {
      const frame = this.data[this.next] as Uint8Array
      this.data[this.next++] = NOTHING
      this.bytes -= frame.length + PREFIX_BYTES_MAX
      batch.add(FRAME.data, frame)
    }
    if (this.next === this.data.length) {
      this.data = []
      this.next = 0
      if (this.last !== undefined) batch.add(this.last.kind, this.last.payload)
      this.last = undefined
    } else if (this.next > 1024) {
      this.data = this.data.slice(this.next)
      this.next = 0
    }
    return batch.finish()
  }
}

/** Puts frames one after the other: small ones copied together, large ones as they are. */
class BatchWriter {
  private readonly list = new Uint8ArrayList()
  private chunk = new Uint8Array(COPY_BYTES_MAX * 4)
  private used = 0
  private flushed = 0
  bytes = 0

  add (kind: FrameKind, payload: Uint8Array): void {
    const copy = payload.length <= COPY_BYTES_MAX
    if (this.chunk.length - this.used < PREFIX_BYTES_MAX + (copy ? payload.length : 0)) {
      this.flush()
      this.chunk = new Uint8Array(COPY_BYTES_MAX * 4)
      this.used = 0
      this.flushed = 0
    }
    const start = this.used
    let length = payload.length + 1
    while (length > 0x7f) {
      this.chunk[this.used++] = (length & 0x7f) | 0x80
      length >>>= 7
    }
    this.chunk[this.used++] = length
    this.chunk[this.used++] = kind
    if (copy) {
      this.chunk.set(payload, this.used)
      this.used += payload.length
      this.bytes += this.used - start
    } else {
      this.bytes += this.used - start + payload.length
      this.flush()
      this.list.append(payload)
    }
  }

  finish (): Uint8ArrayList {
    this.flush()
    return this.list
  }

  private flush (): void {
    if (this.used > this.flushed) this.list.append(this.chunk.subarray(this.flushed, this.used))
    this.flushed = this.used
  }
}
