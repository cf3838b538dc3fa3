import type { Entry } from './entry.js'

interface Lane {
  holders: number
  readonly queue: Entry[]
}

/** Keys in use: one record of a key at a time, the others behind it in order. */
export class KeyLanes {
  readonly #lanes = new Map<string, Lane>()
  #blocked = 0

  get blocked (): number { return this.#blocked }

  /** Takes the key for `entry`; false when another has it, and then `entry` waits behind it. */
  enter (entry: Entry, key: string): boolean {
    entry.key = key
    const lane = this.#lanes.get(key)
    if (lane === undefined) {
      this.#lanes.set(key, { holders: 1, queue: [] })
      entry.holdsKey = true
      return true
    }
    entry.state = 'blocked'
    lane.queue.push(entry)
    this.#blocked++
    return false
  }

  /** `entry` has the key whoever else has it: it was handed out before keys counted. */
  share (entry: Entry, key: string): void {
    const lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, { holders: 1, queue: [] })
    else lane.holders++
    entry.key = key
    entry.holdsKey = true
  }

  /** `entry` lets go of its key. Returns who has it next. */
  leave (entry: Entry): Entry | undefined {
    if (!entry.holdsKey) return undefined
    entry.holdsKey = false
    const key = entry.key as string
    const lane = this.#lanes.get(key) as Lane
    if (--lane.holders > 0) return undefined
    const next = lane.queue.shift()
    if (next === undefined) {
      this.#lanes.delete(key)
      return undefined
    }
    this.#blocked--
    lane.holders = 1
    next.holdsKey = true
    return next
  }

  /** Takes `entry` out of the queue it waits in. */
  withdraw (entry: Entry): void {
    const queue = this.#lanes.get(entry.key as string)?.queue
    const i = queue?.indexOf(entry) ?? -1
    if (i === -1) return
    queue?.splice(i, 1)
    this.#blocked--
  }

  clear (): void {
    this.#lanes.clear()
    this.#blocked = 0
  }
}
