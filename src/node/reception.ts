import { bodyHolds, EPHEMERAL_TAG, signatureHolds, type SealedBatch } from '../message/batch.js'
import { formatIncarnation } from '../message/ids.js'
import { decodeRecords, type RecordFields } from '../message/record.js'
import type { Interest } from '../inbox/intake.js'
import type { GossipVerdict } from '../network/network.js'
import { EphemeralSeen } from '../outbox/ephemeral.js'
import type { LogState } from '../store/log-state.js'
import { GOSSIP_TOPICS } from './channels.js'
import { announcementCost, STRANGE_COST, VERIFY_COST } from './conduct.js'
import type { Engine } from './engine.js'
import { GOSSIP } from '../message/gossip-kinds.js'

/** What comes by gossip: whose business it is, whether it is passed on, and what live subscriptions see of it. */
export class Reception {
  readonly #e: Engine
  readonly #ephemeralSeen = new EphemeralSeen()
  #ownLack = false
  #isStrange = false

  constructor (engine: Engine) {
    this.#e = engine
  }

  /** The verdict; what the neighbour that passed it on made of work for nothing is charged to it. */
  gossip (topic: string, data: Uint8Array, from: string, bodyHash?: Uint8Array): GossipVerdict {
    const { conducts, meter } = this.#e
    if (conducts.isBanned(from)) return 'ignore'
    this.#ownLack = false
    this.#isStrange = false
    meter.taken()
    const verdict = this.#judge(topic, data, from, bodyHash)
    const verified = meter.taken()
    // Whoever passes gossip on has checked it first.
    if (verdict === 'reject') conducts.strike(from, 'gossip that does not hold')
    else if (verdict === 'ignore') conducts.charge(from, 0, (this.#isStrange ? STRANGE_COST : 1) + (topic === GOSSIP_TOPICS.directory ? announcementCost(data) : 0) + (this.#ownLack ? 0 : verified * VERIFY_COST))
    return verdict
  }

  #judge (topic: string, data: Uint8Array, from: string, bodyHash: Uint8Array | undefined): GossipVerdict {
    const kind = data[0]
    const bytes = data.subarray(1)
    if (topic === GOSSIP_TOPICS.directory) {
      if (kind === GOSSIP.fork) return this.#e.forks.arrived(bytes)
      return kind === GOSSIP.announcement ? this.#e.directory.arrived(bytes, from) : 'ignore'
    }
    const channel = GOSSIP_TOPICS.channelOf(topic)
    // A later version may send what this one does not know.
    this.#isStrange = channel === undefined || (kind !== GOSSIP.batch && kind !== GOSSIP.ephemeral)
    if (channel === undefined || this.#e.isClosed || this.#isStrange) return 'ignore'
    const batch = this.#e.intake.open(bytes, bodyHash)
    if (batch === undefined || batch.log.channel !== channel) return 'reject'
    // Nothing of a publisher that forked is passed on either, whoever wants it.
    if (kind === GOSSIP.ephemeral ? this.#e.forks.has(batch.log.publisher) : this.#e.forks.isClosed(batch.log)) return 'ignore'
    if (kind === GOSSIP.ephemeral) return this.#gossipEphemeral(batch)
    this.#e.counters.add('gossip_batches')
    const offered = this.#e.intake.offer(batch, undefined)
    const log = this.#e.book.get(batch.logKey)
    if (log !== undefined) {
      if (offered === 'new') this.#e.puller.gossiped(log)
      // A batch that could not be taken now shows what is missing all the same.
      if (offered === 'unwanted' && batch.last > log.head && this.#e.channels.isJoined(channel) && signatureHolds(this.#e.options.crypto, batch)) this.#e.book.noteHeader(log, batch)
    }
    // What this node has no room for is none of the neighbour's doing.
    this.#ownLack = offered === 'unwanted'
    if (offered === 'new') {
      this.#e.came(batch.log.publisher, batch.time, from, channel)
      return 'accept'
    }
    if (offered === 'bad') {
      this.#e.counters.add('bad_batches')
      this.#e.options.log.debug({ from }, 'a batch that does not hold')
      return 'reject'
    }
    // What this node has no room for others may have, so that it is passed on if it is genuine.
    if (offered === 'unwanted' && this.#e.custodian.hasRefused(batch)) {
      if (!this.#e.intake.isGenuine(batch)) return 'reject'
      this.#e.came(batch.log.publisher, batch.time, from, channel)
      return 'accept'
    }
    return offered === 'unwanted' && this.interest(batch) === 'none' ? 'accept' : 'ignore'
  }

  #gossipEphemeral (batch: SealedBatch): GossipVerdict {
    if (batch.log.publisher === this.#e.self) return 'ignore'
    if (!signatureHolds(this.#e.options.crypto, batch, EPHEMERAL_TAG) || !bodyHolds(this.#e.options.crypto, batch)) return 'reject'
    if (!this.#ephemeralSeen.add(batch)) return 'ignore'
    if (!this.#e.inbox.hasLive(batch.log.channel, true)) return 'accept'
    try {
      this.offerLive(batch, decodeRecords(batch.body, batch.count, batch.log.channel), true)
    } catch {
      return 'reject'
    }
    return 'accept'
  }

  interest (batch: SealedBatch): Interest {
    const { channel, publisher } = batch.log
    if (publisher === this.#e.self) {
      // Our own earlier records come back when our store lost its tail; of the present life only what our disk has spoilt.
      const log = this.#e.book.get(batch.logKey)
      return log !== undefined && (!this.#e.own.isCurrent(log) || this.#e.wants.isWantedBack(log, batch.base, batch.last)) ? 'keep' : 'none'
    }
    if (!this.#e.channels.isJoined(channel)) return 'none'
    if (this.#e.options.settings.relay === true || this.#e.inbox.wantsChannel(channel)) return 'keep'
    return this.#e.inbox.hasLive(channel) ? 'live' : 'none'
  }

  held (log: LogState, batches: SealedBatch[], pulledFrom: string | undefined): void {
    let from = Number.POSITIVE_INFINITY
    let to = 0
    for (const batch of batches) {
      this.#e.counters.add('received_messages', batch.count)
      from = Math.min(from, batch.base)
      to = Math.max(to, batch.last)
    }
    // The row of a log is written by the lane that publishes in it.
    if (this.#e.own.isCurrent(log)) this.#e.outbox.housekeep(() => [this.#e.book.row(log)])
    this.#e.receipting.stored(log)
    if (pulledFrom !== undefined) this.#e.repair.offers.pulled(log, from, to, pulledFrom)
    if (this.#e.inbox.hasLive(log.channel)) for (const batch of batches) this.offerHeldLive(log, batch)
  }

  offerHeldLive (log: LogState, batch: SealedBatch): void {
    const open = this.#e.book.read(log, batch.base)
    if (open !== undefined) this.offerLive(open.batch, open.records)
  }

  offerLive (batch: SealedBatch, records: RecordFields[], ephemeral = false): void {
    const { publisher, channel } = batch.log
    const incarnation = ephemeral ? '' : formatIncarnation(batch.log.incarnation)
    for (const [i, record] of records.entries()) this.#e.inbox.offerLive(record, { publisher, incarnation, channel, position: ephemeral ? 0 : batch.base + i, ephemeral })
  }
}
