/**
 * Rule `receipt-untrue`. `processed` by a subscription of a node: that subscription has it settled, or does not take it in. `stored` by a node: no durable
 * subscription of that node that was there before the message reports it as unrecoverable and never gets it: what all have settled may be dropped. Of a
 * node that lost its store nothing is known.
 */
import type { Facts, ReceiptEvent } from '../facts.js'
import { MESSAGES_LOST } from '../facts.js'
import type { Ref } from '../verdict.js'

export function checkReceipts (facts: Facts): void {
  for (const { event, ref } of facts.receipts) {
    for (const by of event.by) {
      if (!facts.isObserved(by) || facts.fault(by, MESSAGES_LOST) !== undefined) continue
      if (event.level === 'processed') checkProcessed(facts, event, by, ref)
      else checkStored(facts, event, by, ref)
    }
  }
}

function checkProcessed (facts: Facts, { message, subscription: name = '' }: ReceiptEvent, by: string, ref: Ref): void {
  const place = facts.place(message)
  const subscription = facts.subscriptions.get(`${by}\0${name}`)
  if (place === undefined) return
  if (subscription === undefined) {
    facts.findings.add('receipt-untrue', `${message} is said to be processed by ${name} of ${by}, which that node does not have`, [ref])
    return
  }
  const { log, position } = place
  const made = log.made.get(position)
  const sub = subscription.logs.get(log)
  const state = sub?.states.get(position)
  // What it had before it was removed and made again is not kept.
  if (!subscription.isFirst || subscription.removed) return
  if (made === undefined || !subscription.alwaysMatched(made.topic) || facts.mayHaveExpired(made.expiresAt)) return
  if (sub?.gaps.first(position) !== undefined) return
  if (state === undefined) {
    if (facts.node(by).earlier !== undefined) return
    // Before its start all is settled, and so is what was trimmed before it was made.
    if ((subscription.from !== 'earliest' && !(position >= (sub?.claimed ?? Infinity))) || log.trims.some(({ through }) => through >= position)) return
    facts.findings.add('receipt-untrue', `${message} is said to be processed by ${name} of ${by}, to which it was never delivered`, [made.publish, made.outcome, ref, subscription.ref])
    return
  }
  // An ack that a crash hid may be in the receipt.
  const history = facts.histories[subscription.history]
  const ended = history !== undefined && state.life !== history.lives
  if (state.status === 'open' && !state.asked && !state.wasDead && !ended && history?.settles[state.life] === true) {
    facts.findings.add('receipt-untrue', `${message} is said to be processed by ${name} of ${by}, which has not settled it`, [ref, state.last])
  }
}

function checkStored (facts: Facts, { message }: ReceiptEvent, by: string, ref: Ref): void {
  const place = facts.place(message)
  if (place === undefined) return
  const { log, position } = place
  for (const subscription of facts.subscriptions.values()) {
    if (subscription.node !== by) continue
    const sub = subscription.logs.get(log)
    const made = log.made.get(position)
    if (sub === undefined || made === undefined || !subscription.matches(made.topic) || facts.mayHaveExpired(made.expiresAt)) continue
    const gap = sub.gaps.first(position)
    const state = sub.states.get(position)
    const madeLater = subscription.createdMs !== undefined && made.t !== undefined && subscription.createdMs + facts.skewMs >= made.t
    if (gap?.reason === 'unrecoverable' && state === undefined && !madeLater) {
      facts.findings.add('receipt-untrue', `${message} is said to be on the disk of ${by}, whose subscription ${subscription.name} calls it unrecoverable`, [ref, gap.ref])
    }
  }
}
