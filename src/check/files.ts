/** Histories in files: a cut line at the end of a life is as good as none, any other that cannot be read takes the ground from a verdict. */
import { Checker, type CheckOptions } from './checker.js'
import type { HistoryEvent } from './event.js'
import { linesOf } from './lines.js'
import { parseLine } from './parse.js'
import { historyOf, lineOf, type Finding, type Ref, type Verdict, type Witness } from './verdict.js'

/** Throws `Unreadable`. */
export function checkFiles (paths: readonly string[], options: CheckOptions = {}): Verdict {
  const checker = new Checker(options)
  for (const path of paths) readFile(checker, path)
  const outcome = checker.finish()
  if (outcome.verdict !== 'invalid') return outcome
  const witnesses = readWitnesses(paths, outcome.findings)
  return {
    verdict: 'invalid',
    problems: outcome.findings.map(({ rule, message, refs }) => ({ rule, message, witness: refs.flatMap(ref => witnesses.get(ref) ?? []) })),
    broken: Object.fromEntries(outcome.broken),
    counts: outcome.counts
  }
}

/** Lines that cannot be read are told one by one up to so many of a file. */
const TOLD_MAX = 5

function readFile (checker: Checker, path: string): void {
  const history = checker.history(path)
  const unread: string[] = []
  let unreadCount = 0
  let events = 0
  let cut = 0
  const blind = (reason: string): void => { if (++unreadCount <= TOLD_MAX) unread.push(reason) }
  for (const { line, text } of linesOf(path)) {
    if (text === undefined) {
      blind(`line ${line} is longer than 1 MiB`)
      continue
    }
    if (text.trim() === '') continue
    const parsed = parseLine(text)
    if (cut !== 0) {
      // Whoever was killed while writing has written nothing behind it but the start of the next life.
      if (!('event' in parsed) || parsed.event.type !== 'start') blind(`line ${cut} is damaged: not JSON`)
      cut = 0
    }
    if ('event' in parsed) {
      events++
      history.read(line, parsed.event)
    } else if (parsed.cut) cut = line
    else blind(`line ${line}: ${parsed.fault}`)
  }
  const none = unreadCount + (cut === 0 ? 0 : 1)
  if (events === 0 && unreadCount > 0) history.blind(`this is no history: ${none === 1 ? 'its one line cannot be read' : `none of its ${none} lines can be read`} (${unread[0] ?? ''})`)
  else {
    for (const reason of unread) history.blind(reason)
    if (unreadCount > TOLD_MAX) history.blind(`${unreadCount - TOLD_MAX} more lines cannot be read`)
  }
  history.end()
  // Who was killed while writing the very first line has no history either, and what it should have told may be missing.
  if (events === 0 && unreadCount === 0) history.doubt(cut === 0 ? 'the file is empty' : 'its one line is not JSON')
}

function readWitnesses (paths: readonly string[], findings: readonly Finding[]): ReadonlyMap<Ref, Witness> {
  const wanted = new Map<number, Map<number, Ref>>()
  for (const { refs } of findings) {
    for (const ref of refs) {
      const lines = wanted.get(historyOf(ref)) ?? new Map<number, Ref>()
      lines.set(lineOf(ref), ref)
      wanted.set(historyOf(ref), lines)
    }
  }
  const found = new Map<Ref, Witness>()
  for (const [history, lines] of wanted) {
    const path = paths[history] as string
    for (const { line, text } of linesOf(path)) {
      const ref = lines.get(line)
      if (ref === undefined) continue
      lines.delete(line)
      found.set(ref, { history: path, line, event: JSON.parse(text as string) as HistoryEvent })
      if (lines.size === 0) break
    }
  }
  return found
}
