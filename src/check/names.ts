/** Topics, filters and message ids, as MQTT and `docs/histories.md` have them: a matcher of the checker's own. */

/** Whether the filter takes in the topic: `+` stands for one level, `#` for the rest, also for none. */
function filterMatches (filter: string, topic: string): boolean {
  if (filter === topic) return true
  const pattern = filter.split('/')
  // Names that begin with $ match no wildcard.
  if (topic.startsWith('$') && (pattern[0] === '+' || pattern[0] === '#')) return false
  const levels = topic.split('/')
  for (const [i, level] of pattern.entries()) {
    if (level === '#') return i === pattern.length - 1
    if (i >= levels.length || (level !== '+' && level !== levels[i])) return false
  }
  return pattern.length === levels.length
}

/** Some filters, matched together; topics come again and again, so answers are kept. */
export class Filters {
  readonly #known = new Map<string, boolean>()

  constructor (readonly list: readonly string[]) {}

  match (topic: string): boolean {
    let matches = this.#known.get(topic)
    if (matches === undefined) {
      matches = this.list.some(filter => filterMatches(filter, topic))
      if (this.#known.size < 10_000) this.#known.set(topic, matches)
    }
    return matches
  }

  equals (other: readonly string[]): boolean {
    return this.list.length === other.length && other.every(filter => this.list.includes(filter))
  }
}

/** The first level of a topic. */
export const channelOf = (topic: string): string => topic.includes('/') ? topic.slice(0, topic.indexOf('/')) : topic

export const logKeyOf = (publisher: string, incarnation: string, channel: string): string => `${publisher}.${incarnation}.${channel}`

/** The parts of `PEER.INCARNATION.CHANNEL`; undefined when it is none. A channel may have dots. */
export function splitLogKey (key: string): { publisher: string, incarnation: string, channel: string } | undefined {
  const match = /^([^.]+)\.([^.]+)\.(.+)$/.exec(key)
  return match === null ? undefined : { publisher: match[1] as string, incarnation: match[2] as string, channel: match[3] as string }
}

/** Earlier incarnations before later ones: by number, then by the random part. */
export function compareIncarnations (a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : a > b ? 1 : 0)
}
