import { Outbox, type OutboxOptions, type Placed } from '../../../src/outbox/outbox.js'
import { OwnLogs } from '../../../src/outbox/own-logs.js'
import { bodyHolds, openBatch, signatureHolds, type SealedBatch } from '../../../src/message/batch.js'
import type { RecordFields } from '../../../src/message/record.js'
import { LogBook } from '../../../src/store/log-book.js'
import type { LogState } from '../../../src/store/log-state.js'
import { createMemoryDisk, createMemoryStore, type MemoryStore } from '../../../src/store/memory-store.js'
import type { StoreOp } from '../../../src/store/store.js'
import { fakeCrypto, peerOf, testMesh } from '../../support/fake-crypto.js'
import { ManualClock, seededRandom } from '../../support/manual-clock.js'
import { equalBytes } from '../../../src/base/bytes.js'

export const self = peerOf(9)
export const crypto = fakeCrypto(self)

export interface Answer { readonly label: string, readonly code: string, readonly placed: Placed | undefined }

/** An outbox over a memory store, which can crash and come back. */
export class OutboxRig {
  readonly clock = new ManualClock()
  readonly disk = createMemoryDisk()
  readonly random = seededRandom(1)
  store!: MemoryStore
  book!: LogBook
  own!: OwnLogs
  outbox!: Outbox
  answers: Answer[] = []
  /** What has happened, in order: c a commit is durable, t told to the network, a an answer. */
  order: string[] = []
  told: SealedBatch[] = []
  failures: Error[] = []
  commits: Array<readonly StoreOp[]> = []
  /** Commits that put something of these tables are refused while the disk is so full. */
  refuse: ((ops: readonly StoreOp[]) => boolean) | undefined
  /** Some neighbour takes more. */
  takesMore = true
  room = (_channel: string, _bytes: number): boolean => true

  constructor (readonly over: { -readonly [K in keyof OutboxOptions]?: OutboxOptions[K] } = {}) { this.start() }

  start (): void {
    const { clock } = this
    const inner = createMemoryStore({ soon: (fn) => { clock.soon(fn) }, disk: this.disk })
    this.store = Object.assign(Object.create(inner) as MemoryStore, {
      get: inner.get.bind(inner), entries: inner.entries.bind(inner), keys: inner.keys.bind(inner), crash: inner.crash.bind(inner),
      commit: (ops: readonly StoreOp[], done: (error?: Error) => void) => {
        this.commits.push(ops)
        const full = this.refuse?.(ops) === true
        if (full) this.disk.full = true
        inner.commit(ops, (error) => {
          if (error === undefined) this.order.push('c')
          done(error)
        })
        if (full) clock.soon(() => { this.disk.full = false })
      }
    })
    this.book = new LogBook({ store: this.store, crypto, mesh: testMesh, self, wallMs: () => clock.wallMs() })
    this.own = new OwnLogs({ clock, random: this.random, crypto, mesh: testMesh, self, store: this.store, book: this.book })
    this.outbox = new Outbox({
      readHere: () => true,
      clock, store: this.store, book: this.book, own: this.own, publishWaitMs: 5000,
      hasRoom: (channel, bytes) => this.room(channel, bytes),
      committed: (_log, batches) => {
        this.order.push('t')
        this.told.push(...batches)
        return this.takesMore
      },
      failed: (error) => { this.failures.push(error) },
      ...this.over
    })
  }

  crash (): void {
    this.store.crash()
    this.start()
  }

  publish (record: RecordFields, label = Buffer.from(record.body).toString()): void {
    this.outbox.publish(record, (error, placed) => {
      this.order.push('a')
      this.answers.push({ label, code: error?.code ?? 'ok', placed })
    })
  }

  /** What became of a publish; undefined while it is not answered. Fails when it was answered twice. */
  answer (label: string): Answer | undefined {
    const found = this.answers.filter(answer => answer.label === label)
    if (found.length > 1) throw new Error(`${label} was answered ${found.length} times`)
    return found[0]
  }

  /** Bodies of a log in order; fails unless positions are continuous, the chain is whole and all is signed. */
  bodies (log: LogState): string[] {
    const out: string[] = []
    let previous: Uint8Array = new Uint8Array(0)
    for (let position = 1; position <= log.head;) {
      const open = this.book.read(log, position)
      if (open === undefined) throw new Error(`no record at ${position}`)
      const batch = openBatch(open.batch.bytes, testMesh)
      if (batch.base !== position || !equalBytes(batch.previous, previous) || !signatureHolds(crypto, batch) || !bodyHolds(crypto, batch)) throw new Error(`the chain is broken at ${position}`)
      previous = crypto.hash(batch.header)
      out.push(...open.records.map(record => Buffer.from(record.body).toString()))
      position = batch.last + 1
    }
    return out
  }

  /** As when all that was published is long trimmed: no row speaks of the logs any more. */
  forgetLogs (): void {
    const rows = this.store.keys('log')
    this.store.commit(rows.map(key => ({ type: 'del', table: 'log', key })), () => {})
    this.clock.turn()
  }

  /** The logs of a channel, in order of incarnation. */
  logs (channel = 'press'): LogState[] {
    return [...this.book.logs(channel)].sort((a, b) => a.incarnation.number - b.incarnation.number)
  }
}
