/**
 * A trial: real processes, load, the faults of a plan, then peace, rest, and the checker's verdict on what every node saw.
 */
import { spawn } from 'node:child_process'
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loopback, namespaces, namespacesFault, smallDisk } from './ground.mjs'
import { Link } from './link.mjs'
import { Member } from './member.mjs'
import { describe, plan } from './plan.mjs'
import { seeded } from './random.mjs'

const CHECKER = fileURLToPath(new URL('../../dist/check/main.js', import.meta.url))
const TOPICS = ['a/x', 'a/y', 'b/x', 'b/deep/er', 'c']
const DISK_BYTES = 192 * 1024 * 1024

export class Trial {
  members = []
  counts = {}
  notes = []
  #links = new Map()
  #disks = new Map()
  #timers = new Set()
  #ending = false
  #ended

  /** `options`: seed, nodes, durationMs, kinds, kills, perSecond, dir, namespaces (false: loopback), say. */
  constructor (options) {
    this.o = options
    this.random = seeded(options.seed + 1)
  }

  async run () {
    try {
      await this.#begin()
      const startMs = Date.now()
      await this.#torment()
      this.tormentMs = Date.now() - startMs
      await this.#heal()
      this.restMs = await this.#rest()
      for (const member of this.members) await member.close()
      if (this.restMs !== undefined) for (const { setup } of this.members) appendFileSync(setup.history, '{"type":"rest"}\n')
      this.verdict = await this.#check()
    } finally {
      await this.end()
    }
    return this
  }

  /** Ends every process, and takes away what was made for the trial, wherever it stands. */
  end () { return this.#ended ??= this.#end() }

  async #begin () {
    const { nodes, seed, dir, perSecond } = this.o
    const fault = this.o.namespaces === false ? 'asked for loopback' : namespacesFault()
    this.ground = fault === undefined ? namespaces(nodes) : loopback()
    this.o.say(`ground: ${this.ground.name}${fault === undefined ? '' : ` (${fault})`}`)
    for (let i = 0; i < nodes; i++) {
      const dataDir = join(dir, `node-${i}`)
      mkdirSync(dataDir, { recursive: true })
      // The daemon's own directory, and one of an embedded node, lie on a disk that can be filled.
      if (!(this.o.kills > 0) && this.o.kinds.includes('disk') && (i === 1 || i === 2)) {
        const disk = smallDisk(dataDir, DISK_BYTES)
        if (disk === undefined) this.o.say('no small disk can be mounted here: no disk is filled')
        else this.#disks.set(i, disk)
      }
      const kind = i <= 1 ? 'daemon' : 'worker'
      const subscriptions = kind === 'daemon'
        ? i === 0 ? [] : [['screen', ['a/#', 'b/+'], {}]]
        : i % 2 === 0 ? [['all', ['#'], {}]] : [['keyed', ['a/+', 'b/#'], { concurrency: 8 }], ['one', ['c'], {}]]
      this.members.push(new Member({
        name: `node-${i}`, index: i, kind, ground: this.ground, dataDir, history: join(dir, `node-${i}.jsonl`), mesh: `chaos-${seed}`, seed: seed * 1000 + i,
        load: { topics: TOPICS, perSecond: i === 0 ? 0 : perSecond, bodyBytesMax: 1500, subscriptions }, bootstrap: () => this.#bootstrap(i)
      }))
    }
    for (const [i, member] of this.members.entries()) {
      // Each dials the relay, and some that came before: a mesh with more than one way through.
      const targets = new Set(i === 0 ? [] : [0, ...(i > 1 ? [this.random.int(0, i - 1)] : [])])
      for (const j of targets) {
        const link = new Link(this.random, { host: this.ground.hostOf(j), port: this.members[j].port })
        this.#links.set(`${i}>${j}`, { from: i, to: j, link, port: await link.listen(this.ground.proxyHost) })
      }
      await member.start()
      this.o.say(`${member.setup.name} is up (${member.setup.kind}) and dials ${[...targets].map(j => `node-${j}`).join(', ') || 'nobody'}`)
    }
  }

  #bootstrap (i) {
    return [...this.#links.values()].filter(({ from }) => from === i)
      .map(({ to, port }) => `/ip4/${this.ground.proxyHost}/tcp/${port}/p2p/${this.members[to].peerId}`)
  }

  /** Faults by plan until the time is over, or until so many kills. */
  async #torment () {
    const { seed, nodes, durationMs, kinds, kills } = this.o
    const usable = kinds.filter(kind => (kind !== 'cable' || this.ground.cable !== undefined) && (kind !== 'disk' || this.#disks.size > 0))
    if (kills > 0) return await this.#killing(kills)
    const faults = plan({ seed, nodes, durationMs, kinds: usable, withDisk: [...this.#disks.keys()] })
    const startMs = Date.now()
    for (const fault of faults) {
      await this.#until(startMs + fault.atMs)
      this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1
      this.o.say(`${((Date.now() - startMs) / 1000).toFixed(1)} s: ${describe(fault)}`)
      await this.#begins(fault)
    }
    await this.#until(startMs + durationMs)
  }

  /** One kill after the other, each while the others are at work. */
  async #killing (kills) {
    const pending = new Set()
    for (let n = 0; n < kills; n++) {
      let member
      while (member === undefined) {
        const up = this.members.filter(each => each.isUp && !each.busy)
        if (up.length > this.members.length / 2) member = this.random.pick(up)
        else await Promise.race(pending)
      }
      member.busy = true
      await this.#until(Date.now() + this.random.int(20, 400))
      this.counts.kill = (this.counts.kill ?? 0) + 1
      await member.kill()
      const back = this.#startAgain(member).then(() => { member.busy = false; pending.delete(back) })
      pending.add(back)
      if ((n + 1) % 50 === 0) this.o.say(`${n + 1} kills`)
    }
    await Promise.all(pending)
  }

  #until (atMs) {
    const ms = atMs - Date.now()
    return ms <= 0 ? undefined : new Promise(resolve => { setTimeout(resolve, ms) })
  }

  #later (ms, fn) {
    const entry = { fn, timer: setTimeout(() => { this.#timers.delete(entry); void fn() }, ms) }
    this.#timers.add(entry)
  }

  async #begins (fault) {
    const member = this.members[fault.node]
    switch (fault.kind) {
      case 'kill':
        await member.kill()
        this.#later(fault.forMs, () => this.#startAgain(member))
        return
      case 'stop':
        if (!member.isUp) return
        member.pause()
        this.#later(fault.forMs, () => { if (member.isStopped) member.resume() })
        return
      case 'cable':
        this.ground.cable(fault.node, false)
        this.#later(fault.forMs, () => { this.ground.cable(fault.node, true) })
        return
      case 'disk':
        this.#disks.get(fault.node).fill()
        this.#later(fault.forMs, () => { this.#disks.get(fault.node).free() })
        return
      case 'partition': return this.#hold(fault, (from, to) => fault.near.includes(from) !== fault.near.includes(to) ? 'both' : undefined)
      case 'oneway': return this.#hold(fault, (from, to) => from === fault.from && to === fault.to ? 'out' : from === fault.to && to === fault.from ? 'in' : undefined)
      case 'reset':
        for (const link of this.#between(fault)) link.reset()
        return
      case 'latency':
        for (const link of this.#between(fault)) {
          link.slow(fault.delayMs, fault.jitterMs)
          this.#later(fault.forMs, () => { link.slow(0, 0) })
        }
    }
  }

  #between ({ from, to }) { return [`${from}>${to}`, `${to}>${from}`].flatMap(key => this.#links.get(key)?.link ?? []) }

  #hold (fault, directionOf) {
    for (const { from, to, link } of this.#links.values()) {
      const direction = directionOf(from, to)
      if (direction === undefined) continue
      link.hold(direction)
      this.#later(fault.forMs, () => { link.letGo(direction) })
    }
  }

  /** A start may fail while the disk is full or the port is not free yet: then again. One at a time: who is killed while it starts is started by the same. */
  #startAgain (member) {
    if (member.isUp) return Promise.resolve()
    return member.starting ??= this.#untilUp(member).finally(() => { member.starting = undefined })
  }

  async #untilUp (member) {
    for (let n = 0; n < 20 && !this.#ending; n++) {
      try {
        await member.start()
        return
      } catch (error) {
        await member.end()
        if (this.#ending) return
        this.notes.push(`${member.setup.name} could not start at once: ${error.message.split('\n')[0].slice(0, 200)}`)
        await this.#until(Date.now() + 1_000)
      }
    }
    if (!this.#ending) throw new Error(`${member.setup.name} does not start any more: ${this.notes.at(-1)}`)
  }

  /** Everything that lasts is over at once, and whoever is dead comes back. */
  async #heal () {
    this.o.say('healing')
    for (const { fn, timer } of [...this.#timers]) {
      clearTimeout(timer)
      await fn()
    }
    this.#timers.clear()
    for (const member of this.members) if (!member.isUp) await this.#startAgain(member)
    for (const member of this.members) await member.quiet()
  }

  /** Waits until nothing is owed any more. Returns after how many ms; undefined when it never came. */
  async #rest () {
    const startMs = Date.now()
    const deadlineMs = startMs + this.o.restMs
    let quietSince = 0
    let owed = ''
    let before = ''
    while (Date.now() < deadlineMs) {
      const seen = await Promise.all(this.members.map(member => member.look()))
      const now = this.#owed(seen)
      const state = JSON.stringify(seen.map(({ status, outbox, inbox }) => [status.subscriptions.map(({ acked, lag }) => [acked, lag]), outbox.map(({ head }) => head), inbox.map(({ head }) => head)]))
      if (now !== owed && Date.now() - startMs > 5_000) this.o.say(`still owed after ${((Date.now() - startMs) / 1000).toFixed(1)} s: ${now || 'nothing'}`)
      if (now !== '' || state !== before) quietSince = Date.now()
      else if (Date.now() - quietSince >= 3_000) return quietSince - startMs
      owed = now
      before = state
      await this.#until(Date.now() + 500)
    }
    this.notes.push(`not at rest after ${this.o.restMs / 1000} s: ${owed || 'it still moves'}`)
    return undefined
  }

  /** What is still owed to somebody; empty when nothing is. */
  #owed (seen) {
    const heads = new Map(seen.flatMap(({ outbox }) => outbox.map(log => [`${log.publisher}.${log.incarnation}.${log.channel}`, log])))
    for (const [i, { status, inbox, outstanding }] of seen.entries()) {
      if (outstanding > 0) return `node-${i} has ${outstanding} publishes under way`
      for (const { name, lag, inFlight } of status.subscriptions) if (lag > 0 || inFlight > 0) return `${name} at node-${i} lags by ${lag}, ${inFlight} in hand`
      const known = new Map(inbox.map(log => [`${log.publisher}.${log.incarnation}.${log.channel}`, log]))
      for (const [key, { head, channel, publisher }] of heads) {
        const takes = status.subscriptions.some(({ filters }) => filters.some(filter => filter === '#' || filter.startsWith('+') || filter.split('/')[0] === channel))
        if (takes && publisher !== status.peerId && (known.get(key)?.head ?? 0) < head) return `node-${i} has not heard of all of ${key}`
      }
    }
    return ''
  }

  #check () {
    const child = spawn(process.execPath, [CHECKER, ...this.members.map(({ setup }) => setup.history)], { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { text += chunk })
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status) => { resolve({ status, text: text.trim() }) })
    })
  }

  async #end () {
    this.#ending = true
    for (const { timer } of this.#timers) clearTimeout(timer)
    for (const disk of this.#disks.values()) disk.free()
    await Promise.all(this.members.map(member => member.end()))
    for (const { link } of this.#links.values()) link.close()
    for (const disk of this.#disks.values()) {
      // A trial that failed for another reason tells that one.
      try { disk.close() } catch (error) { this.notes.push(error.message.trim()) }
    }
    this.ground?.close()
  }
}
