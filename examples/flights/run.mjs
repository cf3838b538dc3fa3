/**
 * 20,000 real flights cross a mesh while its processes are killed, and none is lost or counted twice.
 *
 *   npm run demo                                       (or: node examples/flights/run.mjs, after npm run build)
 *   node examples/flights/run.mjs --flights 3000 --seconds 6 --all
 *
 * Three publishers replay the flights as `flights/<origin>/<destination>`, the origins split among them. Two subscribers
 * with different filters add up the delays by origin. None of them knows any other: they only know the relay. On the way
 * a subscriber and then the relay are killed with SIGKILL and started again on the same directory, the relay on the same
 * port. In the end the subscribers' totals must equal those computed straight from the file.
 *
 * Status: 0 all equal, 1 not equal or failed, 2 wrong arguments.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { demonstrate } from './demonstration.mjs'
import { readFlights } from './flights.mjs'
import { Processes } from './processes.mjs'
import { comparisonTable, Screen } from './screen.mjs'

const DEADLINE_MS = 180_000
const ROWS = 20

async function main () {
  const options = readOptions()
  if (options === undefined) return 2
  const screen = new Screen()
  const processes = new Processes()
  const dir = await mkdtemp(join(tmpdir(), 'skein-flights-'))
  const stop = stopSignal()
  try {
    const flights = await readFlights(options.flights)
    const results = await Promise.race([
      demonstrate({ flights, seconds: options.seconds, dir, processes, screen, signal: stop.signal }),
      processes.failed,
      stop.aborted
    ])
    screen.end()
    return report(results, options, screen)
  } catch (error) {
    screen.end()
    console.error(`The demonstration failed: ${error.message}`)
    return 1
  } finally {
    stop.now()
    await processes.endAll()
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

function report (results, { all }, screen) {
  let fine = true
  for (const { name, filters, expected, actual, repeated, troubles } of results) {
    const { lines, equal, origins } = comparisonTable({ expected, actual, rowsMax: all ? Infinity : ROWS })
    screen.say(`\nSubscriber ${name}, ${filters.join(' ')}`)
    for (const line of lines) screen.say(line)
    if (repeated > 0) screen.say(`  flights delivered again after the kill, and counted once: ${repeated}`)
    for (const trouble of troubles) screen.say(`  ${trouble}`)
    screen.say(`  ${origins} origins: ${equal ? 'the mesh and the file agree' : 'THE MESH AND THE FILE DIFFER'}`)
    fine &&= equal && troubles.length === 0
  }
  return fine ? 0 : 1
}

/** Aborts at the deadline, when the person has had enough, and in the end: whatever still waits then waits no longer. */
function stopSignal () {
  const aborter = new AbortController()
  const timer = setTimeout(() => aborter.abort(new Error(`it did not end in ${DEADLINE_MS / 1000} s`)), DEADLINE_MS)
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(name, () => aborter.abort(new Error(`stopped by ${name}`)))
  const { signal } = aborter
  const aborted = new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason)) })
  aborted.catch(() => {})
  const now = () => {
    clearTimeout(timer)
    aborter.abort(new Error('it is over'))
  }
  return { signal, aborted, now }
}

function readOptions () {
  try {
    const { values } = parseArgs({
      options: {
        flights: { type: 'string', default: '20000' },
        seconds: { type: 'string', default: '40' },
        all: { type: 'boolean', default: false }
      }
    })
    const [flights, seconds] = [Number(values.flights), Number(values.seconds)]
    if (!Number.isInteger(flights) || flights < 100 || flights > 20_000) throw new Error('--flights is a whole number from 100 to 20000')
    if (!(seconds >= 1 && seconds <= 120)) throw new Error('--seconds is a number from 1 to 120')
    return { flights, seconds, all: values.all }
  } catch (error) {
    console.error(`${error.message}\nUsage: node examples/flights/run.mjs [--flights N] [--seconds S] [--all]`)
    return undefined
  }
}

// What is written to a pipe that nobody reads any more is no reason to leave processes behind.
process.stdout.on('error', () => {})
process.exitCode = await main()
