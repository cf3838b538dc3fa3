/** The delay before the next attempt after `attempts` failed ones, ms: `firstMs`, doubling up to `maxMs`. */
export function backoffAfter (attempts: number, firstMs: number, maxMs: number): number {
  // Beyond 2^40 doublings only make numbers that are cut off anyway.
  return Math.min(maxMs, firstMs * 2 ** Math.min(40, Math.max(0, attempts - 1)))
}
