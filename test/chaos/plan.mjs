/**
 * What is done to the mesh, and when: drawn from a seed, before anything runs. Nothing here touches a process.
 *
 * A fault has a kind, what it is done to, when it begins and how long it lasts, ms from the start of the trial.
 */
import { seeded } from './random.mjs'

/** Each kind, with how often it is drawn and how long it lasts at most. */
export const FAULTS = {
  kill: { what: 'kill -9, started again after a while', weight: 6, lastsMs: 3_000 },
  stop: { what: 'SIGSTOP, SIGCONT after a while', weight: 3, lastsMs: 6_000 },
  partition: { what: 'two groups that cannot reach each other', weight: 3, lastsMs: 8_000 },
  oneway: { what: 'nothing goes through, one way, and connections stay up', weight: 3, lastsMs: 8_000 },
  reset: { what: 'connections of a link are reset', weight: 2, lastsMs: 0 },
  latency: { what: 'a link takes longer', weight: 2, lastsMs: 10_000 },
  cable: { what: 'a node’s interface is down: packets vanish (namespaces only)', weight: 2, lastsMs: 6_000 },
  disk: { what: 'a node’s disk is full (a small tmpfs)', weight: 2, lastsMs: 5_000 }
}

export const KINDS = Object.keys(FAULTS)

/**
 * The faults of a trial. `nodes`: how many; `kinds`: which may be drawn; `withDisk`: indices of nodes whose disk can be filled.
 * Between two of them lies half a second to two seconds; each node has one fault of its own at a time.
 */
export function plan ({ seed, nodes, durationMs, kinds, withDisk }) {
  const random = seeded(seed)
  const weighted = kinds.flatMap(kind => Array.from({ length: FAULTS[kind].weight }, () => kind))
  const busyUntil = Array.from({ length: nodes }, () => 0)
  const faults = []
  let atMs = 1_000
  while (weighted.length > 0 && atMs < durationMs) {
    const fault = draw(random, weighted, { nodes, withDisk, atMs, busyUntil })
    if (fault !== undefined) faults.push(fault)
    atMs += random.int(500, 2_000)
  }
  return faults
}

function draw (random, weighted, { nodes, withDisk, atMs, busyUntil }) {
  const kind = random.pick(weighted)
  const { lastsMs } = FAULTS[kind]
  const fault = { kind, atMs, forMs: lastsMs === 0 ? 0 : random.int(Math.min(300, lastsMs), lastsMs) }
  if (kind === 'partition') {
    const side = Array.from({ length: nodes }, () => random.chance(0.5))
    if (side.every(Boolean) || !side.some(Boolean)) side[0] = !side[0]
    return { ...fault, near: indices(side, true), far: indices(side, false) }
  }
  if (kind === 'oneway' || kind === 'reset' || kind === 'latency') {
    const from = random.int(0, nodes - 1)
    const to = (from + random.int(1, nodes - 1)) % nodes
    return { ...fault, from, to, ...(kind === 'latency' ? { delayMs: random.int(5, 150), jitterMs: random.int(0, 50) } : {}) }
  }
  const candidates = kind === 'disk' ? withDisk : Array.from({ length: nodes }, (_, i) => i)
  const free = candidates.filter(i => busyUntil[i] <= atMs)
  if (free.length === 0) return undefined
  const node = random.pick(free)
  busyUntil[node] = atMs + fault.forMs + 1_000
  return { ...fault, node }
}

const indices = (flags, value) => flags.flatMap((flag, i) => flag === value ? [i] : [])

/** A line for people. */
export function describe (fault) {
  const on = fault.node ?? (fault.near === undefined ? `${fault.from}→${fault.to}` : `${fault.near.join(',')} | ${fault.far.join(',')}`)
  return `${fault.kind} ${on}${fault.forMs > 0 ? ` for ${fault.forMs} ms` : ''}${fault.delayMs === undefined ? '' : `, ${fault.delayMs} ms each way`}`
}
