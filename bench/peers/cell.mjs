// Runs one cell (one system, one workload, one size) and prints its result as one line of JSON.
// bench.mjs starts it, under a lock where one is asked for, so that no two timed cells ever overlap.
import { fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { BUCKET_MS, nowMs, sleep } from './lib/msg.mjs'
import { usage, signal } from './lib/proc.mjs'
import { Server, dataDir, freePort, which, find } from './lib/server.mjs'

const spec = JSON.parse(process.argv[2])   // {system, adapter, variant, work, size, scale}
const scale = spec.scale ?? 1
const T = ms => Math.max(200, Math.round(ms * scale))
const adapter = await import(new URL(`./adapters/${spec.adapter}.mjs`, import.meta.url))
const params = adapter.variants[spec.variant] ?? {}
const tag = randomInt(1, 2 ** 31)
const notes = []
const workers = []
let server = null
const launched = []   // every broker process ever started here
let data
const t00 = Date.now()

class Worker {
  constructor (name) {
    this.name = name; this.n = 0; this.waiting = new Map(); this.onCredit = null
    this.p = fork(new URL('./worker.mjs', import.meta.url), [], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: process.env.PEERS_NODE_ARGS?.split(' ') ?? [] })
    this.ready = new Promise(resolve => { this.p.on('message', m => {
      if (m.ready) return resolve()
      if (m.credit !== undefined) { this.credit = m.credit; return this.onCredit?.(m.credit) }
      if (m.note) { if (notes.length < 20) notes.push(`${this.name}: ${m.note}`.slice(0, 300)); return }
      const w = this.waiting.get(m.id); this.waiting.delete(m.id)
      if (m.ok) w?.resolve(m.r); else w?.reject(new Error(`${this.name}: ${m.error}`))
    }) })
    this.exited = new Promise(resolve => this.p.on('exit', code => { this.gone = true; for (const w of this.waiting.values()) w.reject(new Error(`${this.name} exited (${code})`)); resolve() }))
    workers.push(this)
  }

  async call (cmd, args, ms = 50000) {
    await this.ready
    const id = ++this.n
    let timer
    const r = new Promise((resolve, reject) => { this.waiting.set(id, { resolve, reject }); timer = setTimeout(() => reject(new Error(`${this.name}: ${cmd} took more than ${ms} ms`)), ms) })
    this.p.send({ id, cmd, args })
    try { return await r } finally { clearTimeout(timer) }
  }

  usage () { return usage([this.p.pid]) }
  kill9 () { signal([this.p.pid], 'SIGKILL'); return this.exited }
}

// --- broker -------------------------------------------------------------------------------------------------
let ports = []
async function startServer () {
  if (!adapter.startServer) return 0
  const t0 = nowMs()
  server = await adapter.startServer({ variant: spec.variant, params, ports, dir: data.seen, hostDir: data.host, log: path.join(data.host, 'server.log'), launch: (bin, args, o = {}) => {
    const w = which(bin)
    if (!w) throw new Error(`${bin} is not installed`)
    const p = Server.launch(w, args, { log: path.join(data.host, 'server.log'), strace: spec.audit ? path.join(data.host, `strace.${launched.length}`) : null, ...o })
    launched.push(p)
    return p
  }, find, work: spec.work })
  return nowMs() - t0
}

const NODES = { P3: 9, P4: 5 }   // client nodes in a cell, for systems that must know their neighbours
const ctx = (extra = {}) => ({ endpoint: server?.endpoint ?? null, ports, nodes: NODES[spec.work] ?? 2, work: spec.work, stateDir: null, ...extra })
const clients = []
async function open (worker, role, index, count = 1) {
  const stateDir = path.join(data.host, `state-${role}-${index}`)
  fs.mkdirSync(stateDir, { recursive: true })
  const a = { adapter: spec.adapter, variant: spec.variant, role, index, count, ctx: ctx({ stateDir, peers: clients.map(c => c.address) }), size: spec.size, tag }
  worker.openArgs = a
  const r = await worker.call('open', a)
  for (const address of r.addresses) clients.push({ role, address })
  return r
}
const join = async (...ws) => { for (const w of ws) await w.call('join', { peers: clients.map(c => c.address) }) }

async function probe (pub, subs, mode, topic) {
  await pub.call('probe', { mode, topic })
  const end = nowMs() + 20000
  for (;;) {
    const got = await Promise.all(subs.map(s => s.call('probes')))
    if (got.every(g => g.n > 0) || (mode === 'task' && got.some(g => g.n > 0))) break
    if (nowMs() > end) throw new Error('no probe arrived within 20 s')
    await sleep(5)
  }
  await pub.call('probeOff')
  await sleep(mode === 'ephemeral' ? 60 : 150)
}

// Waits until the consumers have what was sent, or nothing has come for `idle` ms.
async function drained (subs, target, { idle = 1500, max = 30000, sum = false } = {}) {
  const end = nowMs() + max; let prev = -1; let since = nowMs()
  for (;;) {
    const n = (await Promise.all(subs.map(s => s.call('counts')))).flatMap(c => c.n)
    const have = sum ? n.reduce((a, b) => a + b, 0) : Math.min(...n)
    if (have >= target) return have
    if (have !== prev) { prev = have; since = nowMs() }
    if (nowMs() - since > idle || nowMs() > end) return have
    await sleep(20)
  }
}

function rateIn (buckets, t0, t1) {   // per second, over the whole buckets inside [t0, t1)
  const a = Math.ceil(t0 / BUCKET_MS); const b = Math.floor(t1 / BUCKET_MS)
  let n = 0
  for (const [k, v] of buckets) if (k >= a && k < b) n += v
  return n / ((b - a) * BUCKET_MS / 1000)
}

const cpuNow = (pub, subs) => ({ server: server ? server.usage().cpuMs : 0, pub: pub.usage().cpuMs, sub: subs.reduce((a, s) => a + s.usage().cpuMs, 0) })
const cpuPer = (a, b, n) => n ? Object.fromEntries(Object.keys(a).map(k => [k, (b[k] - a[k]) * 1000 / n])) : null
const rssNow = (pub, subs) => ({ server: server ? server.usage().rss : 0, pub: pub.usage().rss, sub: subs.reduce((a, s) => a + s.usage().rss, 0) })

function sampleRss (pub, subs) {
  const peak = { server: 0, pub: 0, sub: 0 }
  const tick = () => { const r = rssNow(pub, subs); for (const k in peak) peak[k] = Math.max(peak[k], r[k]) }
  tick()
  const t = setInterval(tick, 250)
  return () => { clearInterval(t); tick(); return peak }
}

function wireCredit (pub, subs) {
  for (const s of subs) s.onCredit = () => {
    let n = Infinity
    for (const x of subs) n = Math.min(n, x.credit ?? 0)
    pub.p.send({ credit: n })
  }
}

const sumMeters = ms => ms.reduce((a, m) => { a.unique += m.unique; a.dups += m.dups; a.bad += m.bad; a.reordered += m.reordered; return a }, { unique: 0, dups: 0, bad: 0, reordered: 0 })

// --- workloads ----------------------------------------------------------------------------------------------
const works = {
  async P1 () {
    const pub = new Worker('pub'); const sub = new Worker('sub')
    await open(sub, 'sub', 1); await open(pub, 'pub', 0)
    await join(sub, pub)
    const window = Math.max(64, Math.min(4096, Math.floor(4 * 2 ** 20 / spec.size)))
    await sub.call('consume', { mode: 'ephemeral', topic: 'bench', creditStep: Math.ceil(window / 16) })
    await probe(pub, [sub], 'ephemeral', 'bench')
    wireCredit(pub, [sub])
    const c0 = cpuNow(pub, [sub]); const rss = sampleRss(pub, [sub])
    const r = await pub.call('pubWindow', { topic: 'bench', warmMs: T(800), measMs: T(2500), window, creditStart: 0 })
    await drained([sub], r.sent)
    const c1 = cpuNow(pub, [sub]); const peak = rss()
    let m = (await sub.call('report')).meters[0]
    const out = { rate: rateIn(m.buckets, r.t0, r.t1), sent: r.sent, lost: r.sent - m.unique, dups: m.dups, bad: m.bad, reordered: m.reordered, stalls: r.stalls, cpuUs: cpuPer(c0, c1, m.unique), rss: peak }
    // latency at 1,000 messages a second
    await sub.call('lat', { n: 20000 })
    const had = m.unique
    const l = await pub.call('pubRate', { mode: 'ephemeral', topic: 'bench', rate: 1000, ms: T(3000) })
    await drained([sub], had + l.sent)
    m = (await sub.call('report')).meters[0]
    Object.assign(out, { latencyUs: m.lat, latencyRate: l.rate, latencyLost: had + l.sent - m.unique, lateMs: l.late })
    // and without any window
    const before = m.unique; const dupsBefore = m.dups
    const cap = Math.floor(Math.min(300000, 256 * 2 ** 20 / spec.size))
    const b = await pub.call('pubBlast', { topic: 'bench', ms: T(1000), max: cap })
    await drained([sub], before + b.sent, { max: 15000 })
    m = (await sub.call('report')).meters[0]
    out.blast = { sent: b.sent, ms: b.ms, lost: before + b.sent - m.unique, dups: m.dups - dupsBefore, lostPct: 100 * (before + b.sent - m.unique) / b.sent, error: b.error }
    return out
  },

  async P2 () {
    const pub = new Worker('pub'); const sub = new Worker('sub'); const mode = 'durable'; const topic = 'dq'
    await open(sub, 'sub', 1); await sub.call('prepare', { mode, topic, consumers: 1, role: 'sub' })
    await open(pub, 'pub', 0); await pub.call('prepare', { mode, topic, consumers: 1, role: 'pub' })
    await join(sub, pub)
    await sub.call('consume', { mode, topic, prefetch: 1000 })
    await probe(pub, [sub], mode, topic)
    const c0 = cpuNow(pub, [sub]); const rss = sampleRss(pub, [sub])
    const phases = { pipelined: [Date.now() / 1000] }
    const r = await pub.call('pubDurable', { mode, topic, warmMs: T(1000), measMs: T(3000), window: 1000 })
    phases.pipelined.push(Date.now() / 1000, r.confirmed)
    await drained([sub], r.confirmed, { max: 15000, idle: 3000 })
    const c1 = cpuNow(pub, [sub]); const peak = rss()
    let m = (await sub.call('report')).meters[0]
    const out = { rate: rateIn(m.buckets, r.t0, r.t1), confirmRate: rateIn(r.buckets, r.t0, r.t1), overall: m.unique * 1000 / (m.last - (r.t0 - T(1000))), sent: r.sent, confirmed: r.confirmed, failed: r.failed, error: r.error, lost: r.confirmed - m.unique, dups: m.dups, bad: m.bad, reordered: m.reordered, drainMs: m.last - r.t1, cpuUs: cpuPer(c0, c1, m.unique), rss: peak }
    await sleep(300)
    await sub.call('lat', { n: 20000 })
    let had = m.unique
    const l = await pub.call('pubRate', { mode, topic, rate: 500, ms: T(3000) })
    await drained([sub], had + l.sent, { idle: 3000 })
    m = (await sub.call('report')).meters[0]
    Object.assign(out, { confirmUs: l.confirm, e2eUs: m.lat, latencyRate: l.rate, latencyLost: had + l.sent - m.unique, lateMs: l.late })
    had = m.unique
    phases.sequential = [Date.now() / 1000]
    const s = await pub.call('pubSeq', { mode, topic, ms: T(1500) })
    phases.sequential.push(Date.now() / 1000, s.sent)
    await drained([sub], had + s.sent, { idle: 3000 })
    m = (await sub.call('report')).meters[0]
    Object.assign(out, { seqRate: s.rate, seqUs: s.lat, seqLost: had + s.sent - m.unique, dupsTotal: m.dups })
    if (spec.audit) out.audit = audit(phases)
    return out
  },

  async P3 () {   // 1 publisher, 8 consumers with a connection each, in 2 processes
    const pub = new Worker('pub'); const subs = [new Worker('sub0'), new Worker('sub1')]
    await open(subs[0], 'sub', 1, 4); await open(subs[1], 'sub', 5, 4); await open(pub, 'pub', 0)
    await join(...subs, pub)
    const window = Math.max(64, Math.min(2048, Math.floor(2 ** 20 / spec.size)))
    for (const s of subs) await s.call('consume', { mode: 'ephemeral', topic: 'fan', creditStep: Math.ceil(window / 16) })
    await probe(pub, subs, 'ephemeral', 'fan')
    wireCredit(pub, subs)
    const c0 = cpuNow(pub, subs); const rss = sampleRss(pub, subs)
    const r = await pub.call('pubWindow', { topic: 'fan', warmMs: T(800), measMs: T(2500), window, creditStart: 0 })
    await drained(subs, r.sent)
    const c1 = cpuNow(pub, subs); const peak = rss()
    const ms = (await Promise.all(subs.map(s => s.call('report')))).flatMap(x => x.meters)
    const t = sumMeters(ms)
    return { rate: ms.reduce((a, m) => a + rateIn(m.buckets, r.t0, r.t1), 0), consumers: ms.length, sent: r.sent, lost: r.sent * ms.length - t.unique, dups: t.dups, bad: t.bad, reordered: t.reordered, stalls: r.stalls, cpuUs: cpuPer(c0, c1, t.unique), rss: peak }
  },

  async P4 () {   // 1 producer, 4 workers in 2 processes
    const pub = new Worker('pub'); const subs = [new Worker('w0'), new Worker('w1')]; const mode = 'task'; const topic = 'tq'
    await open(pub, 'pub', 0); await pub.call('prepare', { mode, topic, consumers: 4, role: 'pub' })
    await open(subs[0], 'sub', 1, 2); await open(subs[1], 'sub', 3, 2)
    for (const s of subs) await s.call('prepare', { mode, topic, consumers: 4, role: 'sub' })
    await join(pub, ...subs)
    for (const s of subs) await s.call('consume', { mode, topic, prefetch: 64, shared: true })
    await probe(pub, subs, mode, topic)
    const c0 = cpuNow(pub, subs); const rss = sampleRss(pub, subs)
    const r = await pub.call('pubDurable', { mode, topic, warmMs: T(1000), measMs: T(3000), window: 1000 })
    await drained(subs, r.confirmed, { max: 20000, idle: 3000, sum: true })
    const c1 = cpuNow(pub, subs); const peak = rss()
    const ms = (await Promise.all(subs.map(s => s.call('report')))).flatMap(x => x.meters)
    const t = sumMeters(ms); const u = await union(subs)
    return { rate: ms.reduce((a, m) => a + rateIn(m.buckets, r.t0, r.t1), 0), confirmRate: rateIn(r.buckets, r.t0, r.t1), sent: r.sent, confirmed: r.confirmed, failed: r.failed, error: r.error, lost: r.confirmed - u.n, dups: t.dups + (t.unique - u.n), bad: t.bad, share: ms.map(m => m.unique), cpuUs: cpuPer(c0, c1, u.n), rss: peak }
  },

  async P5 () {
    const rep = new Worker('rep'); const req = new Worker('req')
    await open(rep, 'rep', 0); await open(req, 'req', 1)
    await join(rep, req)
    await rep.call('serve', { name: 'echo' })
    await req.call('reqReady', { name: 'echo' })
    const s = await req.call('reqSeq', { name: 'echo', warmMs: T(500), ms: T(2000) })
    const c0 = cpuNow(req, [rep])
    const c = await req.call('reqConc', { name: 'echo', warmMs: T(500), ms: T(2500), inflight: 64 })
    const c1 = cpuNow(req, [rep])
    return { seqRate: s.rate, rttUs: s.rtt, rate: c.rate, failed: c.failed, error: c.error, bad: s.bad + c.bad, dups: s.dups + c.dups, lost: 0, cpuUs: cpuPer(c0, c1, c.n * (T(500) + T(2500)) / T(2500)) }
  },

  async P6 () {
    const pub = new Worker('pub'); const sub = new Worker('sub'); const mode = 'durable'; const topic = 'dq'
    await open(sub, 'sub', 1); await sub.call('prepare', { mode, topic, consumers: 1, role: 'sub' })
    await open(pub, 'pub', 0); await pub.call('prepare', { mode, topic, consumers: 1, role: 'pub' })
    await join(sub, pub)
    await sub.call('consume', { mode, topic, prefetch: 1000 })
    await probe(pub, [sub], mode, topic)
    await sub.call('closeClients')
    const want = spec.count ?? 100000
    const rss = sampleRss(pub, [sub])
    const r = await pub.call('pubDurable', { mode, topic, measMs: 15000, window: 1000, count: want })
    const early = (await sub.call('counts')).n[0]
    const t0 = nowMs()
    clients.splice(0, 1)
    await sub.call('open', sub.openArgs)
    await join(sub)
    await sub.call('consume', { mode, topic, prefetch: 1000 })
    const have = await drained([sub], r.confirmed, { max: 30000, idle: 5000 })
    const over = have < r.confirmed && nowMs() - t0 >= 29900   // time was up while messages still came: not lost
    const m = (await sub.call('report')).meters[0]
    return { rate: (have - early) * 1000 / (m.last - t0), n: r.confirmed, early, publishRate: r.confirmed * 1000 / r.ms, firstMs: m.first - t0, lost: over ? 0 : r.confirmed - m.unique, undrained: over ? r.confirmed - m.unique : 0, dups: m.dups, bad: m.bad, failed: r.failed, error: r.error, reordered: m.reordered, rss: rss() }
  },

  // kill -9. Broker systems: the broker, with the consumer away for the second before it, so that confirmed
  // messages exist nowhere else. Brokerless systems: the consumer's process (P7) or the publisher's (P7pub).
  async P7 () { return crash(adapter.startServer ? 'broker' : 'consumer') },
  async P7pub () { return crash('publisher') },

  async P8 () {
    const durable = adapter.supports(spec.variant).includes('P2')
    const mode = durable ? 'durable' : 'ephemeral'; const topic = 'dq'
    const t0 = nowMs()
    const readyMs = await startServer()
    const pub = new Worker('pub'); const sub = new Worker('sub')
    await open(sub, 'sub', 1); await sub.call('prepare', { mode, topic, consumers: 1, role: 'sub' })
    await open(pub, 'pub', 0); await pub.call('prepare', { mode, topic, consumers: 1, role: 'pub' })
    await join(sub, pub)
    await sub.call('consume', { mode, topic, prefetch: 1000 })
    await pub.call('probe', { mode, topic })
    for (;;) { if ((await sub.call('probes')).n > 0) break; if (nowMs() - t0 > 40000) throw new Error('no first message'); await sleep(1) }
    const firstMs = nowMs() - t0
    await pub.call('probeOff')
    await sleep(T(2000))
    const idle = rssNow(pub, [sub]); const c0 = cpuNow(pub, [sub])
    await sleep(T(2000))
    const c1 = cpuNow(pub, [sub])
    const idleCpuPct = Object.fromEntries(Object.keys(c0).map(k => [k, (c1[k] - c0[k]) / T(2000) * 100]))
    const rss = sampleRss(pub, [sub])
    const r = durable
      ? await pub.call('pubDurable', { mode, topic, measMs: T(4000), window: 1000 })
      : await pub.call('pubRate', { mode, topic, rate: 5000, ms: T(4000) })
    const n = durable ? r.confirmed : r.sent
    const have = await drained([sub], n, { max: 10000, idle: 3000 })
    const m = (await sub.call('report')).meters[0]
    return { readyMs, firstMs, idleRss: idle, idleCpuPct, loadRss: rss(), n, lost: n - have, dups: m.dups, bad: m.bad, diskBytes: durable ? du(data.host) : 0 }
  }
}

// How often the broker really asked the kernel to write through, per confirmed message.
function audit (phases) {
  const lines = fs.readdirSync(data.host).filter(f => f.startsWith('strace.')).flatMap(f => fs.readFileSync(path.join(data.host, f), 'utf8').split('\n'))
  const out = { syncOpens: [] }
  const syncs = []
  for (const l of lines) {
    const m = /(\d+\.\d+) (fsync|fdatasync|sync_file_range|msync|syncfs|sync)\(/.exec(l)
    if (m) syncs.push(+m[1])
    else if (/O_D?SYNC/.test(l)) out.syncOpens.push((/"([^"]+)"/.exec(l)?.[1] ?? '').split('/').slice(-1)[0])
  }
  for (const [k, [a, b, n]] of Object.entries(phases)) { const c = syncs.filter(t => t >= a && t <= b).length; out[k] = { syncs: c, confirmed: n, perConfirm: +(c / Math.max(1, n)).toFixed(4), perSecond: +(c / (b - a)).toFixed(2) } }
  return out
}

function du (dir) {
  let n = 0
  for (const e of fs.readdirSync(dir, { withFileTypes: true })) {
    const p = path.join(dir, e.name)
    try { n += e.isDirectory() ? du(p) : e.isFile() && !e.name.endsWith('.log') ? fs.statSync(p).blocks * 512 : 0 } catch {}
  }
  return n
}

async function union (subs) {
  const all = (await Promise.all(subs.map(s => s.call('seen')))).flatMap(x => x.seen).map(s => Buffer.from(s, 'base64'))
  const max = Math.max(0, ...all.map(b => b.length)); const u = new Uint8Array(max)
  for (const b of all) for (let i = 0; i < b.length; i++) u[i] |= b[i]
  let n = 0
  for (const x of u) n += x
  return { set: u, n }
}

function readJournal (file) {
  const b = fs.existsSync(file) ? fs.readFileSync(file) : Buffer.alloc(0)
  const count = new Map()
  for (let i = 0; i + 4 <= b.length; i += 4) { const s = b.readUInt32LE(i); count.set(s, (count.get(s) ?? 0) + 1) }
  return count
}

async function crash (victim) {
  const mode = 'durable'; const topic = 'dq'
  const sentFile = path.join(data.host, 'confirmed.journal'); const seenFile = path.join(data.host, 'seen.journal')
  let pub = new Worker('pub'); let sub = new Worker('sub')
  await open(sub, 'sub', 1); await sub.call('prepare', { mode, topic, consumers: 1, role: 'sub' })
  await open(pub, 'pub', 0); await pub.call('prepare', { mode, topic, consumers: 1, role: 'pub' })
  await join(sub, pub)
  await sub.call('consume', { mode, topic, prefetch: 1000, journal: seenFile })
  await probe(pub, [sub], mode, topic)
  await sleep(T(2000))   // the queue is not brand new when the crash comes
  await pub.call('crashStart', { topic, window: 1000, journal: sentFile })
  await sleep(T(1000))
  const out = { victim }
  let tKill, tUp
  if (victim === 'broker') {
    await sub.call('closeClients')
    out.awayAfter = readJournal(seenFile).size
    await sleep(T(1000))
    tKill = nowMs()
    await server.kill9()
    out.backlog = readJournal(sentFile).size - readJournal(seenFile).size
    const again = sub.call('openRetry', { open: sub.openArgs, consume: { mode, topic, prefetch: 1000, journal: seenFile } })
    const seenBefore = readJournal(seenFile).size
    const up = startServer().then(() => { tUp = nowMs() })
    await up
    await again
    out.restartMs = tUp - tKill
    let first = null
    for (const end = nowMs() + 20000; nowMs() < end;) {
      const t = await pub.call('crashTimes', { after: tUp })
      const got = (await sub.call('counts')).n.reduce((a, b) => a + b, 0)
      if (first === null && got > seenBefore) first = nowMs()
      if (t.first && first) { out.confirmResumeMs = t.first - tKill; break }
      await sleep(10)
    }
    out.deliverResumeMs = first === null ? null : first - tKill
  } else if (victim === 'consumer') {
    tKill = nowMs()
    await sub.kill9()
    await sleep(T(500))
    const before = readJournal(seenFile).size
    out.backlog = readJournal(sentFile).size - before
    tUp = nowMs()
    sub = new Worker('sub2')
    const args = { ...(workers[1].openArgs), ctx: { ...workers[1].openArgs.ctx, peers: clients.map(c => c.address) } }
    await sub.call('open', args); sub.openArgs = args
    await sub.call('prepare', { mode, topic, consumers: 1, role: 'sub' })
    await join(sub)
    await sub.call('consume', { mode, topic, prefetch: 1000, journal: seenFile })
    for (const end = nowMs() + 20000; nowMs() < end;) { if ((await sub.call('counts')).n[0] > 0) { out.deliverResumeMs = nowMs() - tKill; break } await sleep(5) }
    out.restartMs = tUp - tKill
  } else {
    tKill = nowMs()
    await pub.kill9()
    const done = readJournal(sentFile)
    out.backlog = done.size - readJournal(seenFile).size
    await sleep(T(300))
    const next = Math.max(0, ...done.keys()) + 2001
    const args = { ...(workers[0].openArgs), ctx: { ...workers[0].openArgs.ctx, peers: clients.map(c => c.address) } }
    tUp = nowMs()
    pub = new Worker('pub2')
    await pub.call('open', args)
    await pub.call('prepare', { mode, topic, consumers: 1, role: 'pub' })
    await join(pub)
    await pub.call('crashStart', { topic, window: 1000, journal: sentFile, firstSeq: next })
    out.restartMs = tUp - tKill
    for (const end = nowMs() + 20000; nowMs() < end;) { const t = await pub.call('crashTimes', { after: tUp }); if (t.first) { out.confirmResumeMs = t.first - tKill; break } await sleep(5) }
  }
  if (victim !== 'consumer') {   // flow is back when as many confirms came as fit into the window
    for (const end = nowMs() + 10000; nowMs() < end;) { const t = await pub.call('crashTimes', { after: tUp, nth: 1000 }); if (t.nth) { out.flowMs = t.nth - tKill; break } await sleep(10) }
  }
  await sleep(T(1000))
  const p = await pub.call('crashStop', { ms: 8000 })
  // wait until every confirmed message has been seen, or nothing new has come for 5 s
  const end = nowMs() + 20000; let prev = -1; let since = nowMs(); let confirmed, seen
  for (;;) {
    confirmed = readJournal(sentFile); seen = readJournal(seenFile)
    let missing = 0
    for (const s of confirmed.keys()) if (!seen.has(s)) missing++
    out.lost = missing
    if (!missing) break
    if (seen.size !== prev) { prev = seen.size; since = nowMs() }
    if (nowMs() - since > 8000 || nowMs() > end) break
    await sleep(100)
  }
  let dups = 0
  for (const n of seen.values()) dups += n - 1
  const bad = (await sub.call('report')).meters.reduce((a, m) => a + m.bad, 0)
  return { ...out, confirmed: confirmed.size, delivered: seen.size, dups, bad, retries: p.retries, unresolved: p.unresolved, error: p.error }
}

// --- main ---------------------------------------------------------------------------------------------------
async function cleanup () {
  await Promise.race([Promise.all(workers.filter(w => !w.gone).map(w => w.call('exit', {}, 2500).catch(() => {}))), sleep(3000)])
  for (const w of workers) if (!w.gone) signal([w.p.pid], 'SIGKILL')
  await server?.stop?.()
  for (const p of launched) if (p.code === undefined) await p.kill9()
  if (!spec.keep) fs.rmSync(data.host, { recursive: true, force: true })
}

const watchdog = setTimeout(async () => {
  print({ error: `watchdog: more than ${spec.limitMs ?? 58000} ms`, notes })
  for (const w of workers) signal([w.p.pid], 'SIGKILL')
  for (const p of launched) if (p.code === undefined) signal(p.pids(), 'SIGKILL')
  process.exit(2)
}, spec.limitMs ?? 58000)

let printed = false
function print (o) { if (!printed) { printed = true; fs.writeSync(1, JSON.stringify({ ...spec, ...o, tookMs: Date.now() - t00 }) + '\n') } }

let result
try {
  data = dataDir(`${spec.system.replace(/\W/g, '_')}-${spec.work}-${process.pid}`)
  for (let i = 0; i < 24; i++) ports.push(await freePort())
  if (spec.work !== 'P8') await startServer()
  result = { result: await works[spec.work](), notes }
} catch (e) { result = { error: String(e?.stack ?? e).slice(0, 1500), notes, serverLog: server?.tail?.() } }
try { await cleanup() } catch (e) { notes.push(`cleanup: ${e.message}`) }
clearTimeout(watchdog)
print(result)
process.exit(result.error ? 1 : 0)
