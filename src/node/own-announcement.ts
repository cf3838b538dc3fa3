import { fromHex } from '../base/bytes.js'
import type { OwnAnnouncement } from '../directory/directory.js'
import type { AnnouncedHead } from '../message/wire.js'
import type { Network } from '../network/network.js'
import type { LogState } from '../store/log-state.js'
import type { Engine } from './engine.js'

/** What this node announces of itself. Heads: of all own logs, or of those in `moved`, which is emptied. */
export function ownAnnouncement (engine: Pick<Engine, 'book' | 'inbox' | 'channels' | 'own'>, network: Network, relay: boolean, moved: Set<LogState>): OwnAnnouncement {
  return {
    relay,
    newestMs: engine.own.newestMs(),
    addresses: network.addresses(),
    joined: [...engine.channels.joined],
    subscriptions: engine.inbox.info().filter(({ lapsed }) => !lapsed).map(({ name, filters, createdAt }) => ({ name, filters, createdAt })),
    heads: (all) => {
      const logs = all ? [...engine.book.publishedBy(network.peerId)] : [...moved]
      moved.clear()
      return logs.filter(log => log.head > log.trimmed && log.headHash !== undefined).map(toHead)
    }
  }
}

function toHead (log: LogState): AnnouncedHead {
  return {
    channel: log.channel,
    incarnation: log.incarnation.number,
    incarnationRandom: fromHex(log.incarnation.random) as Uint8Array<ArrayBuffer>,
    position: log.head,
    hash: log.headHash as Uint8Array<ArrayBuffer>,
    trimmed: log.trimmed
  }
}
