/** `npm run fuzz`: bundles the targets with their decoders, runs them in processes, and tells what came of it. */
import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'vite'
import { planted } from '../planted/plugin.mjs'

const HELP = `npm run fuzz -- [--runs N | --minutes M] [--seed S] [--target NAME]… [--jobs J]
npm run fuzz -- --replay TARGET:BASE64
npm run fuzz -- --list

  --runs N     inputs in all, shared out among the targets (default 100000)
  --minutes M  end after about so long, with fewer inputs than --runs if need be; Ctrl-C ends it as well, at once the second time
  --seed S     the same seed gives the same inputs (default: a random one, which is told)
  --target T   only this target; may be given several times
  --jobs J     processes at a time (default 1)
  --replay     runs one input and makes it smaller if it fails
  --list       the targets, and what each holds

The last line is "N inputs, N failed". Exit status: 0 none failed, 1 some failed, 2 wrong usage.
`

/** Inputs in one order to a process. Those of slow targets are fewer. */
const ORDER_INPUTS = 32 * 1024
/** A process that says nothing for so long hangs at an input. */
const SILENT_MS = 180_000
/** More than a timer of Node counts to is not asked for. */
const MINUTES_MAX = 30_000
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

const options = { minutes: { type: 'string' }, runs: { type: 'string' }, seed: { type: 'string' }, target: { type: 'string', multiple: true }, jobs: { type: 'string' }, replay: { type: 'string' }, list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }

function whole (name, text, otherwise, min = 1) {
  if (text === undefined) return otherwise
  const value = text === '' ? NaN : Number(text.replace(/_/g, ''))
  if (!Number.isSafeInteger(value) || value < min) throw new Error(`--${name} must be a whole number${min === 0 ? '' : ` of at least ${min}`}, not ${JSON.stringify(text)}`)
  return value
}

/** What goes with this process when a signal ends it. */
let outDir
const children = new Set()
/** Ends it: until there is something to tell, and when somebody does not wait for that. */
const breakOff = signal => {
  for (const child of children) child.kill('SIGKILL')
  if (outDir !== undefined) rmSync(outDir, { recursive: true, force: true })
  process.removeAllListeners(signal).kill(process.pid, signal)
}
let stop = breakOff
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.on(signal, () => { stop(signal) })

/** What is wrong with them is told in a line. */
function readWords () {
  try {
    return parseArgs({ options })
  } catch (error) {
    throw new Error(error.message.replaceAll('\n', ' '), { cause: error })
  }
}

/** What is asked for; all of it is looked at before anything is built. */
function parse () {
  const { values } = readWords()
  const minutes = whole('minutes', values.minutes, MINUTES_MAX)
  const asked = {
    ...values, minutes, seed: whole('seed', values.seed, randomInt(2 ** 32), 0), jobs: whole('jobs', values.jobs, 1),
    runs: whole('runs', values.runs, values.minutes === undefined ? 100_000 : 1_000_000 * minutes)
  }
  if (values.replay === undefined) return asked
  const [, target, base64] = /^([^:]+):([A-Za-z0-9+/]*={0,2})$/.exec(values.replay) ?? []
  if (target === undefined) throw new Error(`--replay takes TARGET:BASE64, as a failure prints it, not ${JSON.stringify(values.replay)}`)
  return { ...asked, replay: { target, base64 } }
}

/** One file with all the code, next to the packages that it imports. */
async function bundle () {
  const cache = join(root, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  outDir = mkdtempSync(join(cache, 'skein-fuzz-'))
  await build({
    root, configFile: false, logLevel: 'error', plugins: [planted()],
    build: { ssr: join(root, 'test/fuzz/child.ts'), outDir, emptyOutDir: false, minify: false, target: 'node20', sourcemap: 'inline', rollupOptions: { output: { entryFileNames: 'child.mjs' } } }
  })
}

/** A process that does one order at a time; `died` when it ended or hung before its answer. */
class Worker {
  constructor (file) {
    this.announced = ''
    // A group of its own: Ctrl-C is for whoever gives the orders, and a process that it ends while it starts would count as one that an input ended.
    this.process = fork(file, { detached: true, execArgv: ['--enable-source-maps', '--max-old-space-size=1024'], stdio: ['ignore', 'inherit', 'pipe', 'pipe', 'ipc'] })
    children.add(this.process)
    this.process.once('exit', () => { children.delete(this.process) })
    // An order that can't be given any more: that it has ended says its exit.
    this.process.on('error', () => {})
    this.stderr = ''
    this.process.stderr.on('data', chunk => { this.stderr = (this.stderr + chunk).slice(-4000) })
    this.process.stdio[3].on('data', chunk => { this.announced = (this.announced + chunk).slice(-64) })
  }

  do (order) {
    return new Promise(resolve => {
      let silent
      const over = report => {
        clearTimeout(silent)
        this.process.off('message', over)
        this.process.off('exit', died)
        resolve(report)
      }
      const died = (status, signal) => { setImmediate(() => { over({ type: 'died', signal, why: `the process ended with ${signal ?? status}: ${this.stderr.trim().slice(-1500)}` }) }) }
      silent = setTimeout(() => {
        this.process.off('exit', died)
        this.process.kill('SIGKILL')
        over({ type: 'died', why: `no answer within ${SILENT_MS / 1000} s` })
      }, SILENT_MS)
      this.process.on('message', over)
      this.process.on('exit', died)
      this.process.send(order)
    })
  }

  end () { if (this.process.connected) this.process.disconnect() }
}

/** Cuts the inputs into orders, a part of each target at a time, so that a run that is cut short has seen all of them. */
function ordersOf (targets, runs, seed) {
  const shares = targets.reduce((sum, { share }) => sum + share, 0)
  const orders = []
  for (const { name, share } of targets) {
    const count = Math.max(1, Math.round(runs * share / shares))
    const size = Math.max(128, Math.floor(ORDER_INPUTS * Math.min(1, share / 100)))
    for (let from = 0; from < count; from += size) orders.push({ part: from / count, order: { type: 'run', target: name, seed, from, count: Math.min(size, count - from), announce: false } })
  }
  return orders.sort((a, b) => a.part - b.part).map(({ order }) => order)
}

/** Runs an order of which a process died again, and finds the input it died of. */
async function culprit (file, order, why) {
  const worker = new Worker(file)
  const again = await worker.do({ ...order, announce: true })
  const index = Number(worker.announced.trimEnd().split('\n').at(-1))
  worker.end()
  if (again.type !== 'died' || Number.isNaN(index)) return { index: order.from, message: `${why} (not again when it was repeated)`, base64: '' }
  const finder = new Worker(file)
  const { base64 } = await finder.do({ type: 'input', target: order.target, seed: order.seed, index })
  finder.end()
  return { index, message: again.why, base64 }
}

async function run (file, targets, runs, seed, jobs, minutes) {
  const rows = new Map(targets.map(({ name }) => [name, { inputs: 0, accepted: 0, rejected: 0, failed: 0, msMax: 0 }]))
  const findings = new Map()
  const orders = ordersOf(targets, runs, seed)
  const total = orders.reduce((sum, { count }) => sum + count, 0)
  // What is under way is finished, and told.
  const finish = () => { orders.length = 0 }
  let stopped
  stop = (signal) => {
    stopped = signal
    stop = breakOff
    finish()
  }
  const late = setTimeout(finish, minutes * 60_000)
  const startedMs = Date.now()
  let done = 0
  let toldMs = startedMs
  const note = finding => {
    const key = `${finding.target} ${finding.kind}`
    if (findings.has(key)) return
    findings.set(key, finding)
    console.log(`\nFAILED ${finding.target}, seed ${finding.seed}, input ${finding.index}: ${finding.message}\n  npm run fuzz -- --replay ${finding.target}:${finding.base64}\n`)
  }
  const work = async () => {
    let worker = new Worker(file)
    for (let order = orders.shift(); order !== undefined; order = orders.shift()) {
      const report = await worker.do(order)
      const row = rows.get(order.target)
      // It had not yet a group of its own when somebody stopped everything: no input has ended it.
      if (report.type === 'died' && stopped !== undefined && report.signal === stopped) break
      if (report.type === 'died') {
        const { index, message, base64 } = await culprit(file, order, report.why)
        note({ target: order.target, seed, index, kind: 'died', message, base64 })
        row.failed++
        row.inputs += index - order.from + 1
        worker = new Worker(file)
      } else {
        for (const key of ['inputs', 'accepted', 'rejected', 'failed']) row[key] += report[key]
        row.msMax = Math.max(row.msMax, report.msMax)
        report.findings.forEach(note)
      }
      done += order.count
      if (Date.now() - toldMs > 5_000) {
        toldMs = Date.now()
        console.log(`${done} of ${total} inputs, ${Math.round((toldMs - startedMs) / 1000)} s`)
      }
    }
    worker.end()
  }
  await Promise.all(Array.from({ length: jobs }, work))
  clearTimeout(late)
  return rows
}

function table (rows) {
  const lines = [['target', 'inputs', 'accepted', 'rejected', 'failed', 'max ms'], ...[...rows].map(([name, { inputs, accepted, rejected, failed, msMax }]) => [name, inputs, accepted, rejected, failed, msMax.toFixed(1)])].map(line => line.map(String))
  const widths = lines[0].map((_, i) => Math.max(...lines.map(line => line[i].length)))
  return lines.map(line => line.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join('  ')).join('\n')
}

async function ask (file, order) {
  const worker = new Worker(file)
  const answer = await worker.do(order)
  worker.end()
  return answer
}

async function main () {
  const { replay, list, help, target: only, seed, runs, jobs, minutes } = parse()
  if (help) { process.stdout.write(HELP); return 0 }
  try {
    await bundle()
    const file = join(outDir, 'child.mjs')
    const { targets: all, why } = await ask(file, { type: 'list' })
    if (all === undefined) throw new Error(why)
    const unknown = [...(only ?? []), ...(replay === undefined ? [] : [replay.target])].find(name => !all.some(target => target.name === name))
    if (unknown !== undefined) throw new Error(`no such target: ${unknown} (--list shows them)`)
    if (list) {
      for (const { name, what } of all) console.log(`${name.padEnd(22)} ${what}`)
      return 0
    }
    if (replay !== undefined) {
      const answer = await ask(file, { type: 'replay', ...replay })
      if (answer.type === 'died') {
        console.log(`${answer.why}\n1 inputs, 1 failed`)
        return 1
      }
      console.log(answer.failure === undefined ? `${answer.accepted ? 'accepted' : 'rejected'} in ${answer.ms.toFixed(1)} ms` : `${answer.failure}\nsmallest: ${answer.base64}`)
      console.log(`1 inputs, ${answer.failure === undefined ? 0 : 1} failed`)
      return answer.failure === undefined ? 0 : 1
    }
    const targets = all.filter(({ name }) => only?.includes(name) ?? true)
    console.log(`seed ${seed}, up to ${runs} inputs for ${targets.length} targets`)
    const startedMs = Date.now()
    const rows = await run(file, targets, runs, seed, jobs, Math.min(minutes, MINUTES_MAX))
    const sum = key => [...rows.values()].reduce((n, row) => n + row[key], 0)
    console.log(`${table(rows)}\nseed ${seed}, ${((Date.now() - startedMs) / 1000).toFixed(1)} s`)
    console.log(`${sum('inputs')} inputs, ${sum('failed')} failed`)
    return sum('failed') === 0 ? 0 : 1
  } finally {
    if (outDir !== undefined) rmSync(outDir, { recursive: true, force: true })
  }
}

main().then(status => { process.exitCode = status }, error => {
  console.error(`fuzz: ${error.message}`)
  process.exitCode = 2
})
