import { checkBounds, watchBounds } from './bounds.js'
import { verdict } from './checks.js'
import { Chaos, type FaultClass } from './chaos.js'
import { FAULTS } from './faults/index.js'
import { SeededRandom } from './random.js'
import { unrest } from './rest.js'
import { buildTopology } from './topology.js'
import { startWorkload } from './workload.js'
import { World } from './world.js'

export interface SimulateOptions {
  /** Fault classes that are left out. */
  readonly without?: readonly string[]
  /** Only these fault classes, all of them, whatever the seed draws. */
  readonly only?: readonly string[]
  /** Kinds of faults besides those of the simulation. They are left out like any other. */
  readonly more?: readonly FaultClass[]
  /** So many nodes instead of what the seed draws. */
  readonly nodes?: number
  /** So long a chaos part instead of what the seed draws, ms. */
  readonly chaosMs?: number
  /** Keep the lines of the trace. */
  readonly trace?: boolean
}

export interface Outcome {
  readonly seed: number
  readonly ok: boolean
  /** What is wrong; empty when nothing is. */
  readonly wrong: readonly string[]
  /** Fault classes that happened. */
  readonly faults: readonly string[]
  readonly nodes: number
  readonly chaosMs: number
  readonly topology: string
  readonly simulatedMs: number
  readonly events: number
  readonly published: number
  /** Of everything that happened, in order. */
  readonly traceHash: string
  readonly trace: readonly string[]
}

/** A mesh that has been told to heal comes to rest within this, ms of simulated time: the longest patience is 10 minutes, and some follow each other. */
const REST_MS = 45 * 60_000

/** One run of one seed: a mesh, what applications do, faults, then peace until everything is delivered or explained. */
export async function simulate (seed: number, options: SimulateOptions = {}): Promise<Outcome> {
  const random = new SeededRandom(seed)
  const shape = random.fork('shape')
  const world = new World(random.fork('world'), { trace: options.trace === true })
  const drawnNodes = shape.whole(3, shape.chance(0.3) ? 9 : 6)
  const drawnMs = shape.between(15_000, 40_000)
  const nodes = options.nodes ?? drawnNodes
  const chaosMs = options.chaosMs ?? drawnMs
  const faults = drawFaults(random.fork('faults'), options)
  const topology = buildTopology(world, random.fork('topology'), nodes, faults.some(({ destroys, trims, withholds }) => destroys === true || trims === true || withholds === true))
  const wrong: string[] = []
  try {
    await run(world, random, faults, chaosMs)
    wrong.push(...verdict(world, faults))
  } catch (error) {
    wrong.push(...world.problems, (error as Error).stack ?? String(error))
  }
  return {
    seed, ok: wrong.length === 0, wrong, faults: faults.map(({ name }) => name), nodes, chaosMs: Math.round(chaosMs), topology,
    simulatedMs: Math.round(world.clock.nowMs()), events: world.clock.events, published: world.nodes.reduce((sum, node) => sum + node.published.length, 0),
    traceHash: world.trace.hash, trace: world.trace.lines
  }
}

/** Each seed has its own mixture: with all faults at once none would get far. Half of the seeds destroy nothing, so that nothing may be missing in them. */
function drawFaults (random: SeededRandom, { without = [], only, more = [] }: SimulateOptions): FaultClass[] {
  const share = random.pick([0.1, 0.25, 0.4])
  const destroys = random.chance(0.4)
  const drawn = FAULTS.filter(({ name, destroys: destroyer, trims }) => {
    // Each by itself, so that a new kind leaves the others as they were.
    const own = random.fork(name)
    const happens = own.chance(share) && (destroyer !== true || destroys) && (trims !== true || own.chance(0.5))
    return only === undefined ? happens && !without.includes(name) : only.includes(name)
  }).filter(({ pins }, _, all) => only !== undefined || pins !== true || !all.some(({ leaves }) => leaves === true))
  return [...drawn, ...more.filter(({ name }) => !without.includes(name))]
}

async function run (world: World, random: SeededRandom, faults: readonly FaultClass[], chaosMs: number): Promise<void> {
  const { clock } = world
  const heals: Array<() => void> = []
  for (const fault of faults) fault.begin(new Chaos(world, random.fork(`fault ${fault.name}`), chaosMs, heals))
  for (const node of world.nodes) {
    if (node.startsAtMs === 0) void node.start()
    else clock.after(node.startsAtMs, () => { void node.start() })
  }
  await clock.run(0.01)
  startWorkload(world, random.fork('workload'), chaosMs)
  watchBounds(world, chaosMs)
  await clock.run(chaosMs - clock.nowMs())
  world.fault('heal')
  for (const heal of heals) heal()
  for (const node of world.nodes) void node.start()
  await clock.run(1)
  let restless: string | undefined = 'not looked at'
  for (let lookMs = 250; clock.nowMs() < chaosMs + REST_MS; lookMs = Math.min(5_000, lookMs * 1.2)) {
    await clock.run(lookMs)
    for (const node of world.nodes) if (!node.isUp) void node.start()
    checkBounds(world)
    restless = world.problems.length > 0 ? undefined : unrest(world)
    if (restless === undefined) break
  }
  if (restless !== undefined) world.problem(`no rest: ${restless}`)
}
