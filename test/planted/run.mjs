/**
 * Plants each bug of the list and sees whether what should find it does: `npm run planted`. First the same runs must pass with no
 * bug planted.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { BUGS } from './bugs.mjs'
import { runSimulation, runTests, SIMULATION } from './finders.mjs'

const PAGE = new URL('../../docs/planted-bugs.md', import.meta.url)

const HELP = `npm run planted [-- OPTIONS]

Plants each bug of test/planted/bugs/ and runs what should find it.

  --only NAME,NAME   these bugs only
  --by NAME          try this instead of what the list says: simulation, or a test file
  --jobs N           bugs at a time (default 2)
  --seeds N          seeds of the simulation for each bug, at most (default 400)
  --no-control       do not first run the same with no bug planted
  --markdown         print a table of what was found
  --page             write it to docs/planted-bugs.md; with --only the rows of others stay
  --no-run           with --page: run nothing, and write a row without a time for each bug that has none
  --list             print the bugs, and run nothing
  --help

Exit 0: all found. 1: some not found. 2: the runs fail without a bug, or the arguments are wrong.
`

const options = {
  only: { type: 'string' }, by: { type: 'string' }, jobs: { type: 'string', default: '2' }, seeds: { type: 'string', default: '400' },
  'no-control': { type: 'boolean', default: false }, markdown: { type: 'boolean', default: false }, page: { type: 'boolean', default: false }, 'no-run': { type: 'boolean', default: false }, list: { type: 'boolean', default: false }, help: { type: 'boolean', default: false }
}

function fail (message) {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

function parse () {
  try {
    const { values } = parseArgs({ options, strict: true })
    const [jobs, seeds] = [values.jobs, values.seeds].map(Number)
    if (!(Number.isInteger(jobs) && jobs >= 1) || !(Number.isInteger(seeds) && seeds >= 1)) fail('--jobs and --seeds take a whole number of at least 1')
    const names = values.only?.split(',')
    const unknown = names?.filter(name => !BUGS.some(bug => bug.name === name)) ?? []
    if (unknown.length > 0) fail(`no such bug: ${unknown.join(', ')}`)
    const bugs = BUGS.filter(bug => names?.includes(bug.name) ?? true).map(bug => values.by === undefined ? bug : { ...bug, by: values.by })
    return { ...values, jobs, seeds, bugs }
  } catch (error) {
    return fail(error.message)
  }
}

const { bugs, jobs, seeds, list, help, markdown, page, 'no-run': noRun, 'no-control': noControl } = parse()
if (noRun && !page) fail('--no-run is for --page')

async function find (bug) {
  const startedAt = performance.now()
  let result
  // One after the other, until one finds it.
  for (const finder of [bug.by].flat()) {
    result = finder === SIMULATION ? await runSimulation(seeds, bug) : await runTests([finder], bug)
    if (result.verdict === 'found') break
  }
  return { bug, ...result, seconds: (performance.now() - startedAt) / 1000 }
}

/** The same runs must pass with no bug planted, or they would find anything. */
async function control () {
  const files = [...new Set(bugs.flatMap(bug => bug.by))].filter(by => by !== SIMULATION)
  const tests = files.length === 0 ? undefined : await runTests(files, undefined, { workers: jobs })
  const simulation = bugs.some(bug => bug.by.includes(SIMULATION)) ? await runSimulation(seeds, undefined, { jobs }) : undefined
  for (const result of [tests, simulation]) if (result !== undefined && result.verdict !== 'passed') fail(`without any bug: ${result.verdict}: ${result.by}: ${result.failure ?? ''}`)
}

function show ({ bug, verdict, by, failure, seconds }) {
  const what = verdict === 'found' ? by : verdict === 'passed' ? `NOT FOUND by ${[bug.by].flat().join(' or ')}` : `NO VERDICT: ${by}`
  process.stdout.write(`${bug.name.padEnd(40)} ${seconds.toFixed(1).padStart(6)} s  ${what}${verdict === 'found' ? `\n${' '.repeat(51)}${failure}` : ''}\n`)
}

const HEADER = '| bug | what it is | what it breaks | found by | time, s |\n'

const where = by => by.startsWith(SIMULATION) ? by.replace(':', ',') : by.replace(/^test\//, '').replace(/: .*$/, '')

function rowOf ({ name, what, breaks }, foundBy, seconds) {
  return `| \`${name}\` | ${what} | ${breaks} | ${foundBy} | ${seconds} |\n`
}

const tableOf = rows => `${HEADER}| --- | --- | --- | --- | --- |\n${rows.join('')}`

const rowsOf = results => new Map(results.map(({ bug, verdict, by, seconds }) => [bug.name, rowOf(bug, verdict === 'found' ? where(by) : 'not found', seconds.toFixed(1))]))

/** All of the page from its table on: a row for each bug there is, with what found it now, or else then; of a new one what is to find it, and no time yet. */
function writePage (fresh) {
  const text = readFileSync(PAGE, 'utf8')
  const known = new Map([...text.matchAll(/^\| `([a-z-]+)` \|.*\| (.*?) \| (.*?) \|$/gm)].map(([, name, foundBy, seconds]) => [name, [foundBy, seconds]]))
  const rows = BUGS.map(bug => {
    const finders = [bug.by].flat().map(where)
    const before = known.get(bug.name)
    // What the list no longer names has not found it.
    return fresh.get(bug.name) ?? rowOf(bug, ...(before !== undefined && finders.some(finder => before[0].startsWith(finder)) ? before : [finders[0], '–']))
  })
  writeFileSync(PAGE, text.slice(0, text.indexOf(HEADER)) + tableOf(rows))
}

// Whoever reads may go: `--list | head` is no failure.
process.stdout.on('error', error => { if (error.code === 'EPIPE') process.exit(0); throw error })

if (help) process.stdout.write(HELP)
else if (list) for (const { name, by, what } of bugs) process.stdout.write(`${name.padEnd(40)} ${[by].flat().join(' ')}\n    ${what}\n`)
else if (noRun) writePage(new Map())
else {
  if (!noControl) await control()
  const results = []
  let next = 0
  await Promise.all(Array.from({ length: Math.min(jobs, bugs.length) }, async () => {
    while (next < bugs.length) {
      const i = next++
      results[i] = await find(bugs[i])
      show(results[i])
    }
  }))
  if (markdown) process.stdout.write(`\n${tableOf([...rowsOf(results).values()])}\n`)
  if (page) writePage(rowsOf(results))
  const found = results.filter(({ verdict }) => verdict === 'found').length
  process.stdout.write(`${results.length} planted, ${found} found\n`)
  process.exitCode = found === results.length ? 0 : 1
}
