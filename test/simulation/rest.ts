import { equalBytes } from '../../src/base/bytes.js'
import { logKey } from '../../src/message/ids.js'
import type { Engine } from '../../src/node/engine.js'
import type { SimulatedNode } from './node.js'
import type { World } from './world.js'

type Live = SimulatedNode & { readonly engine: Engine }

/** Nodes of which rest can be asked: honest ones that run. */
export const liveNodes = (world: World): Live[] => world.nodes.filter((node): node is Live => !node.gone && !node.lies && node.engine !== undefined)

/** What is still to be done in the mesh, seen from where everything can be seen; undefined when it is at rest. */
export function unrest (world: World): string | undefined {
  for (const node of world.nodes) if (!node.gone && !node.isAwake) return `${node.name} does not run`
  const nodes = liveNodes(world)
  // With nobody but neighbours that lie, cut off again and again, the last honest node waits for the others to come back.
  const isLast = nodes.length === 1
  for (const node of nodes) {
    const { engine } = node
    const awaited = isLast ? [...engine.book.all()].reduce((sum, log) => sum + engine.missingCount(log), 0) : 0
    let letters = 0
    for (const { name, lag, inFlight, deadLetters } of engine.inbox.info()) {
      letters += deadLetters
      if (lag > awaited) return `${node.name} lags behind in ${name}: ${lag}; it wants ${missing(world, node)}`
      if (inFlight > 0) return `${node.name} has ${inFlight} of ${name} in flight`
    }
    // Those that are redriven are not counted until they are dead again.
    if ((node.disk.tables.get('dead')?.size ?? 0) > letters) return `${node.name} has dead letters under redelivery`
    // Where no neighbour takes part in the channel nothing can be had and nothing is given up.
    const stuck = [...engine.book.all()].filter(log => engine.puller.missing(log).length > 0 && engine.neighbours.inChannel(log.channel, log.publisher).length === 0)
    if (engine.puller.needs > stuck.length && !isLast) return `${node.name} still pulls ${missing(world, node)}`
    for (const log of engine.book.all()) if (engine.inbox.floor(log) <= log.head && (!isLast || engine.missingCount(log) === 0)) return `${node.name} has not put on disk that it settled ${world.nameOf(log.publisher)} ${log.channel} ${engine.inbox.floor(log)}`
    if ((node.store?.underWay ?? 0) > 0) return `${node.name} still commits`
    if (!engine.outbox.isIdle) return `${node.name} still publishes`
  }
  for (const node of nodes) {
    for (const other of node.bootstrap) if (!other.gone && !other.lies && !node.engine.neighbours.isUp(other.peerId)) return `${node.name} has no link to ${other.name}`
    const difference = unshown(world, node, nodes) ?? differs(node, nodes)
    if (difference !== undefined) return difference
  }
  return unheard(nodes) ?? untold(nodes)
}

function missing (world: World, { engine }: Live): string {
  const logs = [...engine.book.all()].map(log => ({ log, ranges: engine.puller.missing(log, 3) })).filter(({ ranges }) => ranges.length > 0)
  return logs.slice(0, 3).map(({ log, ranges }) => `${world.nameOf(log.publisher)} ${log.channel} ${ranges.map(({ from, to }) => `${from}-${to}`).join(' ')}`).join(', ')
}

/** Whoever one neighbour has proof against the other has too, unless somebody has lifted that there. */
function unshown (world: World, node: Live, nodes: readonly Live[]): string | undefined {
  for (const { publisher, log } of node.engine.forks.list()) {
    if (publisher === node.peerId) continue
    // Of what is known from announcements only nothing was taken in: it is compared, and the proof shown, with the first batch.
    const other = nodes.find(each => each.peerId !== publisher && node.engine.neighbours.isUp(each.peerId) && (each.engine.book.get(logKey(log))?.shown ?? 0) > 0 && !each.engine.forks.isClosed(log))
    if (other !== undefined) return `${other.name} takes in what ${world.nameOf(publisher)} says, of which ${node.name} has proof that it forked`
  }
  return undefined
}

/** What is lifted at one of two neighbours only they compare in vain. */
const liftedApart = (a: Live, b: Live): boolean => a.engine.forks.list().some(({ publisher }) => publisher !== a.peerId && publisher !== b.peerId && !b.engine.forks.has(publisher))

/** Neighbours know the same of the channels that both have joined. Who only publishes there takes in nobody else's logs. */
function differs (node: Live, nodes: readonly Live[]): string | undefined {
  for (const other of nodes) {
    if (other === node || other.peerId < node.peerId || !node.engine.neighbours.isUp(other.peerId)) continue
    for (const channel of node.engine.channels.joined) {
      if (!other.engine.channels.isJoined(channel)) continue
      if (liftedApart(node, other) || liftedApart(other, node)) continue
      if (!equalBytes(node.engine.repair.heads.total(channel), other.engine.repair.heads.total(channel))) return `${node.name} and ${other.name} differ in the heads of ${channel}`
      // Of a closed log one may know and the other not.
      if (node.world.nodes.some(({ lies, published }) => lies && published.length > 0)) continue
      // Relays keep all receipts; others those that climb through them.
      if (node.relay && other.relay && !equalBytes(node.engine.receipts.digests().total(channel), other.engine.receipts.digests().total(channel))) return `${node.name} and ${other.name} differ in the receipts of ${channel}: ${receiptsThatDiffer(node, other, channel, nodes)}`
    }
  }
  return undefined
}

function receiptsThatDiffer (a: Live, b: Live, channel: string, nodes: readonly Live[]): string {
  const out: string[] = []
  for (const log of [...a.engine.book.logs(channel), ...b.engine.book.logs(channel)]) {
    for (const { peerId, name } of nodes) {
      const [mine, theirs] = [a.engine.receipts.sequence(log.key, peerId), b.engine.receipts.sequence(log.key, peerId)]
      if (mine !== theirs) out.push(`${name} of ${log.toString()} ${mine} ${theirs}`)
    }
  }
  return [...new Set(out)].slice(0, 4).join(', ')
}

/** Whoever subscribes a channel has heard how far each of its logs goes. */
function unheard (nodes: readonly Live[]): string | undefined {
  for (const publisher of nodes) {
    for (const log of publisher.engine.book.all()) {
      if (!log.own || log.head === 0) continue
      for (const node of nodes) {
        if (node === publisher || !node.engine.inbox.wantsChannel(log.channel)) continue
        if (node.engine.book.isForgotten(log.id)) continue
        const known = node.engine.book.get(log.key)
        if ((known?.head ?? 0) < log.head) return `${node.name} has not heard of ${publisher.name}’s ${log.channel} ${(known?.head ?? 0) + 1}-${log.head}`
      }
    }
  }
  return undefined
}

/** Publishers know what live subscriptions have settled of what they still keep. Of a lost log that only an announcement tells of nothing is left that it could be about. */
function untold (nodes: readonly Live[]): string | undefined {
  for (const publisher of nodes) {
    for (const log of publisher.engine.book.all()) {
      if (!log.own || log.head === 0 || !log.canBeShown) continue
      for (const node of nodes) {
        const known = node.engine.book.get(log.key)
        if (node === publisher || known === undefined) continue
        for (const { name, ranges } of node.engine.inbox.processed(known)) {
          if (!ranges.has(log.head)) continue
          const { processed } = publisher.engine.receipts.state(log, log.head)
          if (!processed.some(each => each.name === name && each.peerId === node.peerId)) return `${publisher.name} was not told that ${node.name} ${name} has processed ${log.channel} ${log.head}`
        }
      }
    }
  }
  return undefined
}
