import { utf8Length } from '../base/bytes.js'
import { SkeinError } from '../base/errors.js'
import { TOPIC_BYTES_MAX, TOPIC_LEVELS_MAX } from '../base/limits.js'

/** The last topic that had no fault: most come many times in a row. */
let lastGood: string | undefined

/** Why `topic` cannot be published to, or undefined when it can. Names that begin with `$` are Skein's own. */
export function topicFault (topic: string): string | undefined {
  if (topic === lastGood) return undefined
  if (typeof topic !== 'string' || topic === '') return 'a topic cannot be empty'
  const fault = pathFault(topic, 'topic')
  if (fault !== undefined) return fault
  if (/[+#]/.test(topic)) return 'a topic cannot contain + or #, which are wildcards of filters'
  if (topic.startsWith('$')) return 'names that begin with $ are reserved'
  lastGood = topic
  return undefined
}

/** What topics and filters have in common. */
export function pathFault (path: string, what: string): string | undefined {
  if (utf8Length(path) > TOPIC_BYTES_MAX) return `a ${what} has at most ${TOPIC_BYTES_MAX} bytes`
  // Control characters and line separators would break line-based tools; lone surrogates do not survive UTF-8.
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(path)) return `a ${what} cannot contain control characters`
  if (!path.isWellFormed()) return `a ${what} must be well-formed Unicode`
  const levels = path.split('/')
  if (levels.length > TOPIC_LEVELS_MAX) return `a ${what} has at most ${TOPIC_LEVELS_MAX} levels`
  if (levels.includes('')) return `a ${what} cannot have an empty level: no / at its beginning or end, and no //`
  return undefined
}

/** Throws `ERR_BAD_TOPIC`. */
export function checkTopic (topic: string): void {
  const fault = topicFault(topic)
  if (fault !== undefined) {
    throw new SkeinError('ERR_BAD_TOPIC', `bad topic ${JSON.stringify(topic)}: ${fault}`, { hint: 'A topic is 1 to 16 levels joined by /, such as press/4/temperature.' })
  }
}

/** The first level: the unit that is gossiped, logged, retained and granted. */
export function channelOf (topic: string): string {
  const slash = topic.indexOf('/')
  return slash === -1 ? topic : topic.slice(0, slash)
}

/** Whether a name can be a channel that applications use. */
export function isChannel (name: string): boolean {
  return topicFault(name) === undefined && !name.includes('/')
}
