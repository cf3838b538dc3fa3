/**
 * The engine: one node's rooms put together over the ports. Everything in it is synchronous, with callbacks: given a
 * simulated clock, network, store and signer, whole meshes of engines run in one process from one seed. `mesh-node.ts`
 * puts promises around it.
 */
import type { Clock, Random } from '../base/clock.js'
import type { Crypto } from '../base/crypto.js'
import { SkeinError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { Directory } from '../directory/directory.js'
import { Routes } from '../directory/routes.js'
import { Inbox } from '../inbox/inbox.js'
import { Intake } from '../inbox/intake.js'
import { Receipting } from '../inbox/receipting.js'
import type { SealedBatch } from '../message/batch.js'
import { logKey } from '../message/ids.js'
import type { RecordFields } from '../message/record.js'
import type { ReceiptContent } from '../message/signed.js'
import type { Network, NetworkNotice, NetworkPeer } from '../network/network.js'
import { Ephemeral } from '../outbox/ephemeral.js'
import { Outbox, type PublishDone } from '../outbox/outbox.js'
import { OwnLogs } from '../outbox/own-logs.js'
import { ReceiptBook } from '../outbox/receipt-book.js'
import { retentions } from '../outbox/retention-rules.js'
import { Retention } from '../outbox/retention.js'
import { encodeFrame } from '../repair/frames.js'
import { LogQuota } from '../repair/log-quota.js'
import { Provider } from '../repair/provider.js'
import { Puller } from '../repair/puller.js'
import { Repair } from '../repair/repair.js'
import { LogBook } from '../store/log-book.js'
import type { LogState } from '../store/log-state.js'
import type { Store } from '../store/store.js'
import type { DeadLetter, Gap, NodeOptions } from './api.js'
import { Announcing } from './announcing.js'
import { Channels, GOSSIP_TOPICS } from './channels.js'
import { Conducts } from './conduct.js'
import { Counters } from './counters.js'
import { Custodian } from './custodian.js'
import { Emission } from './emission.js'
import { Forks } from './forks.js'
import { GapLog } from './gap-log.js'
import { FailStop } from './fail-stop.js'
import { GOSSIP, tagged } from '../message/gossip-kinds.js'
import { Housekeeping } from './housekeeping.js'
import { Inspection } from './inspection.js'
import { Lapses } from './lapses.js'
import { Lives } from './lives.js'
import { MeteredCrypto } from './metered-crypto.js'
import { Neighbourhood } from './neighbourhood.js'
import { Neighbours } from './neighbours.js'
import { ownAnnouncement } from './own-announcement.js'
import { Reception } from './reception.js'
import { Wants } from './wants.js'

export interface EngineListener {
  peerUp (peer: NetworkPeer): void
  peerDown (peerId: string, reason: string): void
  notice (notice: NetworkNotice): void
  gap (gap: Gap): void
  buried (letter: DeadLetter): void
  /** There is proof that a publisher, or with `own` this node's key, has signed two histories of one log. */
  forked (fork: { readonly publisher: string, readonly incarnation: string, readonly channel: string, readonly position: number, readonly own: boolean, readonly logKey: string }): void
  /** Another process works with this node's key. `stays`: it started before this one, which has to stop. */
  duplicate? (rival: { readonly startedAt: number, readonly stays: boolean }): void
  ahead (batch: SealedBatch, aheadMs: number): void
  damaged (log: LogState, position: number): void
  /** A durable subscription lapses in so many ms, unless it is heard of. */
  lapsing? (peerId: string, name: string, inMs: number): void
  lapsed? (peerId: string, name: string): void
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
  readonly settings: Pick<NodeOptions, 'relay' | 'retention' | 'custody' | 'lapseAfterMs' | 'publishWaitMs'>
}

export class Engine {
  readonly self: string
  readonly book: LogBook
  readonly logQuota: LogQuota
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly own: OwnLogs
  readonly receipts: ReceiptBook
  readonly directory: Directory
  readonly routes = new Routes()
  readonly neighbours = new Neighbours()
  readonly conducts: Conducts
  readonly meter: MeteredCrypto
  readonly channels: Channels
  readonly counters = new Counters()
  readonly options: EngineOptions
  readonly emission: Emission
  readonly reception: Reception
  readonly wants: Wants
  readonly custodian: Custodian
  readonly lapses: Lapses
  readonly gapLog: GapLog
  readonly housekeeping: Housekeeping
  readonly inspection: Inspection
  readonly neighbourhood: Neighbourhood
  readonly announcing: Announcing
  readonly ephemeral: Ephemeral
  readonly intake: Intake
  readonly puller: Puller
  readonly provider: Provider
  readonly repair: Repair
  readonly receipting: Receipting
  readonly retention: Retention
  readonly forks: Forks
  readonly lives: Lives
  readonly headsMoved = new Set<LogState>()
  readonly #failStop: FailStop
  #closed = false
  #overflowed = false

  constructor (given: EngineOptions) {
    this.meter = new MeteredCrypto(given.crypto)
    this.#failStop = new FailStop(given.clock, given.store, (error) => { given.listener.failed(error) })
    const options = this.options = { ...given, crypto: this.meter, clock: this.#failStop.clock, store: this.#failStop.store }
    this.emission = new Emission(this)
    this.reception = new Reception(this)
    this.wants = new Wants(this)
    this.custodian = new Custodian(this, options.settings.custody)
    this.housekeeping = new Housekeeping(this)
    this.inspection = new Inspection(this)
    this.neighbourhood = new Neighbourhood(this)
    this.announcing = new Announcing(this)
    const { clock, random, crypto, mesh, store, network, settings } = this.options
    this.lapses = new Lapses(this, settings.lapseAfterMs)
    this.gapLog = new GapLog(clock, store)
    const self = this.self = network.peerId
    this.book = new LogBook({ store, crypto, mesh, self, wallMs: () => clock.wallMs() })
    this.conducts = new Conducts({
      clock,
      cut: (peerId, reason, banMs) => {
        this.counters.add('bans')
        options.log.warn({ peerId, reason, banMs }, 'a neighbour is cut off')
        network.disconnect(peerId, reason, banMs)
      },
      struck: (peerId, reason) => {
        this.counters.add('strikes')
        options.log.warn({ peerId, reason }, 'a neighbour broke the protocol')
      }
    })
    this.forks = new Forks(this)
    this.lives = new Lives(this)
    this.logQuota = new LogQuota({
      clock, self, book: this.book,
      subscribed: (channel) => this.inbox.wantsChannel(channel),
      overflow: ({ publisher, channel }) => {
        if (this.#overflowed) return
        this.#overflowed = true
        options.listener.notice({ code: 'ERR_LIMIT', message: `there are more logs than this node may know; those of ${publisher} in ${channel} and others are left out` })
      }
    })
    const send = (peerId: string, frame: Uint8Array): boolean => this.send(peerId, frame)
    const strike = (peerId: string, reason: string): void => { this.strike(peerId, reason) }
    const failed = (error: Error): void => { options.listener.failed(error) }

    this.own = new OwnLogs({ clock, random, crypto, mesh, self, store, book: this.book })
    this.inbox = new Inbox({
      clock, store, book: this.book, self,
      clockOffsetOf: (publisher) => this.neighbours.peer(publisher)?.clockOffsetMs ?? 0,
      isPresent: (log) => log.own && this.own.isPresent(log.incarnation),
      isFlowing: () => this.receipting.isPaced,
      listener: {
        gap: (gap) => { this.counters.add('gaps'); this.gapLog.add(gap); options.listener.gap(gap) },
        buried: (letter) => { options.listener.buried(letter) },
        processed: (log) => { this.#processed(log) },
        begun: (log, name) => { this.receipting.begun(log, name) },
        needsChanged: (log) => { this.#needsChanged(log) },
        failed
      }
    })
    this.receipts = new ReceiptBook({ store, book: this.book, crypto, mesh, self, closed: (log) => this.forks.isDisputed(log), ownProcessed: (log) => this.inbox.processed(log), taken: (log, content, before) => { this.#settledElsewhere(log, content, before) } })
    this.retention = new Retention({
      clock, crypto, mesh, book: this.book,
      retention: retentions(settings.retention ?? {}),
      floor: (log) => this.emission.floor(log),
      localFloor: (log) => this.inbox.floor(log),
      isSubscribed: (channel) => this.inbox.wantsChannel(channel),
      latestCreationMs: (channel) => this.inbox.latestCreationMs(channel),
      overCustody: () => this.custodian.over(),
      isCurrent: (log) => this.own.isCurrent(log)
    })
    this.outbox = new Outbox({
      clock, store, book: this.book, own: this.own, publishWaitMs: settings.publishWaitMs ?? 5_000,
      hasRoom: (channel, bytes, records) => this.emission.hasRoom(channel, bytes, records),
      readHere: (channel) => this.inbox.wantsChannel(channel),
      committed: (log, batches) => this.emission.committed(log, batches),
      failed
    })
    this.ephemeral = new Ephemeral({ clock, random, crypto, mesh, self, send: (batch, records) => this.emission.sendEphemeral(batch, records) })
    this.intake = new Intake({
      clock, crypto, mesh, store, book: this.book,
      interest: (batch) => this.reception.interest(batch),
      hasRoom: (batch, staged) => this.custodian.admits(batch, staged),
      quarantined: (log) => this.forks.isClosed(log),
      learns: (log) => this.logQuota.learns(log),
      live: (batch, records) => { this.reception.offerLive(batch, records) },
      forked: (batch, other) => { this.forks.found(batch, other) },
      ahead: (batch, aheadMs) => { options.listener.ahead(batch, aheadMs) },
      held: (log, batches, pulledFrom) => { this.reception.held(log, batches, pulledFrom) },
      refused: (log) => { this.puller.notice(log) },
      committing: () => { this.inbox.alongside() },
      writesRow: (log) => !this.own.isCurrent(log),
      failed
    })
    this.provider = new Provider({ clock, book: this.book, mesh, send, awaited: (log, missing) => this.wants.awaited(log, missing) })
    this.puller = new Puller({
      clock, random, crypto,
      wanted: (log) => this.wants.wanted(log),
      underWay: (log) => this.wants.underWayOrGone(log),
      intakeFull: () => this.intake.isFull,
      candidates: (log) => this.neighbours.inChannel(log.channel, log.publisher),
      isCandidate: (peerId, log) => this.neighbours.isInChannel(peerId, log.channel, log.publisher),
      isConnected: () => this.neighbours.size > 0,
      send,
      open: (bytes) => this.intake.open(bytes),
      offer: (batch, from, done) => {
        this.counters.add('pulled_batches')
        return this.intake.offer(batch, from, done)
      },
      passed: (log, through, since) => { this.inbox.passed(log, through, since) },
      unavailable: (log, from, to, reason) => { this.wants.unavailable(log, from, to, reason) },
      closed: (log) => this.forks.isClosed(log.id) ? 'forked' : undefined,
      keptThrough: (log) => this.wants.keptThrough(log),
      strike
    })
    this.repair = new Repair({
      clock, random, crypto, mesh, self, book: this.book, receipts: this.receipts,
      relay: settings.relay === true,
      isRelay: (peerId) => this.neighbours.isRelay(peerId),
      channels: () => this.channels.all(),
      takesPart: (channel) => this.channels.takesPart(channel),
      joined: (channel) => this.channels.isJoined(channel),
      open: (bytes) => this.intake.open(bytes),
      send,
      peerChannels: (peerId, channels) => { for (const channel of channels) this.neighbourhood.interested(peerId, channel, true) },
      hopes: (peerId, log) => { this.puller.hopes(peerId, log) },
      offered: (log, from, to) => { this.wants.regain(log, from, to) },
      closed: (log) => this.forks.isClosed(log),
      against: (log, head) => this.intake.against(log, head),
      takenBy: (peerId, log) => { this.forks.show(peerId, log.publisher) },
      forked: (head, other) => { this.forks.found(head, other) },
      learns: (log, peerId) => this.logQuota.learns(log, peerId),
      strike
    })
    this.receipting = new Receipting({
      clock, random, crypto, mesh, self, book: this.book, receipts: this.receipts,
      processed: (log) => this.inbox.processed(log),
      relay: settings.relay === true,
      isUp: (peerId) => this.neighbours.isUp(peerId),
      isRelay: (peerId) => this.neighbours.isRelay(peerId),
      neighbours: (channel) => this.neighbours.inChannel(channel),
      route: ({ publisher, channel }) => {
        const { neighbour, wordMs } = this.routes.to(publisher, channel) ?? {}
        return neighbour !== undefined && wordMs !== undefined && this.neighbours.hasJoined(neighbour, channel) ? { neighbour, wordMs } : undefined
      },
      isAstray: ({ publisher, channel }) => this.routes.to(publisher, channel)?.neighbour === undefined,
      routeLost: ({ publisher, channel }) => { this.routes.lose(publisher, channel) },
      send: (peerId, signed) => send(peerId, encodeFrame('receipts', { signed: signed as Array<Uint8Array<ArrayBuffer>> })),
      strike,
      takesPart: (channel) => this.channels.takesPart(channel),
      willLearn: (log) => this.channels.isJoined(log.channel) && !this.book.isForgotten(log) && !this.forks.isClosed(log)
    })
    this.directory = new Directory({
      clock, random, crypto, mesh, self, store,
      own: () => ownAnnouncement(this, network, settings.relay === true, this.headsMoved),
      gossip: (page) => { network.gossip(GOSSIP_TOPICS.directory, tagged(GOSSIP.announcement, page)) },
      tell: (pages) => { this.announcing.tell(pages) },
      came: (author, sequence, from) => { this.came(author, sequence, from) },
      isUseful: (author) => this.neighbours.isUp(author) || this.book.publisherBytes(author) > 0,
      heard: (publisher, heads, joined, from) => {
        for (const { channel } of heads) this.channels.heard(channel, from)
        for (const channel of joined) this.channels.heard(channel, from)
        for (const { channel, incarnation, position, hash } of heads) {
          const id = { publisher, incarnation, channel }
          if (!this.channels.isJoined(channel) || this.book.isForgotten(id) || this.forks.isClosed(id)) continue
          if (this.book.get(logKey(id)) === undefined && !this.logQuota.learns(id, from)) continue
          this.book.noteHead(this.book.ensure(id), position, hash)
        }
      },
      subscriptionsChanged: () => {
        this.outbox.admitWaiting()
        this.wants.subscriptionsChanged()
      },
      lapse: this.lapses.ofOthers,
      heardSelf: (heads) => { this.lives.heardHeads(heads) },
      duplicate: (rival) => { this.lives.duplicate(rival) }
    })
    this.channels = new Channels({
      relay: settings.relay === true,
      nowMs: () => clock.nowMs(),
      subscribed: (channel) => this.inbox.wantsChannel(channel) || this.inbox.hasLive(channel),
      holds: (channel) => this.book.bytes(channel, true) + this.book.bytes(channel, false) > 0,
      awaits: (channel) => [...this.book.logs(channel)].some(log => this.puller.missing(log).length > 0),
      isNear: (channel) => this.neighbours.hasChannel(channel),
      named: () => this.inbox.namedChannels(),
      join: (channel) => { network.join(GOSSIP_TOPICS.ofChannel(channel)) },
      leave: (channel) => { network.leave(GOSSIP_TOPICS.ofChannel(channel)) },
      added: (channel) => { this.#channelAdded(channel) },
      overflow: (channel) => { options.listener.notice({ code: 'ERR_LIMIT', message: `there are more channels than this node may join; ${channel} and others are left out` }) }
    })
    this.book.listen({
      logLearned: (log) => {
        this.wants.changed(log)
        this.channels.heard(log.channel)
        if (log.own) this.lives.learned(log)
        this.receipting.learned(log)
      },
      logChanged: (log) => { this.#logChanged(log) },
      recordsHeld: (log) => { this.puller.notice(log) },
      batchDamaged: (log, from, to) => {
        this.counters.add('damaged_batches')
        this.wants.damaged(log, from, to)
        this.inspection.begin(log.channel)
        options.listener.damaged(log, from)
        this.puller.notice(log)
      }
    })
  }

  get isClosed (): boolean { return this.#closed }

  /** Sends a frame to a neighbour. False: its link is full, and `drained` says when it takes more. */
  send (peerId: string, frame: Uint8Array): boolean {
    const takesMore = this.options.network.send(peerId, frame)
    if (!takesMore) this.neighbours.filled(peerId)
    return takesMore
  }

  /** A neighbour broke the protocol. */
  strike (peerId: string, reason: string): void { this.conducts.strike(peerId, reason) }

  /** A word of this publisher came from a neighbour, as news. A batch's word is about its channel. */
  came (publisher: string, wordMs: number, from: string, channel?: string): void {
    if (this.routes.heard(publisher, wordMs, this.neighbours.isUp(from) ? from : undefined, channel)) this.receipting.routed(publisher)
  }

  async start (): Promise<void> {
    const { network } = this.options
    this.#failStop.arm()
    await network.start(this.#failStop.handlers({
      peerUp: (peer) => { this.neighbourhood.peerUp(peer) },
      peerDown: (peerId, reason) => {
        this.neighbourhood.peerDown(peerId, reason)
        this.ephemeral.drained()
        this.outbox.drained(() => true)
      },
      frame: (peerId, frame) => { this.neighbourhood.frame(peerId, frame) },
      gossip: (topic, data, from, bodyHash) => this.reception.gossip(topic, data, from, bodyHash),
      drained: (peerId) => {
        this.neighbourhood.drained(peerId)
        this.provider.drained(peerId)
        this.receipting.drained(peerId)
        this.repair.drained(peerId)
        this.ephemeral.drained()
        this.outbox.drained((channel) => this.neighbours.hasJoined(peerId, channel))
      },
      interest: (peerId, topic, joined) => {
        const channel = GOSSIP_TOPICS.channelOf(topic)
        if (channel === undefined) return
        this.neighbours.joined(peerId, channel, joined)
        this.neighbourhood.interested(peerId, channel, joined)
        if (joined) this.receipting.routed()
        else this.receipting.left(peerId, channel)
      },
      notice: (notice) => { this.options.listener.notice(notice) },
      offence: (peerId, reason) => { this.strike(peerId, reason) }
    }))
    network.join(GOSSIP_TOPICS.directory)
    for (const channel of this.book.channels()) {
      this.channels.heard(channel)
      for (const log of this.book.logs(channel)) if (log.own) this.channels.published(channel)
    }
    this.channels.refresh()
    this.directory.start()
    this.housekeeping.housekeep()
    this.lapses.start()
    this.receipting.start()
    this.wants.subscriptionsChanged()
    for (const log of this.book.all()) {
      this.puller.notice(log)
      // What was committed just before the last stop may not have been told to anybody.
      this.receipting.notice(log)
    }
  }

  // ---- publishing

  publish (record: RecordFields, done: PublishDone): void {
    this.outbox.publish(record, done)
  }

  publishEphemeral (record: RecordFields, done: (error?: SkeinError) => void): void {
    this.ephemeral.publish(record, done)
  }

  // ---- repair

  #logChanged (log: LogState): void {
    this.wants.changed(log)
    if (log.own) this.headsMoved.add(log)
    this.puller.notice(log)
  }

  #needsChanged (log: LogState | undefined): void {
    if (log !== undefined) {
      this.puller.notice(log)
      return
    }
    // Called from within the constructor too, before everything is there.
    if (this.channels === undefined) return
    this.channels.refresh()
    this.directory.changed(true)
    this.wants.reconsider()
    for (const channel of this.channels.joined) for (const each of this.book.logs(channel)) this.puller.notice(each)
  }

  #channelAdded (channel: string): void {
    this.repair.channelAdded(channel)
    this.directory.changed()
    this.wants.joined(channel)
    for (const log of this.book.logs(channel)) this.puller.notice(log)
  }

  /** A live subscription came or went. */
  liveChanged (): void { this.#needsChanged(undefined) }

  #processed (log: LogState): void {
    if (log.own) {
      this.receipts.check(log)
      this.outbox.admitWaiting()
    } else this.receipting.notice(log)
  }

  #settledElsewhere (log: LogState, { processed }: ReceiptContent, before: ReceiptContent | undefined): void {
    this.wants.settled(log, processed, before?.processed)
    this.custodian.settled(log)
  }

  /** Stops taking part: the last receipts go out, cursors are flushed, then the network and nothing of the store is closed. */
  async close (): Promise<void> {
    if (this.#closed) return
    const closed = new SkeinError('ERR_CLOSED', 'the node is closed')
    this.outbox.close(closed)
    await new Promise<void>(resolve => { this.inbox.close(() => { resolve() }) })
    this.receipting.close()
    const ops = [...this.receipts.takeDirty(), ...this.gapLog.takeDirty()]
    if (ops.length > 0) await new Promise<void>(resolve => { this.options.store.commit(ops, () => { resolve() }) })
    this.#closed = true
    this.ephemeral.close(closed)
    this.directory.close()
    this.repair.close()
    this.puller.close()
    this.intake.close()
    await this.options.network.stop()
  }

  /** Positions that are wanted, exist and are not here. */
  missingCount (log: LogState): number {
    return this.puller.missing(log, 64).reduce((sum, { from, to }) => sum + to - from + 1, 0)
  }
}
