/** Makes histories of trials that went well: a model of some nodes under crashes, retention and handlers that fail, drawn from one seed. */
import type { HistoryEvent } from '../../../src/check/event.js'

type Loose = HistoryEvent & { [name: string]: unknown }
export interface TestHistory { name: string, events: Loose[] }

/** mulberry32 */
export function chance (seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

interface Message { id: string, position: number, topic: string, body: string, key: string | undefined, gone: boolean, expiresAt: number | undefined }
interface LogModel { publisher: string, incarnation: string, channel: string, messages: Message[], trimmed: number }
interface SubscriptionModel { name: string, node: NodeModel, filter: string, ordered: boolean, maxAttempts: number, cursors: Map<LogModel, number>, open: Array<{ message: Message, attempt: number, redriven: boolean }>, dead: Message[], redriven: Message[] }
interface NodeModel { peer: string, history: TestHistory, life: number, up: boolean, logs: Map<string, LogModel>, ops: number, subscriptions: SubscriptionModel[] }

export interface TrialOptions { readonly nodes?: number, readonly steps?: number, readonly ordered?: boolean }

export class Trial {
  readonly #random: () => number
  readonly nodes: NodeModel[] = []
  readonly #all: LogModel[] = []
  #now = 1_700_000_000_000
  #bodies = 0

  constructor (seed: number, options: TrialOptions = {}) {
    this.#random = chance(seed)
    const count = options.nodes ?? 2 + this.#draw(2)
    for (let i = 0; i < count; i++) {
      const node: NodeModel = { peer: `12D3Koo${'ABCDEFGH'[i]}`, history: { name: `node-${i}.jsonl`, events: [] }, life: 0, up: false, logs: new Map(), ops: 0, subscriptions: [] }
      this.nodes.push(node)
      this.#start(node)
    }
    for (const node of this.nodes) {
      const name = `sub-${node.peer.slice(-1)}`
      const filter = ['a/#', '#', 'a/+', '+/x'][this.#draw(4)] as string
      const subscription: SubscriptionModel = { name, node, filter, ordered: options.ordered ?? this.#random() < 0.7, maxAttempts: 3, cursors: new Map(), open: [], dead: [], redriven: [] }
      node.subscriptions.push(subscription)
      this.#subscribe(subscription)
    }
    const steps = options.steps ?? 60 + this.#draw(100)
    for (let i = 0; i < steps; i++) this.#step(this.nodes[this.#draw(count)] as NodeModel)
    this.#rest()
  }

  get histories (): TestHistory[] { return this.nodes.map(node => node.history) }

  #draw (below: number): number { return Math.floor(this.#random() * below) }

  #write (node: NodeModel, event: Record<string, unknown>): void {
    this.#now += 1 + this.#draw(20)
    node.history.events.push(JSON.parse(JSON.stringify({ ...event, t: this.#now })) as Loose)
  }

  #start (node: NodeModel): void {
    node.up = true
    node.life++
    node.logs.clear()
    this.#write(node, { type: 'start', version: 1, node: node.peer, settles: true })
    for (const subscription of node.subscriptions) this.#subscribe(subscription)
  }

  #subscribe ({ node, name, filter, ordered, maxAttempts }: SubscriptionModel): void {
    this.#write(node, { type: 'subscribe', subscription: name, filters: [filter], from: 'earliest', ordered, maxAttempts })
  }

  #step (node: NodeModel): void {
    const kind = this.#random()
    if (!node.up) {
      if (kind < 0.3) this.#start(node)
    } else if (kind < 0.35) this.#publish(node)
    else if (kind < 0.38) this.#crash(node)
    else if (kind < 0.4) this.#trim(node)
    else for (const subscription of node.subscriptions) this.#consume(subscription)
  }

  #crash (node: NodeModel): void {
    node.up = false
    // What is open comes again, in order, before anything else.
    for (const subscription of node.subscriptions) {
      for (const { message, redriven } of subscription.open.splice(0)) {
        if (redriven) { subscription.redriven.push(message); continue }
        const log = this.#logOf(message)
        subscription.cursors.set(log, Math.min(subscription.cursors.get(log) ?? 1, message.position))
      }
    }
  }

  #logOf (message: Message): LogModel { return this.#all.find(log => log.messages.includes(message)) as LogModel }

  #publish (node: NodeModel): void {
    const topic = ['a/x', 'a/y', 'b/x', 'a/x/z'][this.#draw(4)] as string
    const op = `${node.life}-${++node.ops}`
    const body = (0x10000000 + this.#bodies++).toString(16)
    const key = this.#random() < 0.4 ? `k${this.#draw(2)}` : undefined
    const id = this.#random() < 0.2 ? `id-${node.peer}-${node.life}-${node.ops}` : undefined
    const expiresAt = this.#random() < 0.1 ? this.#now + 3_600_000 : undefined
    this.#write(node, { type: 'publish', op, topic, body, key, id, expiresAt })
    const outcome = this.#random()
    if (outcome < 0.08) {
      this.#write(node, { type: 'published', op, outcome: 'refused', code: 'ERR_STORE_FULL' })
      return
    }
    const isKept = outcome > 0.13
    const message = isKept || this.#random() < 0.5 ? this.#place(node, { topic, body, key, expiresAt }) : undefined
    if (!isKept) {
      if (this.#random() < 0.5) this.#write(node, { type: 'published', op, outcome: 'unknown', code: 'ERR_ABORTED' })
      return
    }
    this.#write(node, { type: 'published', op, outcome: 'ok', message: message?.id })
    if (id !== undefined && this.#random() < 0.5) {
      const again = `${op}-again`
      this.#write(node, { type: 'publish', op: again, topic, body, key, id })
      this.#write(node, { type: 'published', op: again, outcome: 'ok', message: message?.id, duplicate: true })
    }
  }

  #place (node: NodeModel, content: Pick<Message, 'topic' | 'body' | 'key' | 'expiresAt'>): Message {
    const channel = content.topic.split('/')[0] as string
    let log = node.logs.get(channel)
    if (log === undefined) {
      log = { publisher: node.peer, incarnation: `${100 + node.life}-${'0'.repeat(15)}${node.life}`, channel, messages: [], trimmed: 0 }
      node.logs.set(channel, log)
      this.#all.push(log)
    }
    const position = log.messages.length + 1
    const message: Message = { ...content, position, id: `${log.publisher}.${log.incarnation}.${log.channel}.${position}`, gone: false }
    log.messages.push(message)
    return message
  }

  /** Trims what nobody has in hand. Whoever has not had it gets a gap. */
  #trim (node: NodeModel): void {
    for (const log of node.logs.values()) {
      const through = log.trimmed + 1 + this.#draw(2)
      const busy = this.nodes.some(other => other.subscriptions.some(({ open, dead, redriven }) => [...open.map(o => o.message), ...dead, ...redriven].some(message => log.messages.includes(message) && message.position <= through)))
      if (busy || through > log.messages.length) continue
      log.trimmed = through
      this.#write(node, { type: 'trim', incarnation: log.incarnation, channel: log.channel, through, reason: 'expired' })
    }
  }

  /** Something happens to one subscription: it is handed a message, or settles one. */
  #consume (subscription: SubscriptionModel): void {
    const { node, name, open } = subscription
    const message = this.#random() < 0.5 ? undefined : this.#next(subscription)
    if (message !== undefined) {
      this.#deliver(subscription, message, 1, false)
      return
    }
    const at = this.#draw(open.length)
    const taken = open[at]
    if (taken === undefined) {
      const dead = subscription.redriven.shift() ?? (this.#random() < 0.3 ? subscription.dead.shift() : undefined)
      if (dead !== undefined) this.#deliver(subscription, dead, 1, true)
      return
    }
    const what = this.#random()
    this.#write(node, { type: 'settle', subscription: name, message: taken.message.id })
    if (what < 0.75) {
      open.splice(at, 1)
      this.#write(node, { type: 'ack', subscription: name, message: taken.message.id })
    } else if (what < 0.9 && taken.attempt < subscription.maxAttempts) {
      open.splice(at, 1)
      this.#write(node, { type: 'nack', subscription: name, message: taken.message.id })
      this.#deliver(subscription, taken.message, taken.attempt + 1, taken.redriven)
    } else {
      open.splice(at, 1)
      this.#write(node, { type: 'dead', subscription: name, message: taken.message.id, reason: 'bad' })
      subscription.dead.push(taken.message)
    }
  }

  #deliver (subscription: SubscriptionModel, message: Message, attempt: number, redriven: boolean): void {
    const { id, topic, body, key } = message
    this.#write(subscription.node, { type: 'deliver', subscription: subscription.name, message: id, topic, body, key, attempt, ...(redriven ? { redriven } : {}) })
    subscription.open.push({ message, attempt, redriven })
  }

  /** The next message of some log, when it may be handed out: what is settled, does not match or is trimmed is passed over. */
  #next (subscription: SubscriptionModel): Message | undefined {
    for (const log of this.#all) {
      const earlier = this.#all.find(other => other.publisher === log.publisher && other.channel === log.channel && other !== log && Number.parseInt(other.incarnation, 10) < Number.parseInt(log.incarnation, 10) && !this.#isDone(subscription, other))
      if (earlier !== undefined) continue
      for (let at = subscription.cursors.get(log) ?? 1; at <= log.messages.length; at++) {
        const message = log.messages[at - 1] as Message
        if (!matches(subscription.filter, message.topic) || this.#isSettled(subscription, message)) { subscription.cursors.set(log, at + 1); continue }
        if (at <= log.trimmed) {
          const to = this.#gapEnd(subscription, log, at)
          this.#write(subscription.node, { type: 'gap', subscription: subscription.name, publisher: log.publisher, incarnation: log.incarnation, channel: log.channel, from: at, to, reason: 'expired' })
          for (const missed of log.messages.slice(at - 1, to)) this.#settled(subscription).add(missed)
          subscription.cursors.set(log, to + 1)
          at = to
          continue
        }
        subscription.cursors.set(log, at + 1)
        if (subscription.open.some(o => o.message === message)) continue
        return message
      }
    }
    return undefined
  }

  #gapEnd (subscription: SubscriptionModel, log: LogModel, from: number): number {
    let to = from
    while (to < log.trimmed && !this.#isSettled(subscription, log.messages[to] as Message)) to++
    return to
  }

  readonly #missed = new Map<SubscriptionModel, Set<Message>>()
  #settled (subscription: SubscriptionModel): Set<Message> {
    let set = this.#missed.get(subscription)
    if (set === undefined) this.#missed.set(subscription, set = new Set())
    return set
  }

  #isSettled (subscription: SubscriptionModel, message: Message): boolean {
    if (this.#settled(subscription).has(message)) return true
    return subscription.node.history.events.some(event => (event.type === 'ack' || event.type === 'dead') && event.subscription === subscription.name && event.message === message.id)
  }

  #isDone (subscription: SubscriptionModel, log: LogModel): boolean {
    return log.messages.every(message => !matches(subscription.filter, message.topic) || this.#isSettled(subscription, message))
  }

  #rest (): void {
    for (const node of this.nodes) if (!node.up) this.#start(node)
    for (const node of this.nodes) {
      for (const subscription of node.subscriptions) {
        for (let n = 0; n < 10_000; n++) {
          const message = this.#next(subscription)
          if (message !== undefined) this.#deliver(subscription, message, 1, false)
          for (const letter of subscription.redriven.splice(0)) this.#deliver(subscription, letter, 1, true)
          for (const { message: { id } } of subscription.open.splice(0)) {
            this.#write(node, { type: 'settle', subscription: subscription.name, message: id })
            this.#write(node, { type: 'ack', subscription: subscription.name, message: id })
          }
          if (message === undefined && this.#all.every(log => this.#isDone(subscription, log))) break
        }
      }
    }
    for (const node of this.nodes) {
      for (const log of node.logs.values()) {
        const last = log.messages.at(-1)
        const known = node.history.events.some(event => event.type === 'published' && event.message === last?.id)
        const other = this.nodes.find(each => each !== node && each.subscriptions.some(subscription => last !== undefined && matches(subscription.filter, last.topic)))
        if (last === undefined || !known || other === undefined) continue
        this.#write(node, { type: 'receipt', message: last.id, level: 'stored', by: [other.peer] })
        this.#write(node, { type: 'receipt', message: last.id, level: 'processed', by: [other.peer], subscription: other.subscriptions[0]?.name })
      }
      this.#write(node, { type: 'rest' })
    }
  }
}

/** Another matcher than the checker's. */
export function matches (filter: string, topic: string): boolean {
  const pattern = filter.split('/').map(level => level === '+' ? '[^/]+' : level).join('/').replace(/(^|\/)#$/, (_all, slash: string) => slash === '' ? '.*' : '(/.*)?')
  return new RegExp(`^${pattern}$`).test(topic)
}
