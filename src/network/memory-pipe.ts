import type { Clock, Timer } from '../base/clock.js'

/** What one end of a simulated link sends to the other. */
export type Parcel =
  | { readonly type: 'frame', readonly data: Uint8Array }
  /** `id` stands for topic and data. `forgotten`: the receiver takes it for new though it has had it. */
  | { readonly type: 'gossip', readonly topic: string, readonly data: Uint8Array, readonly id: string, readonly forgotten: boolean }
  | { readonly type: 'interest', readonly topic: string, readonly joined: boolean }
  /** The sender closed the link. */
  | { readonly type: 'end', readonly reason: string }

interface Travelling { readonly parcel: Parcel, readonly dueMs: number }

/** One direction of a link: first in, first out, each parcel after its latency. While it is blocked nothing arrives and nothing is lost. */
export class Pipe {
  private queue: Travelling[] = []
  private next = 0
  private timer: Timer | undefined
  private closed = false
  private lastDueMs = 0
  frameBytes = 0
  gossipBytes = 0

  constructor (
    private readonly clock: Clock,
    private readonly latencyMs: (bytes: number) => number,
    private readonly isBlocked: () => boolean,
    private readonly deliver: (parcel: Parcel) => void,
    /** Something was taken: the sender may have room again. */
    private readonly taken: () => void
  ) {}

  get empty (): boolean { return this.next === this.queue.length }

  push (parcel: Parcel): void {
    if (this.closed) return
    const bytes = size(parcel)
    if (parcel.type === 'frame') this.frameBytes += bytes
    else if (parcel.type === 'gossip') this.gossipBytes += bytes
    // Later parcels never overtake earlier ones.
    this.lastDueMs = Math.max(this.lastDueMs, this.clock.nowMs() + Math.max(0, this.latencyMs(bytes)))
    this.queue.push({ parcel, dueMs: this.lastDueMs })
    this.arm()
  }

  /** After a block was lifted. */
  arm (): void {
    const head = this.queue[this.next]
    if (this.timer !== undefined || this.closed || head === undefined || this.isBlocked()) return
    this.timer = this.clock.after(Math.max(0, head.dueMs - this.clock.nowMs()), () => {
      this.timer = undefined
      this.run()
    })
  }

  /** What is under way is lost. */
  close (): void {
    this.closed = true
    this.timer?.cancel()
    this.queue = []
    this.next = 0
    this.frameBytes = 0
    this.gossipBytes = 0
  }

  private run (): void {
    const nowMs = this.clock.nowMs()
    while (!this.closed && !this.isBlocked()) {
      const head = this.queue[this.next]
      if (head === undefined || head.dueMs > nowMs) break
      this.next++
      const { parcel } = head
      if (parcel.type === 'frame') this.frameBytes -= size(parcel)
      else if (parcel.type === 'gossip') this.gossipBytes -= size(parcel)
      this.deliver(parcel)
      this.taken()
    }
    if (this.next > 256 || this.empty) {
      this.queue = this.queue.slice(this.next)
      this.next = 0
    }
    this.arm()
  }
}

function size (parcel: Parcel): number {
  return parcel.type === 'frame' || parcel.type === 'gossip' ? parcel.data.length : 64
}
