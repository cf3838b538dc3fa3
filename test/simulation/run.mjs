#!/usr/bin/env node
/** `npm run simulate`: whole meshes on simulated time, one a seed. */
import { spawn } from 'node:child_process'
import { join, dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.mjs'

const HELP = `Runs whole meshes on simulated time under faults, one mesh a seed.

npm run simulate -- [--seeds N] [--from S] [--minutes M] [--jobs J] [--quiet]
npm run simulate -- --seed S        the same run again, with its trace
npm run simulate -- --scale N,N,…   meshes of so many nodes, without faults: what they cost

  --seeds N        how many seeds to run (default 1000; without end when --minutes is given)
  --from S         the first seed (default 1)
  --minutes M      stop after so long
  --jobs J         processes that share the work (default 1)
  --seed S         run one seed and print everything that happens in it
  --without A,B    leave out these kinds of faults
  --only A,B       these kinds of faults, all of them, whatever the seed draws
  --nodes N        so many nodes instead of what the seed draws
  --chaos-ms T     so long a time of faults instead of what the seed draws
  --fail-fast      stop at the first seed that fails
  --no-shrink      do not look for a smaller way in which a seed fails
  --quiet          no progress
  --faults         list the kinds of faults
  --scale N,N,…    a table: what it costs to reach everyone in a mesh of so many nodes (1,000 need about 8 GB and half an hour)

SKEIN_PLANT=NAME plants a bug first (test/planted/bugs.mjs).
Ends with the line "N seeds, N failed". Exit status: 0 none failed, 1 some failed, 2 wrong usage.
`

class Usage extends Error {}

/** They go with this process when a signal stops it, which may have gone to this process alone. */
const children = new Set()
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) process.once(signal, () => { for (const child of children) child.kill('SIGTERM') })

function whole (name, value, least) {
  if (value === undefined) return undefined
  if (!/^\d+$/.test(value) || Number(value) < least || !Number.isSafeInteger(Number(value))) throw new Usage(`--${name} is a whole number of at least ${least}, not ${JSON.stringify(value)}`)
  return Number(value)
}

function readArguments (argv) {
  const text = { type: 'string' }
  const flag = { type: 'boolean', default: false }
  let values
  try {
    ({ values } = parseArgs({ args: argv, options: { seeds: text, from: text, seed: text, minutes: text, jobs: text, without: text, only: text, nodes: text, 'chaos-ms': text, scale: text, quiet: flag, help: { type: 'boolean', short: 'h', default: false }, faults: flag, 'fail-fast': flag, 'no-shrink': flag } }))
  } catch (error) {
    throw new Usage(error.message)
  }
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
  if (minutes !== undefined && !(minutes > 0)) throw new Usage(`--minutes is a positive number, not ${JSON.stringify(values.minutes)}`)
  const list = (value) => value === undefined ? undefined : value.split(',').map(each => each.trim()).filter(each => each !== '')
  return {
    scale: list(values.scale)?.map(n => whole('scale', n, 2)),
    help: values.help, quiet: values.quiet, faults: values.faults, failFast: values['fail-fast'], minutes,
    seed: whole('seed', values.seed, 0), from: whole('from', values.from, 0) ?? 1, jobs: whole('jobs', values.jobs, 1) ?? 1,
    seeds: whole('seeds', values.seeds, 1) ?? (minutes === undefined ? 1000 : Number.MAX_SAFE_INTEGER),
    options: { without: list(values.without), only: list(values.only), nodes: whole('nodes', values.nodes, 2), chaosMs: whole('chaos-ms', values['chaos-ms'], 1), noShrink: values['no-shrink'] }
  }
}

function checkFaults (FAULTS, { without = [], only = [] }) {
  for (const name of [...without, ...only]) if (!FAULTS.some(fault => fault.name === name)) throw new Usage(`there is no kind of faults ${JSON.stringify(name)}; --faults lists them`)
}

const line = (text = '') => { process.stdout.write(`${text}\n`) }

function tell ({ seed, wrong, faults, shrunk }) {
  line(`seed ${seed} failed, with ${faults.join(', ') || 'no faults'}:`)
  for (const each of wrong.slice(0, 10)) line(`  ${each}`)
  if (wrong.length > 10) line(`  … and ${wrong.length - 10} more`)
  if (shrunk === undefined) return
  line(`  smallest way found: ${shrunk.nodes} nodes, ${shrunk.faults.join(', ') || 'no faults'}: ${shrunk.wrong[0]}`)
  line(`  ${shrunk.replay}`)
}

async function replay (file, { seed, options }) {
  const { simulate } = await import(pathToFileURL(file).href)
  const outcome = await simulate(seed, { ...options, trace: true })
  for (const each of outcome.trace) line(each)
  line()
  line(`seed ${seed}: ${outcome.topology} of ${outcome.nodes} nodes, ${(outcome.simulatedMs / 1000).toFixed(1)} s simulated, ${outcome.published} published, trace ${outcome.traceHash}`)
  line(`faults: ${outcome.faults.join(', ') || 'none'}`)
  for (const each of outcome.wrong) line(`wrong: ${each}`)
  line(`1 seeds, ${outcome.ok ? 0 : 1} failed`)
  return outcome.ok ? 0 : 1
}

const COLUMNS = [
  ['nodes', r => r.nodes], ['neighbours', r => r.neighbours.toFixed(1)], ['delivered', r => `${r.delivered}/${r.expected}`], ['hops', r => r.hopsMean.toFixed(1)], ['most', r => r.hopsMax],
  ['duplicates', r => r.duplicates.toFixed(1)], ['gossip bytes', r => r.gossipBytes.toFixed(1)], ['all bytes', r => r.allBytes.toFixed(1)], ['idle bytes/s', r => r.idleBytes.toFixed(0)],
  ['p50 ms', r => r.latencyMs.p50], ['p99 ms', r => r.latencyMs.p99], ['start ms', r => r.startMs.toFixed(0)], ['heal ms', r => r.healMs.toFixed(0)], ['delivery µs', r => r.deliveryMicros.toFixed(0)], ['idle µs/s', r => r.idleMicros.toFixed(0)], ['node MB', r => (r.nodeBytes / 2 ** 20).toFixed(1)], ['took s', r => r.tookS.toFixed(0)]
]

/** One process for each mesh: a thousand nodes need much memory. */
async function runScale (file, sizes) {
  let failed = 0
  line(COLUMNS.map(([name]) => name.padStart(14)).join(''))
  for (const nodes of sizes) {
    const program = `const { scale } = await import(${JSON.stringify(pathToFileURL(file).href)}); process.stdout.write(JSON.stringify(await scale({ nodes: ${nodes} })))`
    const startMs = Date.now()
    const child = spawn(process.execPath, ['--max-old-space-size=12288', '--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk) => { text += chunk })
    children.add(child)
    const code = await new Promise(resolve => child.on('close', resolve))
    children.delete(child)
    if (code !== 0) {
      line(`a mesh of ${nodes} nodes ended with ${code}`)
      failed++
      continue
    }
    const result = { ...JSON.parse(text), tookS: (Date.now() - startMs) / 1000 }
    line(COLUMNS.map(([, value]) => String(value(result)).padStart(14)).join(''))
    for (const problem of result.problems) line(`  ${problem}`)
    if (result.problems.length > 0 || result.delivered !== result.expected) failed++
  }
  line(`${sizes.length} meshes, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

async function runAll (file, settings) {
  const { seeds, from, jobs, minutes, quiet, failFast, options } = settings
  const startMs = Date.now()
  const untilMs = minutes === undefined ? Number.MAX_SAFE_INTEGER : startMs + minutes * 60_000
  let run = 0
  let failed = 0
  let cpuMs = 0
  let toldMs = startMs
  const take = (outcome) => {
    run++
    cpuMs += outcome.cpuMs ?? 0
    if (!outcome.ok) {
      failed++
      tell(outcome)
      if (failFast) for (const child of children) child.kill()
    }
    if (quiet || Date.now() - toldMs < 10_000) return
    toldMs = Date.now()
    const seconds = (toldMs - startMs) / 1000
    line(`… ${run} seeds in ${seconds.toFixed(0)} s, ${(run / seconds * 3600).toFixed(0)} an hour, ${(cpuMs / run).toFixed(0)} ms of processor each, ${failed} failed`)
  }
  await Promise.all(Array.from({ length: Math.min(jobs, seeds) }, (_, i) => new Promise((resolve) => {
    const share = Math.ceil((seeds - i) / jobs)
    const task = { file, from: from + i, step: jobs, seeds: share, untilMs, options }
    const worker = spawn(process.execPath, ['--max-old-space-size=2048', join(dirname(fileURLToPath(import.meta.url)), 'worker.mjs'), JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.add(worker)
    createInterface({ input: worker.stdout }).on('line', (text) => { take(JSON.parse(text)) }).on('close', () => { ended.reader = true; over() })
    const ended = { reader: false, exit: undefined }
    const over = () => {
      if (!ended.reader || ended.exit === undefined) return
      children.delete(worker)
      if (ended.exit.code !== 0 && !(failFast && failed > 0)) {
        line(`a worker ended with ${ended.exit.code ?? ended.exit.signal}`)
        if (failed === 0) { failed++; run++ }
      }
      resolve()
    }
    worker.on('exit', (code, signal) => { ended.exit = { code, signal }; over() })
  })))
  line(`${run} seeds, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

async function main (argv) {
  const settings = readArguments(argv)
  if (settings.help) { process.stdout.write(HELP); return 0 }
  const { file, remove } = await bundle()
  try {
    const { FAULTS } = await import(pathToFileURL(file).href)
    checkFaults(FAULTS, settings.options)
    if (settings.faults) {
      for (const { name, what } of FAULTS) line(`${name.padEnd(14)}${what}`)
      return 0
    }
    if (settings.scale !== undefined) return await runScale(file, settings.scale)
    return settings.seed === undefined ? await runAll(file, settings) : await replay(file, settings)
  } finally {
    remove()
  }
}

// Whoever reads may go: that is no failure.
process.stdout.on('error', (error) => {
  for (const child of children) child.kill()
  if (error.code === 'EPIPE') process.exit(1)
  throw error
})

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Usage)) throw error
  process.stderr.write(`${error.message}\n\n${HELP}`)
  process.exitCode = 2
}
