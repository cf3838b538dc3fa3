/**
 * Whether this node's key is used by another process at the same time, by what is announced with it.
 *
 *   another life announces ──► it is named as the rival in what this life announces: it may be an echo of the past
 *   another life announces, and names this life as its rival ──► it has heard of this life: it is there now
 *   this life announces what it did not ──► a copy of this process is there now
 *
 * No clock is trusted for this: only who was there after this life began can name it.
 */
import { equalBytes } from '../base/bytes.js'
import type { Random } from '../base/clock.js'

export const LIFE_BYTES = 16

export interface Rival {
  readonly life: Uint8Array
  readonly startedAt: number
  /** It started later than this life, and is the one to stop. */
  readonly isLater: boolean
  /** It has this life's own name: it is a copy of this process, with its memory. */
  readonly isCopy: boolean
}

interface Spoken {
  readonly life: Uint8Array
  readonly startedAt: number
  readonly rival: Uint8Array
  readonly sequence: number
}

export class OwnLives {
  readonly #random: Random
  life: Uint8Array
  startedAt: number
  #rival: Spoken | undefined

  constructor (random: Random, wallMs: number) {
    this.#random = random
    this.life = random.bytes(LIFE_BYTES)
    this.startedAt = Math.floor(wallMs)
  }

  /** The other life of this key that was heard last; empty if none. */
  get rival (): Uint8Array { return this.#rival?.life ?? new Uint8Array(0) }

  /** Whether what was announced with this node's key may say something new, before its signature is looked at. */
  mayMatter (spoken: Spoken, lastGiven: number): boolean {
    if (spoken.life.length !== LIFE_BYTES) return false
    if (equalBytes(spoken.life, this.life)) return spoken.sequence > lastGiven
    // Of several others the one with the highest sequence is there now, if one is: who hears a higher one goes above it.
    return this.#rival === undefined || spoken.sequence > this.#rival.sequence
  }

  /** Takes in what was announced with this node's key, its signature checked. `renamed`: others should hear what is announced from now on soon. */
  heard (spoken: Spoken, wallMs: number): { readonly renamed: boolean, readonly rival: Rival | undefined } {
    const { life, startedAt } = spoken
    if (equalBytes(life, this.life)) {
      this.life = this.#random.bytes(LIFE_BYTES)
      this.startedAt = Math.floor(wallMs)
      return { renamed: true, rival: { life, startedAt, isLater: true, isCopy: true } }
    }
    const renamed = !equalBytes(life, this.rival)
    this.#rival = { ...spoken, life: life.slice() }
    if (!equalBytes(spoken.rival, this.life)) return { renamed, rival: undefined }
    const isLater = startedAt > this.startedAt || (startedAt === this.startedAt && Buffer.compare(life, this.life) > 0)
    return { renamed, rival: { life: this.#rival.life, startedAt, isLater, isCopy: false } }
  }
}
