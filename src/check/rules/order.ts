/**
 * Rule `order`: the first deliveries of a log come in the order of their positions, and so do the first ones in each life of the node; those of a later
 * incarnation after those of the earlier one. With parallel handlers that holds for each key. What is `late` or redriven is left out.
 * Rule `held-back`: behind a nacked message nothing new is delivered before it comes again.
 */
import type { Facts } from '../facts.js'
import { compareIncarnations } from '../names.js'
import type { SubLog, Subscription } from '../subscription.js'
import type { Ref } from '../verdict.js'

export interface OrderMark {
  top: number
  topRef: Ref
  life: number
  topInLife: number
  topInLifeRef: Ref
}

/** A delivery that is neither late nor redriven. `isNew`: its first at all; `isNewInLife`: its first in this life. */
export interface InOrder { readonly position: number, readonly key: string | undefined, readonly ref: Ref, readonly life: number, readonly isNew: boolean, readonly isNewInLife: boolean }

export function checkOrder (facts: Facts, subscription: Subscription, sub: SubLog, d: InOrder): void {
  if (d.isNew) checkIncarnation(facts, subscription, sub, d)
  // Without a key parallel handlers have no order.
  if (!subscription.ordered && d.key === undefined) return
  const lane = subscription.ordered ? undefined : d.key
  let mark = sub.marks.get(lane)
  if (mark === undefined) sub.marks.set(lane, mark = { top: 0, topRef: 0, life: d.life, topInLife: 0, topInLifeRef: 0 })
  if (mark.life !== d.life) {
    mark.life = d.life
    mark.topInLife = 0
  }
  const what = lane === undefined ? 'log' : `key ${JSON.stringify(lane)}`
  if (d.isNew && d.position < mark.top) {
    facts.findings.add('order', `${subscription.name}: position ${d.position} came after ${mark.top} of the same ${what}`, [mark.topRef, d.ref], subscription.node)
  } else if (d.isNewInLife && d.position < mark.topInLife) {
    facts.findings.add('order', `${subscription.name}: position ${d.position} came after ${mark.topInLife} of the same ${what} in one life of the node`, [mark.topInLifeRef, d.ref], subscription.node)
  }
  if (d.isNew && d.position > mark.top) {
    mark.top = d.position
    mark.topRef = d.ref
  }
  if (d.position > mark.topInLife) {
    mark.topInLife = d.position
    mark.topInLifeRef = d.ref
  }
}

function checkIncarnation (facts: Facts, subscription: Subscription, { log }: SubLog, { ref }: InOrder): void {
  const key = `${log.publisher}.${log.channel}`
  const latest = subscription.latest.get(key)
  if (latest === undefined || latest.incarnation !== log.incarnation) {
    if (latest === undefined || compareIncarnations(log.incarnation, latest.incarnation) > 0) subscription.latest.set(key, { incarnation: log.incarnation, ref })
    else facts.findings.add('order', `${subscription.name}: a message of incarnation ${log.incarnation} came after one of the later incarnation ${latest.incarnation}`, [latest.ref, ref], subscription.node)
  }
}

/** A nack is durable: the log waits for it, or its key. */
export function nacked (subscription: Subscription, sub: SubLog, position: number, key: string | undefined, nack: Ref): void {
  if (subscription.ordered || key !== undefined) sub.held.set(position, { nack, key: subscription.ordered ? undefined : key, overtaken: 0 })
}

/** Something is delivered while others are held back: whether they were overtaken shows when they come again. */
export function checkHeld (facts: Facts, subscription: Subscription, sub: SubLog, position: number, key: string | undefined, ref: Ref, isNew: boolean): void {
  if (sub.held.size === 0) return
  const own = sub.held.get(position)
  if (own !== undefined) {
    sub.held.delete(position)
    if (own.overtaken !== 0) facts.findings.add('held-back', `${subscription.name}: position ${position} was nacked, and another one behind it was delivered before it came again`, [own.nack, own.overtaken, ref], subscription.node)
  }
  if (!isNew) return
  for (const [held, state] of sub.held) if (held < position && state.overtaken === 0 && (subscription.ordered || state.key === key)) state.overtaken = ref
}
