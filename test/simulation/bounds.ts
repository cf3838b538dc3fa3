import { BATCH_BYTES_MAX, GOSSIP_BUFFER_BYTES_MAX, LINK_BUFFER_BYTES_MAX } from '../../src/base/limits.js'
import { NODES_MAX } from '../../src/directory/known-nodes.js'
import { HELD_RANGES_MAX, INTAKE_BYTES_MAX } from '../../src/inbox/intake.js'
import { DEAD_LETTERS_MAX, SUBSCRIPTIONS_MAX } from '../../src/inbox/limits.js'
import { ANSWERS_MAX, EARLY_BYTES_MAX, FORWARD_MAX } from '../../src/inbox/receipting.js'
import { CHANNELS_MAX, KNOWN_CHANNELS_MAX } from '../../src/node/channels.js'
import type { Engine } from '../../src/node/engine.js'
import { WAITING_MAX } from '../../src/outbox/admission.js'
import { RECEIPTS_BYTES_MAX } from '../../src/outbox/receipt-book.js'
import { retentionOf } from '../../src/outbox/retention-rules.js'
import { LOGS_MAX, LOGS_PER_PUBLISHER_MAX } from '../../src/repair/log-quota.js'
import { WANTS_PER_PEER_MAX } from '../../src/repair/provider.js'
import { WANTS_MAX, WANTS_PER_PEER } from '../../src/repair/puller.js'
import type { SimulatedNode } from './node.js'
import type { World } from './world.js'

/** How often all sizes are looked at, ms of simulated time. */
const LOOK_MS = 1_500
/** A batch of the simulation, and what its header and signature take of it. */
const BATCH_BYTES = 16_384
const HEADER_BYTES = 1_024

type Bound = readonly [name: string, value: number, max: number]

/** Looks at all sizes again and again, from now on until the mesh is to heal. */
export function watchBounds (world: World, endMs: number): void {
  world.clock.after(LOOK_MS, () => {
    checkBounds(world)
    if (world.problems.length === 0 && world.clock.nowMs() + LOOK_MS < endMs) watchBounds(world, endMs)
  })
}

/** What is larger than it may be is a failure of the run, with the name of the bound. */
export function checkBounds (world: World): void {
  for (const node of world.nodes) {
    const { engine } = node
    if (engine === undefined || node.lies || engine.isClosed) continue
    for (const [name, value, max] of bounds(node, engine)) if (!(value <= max)) world.problem(`out of bounds: ${node.name} has ${value} of ${name}, and may have ${max}`)
  }
}

function * bounds (node: SimulatedNode, engine: Engine): Generator<Bound> {
  const { puller, receipting, channels } = engine
  yield ['WAITING_MAX', engine.outbox.waiting, WAITING_MAX]
  yield ['INTAKE_BYTES_MAX', engine.intake.stagedBytes, INTAKE_BYTES_MAX + BATCH_BYTES_MAX]
  yield ['WANTS_MAX', puller.asking.all, Math.min(WANTS_MAX, puller.needs)]
  yield ['WANTS_PER_PEER', puller.asking.most, WANTS_PER_PEER]
  yield ['WANTS_PER_PEER_MAX', engine.provider.serving, WANTS_PER_PEER_MAX]
  yield ['FORWARD_MAX', receipting.waiting.forward, FORWARD_MAX]
  yield ['ANSWERS_MAX', receipting.waiting.answers, ANSWERS_MAX]
  yield ['EARLY_BYTES_MAX', receipting.waiting.earlyBytes, EARLY_BYTES_MAX]
  yield ['RECEIPTS_BYTES_MAX', engine.receipts.bytes, RECEIPTS_BYTES_MAX]
  yield ['NODES_MAX', engine.directory.size, NODES_MAX]
  yield ['CHANNELS_MAX', channels.joined.size, CHANNELS_MAX]
  yield ['KNOWN_CHANNELS_MAX', channels.known.size, KNOWN_CHANNELS_MAX]
  yield ['LINK_BUFFER_BYTES_MAX', node.network?.unsentBytes() ?? 0, node.world.nodes.length * (LINK_BUFFER_BYTES_MAX + GOSSIP_BUFFER_BYTES_MAX)]
  yield ['LOGS_MAX', engine.book.size, LOGS_MAX]
  yield * subscriptionBounds(node, engine)
  yield * storeBounds(node, engine)
}

function * subscriptionBounds (node: SimulatedNode, engine: Engine): Generator<Bound> {
  const infos = engine.inbox.info()
  yield ['SUBSCRIPTIONS_MAX', infos.length, SUBSCRIPTIONS_MAX]
  for (const { name, inFlight, consumers, deadLetters } of infos) {
    const plan = node.subscriber.plans.get(name)
    // One that is being removed has none.
    if (plan !== undefined) yield [`maxInFlight of ${name}`, inFlight, consumers * plan.maxInFlight]
    yield [`DEAD_LETTERS_MAX of ${name}`, deadLetters, DEAD_LETTERS_MAX]
  }
}

function * storeBounds (node: SimulatedNode, engine: Engine): Generator<Bound> {
  const { book } = engine
  let others = 0
  for (const log of book.all()) {
    if (!log.own) others += log.bytes
    yield ['HELD_RANGES_MAX', log.held.size, HELD_RANGES_MAX + 1]
  }
  yield ['bytes of others, which are counted wrong', Math.abs(book.othersBytes - others), 0]
  // What a node has lost with its store, or had spoilt in it, comes back to it from the others, and counts beside what it has published since; so does
  // what a crash leaves of a trim and a publish that were under way, and what was admitted in the room of a trim that a full disk then refused.
  const cameBack = node.history.some(event => event.type === 'fault' && ['restored', 'disk-lost', 'rotten', 'torn-commit', 'disk-full'].includes(event.fault))
  for (const channel of book.channels()) {
    const quota = retentionOf(node.retention ?? {}, channel)
    // One commit is under way and the next fills, each with a header that was not reckoned with.
    yield [`retention.bytes of own ${channel}`, book.bytes(channel, true), cameBack ? Infinity : quota.bytes + 2 * HEADER_BYTES]
    yield [`retention.records of own ${channel}`, book.records(channel, true), cameBack ? Infinity : quota.records]
    // Twice the quota where a subscription waits for what fills holes, and the next batch of some logs.
    yield [`retention.bytes of others' ${channel}`, book.bytes(channel, false), quota.bytes * (node.subscriber.plans.size === 0 ? 1.125 : 2) + 4 * BATCH_BYTES]
  }
  const { custody } = node.settings
  const hasSubscribed = node.history.some(({ type }) => type === 'subscribe')
  for (const [publisher, bytes] of book.publishers()) {
    yield ['LOGS_PER_PUBLISHER_MAX', book.logsOf(publisher), LOGS_PER_PUBLISHER_MAX]
    // What its own subscriptions need, or have needed, comes in all the same, and what others need before what is held a little above the quota, then a batch of each log.
    if (custody?.bytesPerPublisher !== undefined && publisher !== node.peerId && !hasSubscribed) yield ['custody.bytesPerPublisher', bytes, custody.bytesPerPublisher * 1.125 + 4 * BATCH_BYTES]
  }
}
