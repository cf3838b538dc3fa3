import type { LogState } from './log-state.js'

interface Held {
  bytes: number
  records: number
}

const NOTHING: Held = { bytes: 0, records: 0 }

/** What is held, summed up as quotas ask for it: by channel, own and others' apart, and of others by publisher. */
export class Holdings {
  readonly #own = new Map<string, Held>()
  readonly #others = new Map<string, Held>()
  readonly #byPublisher = new Map<string, number>()
  /** Of all logs but this node's own. */
  othersBytes = 0

  of (channel: string, own: boolean): Readonly<Held> { return (own ? this.#own : this.#others).get(channel) ?? NOTHING }

  ofPublisher (publisher: string): number { return this.#byPublisher.get(publisher) ?? 0 }

  /** All others of whom anything is held. */
  publishers (): Iterable<readonly [publisher: string, bytes: number]> { return this.#byPublisher }

  add (log: LogState, bytes: number, records: number): void {
    const { channel, publisher } = log
    const channels = log.own ? this.#own : this.#others
    const held = channels.get(channel) ?? { bytes: 0, records: 0 }
    held.bytes += bytes
    held.records += records
    if (held.bytes === 0 && held.records === 0) channels.delete(channel)
    else channels.set(channel, held)
    if (log.own) return
    this.othersBytes += bytes
    const left = this.ofPublisher(publisher) + bytes
    if (left === 0) this.#byPublisher.delete(publisher)
    else this.#byPublisher.set(publisher, left)
  }
}
