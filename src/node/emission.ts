import { GOSSIP_BYTES_MAX } from '../base/limits.js'
import type { SealedBatch } from '../message/batch.js'
import type { RecordFields } from '../message/record.js'
import type { LogState } from '../store/log-state.js'
import { GOSSIP_TOPICS } from './channels.js'
import type { Engine } from './engine.js'
import { GOSSIP, tagged } from '../message/gossip-kinds.js'

/** A channel that fills is looked at so often, to see whether anything may go. */
const LOOK_MS = 20

/** What leaves this node by gossip once it may, and what the outbox asks of the others before it takes more. */
export class Emission {
  readonly #e: Engine
  /** Before that a channel that fills is not looked at again; only those that do. */
  readonly #lookMs = new Map<string, number>()

  constructor (engine: Engine) {
    this.#e = engine
  }

  /** Returns whether somebody takes more. */
  committed (log: LogState, batches: SealedBatch[]): boolean {
    this.#e.channels.published(log.channel)
    this.#e.headsMoved.add(log)
    this.#e.directory.changed()
    const topic = GOSSIP_TOPICS.ofChannel(log.channel)
    let isFull = false
    for (const batch of batches) {
      this.#e.counters.add('published_messages', batch.count)
      const { withheld, full } = this.#e.options.network.gossip(topic, framed(GOSSIP.batch, batch), batch.bodyHash)
      for (const peerId of withheld) this.#e.repair.offers.withheld(peerId, log, batch.base, batch.last)
      isFull = full
    }
    if (this.#e.inbox.hasLive(log.channel)) for (const batch of batches) this.#e.reception.offerHeldLive(log, batch)
    return !isFull
  }

  /** Returns whether somebody takes more. */
  sendEphemeral (batch: SealedBatch, records: RecordFields[]): boolean {
    const { channel } = batch.log
    this.#e.channels.published(channel)
    this.#e.counters.add('published_ephemeral', batch.count)
    const frame = framed(GOSSIP.ephemeral, batch)
    const sent = frame.length <= GOSSIP_BYTES_MAX ? this.#e.options.network.gossip(GOSSIP_TOPICS.ofChannel(channel), frame, batch.bodyHash) : undefined
    if (this.#e.inbox.hasLive(channel, true)) this.#e.reception.offerLive(batch, records, true)
    return sent?.full !== true
  }

  hasRoom (channel: string, bytes: number, records: number): boolean {
    if (this.#e.retention.hasRoom(channel, bytes, records, () => { this.#fills(channel) })) return true
    if (!this.#e.housekeeping.isTrimDue(channel) && this.#e.retention.canMakeRoom(channel)) this.#e.housekeeping.trim([channel])
    return false
  }

  /** There is room still. Publishes that come later are not to wait for more of it. */
  #fills (channel: string): void {
    const now = this.#e.options.clock.nowMs()
    if (now < (this.#lookMs.get(channel) ?? 0) || this.#e.housekeeping.isTrimDue(channel)) return
    this.#lookMs.set(channel, now + LOOK_MS)
    if (this.#e.retention.canMakeRoom(channel)) this.#e.housekeeping.trim([channel])
  }

  /** Lowest position of a log that some durable subscription, here or elsewhere, has not settled. */
  floor (log: LogState): number {
    let floor = this.#e.inbox.floor(log)
    for (const { peerId, name } of this.#e.directory.claims(log.channel)) {
      // What a publisher has settled of its own log it tells nobody, and it needs nobody to keep that for it.
      if (peerId !== log.publisher) floor = Math.min(floor, this.#e.receipts.unsettledFrom(log, peerId, name))
    }
    return floor
  }
}

/** A batch of this node's for gossip. */
function framed (kind: number, { bytes, frame }: SealedBatch): Uint8Array {
  if (frame === undefined) return tagged(kind, bytes)
  frame[0] = kind
  return frame
}
