/** Topic filters worked out here once more, apart from the mesh, so that the two can be compared. */
export function matches (filter, topic) {
  const levels = topic.split('/')
  const wanted = filter.split('/')
  const rest = wanted.at(-1) === '#'
  if (rest) wanted.pop()
  if (rest ? levels.length < wanted.length : levels.length !== wanted.length) return false
  return wanted.every((level, i) => level === '+' || level === levels[i])
}
