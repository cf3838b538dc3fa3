/**
 * Where deliveries come from.
 *
 * Rule `altered`: topic, body and key are as they were published, and the same for everyone.
 * Rule `phantom`: what is delivered was published. An operation of unknown outcome may be it.
 * Rule `seen-twice`: an operation of unknown outcome is one message at most; one whose publish id is that of a message is that message or none.
 * Rule `refused-seen`: what was refused is not delivered.
 *
 * Of a publisher that `forked` and has no history nothing of this holds. Logs of which a publisher has recorded nothing, since its history began later, are let pass.
 */
import type { HistoryEvent } from '../event.js'
import type { Content, Facts, Log, Made, NodeFacts, Op } from '../facts.js'
import { STORE_LOST } from '../facts.js'
import type { Ref } from '../verdict.js'
import { isFree, isFreeSince, logsOf } from './publish-ids.js'

/** What of the content differs. */
function difference (a: Content, b: Content): string | undefined {
  if (a.topic !== b.topic) return 'topic'
  if (a.body !== b.body) return 'body'
  return a.key === b.key ? undefined : 'key'
}

/** A delivery is compared with the one that any subscription saw first. */
export function checkSeen (log: Log, position: number, event: Extract<HistoryEvent, { type: 'deliver' }>, ref: Ref): void {
  const { topic, body, key, t, redriven } = event
  let seen = log.seen.get(position)
  if (seen === undefined) log.seen.set(position, seen = { topic, body, key, ref, latestMs: -Infinity, latestRef: 0 })
  // With what was published it is compared at the end; there the first delivery is looked at only.
  else if (difference(seen, event as Content) !== undefined) (log.odd ??= []).push({ position, topic, body, key, ref })
  if (t !== undefined && redriven !== true && t > seen.latestMs) {
    seen.latestMs = t
    seen.latestRef = ref
  }
}

/** All histories are read. */
export function checkOrigin (facts: Facts): void {
  const strangers = new Map<NodeFacts, Array<{ log: Log, position: number, content: Content, ref: Ref }>>()
  for (const log of facts.logs.values()) {
    if (log.seen.size === 0) continue
    const observed = facts.isObserved(log.publisher)
    if (!observed && facts.fault(log.publisher, ['forked']) !== undefined) continue
    const before = log.made.size === 0 && facts.node(log.publisher).earlier !== undefined
    if (!observed) facts.doubts.add(`there is no history of the publisher ${log.publisher}, of which messages were delivered`)
    for (const [position, seen] of log.seen) {
      const made = log.made.get(position)
      if (made !== undefined) checkAltered(facts, log, position, made, seen, seen.ref)
      else if (observed && !before) {
        const node = facts.node(log.publisher)
        const list = strangers.get(node)
        if (list === undefined) strangers.set(node, [{ log, position, content: seen, ref: seen.ref }])
        else list.push({ log, position, content: seen, ref: seen.ref })
      }
    }
    for (const { position, ref, ...content } of log.odd ?? []) {
      const made = log.made.get(position)
      const first = log.seen.get(position)
      if (made !== undefined) checkAltered(facts, log, position, made, content, ref)
      else if (first !== undefined) facts.findings.add('altered', `${log.key}.${position}: its ${difference(first, content)} is not the same in two deliveries`, [first.ref, ref])
    }
  }
  for (const [node, messages] of strangers) checkStrangers(facts, node, messages)
}

function checkAltered (facts: Facts, log: Log, position: number, made: Made, content: Content, ref: Ref): void {
  const differs = difference(made, content)
  if (differs !== undefined) facts.findings.add('altered', `${log.key}.${position}: its ${differs} is not what was published`, [made.publish, made.outcome, ref])
}

const contentKey = (content: Content): string => JSON.stringify([content.topic, content.body, content.key])

function byContent (ops: readonly Op[]): Map<string, Op[]> {
  const map = new Map<string, Op[]>()
  for (const op of ops) {
    const key = contentKey(op)
    const list = map.get(key)
    if (list === undefined) map.set(key, [op])
    else list.push(op)
  }
  return map
}

/** The operations of unknown outcome with one content. */
interface Candidates {
  readonly ops: readonly Op[]
  /** As so many messages they can have been delivered. */
  readonly free: number
  /** An operation that is the message of an answered one, under the same publish id. */
  readonly twin: IdAnswer | undefined
  readonly used: Ref[]
}

function candidatesOf (facts: Facts, node: NodeFacts, ops: readonly Op[]): Candidates {
  // Several operations under one publish id are one message, and none of its own when one of them was answered: as long as the id is remembered: until the message is trimmed.
  const answered = (op: Op): IdAnswer | undefined => {
    const uses = op.id === undefined ? [] : node.ids.get(op.id)?.filter(use => use.message !== undefined) ?? []
    const before = uses.findLast(use => use.publish < op.ref)
    if (before !== undefined) return isFree(facts, node, before, { outcome: op.outcome ?? op.ref }) ? undefined : before
    return uses.find(use => !isFreeSince(facts, node, op, use))
  }
  const losses = node.faults.filter(({ kind }) => STORE_LOST.includes(kind)).map(({ ref }) => ref)
  const [first] = ops
  if (first !== undefined && ops.some(({ id }) => id !== undefined)) for (const { trims } of logsOf(facts, node, first.topic)) for (const { ref } of trims) losses.push(ref)
  const lives = (op: Op): number => losses.filter(ref => ref < op.ref).length
  const messages = new Set<Ref | string>()
  let twin: IdAnswer | undefined
  for (const op of ops) {
    const answer = answered(op)
    if (answer === undefined) messages.add(op.id === undefined || facts.storeLostUnseen(node.id) ? op.ref : `${op.id}\0${lives(op)}`)
    else twin ??= answer
  }
  return { ops, free: messages.size, twin, used: [] }
}

/** Messages that no publish was answered with: each must be an operation of unknown outcome of its own. */
function checkStrangers (facts: Facts, node: NodeFacts, messages: ReadonlyArray<{ log: Log, position: number, content: Content, ref: Ref }>): void {
  const unknown = byContent(node.unknown)
  const refused = byContent(node.refused)
  const known = new Map<string, Candidates>()
  for (const { log, position, content, ref } of messages) {
    const key = contentKey(content)
    const name = `${log.key}.${position}`
    // What is asked of each operation is asked once, and not for each message: there may be thousands of both.
    let candidates = known.get(key)
    if (candidates === undefined) known.set(key, candidates = candidatesOf(facts, node, unknown.get(key) ?? []))
    const { ops, free, twin, used } = candidates
    if (used.length < free) {
      used.push(ref)
      continue
    }
    if (ops.length > 0) {
      const others = twin === undefined ? used : [twin.publish, twin.outcome]
      facts.findings.add('seen-twice', `${name} is one message more than the operations of unknown outcome that it can be`, () => [...ops.map(op => op.ref), ...others, ref])
      continue
    }
    const no = refused.get(key)
    if (no !== undefined) facts.findings.add('refused-seen', `${name} was delivered, and its publish was refused`, [(no[0] as Op).ref, (no[0] as Op).outcome ?? 0, ref])
    else facts.findings.add('phantom', `${name} was delivered, and nobody published it`, [ref])
  }
}

interface IdAnswer { readonly publish: Ref, readonly outcome: Ref }
