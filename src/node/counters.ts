const NAMES = [
  'published_messages', 'published_ephemeral', 'received_messages', 'gossip_batches', 'pulled_batches', 'bad_batches',
  'damaged_batches', 'duplicates', 'forks', 'gaps', 'strikes', 'bans', 'custody_refused'
] as const

export type CounterName = typeof NAMES[number]

/** What has happened since the start, for people and metrics. */
export class Counters {
  readonly #values = new Map<CounterName, number>(NAMES.map(name => [name, 0]))

  add (name: CounterName, n = 1): void { this.#values.set(name, (this.#values.get(name) ?? 0) + n) }
  all (): Record<string, number> { return Object.fromEntries(this.#values) }
}
