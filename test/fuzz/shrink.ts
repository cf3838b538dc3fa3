import type { Bytes } from './splice.js'
import type { Target } from './target.js'
import { trial } from './trial.js'

/** Trials and time spent on making one failing input smaller. */
const TRIALS_MAX = 2_000
const MS_MAX = 10_000

/** A smaller input that fails in the same way: parts are cut out, ever smaller ones, then bytes made zero. */
export async function shrink (target: Target, bytes: Uint8Array, kind: string): Promise<Bytes> {
  let best: Bytes = new Uint8Array(bytes)
  let trials = 0
  const endMs = performance.now() + MS_MAX
  const spent = (): boolean => trials >= TRIALS_MAX || performance.now() > endMs
  const fails = async (candidate: Uint8Array): Promise<boolean> => {
    trials++
    return (await trial(target, candidate, kind === 'a valid input is refused', kind === 'too much memory')).failure?.kind === kind
  }
  // A refused valid input is only that as a whole.
  if (kind === 'a valid input is refused') return best
  for (let size = Math.ceil(best.length / 2); size >= 1 && !spent(); size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && !spent();) {
      const candidate = new Uint8Array([...best.subarray(0, at), ...best.subarray(at + size)])
      if (await fails(candidate)) best = candidate
      else at += size
    }
  }
  for (let at = 0; at < best.length && !spent(); at++) {
    if (best[at] === 0) continue
    const candidate = best.slice()
    candidate[at] = 0
    if (await fails(candidate)) best = candidate
  }
  return best
}
