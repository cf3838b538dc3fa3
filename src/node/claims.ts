import { RangeSet } from '../base/range-set.js'
import type { ClaimInfo } from '../message/reports.js'
import type { LogState } from '../store/log-state.js'
import type { Engine } from './engine.js'

/** Which durable subscriptions of other nodes claim what this node has published, and how much, by channel. */
export function claimInfos (engine: Engine): ClaimInfo[] {
  const own = new Map<string, LogState[]>()
  for (const log of engine.book.publishedBy(engine.self)) own.set(log.channel, [...own.get(log.channel) ?? [], log])
  const infos: ClaimInfo[] = []
  for (const { peerId, name, filters, state, unheardMs } of engine.directory.remembered()) {
    for (const [channel, logs] of own) {
      if (!filters.matchesChannel(channel)) continue
      const unsettled = logs.reduce((sum, log) => sum + log.held.without(settledOf(engine, log, peerId, name)).count, 0)
      infos.push({ peerId, name, channel, unsettled, state, unheardMs })
    }
  }
  return infos.sort((a, b) => b.unsettled - a.unsettled || (a.peerId < b.peerId ? -1 : a.peerId > b.peerId ? 1 : 0))
}

const NOTHING = new RangeSet()

const settledOf = (engine: Engine, log: LogState, peerId: string, name: string): RangeSet =>
  engine.receipts.content(log.key, peerId)?.processed.find(entry => entry.name === name)?.ranges ?? NOTHING
