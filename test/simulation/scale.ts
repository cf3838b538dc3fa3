import { SeededRandom } from './random.js'
import { unrest } from './rest.js'
import { Traffic } from './traffic.js'
import { World, type WorldNode } from './world.js'

export interface ScaleOptions {
  readonly nodes: number
  readonly seed?: number
  /** Neighbours that each node dials; it has about twice as many. Default 3: as many as gossipsub's mesh has. */
  readonly dials?: number
  /** Messages that are measured, one at a time. Default 50. */
  readonly messages?: number
  readonly bodyBytes?: number
}

export interface ScaleResult {
  readonly nodes: number
  readonly neighbours: number
  readonly delivered: number
  readonly expected: number
  /** Hops of gossip until a node has a batch: mean and most. */
  readonly hopsMean: number
  readonly hopsMax: number
  /** Copies of a batch that reach a node which has it, for each that does not. */
  readonly duplicates: number
  /** Bytes on the links for each byte of body that is delivered: of gossip on the channel, and of everything. */
  readonly gossipBytes: number
  readonly allBytes: number
  /** Bytes a second that reach a node while nobody publishes. */
  readonly idleBytes: number
  /** From publish to delivery, ms of simulated time. */
  readonly latencyMs: { readonly p50: number, readonly p99: number }
  /** From the start of all nodes until the mesh is at rest, and from the end of a partition in halves until it is again, ms. */
  readonly startMs: number
  readonly healMs: number
  /** Processor of this machine: for each delivery, µs, and for each node and simulated second while nobody publishes, µs. */
  readonly deliveryMicros: number
  readonly idleMicros: number
  /** Memory of a node, with what the simulation keeps of it, bytes. */
  readonly nodeBytes: number
  readonly problems: readonly string[]
}

const CHANNEL = 'a'
const IDLE_MS = 60_000
const PATIENCE_MS = 15 * 60_000

/** A mesh of so many nodes that all publish and subscribe in one channel: what it costs to reach everyone, as the mesh grows. */
export async function scale ({ nodes: count, seed = 1, dials = 3, messages = 50, bodyBytes = 256 }: ScaleOptions): Promise<ScaleResult> {
  const random = new SeededRandom(seed)
  const traffic = new Traffic()
  const world = new World(random.fork('world'), { observe: traffic.observe })
  const shape = random.fork('shape')
  for (let i = 0; i < count; i++) {
    const known = shape.shuffled(world.nodes.slice(-1000)).slice(0, dials)
    world.add(`node-${i}`, { bootstrap: known })
  }
  const { clock, nodes } = world
  for (const node of nodes) node.subscribe('all', [`${CHANNEL}/#`])
  for (const node of nodes) void node.start()
  // Everyone has published before it counts: what follows is about logs that all know.
  await clock.run(2_000)
  for (const node of nodes.slice(0, 20)) node.publish(`${CHANNEL}/hello`, 'x')
  const startMs = await restless(world)

  traffic.reset()
  let cpu = process.cpuUsage()
  await clock.run(IDLE_MS)
  const idleMicros = microsSince(cpu) / count / (IDLE_MS / 1000)
  const idleBytes = traffic.bytes / count / (IDLE_MS / 1000)

  traffic.reset()
  const publishers = nodes.slice(0, 20)
  const before = settled(nodes)
  const measuredFrom = clock.nowMs()
  cpu = process.cpuUsage()
  for (let n = 0; n < messages; n++) {
    publishers[n % publishers.length]?.publish(`${CHANNEL}/x`, 'x'.repeat(bodyBytes))
    await clock.run(200)
  }
  const expected = messages * count
  await clock.run(60_000, () => settled(nodes) - before >= expected)
  const { channelBytes, bytes, duplicates, arrivals, hops } = traffic
  const measured = { channelBytes, bytes, duplicates, arrivals, hops: [...hops] }
  const delivered = settled(nodes) - before
  const deliveryMicros = (microsSince(cpu) - idleMicros * count * (clock.nowMs() - measuredFrom) / 1000) / delivered
  const { heapUsed, external } = process.memoryUsage()
  const latencyMs = latencies(nodes, measuredFrom)

  // Both halves go on while they cannot reach each other.
  const half = new Set(shape.shuffled(nodes).slice(0, count / 2).map(({ peerId }) => peerId))
  world.mesh.partition([...half], nodes.map(({ peerId }) => peerId).filter(id => !half.has(id)))
  for (let n = 0; n < 20; n++) {
    publishers[n % publishers.length]?.publish(`${CHANNEL}/y`, 'y'.repeat(bodyBytes))
    await clock.run(1_500)
  }
  world.mesh.heal()
  const healMs = await restless(world)

  const deliveredBytes = delivered * bodyBytes
  return {
    nodes: count,
    neighbours: nodes.reduce((sum, node) => sum + (node.engine?.neighbours.size ?? 0), 0) / count,
    delivered,
    expected,
    hopsMean: measured.hops.reduce((sum, n, i) => sum + (n ?? 0) * i, 0) / measured.arrivals,
    hopsMax: measured.hops.length - 1,
    duplicates: measured.duplicates / measured.arrivals,
    gossipBytes: measured.channelBytes / deliveredBytes,
    allBytes: measured.bytes / deliveredBytes,
    idleBytes,
    latencyMs,
    startMs,
    healMs,
    deliveryMicros,
    idleMicros,
    nodeBytes: (heapUsed + external) / count,
    problems: [...world.problems, ...nodes.flatMap(node => node.failures), ...nodes.flatMap(node => node.gaps.map(gap => `${node.name} has a gap ${gap.channel} ${gap.from}-${gap.to} ${gap.reason}`))]
  }
}

const microsSince = (before: NodeJS.CpuUsage): number => { const { user, system } = process.cpuUsage(before); return user + system }

const settled = (nodes: readonly WorldNode[]): number => nodes.reduce((sum, node) => sum + (node.acked.get('all')?.length ?? 0), 0)

/** How long until nothing is left to do, ms; what is wrong when that never comes. */
async function restless (world: World): Promise<number> {
  const fromMs = world.clock.nowMs()
  let why: string | undefined
  for (let lookMs = 100; world.clock.nowMs() < fromMs + PATIENCE_MS; lookMs = Math.min(1_000, lookMs * 1.2)) {
    await world.clock.run(lookMs)
    why = unrest(world)
    if (why === undefined) return world.clock.nowMs() - fromMs
  }
  world.problem(`no rest: ${why ?? ''}`)
  return Number.POSITIVE_INFINITY
}

function latencies (nodes: readonly WorldNode[], fromMs: number): { p50: number, p99: number } {
  const published = new Map<string, number>()
  for (const { history } of nodes) {
    const asked = new Map<string, number>()
    for (const event of history) {
      if (event.type === 'publish') asked.set(event.op, event.t ?? 0)
      else if (event.type === 'published' && event.message !== undefined) published.set(event.message, asked.get(event.op) ?? 0)
    }
  }
  const all: number[] = []
  for (const { history } of nodes) {
    for (const event of history) {
      if (event.type !== 'deliver') continue
      const atMs = published.get(event.message) ?? 0
      if (atMs >= fromMs) all.push((event.t ?? 0) - atMs)
    }
  }
  all.sort((a, b) => a - b)
  const at = (share: number): number => all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}
