import type { Counts, Problem, RuleName, Verdict } from './verdict.js'

const some = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

function countsText (counts: Counts): string {
  return [
    some(counts.publishes, 'publish', 'publishes'), some(counts.deliveries, 'delivery', 'deliveries'), some(counts.acks, 'ack'), some(counts.deadLetters, 'dead letter'),
    some(counts.gaps, 'gap'), some(counts.faults, 'fault'), some(counts.subscriptions, 'subscription'), `${some(counts.histories, 'history', 'histories')} of ${some(counts.lines, 'line')}`
  ].join(', ')
}

/** The verdict for people. Of each broken rule the case with the fewest lines. */
export function report (verdict: Verdict): string {
  const end = countsText(verdict.counts)
  if (verdict.verdict === 'valid') return `valid: ${end}\n`
  if (verdict.verdict === 'unknown') return [`unknown: ${end}`, ...verdict.reasons.map(reason => `  ${reason}`), ''].join('\n')
  const best = new Map<RuleName, Problem>()
  for (const problem of verdict.problems) {
    const known = best.get(problem.rule)
    if (known === undefined || problem.witness.length < known.witness.length) best.set(problem.rule, problem)
  }
  const lines = [`invalid: ${end}`]
  for (const [rule, { message, witness }] of best) {
    const count = verdict.broken[rule] ?? 1
    lines.push('', `${rule}${count > 1 ? ` (${count} times)` : ''}: ${message}`, ...witness.map(({ history, line, event }) => `  ${history}:${line}: ${JSON.stringify(event)}`))
  }
  return [...lines, ''].join('\n')
}
