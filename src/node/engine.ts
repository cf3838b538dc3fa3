/**
 * The engine: one node's rooms put together over the ports. Everything in it is synchronous, with callbacks: given a
 * simulated clock, network, store and signer, whole meshes of engines run in one process from one seed. `mesh-node.ts`
 * puts promises around it.
 */
import { GOSSIP_BYTES_MAX } from '../base/limits.js'
import type { Clock, Random } from '../base/clock.js'
import { concatBytes } from '../base/bytes.js'
import type { Crypto } from '../base/crypto.js'
import { SkeinError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { RangeSet } from '../base/range-set.js'
import { Directory } from '../directory/directory.js'
import { Inbox } from '../inbox/inbox.js'
import { Intake, type Interest } from '../inbox/intake.js'
import { Receipting } from '../inbox/receipting.js'
import { EPHEMERAL_TAG, bodyHolds, signatureHolds, type SealedBatch } from '../message/batch.js'
import { formatIncarnation } from '../message/ids.js'
import { decodeRecords, type RecordFields } from '../message/record.js'
import type { GossipVerdict, Network, NetworkNotice, NetworkPeer } from '../network/network.js'
import { Ephemeral, EphemeralSeen } from '../outbox/ephemeral.js'
import { Outbox, type PublishDone } from '../outbox/outbox.js'
import { OwnLogs } from '../outbox/own-logs.js'
import { expiredIds } from '../outbox/publish-ids.js'
import { ReceiptBook } from '../outbox/receipt-book.js'
import { Retention, RETENTION_INTERVAL_MS, retentionOf } from '../outbox/retention.js'
import { decodeFrame, encodeFrame } from '../repair/frames.js'
import { Provider } from '../repair/provider.js'
import { Puller, type Wanted } from '../repair/puller.js'
import { LOGS_MAX, Repair } from '../repair/repair.js'
import { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { Store } from '../store/store.js'
import type { DeadLetter, Gap, NodeOptions } from './api.js'
import { Channels, GossipTopics } from './channels.js'
import { Counters } from './counters.js'
import { Neighbours } from './neighbours.js'
import { ownAnnouncement } from './own-announcement.js'

/** What a gossip message begins with. */
const GOSSIP = { batch: 1, ephemeral: 2, announcement: 3 } as const
/** Receipts are written to disk so often: they can be had again. */
const RECEIPTS_WRITE_MS = 250
/** Others' logs may pass the quota by so much before nothing more is taken in: dropping runs now and then. */
const OTHERS_SLACK = 1.125

export interface EngineListener {
  peerUp (peer: NetworkPeer): void
  peerDown (peerId: string, reason: string): void
  notice (notice: NetworkNotice): void
  gap (gap: Gap): void
  buried (letter: DeadLetter): void
  forked (batch: SealedBatch): void
  ahead (batch: SealedBatch, aheadMs: number): void
  damaged (log: LogState, position: number): void
  failed (error: Error): void
}

export interface EngineOptions {
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  /** The mesh's hash, 16 bytes. */
  readonly mesh: Uint8Array
  readonly store: Store
  readonly network: Network
  readonly log: Logger
  readonly listener: EngineListener
  readonly settings: Pick<NodeOptions, 'relay' | 'retention' | 'publishWaitMs'>
}

export class Engine {
  readonly self: string
  readonly book: LogBook
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly own: OwnLogs
  readonly receipts: ReceiptBook
  readonly directory: Directory
  readonly neighbours: Neighbours
  readonly channels: Channels
  readonly counters = new Counters()
  readonly #o: EngineOptions
  readonly #topics: GossipTopics
  readonly #ephemeral: Ephemeral
  readonly #ephemeralSeen = new EphemeralSeen()
  readonly #intake: Intake
  readonly #puller: Puller
  readonly #provider: Provider
  readonly #repair: Repair
  readonly #receipting: Receipting
  readonly #retention: Retention
  readonly #quarantine = new Set<string>()
  /** Positions that will not come, by log: not asked for any more. */
  readonly #gone = new Map<LogState, RangeSet>()
  readonly #headsMoved = new Set<LogState>()
  #idsNext: Uint8Array | undefined
  #receiptsDue = false
  #trimDue = false
  #closed = false

  constructor (options: EngineOptions) {
    this.#o = options
    const { clock, random, crypto, mesh, store, network, settings } = options
    const self = this.self = network.peerId
    this.#topics = new GossipTopics(mesh)
    this.book = new LogBook({ store, crypto, mesh, self, wallMs: () => clock.wallMs() })
    this.neighbours = new Neighbours(clock, (peerId, reason, banMs) => { network.disconnect(peerId, reason, banMs) })
    const send = (peerId: string, frame: Uint8Array): boolean => network.send(peerId, frame)
    const strike = (peerId: string, reason: string): void => {
      this.counters.add('strikes')
      options.log.warn({ peerId, reason }, 'a neighbour broke the protocol')
      this.neighbours.strike(peerId)
    }
    const failed = (error: Error): void => { options.listener.failed(error) }

    this.own = new OwnLogs({ clock, random, crypto, mesh, self, store, book: this.book })
    this.inbox = new Inbox({
      clock, store, book: this.book, self,
      clockOffsetOf: (publisher) => this.neighbours.peer(publisher)?.clockOffsetMs ?? 0,
      listener: {
        gap: (gap) => { this.counters.add('gaps'); options.listener.gap(gap) },
        buried: (letter) => { options.listener.buried(letter) },
        processed: (log) => { this.#processed(log) },
        needsChanged: (log) => { this.#needsChanged(log) },
        failed
      }
    })
    this.receipts = new ReceiptBook({ store, book: this.book, crypto, mesh, self, ownProcessed: (log) => this.inbox.processed(log) })
    this.#retention = new Retention({
      clock, crypto, mesh, book: this.book,
      retention: (channel) => retentionOf(settings.retention ?? {}, channel),
      floor: (log) => this.#floor(log),
      localFloor: (log) => this.inbox.floor(log)
    })
    this.outbox = new Outbox({
      clock, store, book: this.book, own: this.own, publishWaitMs: settings.publishWaitMs ?? 5_000,
      hasRoom: (channel, bytes) => this.#hasRoom(channel, bytes),
      committed: (log, batches) => { this.#committed(log, batches) },
      failed
    })
    this.#ephemeral = new Ephemeral({ clock, random, crypto, mesh, self, send: (batch, records) => { this.#sendEphemeral(batch, records) } })
    this.#intake = new Intake({
      clock, crypto, mesh, store, book: this.book,
      interest: (batch) => this.#interest(batch),
      hasRoom: (batch) => this.book.bytes(batch.log.channel, false) < retentionOf(settings.retention ?? {}, batch.log.channel).bytes * OTHERS_SLACK,
      quarantined: (publisher) => this.#quarantine.has(publisher),
      live: (batch, records) => { this.#offerLive(batch, records) },
      forked: (batch) => { this.#forked(batch) },
      ahead: (batch, aheadMs) => { options.listener.ahead(batch, aheadMs) },
      held: (log, batches, pulledFrom) => { this.#held(log, batches, pulledFrom) },
      failed
    })
    this.#provider = new Provider({ clock, book: this.book, mesh, send })
    this.#puller = new Puller({
      clock, random, crypto,
      wanted: (log) => this.#wanted(log),
      underWay: (log) => this.#underWayOrGone(log),
      intakeFull: () => this.#intake.isFull,
      candidates: (log) => this.neighbours.inChannel(log.channel, log.publisher),
      send,
      open: (bytes) => this.#intake.open(bytes),
      offer: (batch, from, done) => {
        this.counters.add('pulled_batches')
        return this.#intake.offer(batch, from, done)
      },
      passed: (log, through, since) => { this.inbox.passed(log, through, since) },
      unavailable: (log, from, to, reason) => { this.#unavailable(log, from, to, reason) },
      strike
    })
    this.#repair = new Repair({
      clock, random, crypto, mesh, book: this.book, receipts: this.receipts,
      channels: () => this.channels.all(),
      takesPart: (channel) => this.channels.takesPart(channel),
      joined: (channel) => this.channels.isJoined(channel),
      open: (bytes) => this.#intake.open(bytes),
      send,
      peerChannels: (peerId, channels) => { for (const channel of channels) this.#interested(peerId, channel, true) },
      hopes: (peerId, log) => { this.#puller.hopes(peerId, log) },
      strike
    })
    this.#receipting = new Receipting({
      clock, crypto, mesh, self, book: this.book, receipts: this.receipts,
      processed: (log) => this.inbox.processed(log),
      isUp: (peerId) => this.neighbours.isUp(peerId),
      neighbours: (channel) => this.neighbours.inChannel(channel),
      send: (peerId, signed) => { send(peerId, encodeFrame('receipts', { signed: signed as Array<Uint8Array<ArrayBuffer>> })) },
      strike,
      takesPart: (channel) => this.channels.takesPart(channel)
    })
    this.directory = new Directory({
      clock, random, crypto, mesh, self, store,
      own: () => ownAnnouncement(this, network, settings.relay === true, this.#headsMoved),
      gossip: (page) => { network.gossip(this.#topics.directory, concatBytes([Uint8Array.of(GOSSIP.announcement), page])) },
      heard: (publisher, heads, joined) => {
        for (const { channel } of heads) this.channels.heard(channel)
        for (const channel of joined) this.channels.heard(channel)
        for (const { channel, incarnation, position, hash } of heads) {
          if (!this.channels.isJoined(channel) || this.book.size >= LOGS_MAX) continue
          this.book.noteHead(this.book.ensure({ publisher, incarnation, channel }), position, hash)
        }
      },
      subscriptionsChanged: () => { this.outbox.admitWaiting() }
    })
    this.channels = new Channels({
      relay: settings.relay === true,
      subscribed: (channel) => this.inbox.wantsChannel(channel) || this.inbox.hasLive(channel),
      named: () => this.inbox.namedChannels(),
      join: (channel) => { network.join(this.#topics.ofChannel(channel)) },
      leave: (channel) => { network.leave(this.#topics.ofChannel(channel)) },
      added: (channel) => { this.#channelAdded(channel) },
      overflow: (channel) => { options.listener.notice({ code: 'ERR_LIMIT', message: `there are more channels than this node may join; ${channel} and others are left out` }) }
    })
    this.book.listen({
      logLearned: (log) => { this.channels.heard(log.channel) },
      logChanged: (log) => { this.#logChanged(log) },
      recordsHeld: (log) => { this.#puller.notice(log) },
      batchDamaged: (log, from) => {
        this.counters.add('damaged_batches')
        options.listener.damaged(log, from)
        this.#puller.notice(log)
      }
    })
  }

  async start (): Promise<void> {
    const { network } = this.#o
    await network.start({
      peerUp: (peer) => { this.#peerUp(peer) },
      peerDown: (peerId, reason) => { this.#peerDown(peerId, reason) },
      frame: (peerId, frame) => { this.#frame(peerId, frame) },
      gossip: (topic, data, from) => this.#gossip(topic, data, from),
      drained: (peerId) => {
        this.#provider.drained(peerId)
        this.#repair.compare(peerId)
      },
      interest: (peerId, topic, joined) => {
        const channel = this.#topics.channelOf(topic)
        if (channel !== undefined) this.#interested(peerId, channel, joined)
      },
      notice: (notice) => { this.#o.listener.notice(notice) }
    })
    network.join(this.#topics.directory)
    for (const channel of this.book.channels()) {
      this.channels.heard(channel)
      for (const log of this.book.logs(channel)) if (log.own) this.channels.published(channel)
    }
    this.channels.refresh()
    this.directory.start()
    this.#housekeep()
    for (const log of this.book.all()) {
      this.#puller.notice(log)
      // What was committed just before the last stop may not have been told to anybody.
      this.#receipting.notice(log)
    }
  }

  // ---- publishing

  publish (record: RecordFields, done: PublishDone): void {
    this.outbox.publish(record, done)
  }

  publishEphemeral (record: RecordFields, done: (error?: SkeinError) => void): void {
    this.#ephemeral.publish(record, done)
  }

  #committed (log: LogState, batches: SealedBatch[]): void {
    this.channels.published(log.channel)
    this.#headsMoved.add(log)
    this.directory.changed()
    const topic = this.#topics.ofChannel(log.channel)
    for (const batch of batches) {
      this.counters.add('published_messages', batch.count)
      this.#o.network.gossip(topic, tagged(GOSSIP.batch, batch.bytes))
    }
    if (this.inbox.hasLive(log.channel)) for (const batch of batches) this.#offerHeldLive(log, batch)
  }

  #sendEphemeral (batch: SealedBatch, records: RecordFields[]): void {
    const { channel } = batch.log
    this.channels.published(channel)
    this.counters.add('published_ephemeral', batch.count)
    const frame = tagged(GOSSIP.ephemeral, batch.bytes)
    if (frame.length <= GOSSIP_BYTES_MAX) this.#o.network.gossip(this.#topics.ofChannel(channel), frame)
    if (this.inbox.hasLive(channel)) this.#offerLive(batch, records, true)
  }

  #hasRoom (channel: string, bytes: number): boolean {
    if (this.#retention.hasRoom(channel, bytes)) return true
    if (!this.#trimDue && this.#retention.canMakeRoom(channel)) this.#trim()
    return false
  }

  /** Lowest position of an own log that some durable subscription, here or elsewhere, has not settled. */
  #floor (log: LogState): number {
    let floor = this.inbox.floor(log)
    for (const { peerId, name } of this.directory.claims(log.channel)) floor = Math.min(floor, this.receipts.unsettledFrom(log, peerId, name))
    return floor
  }

  // ---- receiving

  #gossip (topic: string, data: Uint8Array, from: string): GossipVerdict {
    const kind = data[0]
    const bytes = data.subarray(1)
    if (topic === this.#topics.directory) return kind === GOSSIP.announcement ? this.directory.arrived(bytes) : 'reject'
    const channel = this.#topics.channelOf(topic)
    if (channel === undefined || this.#closed) return 'ignore'
    const batch = this.#intake.open(bytes)
    if (batch === undefined || batch.log.channel !== channel) return 'reject'
    if (kind === GOSSIP.ephemeral) return this.#gossipEphemeral(batch)
    if (kind !== GOSSIP.batch) return 'ignore'
    this.counters.add('gossip_batches')
    const offered = this.#intake.offer(batch, undefined)
    const log = this.book.get(batch.logKey)
    if (log !== undefined) {
      if (offered === 'new') this.#puller.gossiped(log)
      // A batch that could not be taken now shows what is missing all the same.
      if (offered === 'unwanted' && batch.last > log.head && this.channels.isJoined(channel)) this.book.noteHeader(log, batch)
    }
    if (offered === 'new') return 'accept'
    if (offered === 'bad') {
      this.counters.add('bad_batches')
      this.#o.log.debug({ from }, 'a batch that does not hold')
      return 'reject'
    }
    return offered === 'unwanted' && this.#interest(batch) === 'none' ? 'accept' : 'ignore'
  }

  #gossipEphemeral (batch: SealedBatch): GossipVerdict {
    if (this.#quarantine.has(batch.log.publisher) || batch.log.publisher === this.self) return 'ignore'
    if (!signatureHolds(this.#o.crypto, batch, EPHEMERAL_TAG) || !bodyHolds(this.#o.crypto, batch)) return 'reject'
    if (!this.#ephemeralSeen.add(batch)) return 'ignore'
    if (!this.inbox.hasLive(batch.log.channel)) return 'accept'
    try {
      this.#offerLive(batch, decodeRecords(batch.body, batch.count, batch.log.channel), true)
    } catch {
      return 'reject'
    }
    return 'accept'
  }

  #interest (batch: SealedBatch): Interest {
    const { channel, publisher } = batch.log
    if (publisher === this.self) {
      // Our own earlier records come back when our store lost its tail; of the present life there is nothing to learn.
      const log = this.book.get(batch.logKey)
      return log !== undefined && !this.own.isCurrent(log) ? 'keep' : 'none'
    }
    if (!this.channels.isJoined(channel)) return 'none'
    if (this.#o.settings.relay === true || this.inbox.wantsChannel(channel)) return 'keep'
    return this.inbox.hasLive(channel) ? 'live' : 'none'
  }

  #held (log: LogState, batches: SealedBatch[], pulledFrom: string | undefined): void {
    let from = Number.POSITIVE_INFINITY
    let to = 0
    for (const batch of batches) {
      this.counters.add('received_messages', batch.count)
      from = Math.min(from, batch.base)
      to = Math.max(to, batch.last)
    }
    this.#receipting.notice(log)
    if (pulledFrom !== undefined) this.#repair.pulled(log, from, to, pulledFrom)
    if (this.inbox.hasLive(log.channel)) for (const batch of batches) this.#offerHeldLive(log, batch)
  }

  #offerHeldLive (log: LogState, batch: SealedBatch): void {
    const open = this.book.read(log, batch.base)
    if (open !== undefined) this.#offerLive(open.batch, open.records)
  }

  #offerLive (batch: SealedBatch, records: RecordFields[], ephemeral = false): void {
    const { publisher, channel } = batch.log
    const incarnation = ephemeral ? '' : formatIncarnation(batch.log.incarnation)
    for (const [i, record] of records.entries()) this.inbox.offerLive(record, { publisher, incarnation, channel, position: ephemeral ? 0 : batch.base + i, ephemeral })
  }

  #forked (batch: SealedBatch): void {
    if (this.#quarantine.has(batch.log.publisher)) return
    this.#quarantine.add(batch.log.publisher)
    this.counters.add('forks')
    this.#o.log.error({ publisher: batch.log.publisher, channel: batch.log.channel, position: batch.base }, 'a publisher has signed two contents for one position; nothing more is taken from it')
    this.#o.listener.forked(batch)
  }

  // ---- repair

  #wanted (log: LogState): Wanted | undefined {
    if (this.#closed || this.#quarantine.has(log.publisher)) return undefined
    const keepFrom = Math.max(log.trimmed, log.dropped) + 1
    if (log.own) return this.own.isCurrent(log) ? undefined : { from: keepFrom, to: log.head, since: 0 }
    if (!this.channels.isJoined(log.channel)) return undefined
    const needs = this.inbox.needs(log)
    if (this.#o.settings.relay === true) return { from: Math.min(keepFrom, needs?.from ?? keepFrom), to: log.head, since: 0 }
    return needs === undefined ? undefined : { from: needs.from, to: log.head, since: needs.since }
  }

  #underWayOrGone (log: LogState): RangeSet | undefined {
    const under = this.#intake.underWay(log)
    const gone = this.#gone.get(log)
    if (gone === undefined) return under
    const both = gone.clone()
    if (under !== undefined) both.addAll(under)
    return both
  }

  #unavailable (log: LogState, from: number, to: number, reason: 'expired' | 'evicted' | 'unrecoverable'): void {
    let gone = this.#gone.get(log)
    if (gone === undefined) this.#gone.set(log, gone = new RangeSet())
    gone.add(from, to)
    this.inbox.unavailable(log, from, to, reason)
    this.#puller.notice(log)
  }

  #logChanged (log: LogState): void {
    if (log.own) this.#headsMoved.add(log)
    this.#puller.notice(log)
  }

  #needsChanged (log: LogState | undefined): void {
    if (log !== undefined) {
      this.#puller.notice(log)
      return
    }
    // Called from within the constructor too, before everything is there.
    if (this.channels === undefined) return
    this.channels.refresh()
    this.directory.changed()
    for (const channel of this.channels.joined) for (const each of this.book.logs(channel)) this.#puller.notice(each)
  }

  #channelAdded (channel: string): void {
    this.#repair.channelAdded(channel)
    this.directory.changed()
    for (const log of this.book.logs(channel)) this.#puller.notice(log)
  }

  /** A live subscription came or went. */
  liveChanged (): void { this.#needsChanged(undefined) }

  #processed (log: LogState): void {
    if (log.own) {
      this.receipts.check(log)
      this.outbox.admitWaiting()
    } else this.#receipting.notice(log)
  }

  // ---- neighbours

  #peerUp (peer: NetworkPeer): void {
    this.neighbours.up(peer)
    this.#sendAnnouncements(peer.id)
    this.#repair.peerUp(peer.id)
    this.#puller.hopes(peer.id)
    this.#o.listener.peerUp(peer)
  }

  #sendAnnouncements (peerId: string): void {
    let page: Uint8Array[] = []
    let bytes = 0
    for (const signed of this.directory.everything()) {
      page.push(signed)
      bytes += signed.length
      if (bytes < 256 * 1024 && page.length < 256) continue
      this.#o.network.send(peerId, encodeFrame('announcements', { signed: page as Array<Uint8Array<ArrayBuffer>> }))
      page = []
      bytes = 0
    }
    if (page.length > 0) this.#o.network.send(peerId, encodeFrame('announcements', { signed: page as Array<Uint8Array<ArrayBuffer>> }))
  }

  #peerDown (peerId: string, reason: string): void {
    this.neighbours.down(peerId)
    this.#provider.peerDown(peerId)
    this.#puller.peerDown(peerId)
    this.#repair.peerDown(peerId)
    this.#o.listener.peerDown(peerId, reason)
  }

  #interested (peerId: string, channel: string, joined: boolean): void {
    const news = this.neighbours.takesPart(peerId, channel, joined)
    if (!joined) return
    this.channels.heard(channel)
    if (!news || !this.channels.takesPart(channel)) return
    this.#repair.compare(peerId, [channel])
    for (const log of this.book.logs(channel)) this.#puller.hopes(peerId, log)
  }

  #frame (peerId: string, bytes: Uint8Array): void {
    if (this.#closed) return
    let frame
    try {
      frame = decodeFrame(bytes)
    } catch (error) {
      this.#o.log.warn({ peerId, reason: (error as Error).message }, 'a malformed frame')
      this.neighbours.strike(peerId)
      return
    }
    switch (frame?.type) {
      case 'announcements':
        for (const signed of frame.value.signed) if (this.directory.arrived(signed) === 'reject') { this.neighbours.strike(peerId); return }
        break
      case 'summary': this.#repair.summary(peerId, frame.value); break
      case 'buckets': this.#repair.buckets(peerId, frame.value); break
      case 'heads': this.#repair.takeHeads(peerId, frame.value); break
      case 'have': this.#repair.have(peerId, frame.value); break
      case 'want': this.#provider.want(peerId, frame.value); break
      case 'credit': this.#provider.credit(peerId, frame.value); break
      case 'data': this.#puller.data(peerId, frame.value); break
      case 'end': this.#puller.end(peerId, frame.value); break
      case 'receipts':
        this.#receipting.arrived(peerId, frame.value.signed)
        this.#writeReceipts()
        this.outbox.admitWaiting()
        break
      case undefined: break
    }
  }

  // ---- housekeeping

  #writeReceipts (): void {
    if (this.#receiptsDue || this.#closed) return
    this.#receiptsDue = true
    this.#o.clock.after(RECEIPTS_WRITE_MS, () => {
      this.#receiptsDue = false
      const ops = this.#closed ? [] : this.receipts.takeDirty()
      // Not awaited, and a full disk is no harm: whoever gave the receipt gives it again.
      if (ops.length > 0) this.#o.store.commit(ops, () => {})
    })
  }

  #housekeep (): void {
    if (this.#closed) return
    this.#trim()
    this.#intake.housekeep(() => this.#retention.dropOthers().ops)
    this.#o.clock.after(RETENTION_INTERVAL_MS, () => { this.#housekeep() })
  }

  #trim (): void {
    this.#trimDue = true
    this.outbox.housekeep(() => {
      this.#trimDue = false
      const ids = expiredIds(this.#o.store, this.book, this.#idsNext)
      this.#idsNext = ids.next
      return [...this.#retention.trimOwn().ops, ...ids.ops]
    })
  }

  /** Stops taking part: the last receipts go out, cursors are flushed, then the network and nothing of the store is closed. */
  async close (): Promise<void> {
    if (this.#closed) return
    this.outbox.close(new SkeinError('ERR_CLOSED', 'the node is closed'))
    await new Promise<void>(resolve => { this.inbox.close(() => { resolve() }) })
    this.#receipting.close()
    const ops = this.receipts.takeDirty()
    if (ops.length > 0) await new Promise<void>(resolve => { this.#o.store.commit(ops, () => { resolve() }) })
    this.#closed = true
    this.directory.close()
    this.#repair.close()
    this.#puller.close()
    this.#intake.close()
    await this.#o.network.stop()
  }

  /** Positions that are wanted, exist and are not here. */
  missingCount (log: LogState): number {
    return this.#puller.missing(log, 64).reduce((sum, { from, to }) => sum + to - from + 1, 0)
  }
}

function tagged (kind: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 1)
  out[0] = kind
  out.set(bytes, 1)
  return out
}
