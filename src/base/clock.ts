/**
 * Time and chance, handed in. Nothing in a decision core may read a clock, set a timer or draw a random
 * number in any other way, so that a whole mesh can run on simulated time from one seed.
 */

export interface Timer {
  cancel (): void
}

export interface Clock {
  /** Wall clock, ms since 1970. May jump. Only for what must be comparable across nodes: message times, expiry. */
  wallMs (): number
  /** Monotonic clock, ms since some fixed moment. For every duration. */
  nowMs (): number
  /** Calls `fn` once, `delayMs` from now or later, never synchronously. */
  after (delayMs: number, fn: () => void): Timer
  /** Calls `fn` as soon as the current turn of the event loop has ended. */
  soon (fn: () => void): void
}

export interface Random {
  /** `length` random bytes, good enough for identifiers and nonces. */
  bytes (length: number): Uint8Array
  /** A number in [0, 1). */
  float (): number
}
