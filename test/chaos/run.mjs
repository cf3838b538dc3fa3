/** `npm run chaos`: see `docs/testing.md`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FAULTS, KINDS } from './plan.mjs'
import { table } from './table.mjs'
import { Trial } from './trial.mjs'

const HELP = `npm run chaos -- [--minutes N] [--nodes N] [--seed S] [--faults ${KINDS.join(',')}]

Real processes under faults, then the checker's verdict on what every node saw.

  --minutes N   how long faults go on (default 2)
  --kills N     instead: kill -9 so many times, one after the other, under load
  --nodes N     nodes, 3 to 16 (default 5): the first two are daemons, the others are embedded in applications
  --seed S      of the plan of faults and of the load (default: drawn, and printed)
  --faults LIST which kinds (default all)
  --rate N      publishes a second at each node but the first (default 40)
  --rest N      seconds that the mesh may take to come to rest (default 300)
  --loopback    loopback and proxies, also where namespaces can be made
  --keep        keep the directory with stores and histories
  -q            only the table and the verdict

Faults: ${KINDS.map(kind => `${kind} (${FAULTS[kind].what})`).join('; ')}.

Exit status: 0 valid, 1 invalid, 2 usage, 3 unknown or not at rest. Ctrl-C ends it and takes everything away.`

function usage (message) {
  process.stderr.write(`chaos: ${message}\nTry --help.\n`)
  process.exit(2)
}

function number (name, text, min, max) {
  const value = Number(text)
  if (!Number.isFinite(value) || value < min || value > max) usage(`--${name} must be a number from ${min} to ${max}, not ${text}`)
  return value
}

let values
try {
  ({ values } = parseArgs({
    options: {
      minutes: { type: 'string' }, kills: { type: 'string' }, nodes: { type: 'string' }, seed: { type: 'string' }, faults: { type: 'string' }, rate: { type: 'string' }, rest: { type: 'string' },
      loopback: { type: 'boolean' }, keep: { type: 'boolean' }, q: { type: 'boolean', short: 'q' }, help: { type: 'boolean', short: 'h' }
    }
  }))
} catch (error) {
  usage(error.message)
}
if (values.help === true) {
  process.stdout.write(HELP + '\n')
  process.exit(0)
}
const kinds = values.faults === undefined ? KINDS : values.faults.split(',')
for (const kind of kinds) if (!KINDS.includes(kind)) usage(`there is no fault ${kind}; known are ${KINDS.join(', ')}`)
const options = {
  durationMs: number('minutes', values.minutes ?? 2, 0.05, 24 * 60) * 60_000,
  kills: number('kills', values.kills ?? 0, 0, 1e6),
  nodes: Math.floor(number('nodes', values.nodes ?? 5, 3, 16)),
  seed: Math.floor(number('seed', values.seed ?? Math.floor(Math.random() * 1e9), 0, 2 ** 32 - 1)),
  perSecond: number('rate', values.rate ?? 40, 0, 10_000),
  restMs: number('rest', values.rest ?? 300, 10, 86_400) * 1000,
  kinds,
  namespaces: values.loopback !== true,
  dir: mkdtempSync(join(tmpdir(), 'skein-chaos-')),
  say: values.q === true ? () => {} : (line) => { process.stdout.write(line + '\n') }
}
process.stdout.write(`seed ${options.seed}\n`)
const trial = new Trial(options)
// What was made is taken away also when the trial is broken off. A second signal does not wait for that.
let brokenOff = false
for (const [signal, number] of [['SIGHUP', 1], ['SIGINT', 2], ['SIGTERM', 15]]) {
  process.on(signal, () => {
    if (brokenOff) process.exit(128 + number)
    brokenOff = true
    process.stdout.write(`${signal}: ending the trial\n`)
    void trial.end().catch((error) => { process.stdout.write(`chaos: ${error.message}\n`) }).then(() => {
      if (values.keep === true) process.stdout.write(`kept: ${options.dir}\n`)
      else rmSync(options.dir, { recursive: true, force: true })
      process.exit(128 + number)
    })
  })
}
// Nobody may be there any more who reads.
process.stdout.on('error', () => {})
let status
try {
  await trial.run()
  const failures = trial.members.flatMap(member => member.failures)
  process.stdout.write(await table(trial) + '\n')
  for (const note of [...trial.notes, ...failures]) process.stdout.write(`note: ${note}\n`)
  process.stdout.write(`${trial.verdict.text}\n`)
  status = trial.verdict.status === 0 && trial.restMs !== undefined && failures.length === 0 ? 0 : trial.verdict.status === 1 || failures.length > 0 ? 1 : 3
} catch (error) {
  if (!brokenOff) process.stdout.write(`chaos: ${error.message}\n`)
  status = 3
}
// Whoever broke it off ends the process.
if (brokenOff) await new Promise(() => {})
if (values.keep === true || status !== 0) process.stdout.write(`kept: ${options.dir}\n`)
else rmSync(options.dir, { recursive: true, force: true })
process.exit(status)
