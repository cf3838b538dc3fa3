import type { Draw } from './draw.js'
import type { Shape } from './mutate.js'

/** Whether the decoder took the input or refused it in the way that it says it refuses. Anything else is thrown. */
export type Verdict = boolean

/** A decoder of bytes from outside, and what must hold of it. */
export interface Target {
  readonly name: string
  /** One line: what it decodes, and what is held to. */
  readonly what: string
  readonly shape: Shape
  /** One valid input. */
  make (draw: Draw): Uint8Array
  /** Decodes, and throws unless all that is promised holds: refused as declared, round trips, no more time or memory than `limits`. */
  run (bytes: Uint8Array): Verdict | Promise<Verdict>
  /** Texts and bytes that mean something to it. */
  readonly words?: ReadonlyArray<string | Uint8Array>
  /** How many of its inputs there are among those of others. Default 100; less for what is slow. */
  readonly share?: number
  /** Longest input, bytes. Default 65,536. */
  readonly bytesMax?: number
  readonly limits?: Partial<Limits>
  /** What `make` gives may be refused. */
  readonly fussy?: boolean
}

/** What one input may cost at most. Generous: a shared machine is noisy, and what is over is measured again before it counts. */
export interface Limits {
  readonly ms: number
  readonly msPerKib: number
  readonly bytes: number
  /** Bytes allocated for each byte of input. */
  readonly bytesPerByte: number
}

export const LIMITS: Limits = { ms: 20, msPerKib: 2, bytes: 4 * 1024 * 1024, bytesPerByte: 256 }

export const SHARE = 100
export const BYTES_MAX = 65_536

/** What a property says when it does not hold. */
export class Broken extends Error {
  override readonly name = 'Broken'
}

export function holds (condition: boolean, what: string): void {
  if (!condition) throw new Broken(what)
}

/** Runs a decoder. Undefined when it threw an error that `declared` knows; any other is thrown on. */
export function attempt<T> (decode: () => T, declared: (error: unknown) => boolean): { readonly value: T } | undefined {
  try {
    return { value: decode() }
  } catch (error) {
    if (declared(error)) return undefined
    throw error
  }
}
