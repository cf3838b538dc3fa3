/**
 * The quarantine: publishers of which there is proof that they signed two histories of one log. One proof of each is kept, on
 * disk, so that it outlives the process and can be shown to others.
 *
 *   ──proof──► in quarantine: all its logs are closed ──lift──► pardoned: logs up to the forked incarnation stay closed
 *                    ▲                                             │
 *                    └──────proof about a later incarnation────────┘
 *
 * A proof about a later incarnation of a publisher in quarantine takes the place of the one that is kept, so that a pardon covers both,
 * and is passed on to nobody. Whoever forks can make as many as it likes: one a minute of each publisher is looked at.
 *
 * A closed log takes nothing in any more. A proof against this node itself closes nothing here: it only has to be known.
 */
import type { Crypto } from '../base/crypto.js'
import { concatBytes } from '../base/bytes.js'
import type { LogId } from '../message/ids.js'
import { forkProofHolds, openForkProof, type ForkProof } from '../message/fork-proof.js'
import { peerIdToBytes } from '../message/peer-id.js'
import { readU64, u64 } from '../store/keys.js'
import { rowsOf } from '../store/rows-of.js'
import type { Store, StoreOp } from '../store/store.js'

/** Publishers of which a proof is kept. */
export const FORK_PROOFS_MAX = 4096

/** Between two proofs of which each takes the place of the one before, of one publisher. Those between are not looked at. */
const REPLACE_MS = 60_000

const VERSION = 1
/** Version, when it was found, incarnation up to which it is pardoned. */
const ROW_HEAD_BYTES = 17

export interface QuarantineOptions {
  readonly crypto: Crypto
  readonly mesh: Uint8Array
  readonly self: string
  readonly store: Store
  readonly wallMs: () => number
  /** Monotonic, ms. */
  readonly nowMs: () => number
  /** Logs of this publisher are known here. Asked when there is no room for another proof only. */
  readonly isKnown: (publisher: string) => boolean
}

export interface Quarantined {
  readonly publisher: string
  /** The log with two histories, and the first position of which there are two. */
  readonly log: LogId
  readonly position: number
  /** ms since 1970 when this node came to know. */
  readonly foundAt: number
  /** Incarnations up to this number stay closed, later ones are taken in; 0: everything is closed. */
  readonly pardoned: number
  readonly proof: Uint8Array
}

export class Quarantine {
  readonly #o: QuarantineOptions
  readonly #entries = new Map<string, Quarantined>()
  /** When the proof of a publisher last took the place of another, ms. */
  readonly #replacedMs = new Map<string, number>()
  #evicted: string[] = []

  constructor (options: QuarantineOptions) {
    this.#o = options
    for (const [, row] of rowsOf(options.store, 'quarantine')) {
      // A row that is not what was written is passed over: others give the proof again.
      const proof = row.length > ROW_HEAD_BYTES && row[0] === VERSION ? openForkProof(options.crypto, row.subarray(ROW_HEAD_BYTES), options.mesh) : undefined
      if (proof !== undefined && forkProofHolds(options.crypto, proof)) this.#set(proof, readU64(row, 1), readU64(row, 9))
    }
  }

  #set (proof: ForkProof, foundAt: number, pardoned: number): Quarantined {
    const { log, position, bytes } = proof
    const entry = { publisher: log.publisher, log, position, foundAt, pardoned, proof: bytes.slice() }
    this.#entries.set(log.publisher, entry)
    return entry
  }

  /** Nothing of this publisher is taken. */
  has (publisher: string): boolean { return publisher !== this.#o.self && this.#entries.get(publisher)?.pardoned === 0 }

  /** Nothing of this log is taken. */
  isClosed (log: LogId): boolean {
    const entry = log.publisher === this.#o.self ? undefined : this.#entries.get(log.publisher)
    return entry !== undefined && (entry.pardoned === 0 || log.incarnation.number <= entry.pardoned)
  }

  /** Whoever has the same proof takes nothing of this log: one that is closed here, or one of this node’s own. */
  isDisputed (log: LogId): boolean {
    const entry = this.#entries.get(log.publisher)
    return log.publisher === this.#o.self ? entry !== undefined && log.incarnation.number <= entry.log.incarnation.number : this.isClosed(log)
  }

  get (publisher: string): Quarantined | undefined { return this.#entries.get(publisher) }

  /** Those in quarantine, this node itself included when there is proof against it. */
  list (): Quarantined[] { return [...this.#entries.values()].filter(({ pardoned }) => pardoned === 0) }

  /** What others are shown: proofs against whom this node has not pardoned. */
  proofs (): Uint8Array[] { return this.list().filter(({ publisher }) => publisher !== this.#o.self).map(({ proof }) => proof) }

  /**
   * A proof from somebody. 'bad': it proves nothing. 'ignored': it is known, pardoned, one too many or too soon, and was not verified. Not new is one about a later
   * incarnation of a publisher that is in quarantine already: it is kept in place of the earlier one, so that a pardon covers both.
   */
  take (bytes: Uint8Array): { readonly entry: Quarantined, readonly isNew: boolean } | 'ignored' | 'bad' {
    const proof = openForkProof(this.#o.crypto, bytes, this.#o.mesh)
    if (proof === undefined) return 'bad'
    const { publisher } = proof.log
    const known = this.#entries.get(publisher)
    if (known !== undefined && proof.log.incarnation.number <= (known.pardoned === 0 ? known.log.incarnation.number : known.pardoned)) return 'ignored'
    const replaces = known?.pardoned === 0
    const now = this.#o.nowMs()
    if (replaces && now - (this.#replacedMs.get(publisher) ?? Number.NEGATIVE_INFINITY) < REPLACE_MS) return 'ignored'
    const makesWay = known === undefined && this.#entries.size >= FORK_PROOFS_MAX ? this.#strangerFor(publisher) : undefined
    if (known === undefined && this.#entries.size >= FORK_PROOFS_MAX && makesWay === undefined) return 'ignored'
    if (!forkProofHolds(this.#o.crypto, proof)) return 'bad'
    if (makesWay !== undefined) {
      this.#entries.delete(makesWay)
      this.#replacedMs.delete(makesWay)
      this.#evicted.push(makesWay)
    }
    if (replaces) this.#replacedMs.set(publisher, now)
    return { entry: this.#set(proof, replaces ? known.foundAt : Math.floor(this.#o.wallMs()), 0), isNew: !replaces }
  }

  /** Whoever can make keys can make proofs against them: those against strangers make way, and only for a publisher that matters here. */
  #strangerFor (publisher: string): string | undefined {
    if (!this.#o.isKnown(publisher)) return undefined
    for (const other of this.#entries.keys()) if (other !== this.#o.self && !this.#o.isKnown(other)) return other
    return undefined
  }

  /** Takes in later incarnations again. Undefined when it is not in quarantine. */
  lift (publisher: string): Quarantined | undefined {
    const entry = this.#entries.get(publisher)
    if (entry === undefined || entry.pardoned !== 0) return undefined
    const pardoned = { ...entry, pardoned: entry.log.incarnation.number }
    this.#entries.set(publisher, pardoned)
    return pardoned
  }

  /** The operations that put on disk what is known of this publisher, and take off it whoever made way. */
  rows (about: string): StoreOp[] {
    return [about, ...this.#evicted.splice(0)].map((publisher): StoreOp => {
      const key = peerIdToBytes(publisher) as Uint8Array
      const entry = this.#entries.get(publisher)
      if (entry === undefined) return { type: 'del', table: 'quarantine', key }
      return { type: 'put', table: 'quarantine', key, value: concatBytes([Uint8Array.of(VERSION), u64(entry.foundAt), u64(entry.pardoned), entry.proof]) }
    })
  }
}
