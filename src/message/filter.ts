import { SkeinError } from '../base/errors.js'
import { pathFault } from './topic.js'

/** Why `filter` is no topic filter, or undefined when it is one. `+` stands for one whole level, `#` for the rest, at the end only [MQTT-4.7.1]. */
export function filterFault (filter: string): string | undefined {
  if (typeof filter !== 'string' || filter === '') return 'a filter cannot be empty'
  const fault = pathFault(filter, 'filter')
  if (fault !== undefined) return fault
  if (filter.startsWith('$')) return 'names that begin with $ are reserved'
  const levels = filter.split('/')
  for (const [i, level] of levels.entries()) {
    if (level === '#') {
      if (i !== levels.length - 1) return '# can only be the last level'
    } else if (level.includes('#') || (level.includes('+') && level !== '+')) {
      return '+ and # stand for whole levels'
    }
  }
  return undefined
}

/** Throws `ERR_BAD_FILTER`. */
function checkFilter (filter: string): void {
  const fault = filterFault(filter)
  if (fault !== undefined) {
    throw new SkeinError('ERR_BAD_FILTER', `bad filter ${JSON.stringify(filter)}: ${fault}`, { hint: 'Such as press/+/temperature (one level) or press/# (all below, and press itself).' })
  }
}

/** One or more filters, matched together. A topic that several of them match is matched once. */
export class FilterSet {
  readonly filters: readonly string[]
  /** Channels named outright. */
  readonly channels: readonly string[]
  /** Some filter takes in channels not named. */
  readonly everyChannel: boolean
  readonly #levels: readonly string[][]
  readonly #exact: ReadonlySet<string>
  /** The last answer: most topics come many times in a row. */
  #last: { readonly topic: string, readonly matches: boolean } | undefined

  constructor (filters: readonly string[]) {
    this.filters = filters
    const first = new Set(filters.map(firstLevel))
    this.everyChannel = first.delete('+') || first.has('#')
    first.delete('#')
    this.channels = [...first]
    const patterns = filters.filter(filter => /[+#]/.test(filter))
    this.#exact = new Set(filters.filter(filter => !/[+#]/.test(filter)))
    this.#levels = patterns.map(filter => filter.split('/'))
  }

  matches (topic: string): boolean {
    if (this.#last?.topic === topic) return this.#last.matches
    const matches = this.#exact.has(topic) || this.#patternMatches(topic)
    this.#last = { topic, matches }
    return matches
  }

  #patternMatches (topic: string): boolean {
    if (this.#levels.length === 0 || topic.startsWith('$')) return false
    const topicLevels = topic.split('/')
    return this.#levels.some(levels => levelsMatch(levels, topicLevels))
  }

  /** Whether a record of this channel can match. */
  matchesChannel (channel: string): boolean {
    if (channel.startsWith('$')) return false
    return this.everyChannel || this.channels.includes(channel)
  }

}

function firstLevel (filter: string): string {
  const slash = filter.indexOf('/')
  return slash === -1 ? filter : filter.slice(0, slash)
}

function levelsMatch (filter: readonly string[], topic: readonly string[]): boolean {
  for (let i = 0; i < filter.length; i++) {
    const level = filter[i]
    // `a/#` also matches `a` itself [MQTT-4.7.1-2].
    if (level === '#') return true
    if (i >= topic.length) return false
    if (level !== '+' && level !== topic[i]) return false
  }
  return filter.length === topic.length
}

/** Throws `ERR_BAD_FILTER`. Returns the filters, each once, in order. */
export function checkFilters (filters: string | readonly string[], max = 64): string[] {
  const list = typeof filters === 'string' ? [filters] : [...filters]
  if (list.length === 0) throw new SkeinError('ERR_BAD_FILTER', 'at least one filter is needed')
  if (list.length > max) throw new SkeinError('ERR_BAD_FILTER', `at most ${max} filters in one subscription`)
  for (const filter of list) checkFilter(filter)
  return [...new Set(list)]
}
