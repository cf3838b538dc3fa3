import { formatIncarnation } from '../message/ids.js'
import type { NetworkPeer } from '../network/network.js'
import type { LogState } from '../store/log-state.js'
import type { Store } from '../store/store.js'
import type { LogInfo, NodeStatus, PeerInfo } from './api.js'
import { claimInfos } from './claims.js'
import type { Engine } from './engine.js'

/** So many of the latest gaps and of the largest claims are in a status. */
const STATUS_GAPS = 20
const STATUS_CLAIMS = 100

export function peerInfo (engine: Engine, peer: NetworkPeer): PeerInfo {
  const { id, address, direction, relay, agent, clockOffsetMs } = peer
  return { peerId: id, address, direction, relay, agent, clockOffsetMs: Math.round(clockOffsetMs), channels: engine.neighbours.channels(id) }
}

function logInfo (engine: Engine, log: LogState): LogInfo {
  return {
    publisher: log.publisher,
    incarnation: formatIncarnation(log.incarnation),
    channel: log.channel,
    head: log.head,
    trimmed: log.trimmed,
    records: log.held.count,
    bytes: log.bytes,
    missing: engine.missingCount(log)
  }
}

export function logInfos (engine: Engine, own: boolean): LogInfo[] {
  return [...engine.book.all()].filter(log => log.own === own).map(log => logInfo(engine, log))
    .sort((a, b) => a.channel < b.channel ? -1 : a.channel > b.channel ? 1 : a.publisher < b.publisher ? -1 : a.publisher > b.publisher ? 1 : a.incarnation < b.incarnation ? -1 : 1)
}

export interface StatusParts {
  readonly engine: Engine
  readonly store: Store
  readonly mesh: string
  readonly version: string
  readonly dataDir: string | undefined
  readonly relay: boolean
  readonly uptimeMs: number
  readonly addresses: readonly string[]
  readonly peers: readonly PeerInfo[]
}

export function nodeStatus ({ engine, store, ...rest }: StatusParts): NodeStatus {
  const outbox = { channels: new Set<string>(), records: 0, bytes: 0 }
  const inbox = { logs: 0, records: 0, bytes: 0, missing: 0 }
  for (const log of engine.book.all()) {
    if (log.own) {
      outbox.channels.add(log.channel)
      outbox.records += log.held.count
      outbox.bytes += log.bytes
    } else {
      inbox.logs++
      inbox.records += log.held.count
      inbox.bytes += log.bytes
      inbox.missing += engine.missingCount(log)
    }
  }
  const subscriptions = engine.inbox.info()
  return {
    peerId: engine.self,
    ...rest,
    incarnation: engine.own.incarnationText,
    outbox: { channels: outbox.channels.size, records: outbox.records, bytes: outbox.bytes, waiting: engine.outbox.waiting },
    inbox,
    custody: engine.custodian.status,
    subscriptions,
    gaps: subscriptions.reduce((sum, { gaps }) => sum + gaps, 0),
    quarantined: engine.forks.list().filter(({ publisher }) => publisher !== engine.self).length,
    identity: engine.lives.isShared ? 'shared' : engine.forks.isSelfForked ? 'forked' : 'sound',
    gapsByReason: engine.gapLog.byReason,
    recentGaps: engine.gapLog.recent(STATUS_GAPS),
    claims: claimInfos(engine).slice(0, STATUS_CLAIMS),
    deadLetters: subscriptions.reduce((sum, { deadLetters }) => sum + deadLetters, 0),
    store: store.stats(),
    counters: engine.counters.all()
  }
}
