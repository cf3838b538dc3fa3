import { FilterTree } from '../message/filter-tree.js'
import type { RecordFields } from '../message/record.js'
import type { LogState } from '../store/log-state.js'
import type { Cursor } from './cursor.js'
import { SIEVE_HITS_MAX, SIEVE_LOGS_MAX, SIEVE_POSITIONS_MAX, SIEVE_RUNS_MAX } from './limits.js'
import type { SubscriptionCore } from './subscription-core.js'

/** What one subscription takes of a run: all of it from `from` on, in order. */
interface Hits {
  readonly from: number
  positions: number[]
}

/** Records of a log that came one after the other: whom each concerns. */
interface Run {
  from: number
  to: number
  /** Of all subscriptions. */
  count: number
  readonly hits: Map<SubscriptionCore, Hits>
}

/**
 * Whom the latest records of a log concern, found once for all subscriptions when they come: with many of them each would else look at
 * each record for itself. What is not known here is looked at record by record.
 */
export class Sieve {
  readonly #tree = new FilterTree<SubscriptionCore>()
  /** By number of the log; those that got something last are last, and likewise their runs. */
  readonly #logs = new Map<number, Run[]>()

  add (core: SubscriptionCore): void { this.#tree.add(core.filter.filters, core) }

  /** Also before its filters change. */
  remove (core: SubscriptionCore): void {
    this.#tree.remove(core.filter.filters, core)
    for (const runs of this.#logs.values()) for (const { hits } of runs) hits.delete(core)
  }

  /** Records of a log that have come, from this position on, and all cursors there. Returns whom they concern. */
  take (log: LogState, base: number, records: readonly RecordFields[], cursors: readonly Cursor[]): ReadonlySet<SubscriptionCore> {
    const takes = new Set<SubscriptionCore>()
    const run = this.#runBefore(log.number, base)
    for (const { core } of cursors) if (!run.hits.has(core)) run.hits.set(core, { from: base, positions: [] })
    for (let i = 0; i < records.length; i++) {
      for (const core of this.#tree.match((records[i] as RecordFields).topic)) {
        const hits = run.hits.get(core)
        if (hits === undefined) continue
        hits.positions.push(base + i)
        run.count++
        takes.add(core)
      }
    }
    run.to = base + records.length - 1
    if (run.to - run.from >= SIEVE_POSITIONS_MAX || run.count > SIEVE_HITS_MAX) forgetHalf(run)
    return takes
  }

  /** The run that these records go on with, or a new one. */
  #runBefore (number: number, base: number): Run {
    const runs = this.#logs.get(number) ?? []
    this.#logs.delete(number)
    this.#logs.set(number, runs)
    if (this.#logs.size > SIEVE_LOGS_MAX) this.#logs.delete(this.#logs.keys().next().value as number)
    let at = runs.findIndex(each => each.to + 1 === base)
    if (at === -1) {
      runs.push({ from: base, to: base - 1, count: 0, hits: new Map() })
      if (runs.length > SIEVE_RUNS_MAX) runs.shift()
      at = runs.length - 1
    }
    const [run] = runs.splice(at, 1) as [Run]
    runs.push(run)
    return run
  }

  /** The first position from this one on that the subscription takes, or where nothing is known any more; undefined: nothing is known of this one. */
  next (log: LogState, core: SubscriptionCore, position: number): number | undefined {
    for (const { from, to, hits } of this.#logs.get(log.number) ?? []) {
      if (position < from || position > to) continue
      const known = hits.get(core)
      if (known !== undefined && position >= known.from) return firstFrom(known.positions, position) ?? to + 1
    }
    return undefined
  }

  /** Whether anything is known from here on. */
  reaches (log: LogState, position: number): boolean { return this.#logs.get(log.number)?.some(run => run.to >= position) ?? false }

  /** Positions of the log may come again, with other records: what was known of it is forgotten. */
  forget (log: LogState): void { this.#logs.delete(log.number) }
}

/** The older half; all of it when the rest is too much still. */
function forgetHalf (run: Run): void {
  run.from = Math.floor((run.from + run.to) / 2)
  run.count = 0
  for (const hits of run.hits.values()) {
    hits.positions = hits.positions.filter(position => position >= run.from)
    run.count += hits.positions.length
  }
  if (run.count <= SIEVE_HITS_MAX) return
  run.hits.clear()
  run.count = 0
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
