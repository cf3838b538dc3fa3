/**
 * A token bucket: so much at once, and so much again each second. It may go below nothing, so that one large piece of work is
 * paid for afterwards. Without a clock: the caller says what time it is.
 */
export class Budget {
  #left: number
  #atMs: number

  constructor (private readonly perSecond: number, private readonly burst: number, nowMs: number) {
    this.#left = burst
    this.#atMs = nowMs
  }

  left (nowMs: number): number {
    const passedMs = Math.max(0, nowMs - this.#atMs)
    this.#atMs = Math.max(this.#atMs, nowMs)
    this.#left = Math.min(this.burst, this.#left + passedMs * this.perSecond / 1000)
    return this.#left
  }

  /** Takes it whether it is there or not. Returns whether it was. */
  spend (nowMs: number, cost: number): boolean {
    const had = this.left(nowMs)
    // Whoever owes much has not to pay for more than it could have saved.
    this.#left = Math.max(had - cost, -this.burst)
    return had >= cost
  }

  /** Takes it only when it is there. */
  take (nowMs: number, cost: number): boolean {
    if (this.left(nowMs) < cost) return false
    this.#left -= cost
    return true
  }

  /** Until nothing is owed, ms. */
  owedMs (nowMs: number): number {
    const left = this.left(nowMs)
    return left >= 0 ? 0 : -left * 1000 / this.perSecond
  }
}

/** Like a budget, but for its size, which is told each time: what was taken of it is there again within `fillMs`. */
export class Allowance {
  #taken = 0
  #atMs: number

  constructor (private readonly fillMs: number, nowMs: number) {
    this.#atMs = nowMs
  }

  /** Takes as much of the cost as is there. Returns what is left of the cost. */
  spare (nowMs: number, size: number, cost: number): number {
    const passedMs = Math.max(0, nowMs - this.#atMs)
    this.#atMs = Math.max(this.#atMs, nowMs)
    this.#taken = Math.max(0, this.#taken - passedMs * size / this.fillMs)
    const taken = Math.min(cost, Math.max(0, size - this.#taken))
    this.#taken += taken
    return cost - taken
  }
}

/** A budget for each of many: when there are too many, the one asked for longest ago begins anew. */
export class Budgets {
  readonly #of = new Map<string, Budget>()

  constructor (private readonly perSecond: number, private readonly burst: number, private readonly most: number) {}

  take (who: string, nowMs: number, cost: number): boolean {
    let budget = this.#of.get(who)
    if (budget === undefined) {
      budget = new Budget(this.perSecond, this.burst, nowMs)
      if (this.#of.size >= this.most) this.#of.delete(this.#of.keys().next().value as string)
    } else this.#of.delete(who)
    this.#of.set(who, budget)
    return budget.take(nowMs, cost)
  }
}
