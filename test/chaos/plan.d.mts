export interface Fault {
  readonly kind: string
  readonly atMs: number
  readonly forMs: number
  readonly node?: number
  readonly from?: number
  readonly to?: number
  readonly near?: readonly number[]
  readonly far?: readonly number[]
  readonly delayMs?: number
  readonly jitterMs?: number
}

export const KINDS: readonly string[]
export function plan (options: { seed: number, nodes: number, durationMs: number, kinds: readonly string[], withDisk: readonly number[] }): Fault[]
export function describe (fault: Fault): string
