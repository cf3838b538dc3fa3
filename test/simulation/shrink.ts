import { simulate, type Outcome, type SimulateOptions } from './simulate.js'

export interface Shrunk {
  readonly options: SimulateOptions
  readonly outcome: Outcome
  readonly runs: number
}

/**
 * The smallest way found in which the seed still fails: fault classes are left out one by one, then there are fewer nodes and less
 * time for faults. It may fail for another reason than at first.
 */
export async function shrink (outcome: Outcome, options: SimulateOptions = {}, runsMax = 60): Promise<Shrunk> {
  let best = { options, outcome }
  let runs = 0
  const tries = async (change: SimulateOptions): Promise<boolean> => {
    if (runs >= runsMax) return false
    runs++
    const tried = await simulate(outcome.seed, { ...best.options, ...change })
    if (!tried.ok) best = { options: { ...best.options, ...change }, outcome: tried }
    return !tried.ok
  }
  for (let again = true; again;) {
    again = false
    for (const name of best.outcome.faults) {
      if (await tries({ without: [...best.options.without ?? [], name] })) again = true
    }
  }
  while (best.outcome.nodes > 2 && await tries({ nodes: best.outcome.nodes - 1 }));
  while (best.outcome.chaosMs > 1_000 && await tries({ chaosMs: Math.round(best.outcome.chaosMs * 0.6) }));
  return { ...best, runs }
}

/** The command that runs this again, with its trace. */
export function replayCommand (seed: number, { without = [], nodes, chaosMs }: SimulateOptions): string {
  return [
    `npm run simulate -- --seed ${seed}`,
    ...without.length === 0 ? [] : [`--without ${without.join(',')}`],
    ...nodes === undefined ? [] : [`--nodes ${nodes}`],
    ...chaosMs === undefined ? [] : [`--chaos-ms ${chaosMs}`]
  ].join(' ')
}
