/**
 * A process with one node or more, told by its parent over IPC what to do. What happens is written to a journal, a line
 * of JSON each, so that it is known also of a process that was killed: a line stands there before anybody can act on it.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { createNode } from '../../dist/index.js'

const peers = new Map()

class Peer {
  constructor (journal) {
    this.file = openSync(journal, 'a')
    this.published = 0
    this.refused = 0
    this.delivered = 0
    this.acked = 0
    this.gaps = 0
    this.buried = 0
    this.notices = []
    this.subscriptions = new Map()
    this.loads = new Map()
  }

  write (line) { writeSync(this.file, JSON.stringify(line) + '\n') }

  async start (options) {
    const node = this.node = await createNode(options)
    this.write({ event: 'started' })
    node.on('gap:reported', gap => { this.gaps++; this.write({ event: 'gap', ...gap }) })
    node.on('message:buried', letter => { this.buried++; this.write({ event: 'buried', id: letter.id, subscription: letter.subscription, reason: letter.reason, attempts: letter.attempts }) })
    node.on('peer:notice', notice => { if (this.notices.length < 1000) this.notices.push(notice) })
    node.on('node:failed', error => { this.write({ event: 'failed', message: error.message, code: error.code }) })
    node.on('identity:duplicate', rival => { this.write({ event: 'duplicate', ...rival }) })
    node.on('publisher:forked', proof => { this.write({ event: 'forked', ...proof }) })
    return { peerId: node.peerId, addresses: node.addresses() }
  }

  /** Publishes `count` messages tagged `LABEL:N`, `outstanding` at a time, in the background. */
  load ({ name = 'load', topics, count, bytes = 0, outstanding = 32, label, options = {}, keys = 0, ids = false, from = 0, stopOn = [], retryOn = [], perTurn = 0 }) {
    const load = { next: from, running: 0, stopped: false, done: false, code: undefined }
    this.loads.set(name, load)
    const one = async (n) => {
      const tag = `${label}:${n}`
      for (;;) {
        try {
          const topic = topics[n % topics.length]
          const published = await this.node.publish(topic, tag + ' '.repeat(Math.max(0, bytes - tag.length)), { ...options, ...(keys > 0 ? { key: `k${n % keys}` } : {}), ...(ids ? { id: tag } : {}) })
          this.published++
          this.write({ event: 'published', tag, topic, id: published.id, incarnation: published.incarnation, position: published.position, ...(published.duplicate ? { duplicate: true } : {}) })
          return
        } catch (error) {
          this.refused++
          this.write({ event: 'refused', tag, code: error.code, message: error.message })
          if (retryOn.includes(error.code) && !load.stopped) continue
          if (stopOn.includes(error.code)) { load.stopped = true; load.code = error.code }
          return
        }
      }
    }
    const worker = async () => {
      load.running++
      while (load.next < count && !load.stopped) {
        const n = load.next++
        // Paced by the turns of the event loop, for loads that must last until something else has happened.
        for (let i = 0; i < perTurn; i++) await new Promise(resolve => { setImmediate(resolve) })
        await one(n)
      }
      if (--load.running === 0) load.done = true
    }
    for (let i = 0; i < outstanding; i++) void worker()
  }

  noteDelivery (name, delivery) {
    const { id } = delivery
    const tag = delivery.text().trimEnd()
    this.delivered++
    this.write({
      event: 'delivered', sub: name, id, tag, topic: delivery.topic, attempt: delivery.attempt, ...(delivery.late ? { late: true } : {}), ...(delivery.ephemeral ? { ephemeral: true } : {}),
      ...(delivery.key === undefined ? {} : { key: delivery.key }), incarnation: delivery.incarnation, position: delivery.position, publisher: delivery.publisher
    })
  }

  async settle (name, settle, delivery) {
    const { id } = delivery
    try {
      const how = typeof settle === 'string' ? settle : settle[Math.min(delivery.attempt, settle.length) - 1]
      if (how === 'ack') {
        await delivery.ack()
        this.acked++
        this.write({ event: 'acked', sub: name, id })
      } else if (how === 'reject') {
        await delivery.reject('not wanted')
        this.write({ event: 'rejected', sub: name, id })
      } else {
        await delivery.nack({ delayMs: Number(how.slice(5)) })
        this.write({ event: 'nacked', sub: name, id })
      }
    } catch (error) {
      this.write({ event: 'unsettled', sub: name, id, code: error.code, message: error.message })
    }
  }

  async subscribe ({ as, filters, options, settle, limit = Infinity }) {
    const given = { ...options, ...(options?.fromTime === undefined ? {} : { from: new Date(options.fromTime) }) }
    delete given.fromTime
    const subscription = await this.node.subscribe(filters, given)
    const state = { subscription, settle, held: [], error: undefined, ended: false, count: 0 }
    const name = as ?? options?.name
    this.subscriptions.set(name, state)
    const loop = async () => {
      try {
        for await (const delivery of subscription) {
          this.noteDelivery(name, delivery)
          if (state.settle === 'hold') state.held.push(delivery)
          else void this.settle(name, state.settle, delivery)
          if (++state.count >= limit) break
        }
      } catch (error) {
        state.error = error.code
      }
      state.ended = true
    }
    void loop()
  }

  /** Settles the first `count` that were held in this way; without a count all, and what comes from now on. */
  async release ({ as, settle, count }) {
    const state = this.subscriptions.get(as)
    if (count === undefined) state.settle = settle
    await Promise.all(state.held.splice(0, count ?? Infinity).map(delivery => this.settle(as, settle, delivery)))
  }

  async consume ({ as, filters, options, failFirst = 0 }) {
    const name = as ?? options.name
    let running = 0
    const consumer = await this.node.consume(filters, options, async (delivery) => {
      this.noteDelivery(name, delivery)
      running++
      this.write({ event: 'begun', sub: name, id: delivery.id, key: delivery.key, running })
      // Handlers of different length overtake each other unless something keeps them in order.
      for (let i = Math.random() * 20; i > 0; i--) await new Promise(resolve => { setImmediate(resolve) })
      running--
      if (delivery.attempt <= failFirst && delivery.position % 7 === 0) {
        this.write({ event: 'threw', sub: name, id: delivery.id, key: delivery.key })
        throw new Error('not this time')
      }
      this.acked++
      this.write({ event: 'handled', sub: name, id: delivery.id, key: delivery.key })
    })
    this.subscriptions.set(name, { subscription: consumer, held: [] })
  }

  progress () {
    const { published, refused, delivered, acked, gaps, buried } = this
    const loads = Object.fromEntries([...this.loads].map(([name, { next, running, done, code }]) => [name, { next, running, done, code }]))
    return { published, refused, delivered, acked, gaps, buried, loads }
  }
}

/** Bytes of memory that are this process's own, and of all that is mapped. */
function memory () {
  const text = readFileSync('/proc/self/status', 'utf8')
  const of = name => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
  return { own: of('RssAnon'), all: of('VmRSS') }
}
let watched
function watchMemory () {
  const first = memory()
  watched = { first, most: { ...first } }
  setInterval(() => {
    const now = memory()
    for (const which of ['own', 'all']) watched.most[which] = Math.max(watched.most[which], now[which])
  }, 20).unref()
}

const COMMANDS = {
  async start ({ peer, journal, options }) {
    const made = new Peer(journal)
    const info = await made.start(options)
    peers.set(peer, made)
    return info
  },
  publish: async ({ topic, body, options }, peer) => {
    const { id, position, incarnation, duplicate, time, channel } = await peer.node.publish(topic, body, options)
    peer.published++
    if (id !== '') peer.write({ event: 'published', tag: String(body), topic, id, incarnation, position })
    return { id, position, incarnation, duplicate, time, channel }
  },
  load: (args, peer) => { peer.load(args) },
  stopLoad: ({ name = 'load' }, peer) => { peer.loads.get(name).stopped = true },
  subscribe: (args, peer) => peer.subscribe(args),
  consume: (args, peer) => peer.consume(args),
  release: (args, peer) => peer.release(args),
  closeSubscription: ({ as }, peer) => peer.subscriptions.get(as).subscription.close(),
  progress: (_, peer) => peer.progress(),
  status: (_, peer) => peer.node.status(),
  peers: (_, peer) => peer.node.peers(),
  notices: (_, peer) => peer.notices,
  outboxLogs: (_, peer) => peer.node.outboxLogs(),
  inboxLogs: (_, peer) => peer.node.inboxLogs(),
  deadLetters: (args, peer) => peer.node.deadLetters(args).map(({ body, ...letter }) => ({ ...letter, text: Buffer.from(body).toString() })),
  redrive: ({ deadId }, peer) => peer.node.redrive(deadId),
  removeSubscription: ({ name }, peer) => peer.node.removeSubscription(name),
  addBootstrap: ({ address }, peer) => { peer.node.addBootstrap(address) },
  state: ({ id }, peer) => peer.node.receipt(id).state(),
  stored: ({ id, ...options }, peer) => peer.node.receipt(id).stored(options),
  processed: ({ id, ...options }, peer) => peer.node.receipt(id).processed(options),
  drain: (args, peer) => peer.node.drain(args),
  close: async ({ peer: name }, peer) => {
    await peer.node.close()
    closeSync(peer.file)
    peers.delete(name)
  },
  watchMemory: () => { watchMemory() },
  memory: () => watched,
  used: async () => {
    for (let i = 0; i < 3; i++) {
      globalThis.gc()
      await new Promise(resolve => { setImmediate(resolve) })
    }
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
    return { used: heapUsed + external + arrayBuffers, resident: rss }
  }
}

process.on('message', async ({ call, command, args }) => {
  try {
    const peer = peers.get(args.peer)
    if (peer === undefined && !['start', 'watchMemory', 'memory'].includes(command)) throw new Error(`no peer ${args.peer} here`)
    const value = await COMMANDS[command](args, peer)
    process.send({ call, value })
  } catch (error) {
    process.send({ call, error: { message: error.message, code: error.code, stack: error.stack } })
  }
})
// Whoever started this process is gone.
process.on('disconnect', () => { process.exit(1) })
process.send({ ready: true })
