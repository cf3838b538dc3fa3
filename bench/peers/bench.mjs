#!/usr/bin/env node
// Runs the chosen systems through the chosen workloads, interleaved, and writes results.json and results.md.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { quantiles } from './lib/msg.mjs'
import { METRICS, markdown, summarize } from './lib/report.mjs'

const { values: o } = parseArgs({ options: {
  only: { type: 'string' }, work: { type: 'string' }, size: { type: 'string', default: '1024' }, runs: { type: 'string', default: '3' }, from: { type: 'string', default: '0' },
  scale: { type: 'string', default: '1' }, count: { type: 'string', default: '100000' }, ref: { type: 'string' }, out: { type: 'string' }, lock: { type: 'string' }, hold: { type: 'string', default: '50' },
  merge: { type: 'string' }, audit: { type: 'boolean' }, list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' }
} })

const here = import.meta.dirname
const adapters = new Map()
for (const f of fs.readdirSync(path.join(here, 'adapters')).filter(f => f.endsWith('.mjs')).sort()) {
  const name = f.slice(0, -4)
  try { adapters.set(name, await import(`./adapters/${f}`)) } catch (e) { adapters.set(name, { broken: e.message.split("\n")[0].replace(/ imported from.*/, ""), variants: { default: {} }, supports: () => [] }) }
}
const nameOf = (a, v) => v === 'default' ? a : `${a}@${v}`
const every = [...adapters].flatMap(([a, m]) => Object.keys(m.variants).map(v => ({ system: nameOf(a, v), adapter: a, variant: v, m })))

if (o.help) { console.log('node bench.mjs [--only a,b@variant] [--work P1,P2] [--size 100,1024] [--runs 3] [--scale 1] [--ref name] [--out folder] [--lock file] [--merge a.json,b.json] [--audit] [--list]'); process.exit(0) }
if (o.list) {
  for (const s of every) console.log(`${s.system.padEnd(18)} ${(s.m.broken ? `not usable: ${s.m.broken}` : s.m.supports(s.variant).join(' ') || 'no workload yet').padEnd(30)} ${s.m.broken ? '' : s.m.durability(s.variant)}`)
  process.exit(0)
}

const chosen = o.only
  ? o.only.split(',').flatMap(n => {
    const hit = every.filter(s => n.includes('@') ? `${s.adapter}@${s.variant}` === n : s.adapter === n)
    if (!hit.length) { console.error(`unknown system ${n}; node bench.mjs --list shows them`); process.exit(2) }
    return hit
  })
  : every.filter(s => !s.m.broken && s.m.supports(s.variant).length)
const works = o.audit ? ['P2'] : o.work ? o.work.split(',') : ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8']
for (const w of works) if (!METRICS[w]) { console.error(`unknown workload ${w}`); process.exit(2) }
const sizes = o.size.split(',').map(Number); const runs = o.audit ? 1 : +o.runs
const out = path.resolve(o.out ?? path.join(here, 'results', new Date().toISOString().replace(/[:.]/g, '-')))
const oneSize = new Set(['P8', 'P7', 'P7pub', 'P6'])   // these run at 1024 B (or the first size asked for) only

let cells = []; let audits = []
if (o.merge) {
  for (const f of o.merge.split(',')) { const j = JSON.parse(fs.readFileSync(f)); cells.push(...j.cells); audits.push(...(j.audits ?? [])) }
} else {
  for (const s of chosen) {
    if (s.m.broken) console.error(`${s.system}: not usable here (${s.m.broken})`)
    else if (!works.some(w => s.m.supports(s.variant).includes(w))) console.error(`${s.system}: none of ${works.join(', ')}`)
  }
  const plan = []
  for (let r = 0; r < runs; r++) for (const work of works) for (const size of oneSize.has(work) ? [sizes.includes(1024) ? 1024 : sizes[0]] : sizes) {
    const list = chosen.filter(s => !s.m.broken && s.m.supports(s.variant).includes(work))
    for (let i = 0; i < list.length; i++) {   // interleaved; every run starts with another system
      const s = list[(i + (r + +o.from) * 4) % list.length]
      plan.push({ system: s.system, adapter: s.adapter, variant: s.variant, work, size, run: r + +o.from, scale: +o.scale, count: +o.count, audit: !!o.audit })
    }
  }
  console.error(`${plan.length} cells`)
  fs.mkdirSync(out, { recursive: true })
  const took = new Map(); let lock = null
  for (let i = 0; i < plan.length; i++) {
    const p = plan[i]; const k = p.system + p.work
    const expect = took.get(k) ?? (p.work === 'P6' ? 30 : 20)
    if (o.lock && lock && (Date.now() - lock.since) / 1000 + expect > +o.hold) { await lock.release(); lock = null }
    if (o.lock) lock ??= await acquire(o.lock)
    const t = Date.now()
    const c = await runCell(p)
    took.set(k, (Date.now() - t) / 1000)
    if (c.result?.audit) audits.push({ system: c.system, audit: c.result.audit }); else cells.push(c)
    const [main, f] = METRICS[p.work][0]
    console.error(`${String(i + 1).padStart(4)}/${plan.length} ${p.work} ${String(p.size).padStart(5)} B ${p.system.padEnd(18)} ${c.error ? 'FAILED ' + c.error.split('\n')[0] : `${Math.round(f(c.result)).toLocaleString('en-US')} ${main}`}${c.result?.lost ? ` lost ${c.result.lost}` : ''}${c.result?.dups ? ` dups ${c.result.dups}` : ''}${c.result?.bad ? ` BAD ${c.result.bad}` : ''}  (${((Date.now() - t) / 1000).toFixed(1)} s)`)
    fs.writeFileSync(path.join(out, 'cells.json'), JSON.stringify({ cells, audits }))   // what a cut-off run leaves
  }
  await lock?.release()
}

if (!cells.length && !audits.length) { console.error('nothing was run'); process.exit(2) }
const names = [...new Set([...cells, ...audits].map(c => c.system))]
const ref = o.ref ?? [...['skein', 'nats', 'jetstream'].filter(n => names.includes(n)), names[0]].join(',')
const systems = every.filter(s => names.includes(s.system)).map(s => ({ name: s.system, title: s.m.title, version: safe(() => s.m.version?.()), durability: safe(() => s.m.durability(s.variant)) ?? '' }))
const env = { date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC', cpu: os.cpus()[0]?.model.trim(), cores: os.cpus().length, memGB: Math.round(os.totalmem() / 2 ** 30), node: process.version, kernel: os.release(), fdatasyncUs: fdatasync() }
const rows = summarize(cells, ref)
fs.mkdirSync(out, { recursive: true })
fs.writeFileSync(path.join(out, 'results.json'), JSON.stringify({ env, ref, systems, rows, audits, cells }, null, 1))
const md = markdown({ env, rows, systems, audits })
fs.writeFileSync(path.join(out, 'results.md'), md)
console.log(md)
console.error(`written to ${path.relative(process.cwd(), out) || '.'}`)

function safe (f) { try { return f() } catch { return null } }

function runCell (p) {
  return new Promise(resolve => {
    const c = spawn(process.execPath, [path.join(here, 'cell.mjs'), JSON.stringify(p)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let s = ''
    c.stdout.on('data', d => { s += d })
    c.on('close', () => { const line = s.trim().split('\n').pop(); try { resolve(JSON.parse(line)) } catch { resolve({ ...p, error: `no result: ${line.slice(0, 200)}` }) } })
  })
}

// One holder process keeps the lock while several cells run; it is given back before `hold` seconds are over.
function acquire (file) {
  return new Promise((resolve, reject) => {
    const h = spawn('flock', [file, 'sh', '-c', 'echo locked; cat >/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
    h.on('error', reject)
    const gone = new Promise(resolve => h.on('close', resolve))
    h.stdout.once('data', () => resolve({ since: Date.now(), release: () => { h.stdin.end(); return gone } }))
  })
}

function fdatasync () {
  const f = path.join(out, '.fsync')
  fs.mkdirSync(out, { recursive: true })
  const fd = fs.openSync(f, 'w'); const b = Buffer.alloc(1024, 1); const l = []
  for (let i = 0; i < 200; i++) { fs.writeSync(fd, b); const t = performance.now(); fs.fdatasyncSync(fd); l.push((performance.now() - t) * 1000) }
  fs.closeSync(fd); fs.rmSync(f)
  return quantiles(l)
}
