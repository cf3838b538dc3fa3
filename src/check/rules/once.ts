/**
 * Rule `delivered-again`: after a durable ack, or as a dead letter, a message does not come again, in no life of the node.
 * Rule `redriven-alive`: only a dead letter is redriven.
 * Rule `settled-again`: a message is settled once: one ack, or one dead letter, and after a redrive one more.
 * Rule `settled-unseen`: only what was delivered is settled.
 * Rules `delivered-after-gap`, `gap-over-settled`: what is reported missing is not delivered, unless late, and what was settled is not missing.
 *
 * When the node's store was lost or put back meanwhile, what was settled may come again.
 */
import type { Facts } from '../facts.js'
import type { Gap } from '../gaps.js'
import type { State, SubLog, Subscription } from '../subscription.js'
import type { Ref } from '../verdict.js'

export interface At { readonly facts: Facts, readonly subscription: Subscription, readonly sub: SubLog, readonly position: number, readonly ref: Ref, readonly life: number }

const nameOf = ({ subscription, sub, position }: At): string => `${subscription.name}: ${sub.log.key}.${position}`

export function checkDelivered (at: At, state: State | undefined, late: boolean, redriven: boolean): void {
  const { facts, subscription, ref, life } = at
  const lost = subscription.node
  if (state?.status === 'acked') {
    facts.findings.add('delivered-again', `${nameOf(at)} was delivered after its ack was durable`, [state.settled, ref], lost)
  } else if (state?.status === 'dead' && !redriven) {
    facts.findings.add('delivered-again', `${nameOf(at)} was delivered after it had become a dead letter`, [state.settled, ref], lost)
  }
  if (redriven && state?.status !== 'dead' && state?.wasDead !== true && (state === undefined ? facts.node(subscription.node).earlier === undefined : state.life === life)) {
    // In an earlier life it may have become one with nobody left to write it down.
    facts.findings.add('redriven-alive', `${nameOf(at)} was redriven and is no dead letter`, state === undefined ? [ref] : [state.last, ref], lost)
  }
  if (late || redriven) return
  for (const gap of at.sub.gaps.over(at.position)) {
    // The last ones before a crash may not have been on disk.
    if (gap.life !== life && !gap.firm) continue
    facts.findings.add('delivered-after-gap', `${nameOf(at)} was delivered after it had been reported missing, and not as late`, [gap.ref, ref], lost)
    return
  }
}

export function checkSettled (at: At, state: State | undefined, how: 'ack' | 'nack' | 'dead'): void {
  const { facts, subscription, ref, life } = at
  const lost = subscription.node
  if (state === undefined && how === 'dead' && facts.node(lost).earlier !== undefined) return
  if (state === undefined || (how !== 'dead' && state.life !== life)) {
    const where = state === undefined ? '' : ' in this life of the node'
    facts.findings.add('settled-unseen', `${nameOf(at)} has ${how === 'dead' ? 'become a dead letter' : `been ${how}ed`} and was not delivered${where}`, state === undefined ? [ref] : [state.last, ref], lost)
  } else if (state.status === 'acked' || (state.status === 'dead' && how !== 'nack')) {
    facts.findings.add('settled-again', `${nameOf(at)} was settled twice`, [state.settled, ref], lost)
  }
}

/** A gap is told: nothing in it may be settled. */
export function checkGapOverSettled (facts: Facts, subscription: Subscription, sub: SubLog, gap: Gap): void {
  const { states, log } = sub
  const look = (position: number, state: State | undefined): void => {
    if (state === undefined || (state.status !== 'acked' && state.status !== 'dead')) return
    facts.findings.add('gap-over-settled', `${subscription.name}: a gap takes in ${log.key}.${position}, which was settled`, [state.settled, gap.ref], subscription.node)
  }
  if (gap.to - gap.from < states.size) for (let position = gap.from; position <= gap.to; position++) look(position, states.get(position))
  else for (const [position, state] of states) if (position >= gap.from && position <= gap.to) look(position, state)
}

/** What was delivered behind a gap in the same life and is now settled durably: the gap is durable with it. */
export function firmUp (sub: SubLog, state: State, life: number): void {
  if (sub.soft.length === 0 || state.life !== life) return
  for (const gap of sub.soft) if (gap.ref < state.last) gap.firm = true
  sub.soft = sub.soft.filter(gap => !gap.firm)
}
