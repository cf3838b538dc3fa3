// npm run bench -- --start [--rounds 5 --daemons 1 --idle 10 --json]
// From `node` to the first message delivered, with what each step takes, and what an idle daemon keeps resident. As in
// workload P8 of the peers: both processes are there from the start, but the publisher begins to load the library only
// when the subscriber has subscribed, so that two starts in turn are counted.
import { fork, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: {
  rounds: { type: 'string', default: '5' }, dir: { type: 'string', default: tmpdir() }, daemons: { type: 'string', default: '1' }, idle: { type: 'string', default: '10' }, json: { type: 'boolean' }
} })
const idleMs = Number(values.idle) * 1000
const nowMs = () => Number(process.hrtime.bigint() / 1000n) / 1000

function worker (role, dataDir) {
  const child = fork(fileURLToPath(new URL('process.mjs', import.meta.url)), [role, dataDir], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const marks = {}
  const waiting = new Map()
  child.on('message', ({ mark, at, value }) => {
    marks[mark] = at
    waiting.get(mark)?.(value)
  })
  const gone = new Promise(resolve => { child.once('exit', resolve) })
  return {
    marks,
    gone,
    send: (message) => { child.send(message) },
    until: (mark) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => { reject(new Error(`${role}: no ${mark} within a minute`)) }, 60_000)
      waiting.set(mark, (value) => { clearTimeout(timer); resolve(value) })
      void gone.then((code) => { clearTimeout(timer); reject(new Error(`${role} ended with ${code}`)) })
    }),
    async stop () {
      if (child.connected) child.send({ type: 'stop' })
      const timer = setTimeout(() => { child.kill('SIGKILL') }, 5_000)
      await gone
      clearTimeout(timer)
    }
  }
}

/** Marks of one start, ms after the processes were started. */
async function start () {
  const dir = await mkdtemp(join(values.dir, 'skein-start-'))
  const began = nowMs()
  const publisher = worker('publisher', join(dir, 'publisher'))
  const subscriber = worker('subscriber', join(dir, 'subscriber'))
  try {
    const delivered = subscriber.until('delivered')
    const there = publisher.until('running')
    await subscriber.until('running')
    const subscribed = subscriber.until('subscribed')
    subscriber.send({ type: 'open', bootstrap: [] })
    const bootstrap = await subscribed
    await there
    publisher.send({ type: 'open', bootstrap })
    await delivered
    const marks = {}
    for (const [name, { marks: own }] of Object.entries({ subscriber, publisher })) for (const [mark, at] of Object.entries(own)) marks[`${name}: ${mark}`] = at - began
    return marks
  } finally {
    await Promise.all([publisher.stop(), subscriber.stop()])
    await rm(dir, { recursive: true, force: true })
  }
}

/** Linux only. Memory in MB after it has been idle, and how long it took to be ready. */
async function daemon () {
  const dir = await mkdtemp(join(values.dir, 'skein-start-'))
  const began = nowMs()
  const child = spawn(process.execPath, [fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url)), 'daemon', '--data', dir, '--json', '--log-level', 'error'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = new Promise(resolve => { child.once('exit', resolve) })
  try {
    await Promise.race([new Promise(resolve => { child.stdout.once('data', resolve) }), gone.then((code) => { throw new Error(`the daemon ended with ${code}`) })])
    const readyMs = nowMs() - began
    await new Promise(resolve => setTimeout(resolve, idleMs))
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
    const rollup = await readFile(`/proc/${child.pid}/smaps_rollup`, 'utf8').catch(() => '')
    const mb = (text, name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? NaN) / 1024
    return { readyMs, resident: mb(status, 'VmRSS'), anonymous: mb(status, 'RssAnon'), files: mb(status, 'RssFile'), proportional: mb(rollup, 'Pss') }
  } finally {
    child.kill('SIGTERM')
    await gone
    await rm(dir, { recursive: true, force: true })
  }
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
const spread = (list, unit) => `${median(list).toFixed(0).padStart(5)} ${unit}  [${Math.min(...list).toFixed(0)}–${Math.max(...list).toFixed(0)}]`
const column = (rows, name) => rows.map(row => row[name])

const starts = []
for (let round = 0; round < Number(values.rounds); round++) starts.push(await start())
const daemons = []
// In turn: what they share in memory would count for each of them.
for (let round = 0; process.platform === 'linux' && round < Number(values.daemons); round++) daemons.push(await daemon())

if (values.json) {
  console.log(JSON.stringify({ node: process.version, starts, daemons }))
  process.exit(0)
}
console.log(`Skein, Node ${process.version}, ${cpus().length} × ${cpus()[0].model}; median [lowest–highest] of ${starts.length} starts and ${daemons.length} daemons\n`)
if (starts.length > 0) {
  const names = Object.keys(starts[0]).sort((a, b) => median(column(starts, a)) - median(column(starts, b)))
  for (const name of names) console.log(`  ${name.padEnd(28)} ${spread(column(starts, name), 'ms')}`)
  console.log(`\nfrom node to the first message  ${spread(column(starts, 'subscriber: delivered'), 'ms')}`)
}
if (daemons.length > 0) {
  console.log(`daemon ready after              ${spread(column(daemons, 'readyMs'), 'ms')}`)
  for (const [name, text] of [['resident', 'idle, resident'], ['anonymous', '  of it its own'], ['files', '  of it files'], ['proportional', 'idle, proportional']]) console.log(`${text.padEnd(31)} ${spread(column(daemons, name), 'MB')}`)
}
