import { Draw, seedOf } from './draw.js'
import { mutate } from './mutate.js'
import { shrink } from './shrink.js'
import { BYTES_MAX, type Target } from './target.js'
import { trial } from './trial.js'

/** Inputs that share a pool of valid ones. */
export const CHUNK = 1024
const POOL = 32
/** One input in so many is valid, as it was made. */
const VALID = 16
/** One input in so many has what it allocates measured, which takes a collection of garbage before it. */
const WEIGHED = 512
/** Findings of one kind are reported once; of one target at most so many kinds. */
const KINDS_MAX = 20

export interface Finding {
  readonly target: string
  readonly seed: number
  readonly index: number
  readonly kind: string
  readonly message: string
  /** As small as it could be made. */
  readonly input: Uint8Array
}

export interface Tally {
  inputs: number
  accepted: number
  rejected: number
  failed: number
  msMax: number
  readonly findings: Finding[]
}

/** A target's inputs: each is known by the seed and its index alone. */
export class Inputs {
  readonly #target: Target
  readonly #seed: number
  readonly #own: number
  readonly #words: readonly Uint8Array[]
  #pool: Uint8Array[] = []
  #chunk = -1

  constructor (target: Target, seed: number) {
    this.#target = target
    this.#seed = seed
    this.#own = seedOf(target.name)
    this.#words = (target.words ?? []).map(word => typeof word === 'string' ? new Uint8Array(Buffer.from(word)) : word)
  }

  at (index: number): { readonly bytes: Uint8Array, readonly valid: boolean } {
    const chunk = Math.floor(index / CHUNK)
    if (chunk !== this.#chunk) {
      const draw = new Draw(this.#seed, this.#own, ~chunk)
      this.#pool = Array.from({ length: POOL }, () => this.#target.make(draw))
      this.#chunk = chunk
    }
    const draw = new Draw(this.#seed, this.#own, index)
    const bytes = draw.pick(this.#pool)
    if (draw.int(VALID) === 0) return { bytes: new Uint8Array(bytes), valid: true }
    return { bytes: mutate(draw, bytes, draw.pick(this.#pool), this.#target.shape, this.#words, this.#target.bytesMax ?? BYTES_MAX), valid: false }
  }
}

export interface FuzzOptions {
  readonly seed: number
  readonly from: number
  readonly count: number
  readonly tally?: Tally
  /** Called before each input, to know which one was under way when the process died of it. */
  readonly before?: (index: number) => void
}

export const newTally = (): Tally => ({ inputs: 0, accepted: 0, rejected: 0, failed: 0, msMax: 0, findings: [] })

export async function fuzz (target: Target, { seed, from, count, tally = newTally(), before }: FuzzOptions): Promise<Tally> {
  const inputs = new Inputs(target, seed)
  for (let index = from; index < from + count; index++) {
    before?.(index)
    const { bytes, valid } = inputs.at(index)
    const { accepted, ms, failure } = await trial(target, bytes, valid, index % WEIGHED === 0)
    tally.inputs++
    tally.msMax = Math.max(tally.msMax, ms)
    if (failure === undefined) {
      if (accepted) tally.accepted++
      else tally.rejected++
      continue
    }
    tally.failed++
    if (tally.findings.length >= KINDS_MAX || tally.findings.some(({ kind }) => kind === failure.kind)) continue
    const input = await shrink(target, bytes, failure.kind)
    tally.findings.push({ target: target.name, seed, index, kind: failure.kind, message: failure.message, input })
  }
  return tally
}
