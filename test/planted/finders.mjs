/**
 * What finds a planted bug: the simulation, or test files. Each run says `found` (by what), `passed`, or `broken` when there was no
 * verdict: a bundler that fails, a process that dies, a test that never ends where the bug is no hang.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const SIMULATION = 'simulation'
const SIMULATOR = join(ROOT, 'test/simulation/run.mjs')
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')
/** A test that takes so long hangs. */
const TEST_MS_MAX = 30_000
/** A run that takes so long is over. */
const RUN_MS_MAX = 10 * 60_000
/** What a bug that was planted badly throws, and no bug of this list does. */
const PLANTED_BADLY = /^(ReferenceError|SyntaxError)\b/

/** What vitest says of a test that ran out of time, before or after it has put the words in. */
const TIMED_OUT = /^Error: (STACK_TRACE_ERROR|Test timed out)/

/** What is under way, and goes with this process when a signal stops it. */
const children = new Set()
const dirs = new Set()
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal)
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
    // Not before: a second signal would end it midway.
    process.removeAllListeners(signal).kill(process.pid, signal)
  })
}

/** Runs a program to its end. `code` is null when it had to be killed. */
async function run (args, env) {
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output = (output + chunk).slice(-100_000) })
  const timer = setTimeout(() => { child.kill('SIGKILL') }, RUN_MS_MAX)
  const code = await new Promise((resolve, reject) => { child.once('error', reject).once('close', resolve) })
  clearTimeout(timer)
  children.delete(child)
  return { code, output }
}

/** Runs test files, with this bug planted or none. */
export async function runTests (files, bug, { bail = true, workers = 1, env = {} } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'skein-planted-'))
  dirs.add(dir)
  const report = join(dir, 'report.json')
  try {
    const { code, output } = await run([
      VITEST, 'run', ...files, ...(bail ? ['--bail', '1'] : []), `--maxWorkers=${workers}`, `--testTimeout=${TEST_MS_MAX}`, '--reporter=json', `--outputFile=${report}`
    ], { SKEIN_PLANT: bug?.name ?? '', ...env })
    let results
    try {
      results = JSON.parse(readFileSync(report, 'utf8')).testResults
    } catch {
      return { verdict: 'broken', by: `no report, exit ${code}: ${lastLine(output)}` }
    }
    return verdictOf(results, bug)
  } finally {
    rmSync(dir, { recursive: true, force: true })
    dirs.delete(dir)
  }
}

function verdictOf (results, bug) {
  let broken
  for (const { name, message, assertionResults } of results) {
    const file = name.slice(ROOT.length)
    for (const { status, fullName, failureMessages } of assertionResults) {
      if (status !== 'failed') continue
      const [failure = ''] = failureMessages
      if (PLANTED_BADLY.test(failure)) broken = `${file}: ${firstLine(failure)}`
      else if (TIMED_OUT.test(failure) && bug?.hangs !== true) broken = `${file}: ${fullName}: timed out`
      else return { verdict: 'found', by: `${file}: ${fullName.trim()}`, failure: firstLine(failure) }
    }
    if (assertionResults.length === 0 && message !== '') broken = `${file}: ${firstLine(message)}`
  }
  if (broken === undefined && !results.some(({ assertionResults }) => assertionResults.length > 0)) broken = 'there was no test to run'
  return broken === undefined ? { verdict: 'passed', by: '' } : { verdict: 'broken', by: broken }
}

/** Runs up to so many seeds of the simulation, with this bug planted or none, until one fails. */
export async function runSimulation (seeds, bug, { jobs = 1 } = {}) {
  const { code, output } = await run([SIMULATOR, '--seeds', String(seeds), '--jobs', String(jobs), '--quiet', '--fail-fast', '--no-shrink'], { SKEIN_PLANT: bug?.name ?? '' })
  const lines = output.split('\n')
  const i = lines.findIndex(line => /^seed \d+ failed/.test(line))
  const wrong = lines[i + 1]?.trim() ?? ''
  if (i !== -1 && !PLANTED_BADLY.test(wrong)) return { verdict: 'found', by: `${SIMULATION}: ${/^seed \d+/.exec(lines[i])[0]}`, failure: wrong.slice(0, 200) }
  if (code === 0) return { verdict: 'passed', by: '' }
  return { verdict: 'broken', by: `${SIMULATION}: ${code === null ? 'it did not end' : i === -1 ? lastLine(output) : wrong}` }
}

const firstLine = (text) => text.split('\n', 1)[0].slice(0, 200)
const lastLine = (text) => text.trimEnd().split('\n').at(-1)?.slice(0, 200) ?? ''
