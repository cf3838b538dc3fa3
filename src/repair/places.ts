/**
 * The places that each neighbour has for wants, and what waits until one of them is free. Whatever waits for a neighbour is
 * looked at again when its turn has come, and not before: what waiting costs does not grow with how many wait.
 *
 *   free ──take──► a want is under way ──free──► free, or resting ──rested──► free
 */
export class Places<T> {
  readonly #underWay = new Map<string, number>()
  /** Places that are free again later, in this order, and how many of each neighbour. */
  #resting: Array<{ readonly peerId: string, readonly untilMs: number }> = []
  readonly #rests = new Map<string, number>()
  /** First come, first served. */
  readonly #queues = new Map<string, Set<T>>()

  /** Places that are not free. */
  taken (peerId: string): number { return (this.#underWay.get(peerId) ?? 0) + (this.#rests.get(peerId) ?? 0) }

  /** Wants under way with the neighbour that has most. */
  get most (): number { return Math.max(0, ...this.#underWay.values()) }

  /** When the next place has rested; infinite when none rests. */
  get restedAtMs (): number { return this.#resting[0]?.untilMs ?? Number.POSITIVE_INFINITY }

  take (peerId: string): void { this.#underWay.set(peerId, (this.#underWay.get(peerId) ?? 0) + 1) }

  /** A want is over. Its place rests until then, which is never before the one given last. Returns whether nothing is under way with the neighbour any more. */
  free (peerId: string, restUntilMs?: number): boolean {
    const left = (this.#underWay.get(peerId) ?? 0) - 1
    if (left > 0) this.#underWay.set(peerId, left)
    else this.#underWay.delete(peerId)
    if (restUntilMs !== undefined) {
      this.#resting.push({ peerId, untilMs: restUntilMs })
      this.#rests.set(peerId, (this.#rests.get(peerId) ?? 0) + 1)
    }
    return left <= 0
  }

  /** Places that have rested for long enough are free. */
  rested (nowMs: number): void {
    for (let first = this.#resting[0]; first !== undefined && first.untilMs <= nowMs; first = this.#resting[0]) {
      this.#resting.shift()
      const left = (this.#rests.get(first.peerId) ?? 0) - 1
      if (left > 0) this.#rests.set(first.peerId, left)
      else this.#rests.delete(first.peerId)
    }
  }

  /** Waits for one more neighbour; it keeps its turn where it waits already. */
  wait (item: T, peerId: string): void {
    const queue = this.#queues.get(peerId)
    if (queue === undefined) this.#queues.set(peerId, new Set([item]))
    else queue.add(item)
  }

  /** Waits for nobody any more. */
  leave (item: T): void {
    for (const [peerId, queue] of this.#queues) if (queue.delete(item) && queue.size === 0) this.#queues.delete(peerId)
  }

  /** Neighbours that are waited for. */
  waitedFor (): string[] { return [...this.#queues.keys()] }

  /** Whether it waits for a neighbour of which this is so. */
  waits (item: T, isSo: (peerId: string) => boolean): boolean {
    for (const [peerId, queue] of this.#queues) if (queue.has(item) && isSo(peerId)) return true
    return false
  }

  /** What waits for this neighbour, in order. */
  waiting (peerId: string): Iterable<T> { return this.#queues.get(peerId) ?? [] }

  /** Takes out what has waited longest for this neighbour. */
  next (peerId: string): T | undefined {
    const queue = this.#queues.get(peerId)
    if (queue === undefined) return undefined
    const item = queue.values().next().value as T
    queue.delete(item)
    if (queue.size === 0) this.#queues.delete(peerId)
    return item
  }

  /** The neighbour is gone. Returns what waited for it. */
  down (peerId: string): Iterable<T> {
    const waited = this.waiting(peerId)
    this.#queues.delete(peerId)
    this.#underWay.delete(peerId)
    this.#rests.delete(peerId)
    this.#resting = this.#resting.filter(place => place.peerId !== peerId)
    return waited
  }
}
