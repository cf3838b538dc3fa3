import { FilterTree } from '../message/filter-tree.js'
import type { RecordFields } from '../message/record.js'
import type { LogState } from '../store/log-state.js'
import { SIEVE_HITS_MAX, SIEVE_LOGS_MAX, SIEVE_RUN_HITS_MAX, SIEVE_RUNS_MAX } from './limits.js'
import type { SubscriptionCore } from './subscription-core.js'

/** Records of a log that came one after the other: the positions that each subscription takes, in order. */
interface Run {
  from: number
  to: number
  /** Positions of all subscriptions. */
  count: number
  /** It says nothing about subscriptions that were added later. */
  readonly age: number
  readonly hits: Map<SubscriptionCore, number[]>
}

/**
 * Whom the latest records of a log concern, found once for all subscriptions when they come: with many of them each would else look at
 * each record for itself. What is not known here is looked at record by record.
 */
export class Sieve {
  readonly #tree = new FilterTree<SubscriptionCore>()
  /** When each was added, as a count of those that were. */
  readonly #ages = new Map<SubscriptionCore, number>()
  /** By number of the log; those that got something last are last, and likewise their runs. */
  readonly #logs = new Map<number, Run[]>()
  #added = 0
  #count = 0

  add (core: SubscriptionCore): void {
    this.#tree.add(core.filter.filters, core)
    this.#ages.set(core, ++this.#added)
  }

  /** Also before its filters change. */
  remove (core: SubscriptionCore): void {
    this.#tree.remove(core.filter.filters, core)
    this.#ages.delete(core)
    for (const runs of this.#logs.values()) {
      for (const run of runs) {
        const gone = run.hits.get(core)?.length ?? 0
        run.hits.delete(core)
        run.count -= gone
        this.#count -= gone
      }
    }
  }

  /** Records of a log that have come, from this position on. Returns whom they concern. */
  take (log: LogState, base: number, records: readonly RecordFields[]): ReadonlySet<SubscriptionCore> {
    const takes = new Set<SubscriptionCore>()
    const run = this.#runBefore(log.number, base)
    const before = run.count
    for (let i = 0; i < records.length; i++) {
      for (const core of this.#tree.match((records[i] as RecordFields).topic)) {
        const hits = run.hits.get(core)
        if (hits === undefined) run.hits.set(core, [base + i])
        else hits.push(base + i)
        run.count++
        takes.add(core)
      }
    }
    run.to = base + records.length - 1
    if (run.count > SIEVE_RUN_HITS_MAX) forgetHalf(run)
    this.#count += run.count - before
    while (this.#count > SIEVE_HITS_MAX || this.#logs.size > SIEVE_LOGS_MAX) this.#drop(this.#logs.keys().next().value as number)
    return takes
  }

  /** The run that these records go on with, or a new one. */
  #runBefore (number: number, base: number): Run {
    const runs = this.#logs.get(number) ?? []
    this.#logs.delete(number)
    this.#logs.set(number, runs)
    const at = runs.findIndex(each => each.to + 1 === base && each.age === this.#added)
    const run = at === -1 ? { from: base, to: base - 1, count: 0, age: this.#added, hits: new Map<SubscriptionCore, number[]>() } : runs.splice(at, 1)[0] as Run
    runs.push(run)
    if (runs.length > SIEVE_RUNS_MAX) this.#count -= runs.shift()?.count ?? 0
    return run
  }

  /** The first position from this one on that the subscription takes, or where nothing is known any more; undefined: nothing is known of this one. */
  next (log: LogState, core: SubscriptionCore, position: number): number | undefined {
    const age = this.#ages.get(core)
    if (age === undefined) return undefined
    for (const run of this.#logs.get(log.number) ?? []) {
      if (position >= run.from && position <= run.to && age <= run.age) return firstFrom(run.hits.get(core) ?? [], position) ?? run.to + 1
    }
    return undefined
  }

  /** Whether what is known of the log begins here or before, and reaches as far. */
  reaches (log: LogState, position: number): boolean { return this.#logs.get(log.number)?.some(run => run.from <= position && run.to + 1 >= position) ?? false }

  /** What was known of the log is forgotten. */
  forget (log: LogState): void { this.#drop(log.number) }

  #drop (number: number): void {
    for (const { count } of this.#logs.get(number) ?? []) this.#count -= count
    this.#logs.delete(number)
  }
}

/** The older half; all of it when the rest is too much still. */
function forgetHalf (run: Run): void {
  run.from = Math.floor((run.from + run.to) / 2)
  run.count = 0
  for (const [core, positions] of run.hits) {
    const kept = positions.filter(position => position >= run.from)
    run.count += kept.length
    if (kept.length > 0) run.hits.set(core, kept)
    else run.hits.delete(core)
  }
  if (run.count <= SIEVE_RUN_HITS_MAX) return
  run.hits.clear()
  run.count = 0
  run.from = run.to + 1
}

/** By halving. */
function firstFrom (positions: readonly number[], position: number): number | undefined {
  let low = 0
  let high = positions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((positions[middle] as number) < position) low = middle + 1
    else high = middle
  }
  return positions[low]
}
