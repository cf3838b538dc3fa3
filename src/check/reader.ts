/** Reads one history in order: gathers what it says, and checks what its order alone can tell. */
import type { HistoryEvent } from './event.js'
import type { Content, Facts, HistoryFacts, IdUse, NodeFacts } from './facts.js'
import { STORE_LOST } from './facts.js'
import type { Gap } from './gaps.js'
import { channelOf } from './names.js'
import { checkDelivered, checkGapOverSettled, checkSettled, firmUp } from './rules/once.js'
import { checkHeld, checkOrder, nacked } from './rules/order.js'
import { checkSeen } from './rules/origin.js'
import { Subscription, type SubLog } from './subscription.js'
import { lineOf, refOf, type Ref } from './verdict.js'

type Event<T extends HistoryEvent['type']> = Extract<HistoryEvent, { type: T }>
type Settle = Event<'settle' | 'ack' | 'nack' | 'dead'>

const sameContent = (a: Content, b: Content): boolean => a.topic === b.topic && a.body === b.body && a.key === b.key

export class Reader {
  readonly #facts: Facts
  readonly #index: number
  readonly #history: HistoryFacts
  readonly #open = new Map<string, { event: Event<'publish'>, ref: Ref }>()
  readonly #subscriptions = new Map<string, Subscription>()
  #node: NodeFacts | undefined
  #life = 0

  constructor (facts: Facts, name: string) {
    this.#facts = facts
    this.#index = facts.histories.length
    this.#history = { name, node: undefined, lives: 0, settles: [], rest: 0, active: 0 }
    facts.histories.push(this.#history)
    facts.counts.histories++
  }

  get name (): string { return this.#history.name }

  /** Lines are missing, or cannot be read: nothing is proved by what is not there. */
  blind (reason: string): void { this.#facts.blind.add(`${this.name}: ${reason}`) }

  /** It tells too little for the verdict to be valid; what others prove is proved all the same. */
  doubt (reason: string): void { this.#facts.doubts.add(`${this.name}: ${reason}`) }

  #wrong (ref: Ref, reason: string): void { this.#facts.blind.add(`${this.name}:${lineOf(ref)}: ${reason}`) }

  /** The next line. `line` counts from 1. */
  read (line: number, event: HistoryEvent): void {
    const facts = this.#facts
    const ref = refOf(this.#index, line)
    facts.counts.lines++
    const { t } = event
    if (t !== undefined && !(t <= (facts.latestMs ?? -Infinity))) facts.latestMs = t
    if (event.type === 'start') { this.#start(event, ref); return }
    if (event.type === 'rest') { this.#history.rest = ref; return }
    if (event.type === 'fault') { this.#fault(event, ref); return }
    if (this.#node === undefined) { this.#wrong(ref, `${event.type} before the first start`); return }
    switch (event.type) {
      case 'publish': this.#publish(event, ref); break
      case 'published': this.#published(event, ref, this.#node); break
      case 'receipt': this.#receipt(event, ref, this.#node); break
      case 'subscribe': this.#subscribe(event, ref, this.#node); break
      case 'unsubscribe': this.#unsubscribe(event); break
      case 'deliver': this.#deliver(event, ref); break
      case 'gap': this.#gap(event, ref); break
      case 'trim': this.#trim(event, ref, this.#node); break
      default: this.#settle(event, ref)
    }
  }

  /** The end of the history: what is open has an unknown outcome. `atRest`: nothing was under way. */
  end (atRest: boolean): void {
    this.#unknown()
    if (atRest) this.#history.rest = Infinity
  }

  #unknown (): void {
    for (const { event, ref } of this.#open.values()) this.#outcomeUnknown(event, ref)
    this.#open.clear()
  }

  #outcomeUnknown (event: Event<'publish'>, ref: Ref): void {
    const { topic, body, key, id, expiresAt } = event
    this.#facts.counts.unknown++
    this.#node?.unknown.push({ topic, body, key, id, expiresAt, ref })
  }

  #start ({ version, node, settles, earlier, t }: Event<'start'>, ref: Ref): void {
    const facts = this.#facts
    if (version !== 1) { this.#wrong(ref, `version ${String(version)} of the format is unknown; this program knows 1`); return }
    this.#unknown()
    this.#life = ++this.#history.lives
    this.#history.settles[this.#life] = settles === true
    facts.counts.lives++
    this.#node = facts.node(node)
    this.#node.histories.add(this.#index)
    if (earlier === true) this.#node.earlier ??= { untilMs: t }
    this.#history.node = node
    this.#history.active = ref
    for (const subscription of this.#subscriptions.values()) subscription.started()
  }

  #fault ({ fault, node }: Event<'fault'>, ref: Ref): void {
    const facts = this.#facts
    const id = node ?? this.#node?.id
    facts.counts.faults++
    if (fault === 'history-lost') this.#wrong(ref, 'lines of this history are missing')
    if (id === undefined) return
    facts.node(id).faults.push({ kind: fault, ref, history: this.#index })
    if (id !== this.#node?.id || !STORE_LOST.includes(fault)) return
    for (const subscription of this.#subscriptions.values()) if (subscription.node === id) subscription.storeLost()
  }

  #publish (event: Event<'publish'>, ref: Ref): void {
    this.#facts.counts.publishes++
    this.#history.active = ref
    if (this.#open.has(event.op)) this.#wrong(ref, `operation ${event.op} is published twice`)
    else this.#open.set(event.op, { event, ref })
  }

  #published (event: Event<'published'>, ref: Ref, node: NodeFacts): void {
    const facts = this.#facts
    const open = this.#open.get(event.op)
    if (open === undefined) { this.#wrong(ref, `operation ${event.op} is not under way in this life`); return }
    this.#open.delete(event.op)
    const { topic, body, key, id, expiresAt, t } = open.event
    const content = { topic, body, key }
    if (id !== undefined) this.#useId(node, id, { ...content, publish: open.ref, outcome: ref, message: event.outcome === 'ok' ? event.message : undefined, duplicate: event.duplicate === true })
    if (event.outcome === 'unknown') { this.#outcomeUnknown(open.event, open.ref); return }
    if (event.outcome === 'refused') {
      facts.counts.refused++
      node.refused.push({ ...content, id, ref: open.ref, outcome: ref })
      return
    }
    facts.counts.published++
    const place = facts.place(event.message ?? '')
    if (place === undefined) { this.#wrong(ref, 'an ok without a message id'); return }
    const { log, position } = place
    if (log.publisher !== node.id || log.channel !== channelOf(topic)) { this.#wrong(ref, `${event.message} is no message of this node and topic`); return }
    const known = log.made.get(position)
    if (known === undefined) {
      log.made.set(position, { ...content, expiresAt, t, publish: open.ref, outcome: ref })
    } else if (event.duplicate !== true || !sameContent(known, content)) {
      facts.findings.add('position-reused', `${event.message} was given to two publishes`, [known.publish, known.outcome, open.ref, ref])
    }
  }

  #useId (node: NodeFacts, id: string, use: IdUse): void {
    const uses = node.ids.get(id)
    if (uses === undefined) node.ids.set(id, [use])
    else uses.push(use)
  }

  #receipt (event: Event<'receipt'>, ref: Ref, node: NodeFacts): void {
    const place = this.#facts.place(event.message)
    if (place === undefined) { this.#wrong(ref, 'no message id'); return }
    if (event.level === 'stored') for (const by of event.by) place.log.stored.set(by, Math.max(place.log.stored.get(by) ?? 0, place.position))
    this.#facts.receipts.push({ event, node: node.id, ref })
  }

  #subscribe (event: Event<'subscribe'>, ref: Ref, node: NodeFacts): void {
    const facts = this.#facts
    const key = `${node.id}\0${event.subscription}`
    const known = facts.subscriptions.get(key)
    if (known !== undefined && known.history !== this.#index) {
      this.#wrong(ref, `subscription ${event.subscription} of this node is in ${(facts.histories[known.history] as HistoryFacts).name} too, and which line came first cannot be told`)
      return
    }
    if (known !== undefined && !known.removed) {
      known.again(event, ref)
      return
    }
    facts.counts.subscriptions++
    const isFirst = known === undefined
    const made = new Subscription(node.id, event.subscription, this.#index, event, ref, isFirst)
    facts.subscriptions.set(key, made)
    this.#subscriptions.set(event.subscription, made)
  }

  #unsubscribe ({ subscription }: Event<'unsubscribe'>): void {
    const known = this.#subscriptions.get(subscription)
    if (known !== undefined) known.removed = true
  }

  #find (name: string, message: string, ref: Ref): { subscription: Subscription, sub: SubLog, position: number } | undefined {
    const place = this.#facts.place(message)
    if (place === undefined) { this.#wrong(ref, `not a message id: ${message}`); return undefined }
    const subscription = this.#subscriptions.get(name)
    if (subscription === undefined || subscription.node !== this.#node?.id) {
      this.#facts.findings.add('not-asked-for', `there is no subscription ${name}`, [ref])
      return undefined
    }
    return { subscription, sub: subscription.of(place.log), position: place.position }
  }

  #deliver (event: Event<'deliver'>, ref: Ref): void {
    const facts = this.#facts
    facts.counts.deliveries++
    this.#history.active = ref
    const found = this.#find(event.subscription, event.message, ref)
    if (found === undefined) return
    const { subscription, sub, position } = found
    const life = this.#life
    const late = event.late === true
    const redriven = event.redriven === true
    let state = sub.states.get(position)
    if (!subscription.everMatched(event.topic)) facts.findings.add('not-asked-for', `${subscription.name}: its filters do not take in ${event.topic}`, [subscription.ref, ref])
    checkSeen(sub.log, position, event, ref)
    if (late && sub.gaps.first(position) === undefined) facts.lates.push({ log: sub.log, position, ref, subscription })
    checkDelivered({ facts, subscription, sub, position, ref, life }, state, late, redriven)
    const isNew = state === undefined || state.status === 'undone'
    if (!late && !redriven) {
      // What was reported missing just before a crash, and came after it, has lost its place.
      if (sub.gaps.first(position) === undefined) checkOrder(facts, subscription, sub, { position, key: event.key, ref, life, isNew, isNewInLife: isNew || state?.life !== life })
      checkHeld(facts, subscription, sub, position, event.key, ref, isNew)
      if (position < sub.claimed) sub.claimed = position
    }
    if (state === undefined) {
      state = { first: ref, last: ref, life, attempt: event.attempt, status: 'open', settled: 0, asked: false, nacked: 0, late, redriven, wasDead: redriven }
      sub.states.set(position, state)
      return
    }
    // What is redriven had become one, be it with nobody left to write that down; where it cannot have, that is told once.
    if (state.status === 'dead' || redriven) state.wasDead = true
    state.last = ref
    state.life = life
    state.attempt = event.attempt
    state.status = 'open'
    state.asked = false
    state.nacked = 0
    state.late ||= late
    state.redriven = redriven
  }

  #settle (event: Settle, ref: Ref): void {
    const facts = this.#facts
    if (event.type === 'ack') facts.counts.acks++
    else if (event.type === 'dead') facts.counts.deadLetters++
    const found = this.#find(event.subscription, event.message, ref)
    if (found === undefined) return
    const { subscription, sub, position } = found
    const state = sub.states.get(position)
    if (event.type === 'settle') {
      if (state !== undefined) state.asked = true
      return
    }
    checkSettled({ facts, subscription, sub, position, ref, life: this.#life }, state, event.type)
    if (state === undefined) {
      // It is settled all the same.
      if (event.type !== 'nack') sub.states.set(position, { first: ref, last: ref, life: this.#life, attempt: 1, status: event.type === 'ack' ? 'acked' : 'dead', settled: ref, asked: true, nacked: 0, late: false, redriven: false, wasDead: false })
      return
    }
    if (event.type === 'nack') {
      state.nacked = ref
      if (!state.late && !state.redriven) nacked(subscription, sub, position, sub.log.seen.get(position)?.key, ref)
      return
    }
    sub.held.delete(position)
    firmUp(sub, state, this.#life)
    // What was settled in vain stays as it was.
    if (state.status !== 'open' && state.status !== 'undone') return
    state.status = event.type === 'ack' ? 'acked' : 'dead'
    state.settled = ref
  }

  #gap (event: Event<'gap'>, ref: Ref): void {
    const facts = this.#facts
    const { publisher, incarnation, channel, from, to, reason } = event
    facts.counts.gaps++
    facts.counts.missed += to - from + 1
    const log = facts.logOf(publisher, incarnation, channel)
    const subscription = this.#subscriptions.get(event.subscription)
    if (log === undefined || !(from >= 1 && from <= to)) { this.#wrong(ref, 'a gap of no positions'); return }
    if (subscription === undefined) { facts.findings.add('not-asked-for', `there is no subscription ${event.subscription}`, [ref]); return }
    const sub = subscription.of(log)
    const gap: Gap = { from, to, reason, ref, life: this.#life, firm: false }
    checkGapOverSettled(facts, subscription, sub, gap)
    sub.gaps.add(gap)
    sub.soft.push(gap)
    if (from < sub.claimed) sub.claimed = from
  }

  #trim ({ incarnation, channel, through, reason, t }: Event<'trim'>, ref: Ref, node: NodeFacts): void {
    const log = this.#facts.logOf(node.id, incarnation, channel)
    if (log === undefined) { this.#wrong(ref, 'a trim of no log'); return }
    log.trims.push({ through, reason, t, ref })
  }
}
