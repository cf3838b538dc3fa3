import { RangeSet } from '../../../src/base/range-set.js'
import type { Crypto } from '../../../src/base/crypto.js'
import type { GapReason } from '../../../src/message/reports.js'
import { openBatch, type SealedBatch } from '../../../src/message/batch.js'
import { Intake } from '../../../src/inbox/intake.js'
import { decodeFrame, type Frame } from '../../../src/repair/frames.js'
import { Provider } from '../../../src/repair/provider.js'
import { Puller } from '../../../src/repair/puller.js'
import type { Wanted } from '../../../src/repair/puller-options.js'
import { LogBook } from '../../../src/store/log-book.js'
import type { LogState } from '../../../src/store/log-state.js'
import { createMemoryStore } from '../../../src/store/memory-store.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock, seededRandom } from '../../support/manual-clock.js'
import { hold, type WrittenLog } from '../../support/written-log.js'

/** A node's store and book, with what of a log it is told to hold. */
export class Holder {
  readonly peerId: string
  readonly crypto: Crypto
  readonly store
  readonly book: LogBook

  constructor (readonly clock: ManualClock, n: number) {
    this.peerId = peerOf(n)
    this.crypto = fakeCrypto(this.peerId)
    this.store = createMemoryStore({ soon: (fn) => { clock.soon(fn) } })
    this.book = new LogBook({ store: this.store, crypto: this.crypto, mesh: testMesh, self: this.peerId, wallMs: () => clock.wallMs() })
  }

  hold (log: WrittenLog, which: (batch: SealedBatch, index: number) => boolean = () => true): this {
    hold(this.clock, this.store, this.book, log.batches.filter(which))
    return this
  }
}

/** What a neighbour does with the frames that it is sent. */
export interface Neighbour {
  readonly peerId: string
  frame (frame: Frame): void
}

/** A node that pulls, over real intake and store, and neighbours at the end of pipes with latency. */
export class PullRig {
  readonly clock = new ManualClock()
  readonly me = new Holder(this.clock, 50)
  readonly neighbours = new Map<string, Neighbour>()
  readonly sent: Array<{ to: string, frame: Frame }> = []
  readonly strikes: string[] = []
  readonly unavailable: string[] = []
  readonly gone = new Map<string, RangeSet>()
  readonly held: string[] = []
  readonly maxAhead = new Map<string, number>()
  latencyMs = 5
  since = 0
  from = 1
  hasRoom = true
  /** Neighbours are up that take no part in the channel. */
  isConnected = false
  /** Nothing is taken of any log any more, for this reason. */
  closed: GapReason | undefined
  readonly intake: Intake
  readonly puller: Puller
  readonly #passed = new Map<string, number>()

  constructor (seed = 1) {
    const { clock, me } = this
    this.intake = new Intake({
      clock, crypto: me.crypto, mesh: testMesh, store: me.store, book: me.book, interest: () => 'keep', hasRoom: () => this.hasRoom, quarantined: () => false, learns: () => true,
      live: () => {}, forked: () => {}, ahead: () => {}, held: (_log, batches) => { for (const batch of batches) this.held.push(`${batch.base}`) }, refused: (log) => { this.puller.notice(log) }, failed: (error) => { throw error }
    })
    this.puller = new Puller({
      clock, random: seededRandom(seed), crypto: me.crypto,
      wanted: (log) => this.wanted(log),
      underWay: (log) => {
        const under = this.intake.underWay(log)?.clone() ?? new RangeSet()
        under.addAll(this.gone.get(log.key) ?? new RangeSet())
        return under
      },
      intakeFull: () => this.intake.isFull,
      candidates: () => [...this.neighbours.keys()],
      isConnected: () => this.isConnected || this.neighbours.size > 0,
      send: (to, bytes) => this.#send(to, bytes),
      open: (bytes) => this.intake.open(bytes),
      offer: (batch, from, done) => this.intake.offer(batch, from, done),
      passed: (log, through) => {
        this.#passed.set(log.key, Math.max(through, this.#passed.get(log.key) ?? 0))
        this.puller.notice(log)
      },
      unavailable: (log, from, to, reason) => {
        this.unavailable.push(`${from}-${to} ${reason}`)
        let gone = this.gone.get(log.key)
        if (gone === undefined) this.gone.set(log.key, gone = new RangeSet())
        gone.add(from, to)
        this.puller.notice(log)
      },
      closed: () => this.closed,
      strike: (peerId, reason) => { this.strikes.push(`${peerId} ${reason}`) }
    })
    me.book.listen({ logChanged: (log) => { this.puller.notice(log) }, recordsHeld: (log) => { this.puller.notice(log) }, batchDamaged: (log) => { this.puller.notice(log) } })
  }

  wanted (log: LogState): Wanted {
    return { from: Math.max(this.from, (this.#passed.get(log.key) ?? 0) + 1), to: log.head, since: this.since }
  }

  #send (to: string, bytes: Uint8Array): boolean {
    const frame = decodeFrame(bytes) as Frame
    this.sent.push({ to, frame })
    this.clock.after(this.latencyMs, () => { this.neighbours.get(to)?.frame(frame) })
    return true
  }

  /** A neighbour says something. */
  says (from: string, frame: Frame): void {
    this.clock.after(this.latencyMs, () => {
      if (!this.neighbours.has(from)) return
      if (frame.type === 'data') this.puller.data(from, frame.value)
      else if (frame.type === 'end') this.puller.end(from, frame.value)
    })
  }

  /** A neighbour with a real provider. `change` may change what it says, or swallow it. */
  serves (holder: Holder, change: (frame: Frame) => Frame | undefined = (frame) => frame, awaited = (_log: unknown, _missing: RangeSet): RangeSet => new RangeSet()): Provider {
    const { peerId } = holder
    const credit = new Map<number, number>()
    const provider = new Provider({
      clock: this.clock, book: holder.book, mesh: testMesh, awaited,
      send: (_to, bytes) => {
        const frame = decodeFrame(bytes) as Frame
        if (frame.type === 'data') {
          const left = credit.get(frame.value.id) ?? 0
          if (left <= 0) this.strikes.push(`${peerId} sent without credit`)
          credit.set(frame.value.id, left - frame.value.batch.length)
        }
        const said = change(frame)
        if (said !== undefined) this.says(peerId, said)
        return true
      }
    })
    this.neighbours.set(peerId, {
      peerId,
      frame: (frame) => {
        if (frame.type === 'want') {
          credit.set(frame.value.id, frame.value.credit)
          provider.want('me', frame.value)
        } else if (frame.type === 'credit') {
          credit.set(frame.value.id, (credit.get(frame.value.id) ?? 0) + frame.value.bytes)
          provider.credit('me', frame.value)
        }
      }
    })
    return provider
  }

  goesDown (peerId: string): void {
    this.neighbours.delete(peerId)
    this.puller.peerDown(peerId)
  }

  /** This node hears of the head of a log. */
  hears (log: WrittenLog): LogState {
    const state = this.me.book.ensure(log.id)
    this.me.book.noteHeader(state, openBatch((log.batches.at(-1) as SealedBatch).bytes, testMesh))
    return state
  }

  trimmed (log: WrittenLog, through: number, reason: 'expired' | 'evicted' = 'expired'): void {
    const { trim, bytes } = log.trim(through, reason)
    this.me.book.noteTrim(this.me.book.ensure(log.id), trim, bytes)
  }

  wants (to?: string): number { return this.sent.filter(({ to: peer, frame }) => frame.type === 'want' && (to === undefined || peer === to)).length }
}
